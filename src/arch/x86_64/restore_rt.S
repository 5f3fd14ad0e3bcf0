/* SPDX-License-Identifier: MIT */
/*
 * void linux_restore_rt(void), where a signal handler returns to
 *
 * The kernel made the handler's return address this one and left above it what it is to
 * restore, struct rt_sigframe without its first word (arch/x86/include/asm/sigframe.h): rsp
 * points to the struct ucontext there. Unwinders go on to what was interrupted by the rules
 * here, or by these exact bytes: libgcc and gdb know mov $15, %rax as seven bytes, and
 * nothing may stand before it. It is reached by ret, so it is no landing pad either.
 *
 * Who unwinds looks for the caller of the handler one byte before the return address. So the
 * nop belongs to this function for unwinders, and to no symbol.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

/* Offsets in struct ucontext, of uc_mcontext's registers (include/uapi/asm/sigcontext.h). */
#define R8	40
#define R9	48
#define R10	56
#define R11	64
#define R12	72
#define R13	80
#define R14	88
#define R15	96
#define RDI	104
#define RSI	112
#define RBP	120
#define RBX	128
#define RDX	136
#define RAX	144
#define RCX	152
#define RSP	160
#define RIP	168

/* DW_OP_breg7 (rsp) with its offset as SLEB128 of two bytes. */
#define AT(offset) 0x77, ((offset) & 0x7f) | 0x80, (offset) >> 7
/* DW_CFA_expression: the register with that DWARF number was saved at that address. */
#define SAVED(number, offset) .cfi_escape 0x10, number, 3, AT(offset)

	.balign 16
	.cfi_startproc
	.cfi_signal_frame
	/* DW_CFA_def_cfa_expression: the CFA is the interrupted rsp, DW_OP_deref of where that is. */
	.cfi_escape 0x0f, 4, AT(RSP), 0x06
	SAVED(0, RAX)
	SAVED(1, RDX)
	SAVED(2, RCX)
	SAVED(3, RBX)
	SAVED(4, RSI)
	SAVED(5, RDI)
	SAVED(6, RBP)
	SAVED(7, RSP)
	SAVED(8, R8)
	SAVED(9, R9)
	SAVED(10, R10)
	SAVED(11, R11)
	SAVED(12, R12)
	SAVED(13, R13)
	SAVED(14, R14)
	SAVED(15, R15)
	SAVED(16, RIP)
	nop
	.globl linux_restore_rt
	.type linux_restore_rt, @function
linux_restore_rt:
	CALL(LINUX_NR_rt_sigreturn, %rax)
	ud2
END(linux_restore_rt)
