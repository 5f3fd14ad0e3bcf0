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
 *
 * Parent and child come back to one address, where a debugger finds the one that waits for the
 * other (CLONE_VFORK) and the other's first signal may be delivered. There the return address is
 * by an expression of DWARF: x30 where x0 is not 0, else none.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_clone3_call)
	CALL(LINUX_NR_clone3)
	/* DW_CFA_val_expression x30: DW_OP_breg0 0, bra 4, lit0, skip 2, breg30 0 */
	.cfi_escape 0x16, 30, 11, 0x70, 0, 0x28, 4, 0, 0x30, 0x2f, 2, 0, 0x8e, 0
	cbz	x0, 1f
	.cfi_restore x30
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
