/* SPDX-License-Identifier: MIT */
/*
 * long linux_vfork(void)
 *
 * The child runs on the parent's stack and overwrites what lies below the stack pointer
 * it returns with, the return address of this function too. So the address waits in a
 * register, which the kernel gives to both.
 *
 * The shadow stack is shared like the stack. The child jumps back, so that the parent's
 * return address stays on the shadow stack below what the child pushes, and the parent
 * returns. The jump lands on the endbr64 that compilers put behind a call to a function
 * that returns twice.
 *
 *   rdx  return address
 *   eax  0 in the child
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_vfork)
	pop	%rdx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rdx
	CALL(LINUX_NR_vfork, %eax)
	test	%eax, %eax
	jz	1f
	push	%rdx
	.cfi_remember_state
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rip, 0
	ret
1:	.cfi_restore_state
	jmp	*%rdx
END(linux_vfork)
