/* SPDX-License-Identifier: MIT */
/* Functions in assembly, with all that a compiler would add to one in C. */
#ifndef ASM_H
#define ASM_H

#define FUNCTION(name) \
	.text; \
	.balign 16; \
	.globl name; \
	.type name, @function; \
name: \
	.cfi_startproc; \
	endbr64

#define END(name) \
	.cfi_endproc; \
	.size name, . - name

/* The object is fit for IBT and shadow stacks: without the note nothing linked to it is. */
	.pushsection .note.gnu.property, "a"
	.balign 8
	.long 4, 16, 5			/* sizes of name and note, NT_GNU_PROPERTY_TYPE_0 */
	.asciz "GNU"
	.long 0xc0000002, 4, 3, 0	/* GNU_PROPERTY_X86_FEATURE_1_AND: IBT, SHSTK */
	.popsection

	.section .note.GNU-stack, "", @progbits

#endif
