/* SPDX-License-Identifier: MIT */
/* The functions of tests/arch.h. */
#include "asm.h"

	.text
	.skip 16
	.globl probe_trap
	.type probe_trap, @function
probe_trap:
	.cfi_startproc
	.option push
	.option norvc
	unimp
	.option pop
	ret
END(probe_trap)

FUNCTION(probe_child)
	sd	a0, 0(a0)
	sd	sp, 8(a0)
	sd	s0, 16(a0)
	li	a0, 42
	ret
END(probe_child)

FUNCTION(probe_stack)
	addi	sp, sp, -16
	.cfi_adjust_cfa_offset 16
	sd	ra, 8(sp)
	.cfi_rel_offset ra, 8
	sd	s0, 0(sp)
	.cfi_rel_offset s0, 0
	mv	s0, sp
	.cfi_def_cfa_register s0
	mv	sp, a0
	mv	a0, a2
	jalr	a1
	mv	sp, s0
	.cfi_def_cfa_register sp
	ld	ra, 8(sp)
	.cfi_restore ra
	ld	s0, 0(sp)
	.cfi_restore s0
	addi	sp, sp, 16
	.cfi_adjust_cfa_offset -16
	ret
END(probe_stack)
