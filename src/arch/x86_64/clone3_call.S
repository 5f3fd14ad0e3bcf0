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
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_clone3_call)
	mov	%rcx, %r8
	CALL(LINUX_NR_clone3, %eax)
	test	%eax, %eax
	jz	1f
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
