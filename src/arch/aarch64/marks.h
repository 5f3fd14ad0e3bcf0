/* SPDX-License-Identifier: MIT */
/*
 * The code is fit for guarded control stacks: every return is that of a call. gcc before 15
 * and clang before 20 say nothing of it; a linker takes the union of an object's notes.
 */
#ifndef __ASSEMBLER__			/* asm.h says it there */
__asm__(
	".pushsection .note.gnu.property, \"a\"\n"
	"	.balign 8\n"
	"	.long 4, 16, 5\n"		/* sizes of name and note, NT_GNU_PROPERTY_TYPE_0 */
	"	.asciz \"GNU\"\n"
	"	.long 0xc0000000, 4, 4, 0\n"	/* GNU_PROPERTY_AARCH64_FEATURE_1_AND: GCS */
	"	.popsection");
#endif
