/* SPDX-License-Identifier: MIT */
/* The functions of tests/arch.h. */
#include "asm.h"

	.text
	.skip 16, 0x90
	.globl probe_trap
	.type probe_trap, @function
probe_trap:
	.cfi_startproc
	ud2
	ret
END(probe_trap)

	.macro save register
	push	%\register
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %\register, 0
	.endm
	.macro restore register
	pop	%\register
	.cfi_adjust_cfa_offset -8
	.cfi_restore %\register
	.endm

FUNCTION(probe_registers)
	save	rbx
	save	rbp
	save	r12
	save	r13
	save	r14
	save	r15
	push	%rdi
	.cfi_adjust_cfa_offset 8
	mov	(%rdi), %rax
	mov	8(%rdi), %rdx
	mov	16(%rdi), %rcx
	mov	24(%rdi), %rbx
	mov	32(%rdi), %rsi
	mov	48(%rdi), %rbp
	mov	64(%rdi), %r8
	mov	72(%rdi), %r9
	mov	80(%rdi), %r10
	mov	88(%rdi), %r11
	mov	96(%rdi), %r12
	mov	104(%rdi), %r13
	mov	112(%rdi), %r14
	mov	120(%rdi), %r15
	mov	40(%rdi), %rdi
	call	probe_trap
	xchg	%rax, (%rsp)
	mov	%rdx, 136(%rax)
	pop	%rdx
	.cfi_adjust_cfa_offset -8
	mov	%rdx, 128(%rax)
	mov	%rcx, 144(%rax)
	mov	%rbx, 152(%rax)
	mov	%rsi, 160(%rax)
	mov	%rdi, 168(%rax)
	mov	%rbp, 176(%rax)
	mov	%r8, 192(%rax)
	mov	%r9, 200(%rax)
	mov	%r10, 208(%rax)
	mov	%r11, 216(%rax)
	mov	%r12, 224(%rax)
	mov	%r13, 232(%rax)
	mov	%r14, 240(%rax)
	mov	%r15, 248(%rax)
	restore	r15
	restore	r14
	restore	r13
	restore	r12
	restore	rbp
	restore	rbx
	ret
END(probe_registers)

FUNCTION(probe_child)
	mov	%rdi, (%rdi)
	mov	%rsp, 8(%rdi)
	mov	%rbp, 16(%rdi)
	mov	$42, %eax
	ret
END(probe_child)

FUNCTION(probe_stack)
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	mov	%rdi, %rsp
	mov	%rdx, %rdi
	call	*%rsi
	mov	%rbp, %rsp
	.cfi_def_cfa_register %rsp
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	ret
END(probe_stack)
