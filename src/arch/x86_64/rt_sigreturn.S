/* SPDX-License-Identifier: MIT */
/*
 * long linux_rt_sigreturn(void), which never returns
 *
 * The kernel finds the frame of the signal by the stack pointer (it reads the frame 8 bytes
 * below, arch/x86/kernel/signal_64.c), so nothing may be pushed here. Reached by a jump, or
 * by the return of a signal handler whose sa_restorer this is, the stack pointer is right.
 */
#include <liblinux/syscalls.h>
#include "asm.h"

FUNCTION(linux_rt_sigreturn)
	CALL(LINUX_NR_rt_sigreturn, %eax)
	ud2
END(linux_rt_sigreturn)
