/* SPDX-License-Identifier: MIT */
/* linux_vdso_symbol() of <liblinux/vdso.h>. */
#include <liblinux/vdso.h>
#include <liblinux/vdso-symbol.h>

#include "wrapper.h"

LIBLINUX_FUNCTION void *linux_vdso_symbol(const void *image, unsigned long size, const char *name, const char *version)
{
	return liblinux_vdso_symbol(image, size, name, version);
}
