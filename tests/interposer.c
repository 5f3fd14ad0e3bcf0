/* SPDX-License-Identifier: MIT */
/* Preloaded by the test of interposition. */
#include <liblinux/syscalls.h>

long linux_getppid(void)
{
	return 424242;
}
