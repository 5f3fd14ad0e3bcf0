/* SPDX-License-Identifier: MIT */
/*
 * long linux_clone3_call(struct linux_clone_args *args, unsigned long size,
 *                        int (*fn)(void *), void *arg)
 *
 *   x0 x1     args and size, as the call wants them
 *   x2 x3     fn and arg, which the call preserves
 *   x0        0 in the child, whose other registers are the parent's, but sp if it has a
 *             new stack
 *
 * The child must not return to the address in x30, the parent's, and unwinders stop.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_clone3_call)
	CALL(LINUX_NR_clone3)
	cbz	x0, 1f
	ret
1:	.cfi_undefined x30
	mov	x29, #0
	mov	x9, sp
	and	sp, x9, #-16
	mov	x0, x3
	blr	x2
	CALL(LINUX_NR_exit)
	brk	#1000
END(linux_clone3_call)
