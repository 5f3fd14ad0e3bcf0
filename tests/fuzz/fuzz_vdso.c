/* SPDX-License-Identifier: MIT */
/* linux_vdso_symbol() of any bytes as an image: it reads nothing outside, ends, and what it finds lies inside. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <liblinux/vdso.h>

static const char *const names[] = { "clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu", "getrandom", "f" };
static const struct {
	const char *prefix, *version;
} forms[] = { { "__vdso_", "LINUX_2.6" }, { "__kernel_", "LINUX_2.6.39" }, { "", "V" } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of just this size, so that the first byte behind it is poisoned; aligned as malloc() does. */
	char *image = malloc(size);
	size_t form, n;

	if (size)
		memcpy(image, data, size);
	for (form = 0; form < sizeof forms / sizeof *forms; form++)
		for (n = 0; n < sizeof names / sizeof *names; n++) {
			char name[40] = "", *found;

			strcat(strcat(name, forms[form].prefix), names[n]);
			found = linux_vdso_symbol(image, size, name, forms[form].version);
			if (found && (found <= image || found >= image + size))
				abort();
		}
	free(image);
	return 0;
}
