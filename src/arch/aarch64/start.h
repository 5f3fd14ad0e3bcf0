/* SPDX-License-Identifier: MIT */
/*
 * aarch64: what the kernel and the dynamic loader enter with
 *
 *   sp      argc, argv, NULL, envp, NULL, the auxiliary vector; a multiple of 16
 *   x0      a function for atexit, from the dynamic loader: nothing here to run it
 *
 * The loader jumps by any register, so the landing is for jumps and calls.
 */
#define LIBLINUX_R_RELATIVE 1027	/* R_AARCH64_RELATIVE */

__asm__(
	".pushsection .text\n"
	".balign 4\n"
	".weak __ehdr_start\n"
	".hidden __ehdr_start\n"
	".globl _start\n"
	".type _start, %function\n"
	"_start:\n"
	LIBLINUX_CFI(".cfi_startproc\n\t.cfi_undefined x30\n")
	"	hint	#38\n"			/* bti jc */
	"	mov	x29, #0\n"
	"	mov	x30, #0\n"
	LIBLINUX_PIC(
	"	mov	x0, sp\n"
	"	adrp	x1, __ehdr_start\n"
	"	add	x1, x1, #:lo12:__ehdr_start\n"
	"	bl	liblinux_relocate\n")
	"	mov	x0, sp\n"
	"	bl	liblinux_start\n"
	"	brk	#1000\n"
	LIBLINUX_NO_PIC(
	"	movz	x0, #:abs_g3:liblinux_start\n")
	LIBLINUX_CFI(".cfi_endproc\n")
	".size _start, . - _start\n"
	".popsection\n");
