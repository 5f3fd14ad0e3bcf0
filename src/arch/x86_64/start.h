/* SPDX-License-Identifier: MIT */
/*
 * x86_64: what the kernel and the dynamic loader enter with
 *
 *   rsp     argc, argv, NULL, envp, NULL, the auxiliary vector; a multiple of 16
 *   rdx     a function for atexit, from the dynamic loader: nothing here to run it
 */
#define LIBLINUX_R_RELATIVE 8		/* R_X86_64_RELATIVE */

__asm__(
	".pushsection .text\n"
	".balign 16\n"
	".weak __ehdr_start\n"
	".hidden __ehdr_start\n"
	".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	LIBLINUX_CFI(".cfi_startproc\n\t.cfi_undefined %rip\n")
	"	endbr64\n"
	"	xor	%ebp, %ebp\n"
	"	mov	%rsp, %rbx\n"
	"	and	$-16, %rsp\n"
	LIBLINUX_PIC(
	"	mov	%rbx, %rdi\n"
	"	lea	__ehdr_start(%rip), %rsi\n"
	"	call	liblinux_relocate\n")
	"	mov	%rbx, %rdi\n"
	"	call	liblinux_start\n"
	"	hlt\n"
	LIBLINUX_NO_PIC(
	"	.long	liblinux_start\n")
	LIBLINUX_CFI(".cfi_endproc\n")
	".size _start, . - _start\n"
	".popsection\n");
