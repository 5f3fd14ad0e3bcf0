/* SPDX-License-Identifier: MIT */
/*
 * long linux_clone3_call(struct linux_clone_args *args, unsigned long size,
 *                        int (*fn)(void *), void *arg)
 *
 *   a0 a1     args and size, as the call wants them
 *   a2 a3     fn and arg, which the call preserves
 *   a0        0 in the child, whose other registers are the parent's, but sp if it has a
 *             new stack
 *
 * The child must not return to the address in ra, the parent's, and unwinders stop.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_clone3_call)
	CALL(LINUX_NR_clone3)
	beqz	a0, 1f
	ret
1:	.cfi_undefined ra
	li	s0, 0
	andi	sp, sp, -16
	mv	a0, a3
	jalr	a2
	CALL(LINUX_NR_exit)
	ebreak
END(linux_clone3_call)
