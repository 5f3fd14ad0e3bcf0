/* SPDX-License-Identifier: MIT */
/*
 * long linux_read(unsigned int fd, void *buf, unsigned long count)
 *
 * Its number is 0, which compilers load with xor. Who looks for calls in the text wants
 * every number as an immediate.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_read)
	mov	%edi, %edi
	CALL(LINUX_NR_read, %eax)
	ret
END(linux_read)
