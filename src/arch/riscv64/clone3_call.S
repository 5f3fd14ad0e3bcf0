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
 *
 * Parent and child come back to one address, where a debugger finds the one that waits for the
 * other (CLONE_VFORK) and the other's first signal may be delivered. There the return address is
 * by an expression of DWARF: ra where a0 is not 0, else none.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_clone3_call)
	CALL(LINUX_NR_clone3)
	/* DW_CFA_val_expression ra: DW_OP_breg10 0, bra 4, lit0, skip 2, breg1 0 */
	.cfi_escape 0x16, 1, 11, 0x7a, 0, 0x28, 4, 0, 0x30, 0x2f, 2, 0, 0x71, 0
	beqz	a0, 1f
	.cfi_restore ra
	ret
1:	.cfi_undefined ra
	li	s0, 0
	andi	sp, sp, -16
	mv	a0, a3
	jalr	a2
	CALL(LINUX_NR_exit)
	ebreak
END(linux_clone3_call)
