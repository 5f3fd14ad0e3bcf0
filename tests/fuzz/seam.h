/* SPDX-License-Identifier: MIT */
/*
 * Included before each file of the command: what it has of its own in the place of a libc gets
 * other names, as the fuzzers have a libc, and the call that it makes by number is fuzz_command.c's.
 */
#include <liblinux/arch.h>

long fuzz_syscall(long number, long a, long b, long c, long d, long e, long f);
#define liblinux_syscall6 fuzz_syscall

#define memcpy command_memcpy
#define memmove command_memmove
#define memset command_memset
#define memcmp command_memcmp

/* main.c: no _start. */
#define LIBLINUX_START_H
int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv);
