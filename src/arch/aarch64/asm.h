/* SPDX-License-Identifier: MIT */
/* Functions in assembly, with all that a compiler would add to one in C. */
#ifndef ASM_H
#define ASM_H

#define FUNCTION(name) \
	.text; \
	.balign 16; \
	.globl name; \
	.type name, %function; \
name: \
	.cfi_startproc; \
	hint #34	/* bti c */

#define END(name) \
	.cfi_endproc; \
	.size name, . - name

/* The object is fit for BTI and PAC: without the note nothing linked to it is. */
	.pushsection .note.gnu.property, "a"
	.balign 8
	.long 4, 16, 5			/* sizes of name and note, NT_GNU_PROPERTY_TYPE_0 */
	.asciz "GNU"
	.long 0xc0000000, 4, 3, 0	/* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI, PAC */
	.popsection

	.section .note.GNU-stack, "", %progbits

#endif
