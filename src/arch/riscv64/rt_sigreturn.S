/* SPDX-License-Identifier: MIT */
/*
 * long linux_rt_sigreturn(void), which never returns
 *
 * The kernel finds the frame of the signal at the stack pointer
 * (arch/riscv/kernel/signal.c), so nothing may be pushed here.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_rt_sigreturn)
	CALL(LINUX_NR_rt_sigreturn)
	ebreak
END(linux_rt_sigreturn)
