/* SPDX-License-Identifier: MIT */
/*
 * long linux_clone3_call(struct linux_clone_args *args, unsigned long size,
 *                        int (*fn)(void *), void *arg)
 *
 *   rdi rsi   args and size, as the call wants them
 *   rdx       fn
 *   r8        arg: the call destroys rcx, where it came
 *   eax       0 in the child, whose other registers are the parent's, but rsp if it has a
 *             new stack
 *
 * The child's stack has no return address, or that of the parent: it must not return, and
 * unwinders stop. Without a new stack the call pushes below that address.
 *
 * Parent and child come back to one address, where a debugger finds the one that waits for the
 * other (CLONE_VFORK) and the other's first signal may be delivered. There the return address is
 * by an expression of DWARF: on the stack where rax is not 0, else none.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_clone3_call)
	mov	%rcx, %r8
	CALL(LINUX_NR_clone3, %eax)
	/* DW_CFA_val_expression rip: DW_OP_breg0 0, bra 4, lit0, skip 3, breg7 0, deref */
	.cfi_escape 0x16, 16, 12, 0x70, 0, 0x28, 4, 0, 0x30, 0x2f, 3, 0, 0x77, 0, 0x06
	test	%eax, %eax
	jz	1f
	.cfi_restore %rip
	ret
1:	.cfi_undefined %rip
	xor	%ebp, %ebp
	and	$-16, %rsp
	mov	%r8, %rdi
	call	*%rdx
	mov	%eax, %edi
	CALL(LINUX_NR_exit, %eax)
	ud2
END(linux_clone3_call)
