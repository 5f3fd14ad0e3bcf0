/* SPDX-License-Identifier: MIT */
/* Functions in assembly, with all that a compiler would add to one in C. */
#ifndef ASM_H
#define ASM_H

#define FUNCTION(name) \
	.balign 16; \
	.globl name; \
	.type name, @function; \
name: \
	.cfi_startproc; \
	.option push; \
	.option norvc; \
	auipc	zero, 0;	/* lpad 0 */ \
	.option pop

#define END(name) \
	.cfi_endproc; \
	.size name, . - name

/* The number in its register, the system call, and its pin (see <liblinux/pins.h>). */
#define CALL(number) \
	li	a7, number; \
9:	ecall; \
	.pushsection liblinux_pins, "ao", @progbits, liblinux_calls; \
	.balign 4; \
	.long 9b - ., number; \
	.popsection

#if defined(__riscv_landing_pad) || defined(__riscv_shadow_stack)
/*
 * The object is fit for landing pads and shadow stacks: without the note nothing linked to it
 * is. Linkers that do not know it warn of it.
 */
	.pushsection .note.gnu.property, "a"
	.balign 8
	.long 4, 16, 5			/* sizes of name and note, NT_GNU_PROPERTY_TYPE_0 */
	.asciz "GNU"
	.long 0xc0000000, 4, 3, 0	/* GNU_PROPERTY_RISCV_FEATURE_1_AND: ZICFILP, ZICFISS */
	.popsection
#endif

	.section .note.GNU-stack, "", @progbits

/* The code that follows makes system calls; what else there is says its section. */
	.section liblinux_calls, "ax", @progbits

#endif
