/* SPDX-License-Identifier: MIT */
SYSCALL_DEFINE1(exit, unsigned long, other)
