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
	endbr64

#define END(name) \
	.cfi_endproc; \
	.size name, . - name

/* The number in that register, the system call, and its pin (see <liblinux/pins.h>). */
#define CALL(number, register) \
	mov	$number, register; \
9:	syscall; \
	.pushsection liblinux_pins, "ao", @progbits, liblinux_calls; \
	.balign 4; \
	.long 9b - ., number; \
	.popsection

/* The object is fit for IBT and shadow stacks: without the note nothing linked to it is. */
	.pushsection .note.gnu.property, "a"
	.balign 8
	.long 4, 16, 5			/* sizes of name and note, NT_GNU_PROPERTY_TYPE_0 */
	.asciz "GNU"
	.long 0xc0000002, 4, 3, 0	/* GNU_PROPERTY_X86_FEATURE_1_AND: IBT, SHSTK */
	.popsection

	.section .note.GNU-stack, "", @progbits

/* The code that follows makes system calls; what else there is says its section. */
	.section liblinux_calls, "ax", @progbits

#endif
