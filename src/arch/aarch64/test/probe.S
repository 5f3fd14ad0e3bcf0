/* SPDX-License-Identifier: MIT */
/* The functions of tests/arch.h. */
#include "asm.h"

	.text
	.skip 16
	.globl probe_trap
	.type probe_trap, %function
probe_trap:
	.cfi_startproc
	.inst 0
	ret
END(probe_trap)

FUNCTION(probe_child)
	mov	x1, sp
	stp	x0, x1, [x0]
	str	x29, [x0, #16]
	mov	w0, #42
	ret
END(probe_child)

FUNCTION(probe_stack)
	stp	x29, x30, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	.cfi_def_cfa_register x29
	mov	sp, x0
	mov	x0, x2
	blr	x1
	mov	sp, x29
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #16
	.cfi_adjust_cfa_offset -16
	.cfi_restore x29
	.cfi_restore x30
	ret
END(probe_stack)
