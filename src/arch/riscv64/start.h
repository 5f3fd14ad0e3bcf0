/* SPDX-License-Identifier: MIT */
/*
 * riscv64: what the kernel and the dynamic loader enter with
 *
 *   sp      argc, argv, NULL, envp, NULL, the auxiliary vector; a multiple of 16
 *   a0      a function for atexit, from the dynamic loader: nothing here to run it
 *
 * Linkers turn references to data near __global_pointer$ into offsets from gp, which nobody
 * else sets; the instructions that do must stay as they are, hence norelax. GNU ld would also
 * take __ehdr_start for undefined when it relaxes a reference to it.
 */
#define LIBLINUX_R_RELATIVE 3		/* R_RISCV_RELATIVE */

__asm__(
	".pushsection .text\n"
	".balign 4\n"
	".weak __ehdr_start\n"
	".hidden __ehdr_start\n"
	".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	LIBLINUX_CFI(".cfi_startproc\n\t.cfi_undefined ra\n")
	"	.option push\n"
	"	.option norvc\n"
	"	.option norelax\n"
	"	auipc	zero, 0\n"		/* lpad 0 */
	"	lla	gp, __global_pointer$\n"
	"	li	s0, 0\n"
	"	li	ra, 0\n"
	LIBLINUX_PIC(
	"	mv	a0, sp\n"
	"	lla	a1, __ehdr_start\n"
	"	call	liblinux_relocate\n")
	"	mv	a0, sp\n"
	"	call	liblinux_start\n"
	"	ebreak\n"
	LIBLINUX_NO_PIC(
	"	lui	a0, %hi(liblinux_start)\n")
	"	.option pop\n"
	LIBLINUX_CFI(".cfi_endproc\n")
	".size _start, . - _start\n"
	".popsection\n");
