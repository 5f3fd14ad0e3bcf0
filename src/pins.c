/* SPDX-License-Identifier: MIT */
#include <liblinux/pins.h>

#include "wrapper.h"

/* The linker's, for a section with such a name. */
extern const struct linux_pin __start_liblinux_pins[] __attribute__((__visibility__("hidden")));
extern const struct linux_pin __stop_liblinux_pins[] __attribute__((__visibility__("hidden")));

LIBLINUX_FUNCTION const struct linux_pin *linux_pins(unsigned long *count)
{
	/* A static program may have no pins, but has their section. */
	__asm__ __volatile__(LIBLINUX_PIN_SECTION("linux_pins") "\t.popsection");

	*count = (unsigned long)(__stop_liblinux_pins - __start_liblinux_pins);
	return __start_liblinux_pins;
}
