/* SPDX-License-Identifier: MIT */
/*
 * call SAMPLES: one form of a system call beside inline assembly. FORM says which, and the
 * flags that this is compiled and linked with are the rest of it.
 *
 * getppid has no argument and succeeds, dup(-1) has one and fails at once, mmap of no bytes
 * has six and fails.
 */
#define LIBLINUX_FUNCTIONS 1
#define LIBLINUX_CERROR 2
#define LIBC_FUNCTIONS 3
#define LIBC_SYSCALL 4
#define NOLIBC 5

#if FORM == NOLIBC
# include "nolibc.h"
#else
# define _GNU_SOURCE
# include <stdio.h>
# include <stdlib.h>
# include <sys/mman.h>
# include <sys/syscall.h>
# include <unistd.h>
#endif

#include <liblinux/cerror.h>

#include "bench.h"

#if FORM == LIBLINUX_FUNCTIONS
# define GETPPID linux_getppid()
# define DUP linux_dup(-1)
# define MMAP linux_mmap(0, 0, 0, 0, -1, 0)
#elif FORM == LIBLINUX_CERROR
# define GETPPID linux_cerror(linux_getppid())
# define DUP linux_cerror(linux_dup(-1))
# define MMAP linux_cerror(linux_mmap(0, 0, 0, 0, -1, 0))
#elif FORM == LIBC_SYSCALL
# define GETPPID syscall(SYS_getppid)
# define DUP syscall(SYS_dup, -1)
# define MMAP syscall(SYS_mmap, 0l, 0l, 0l, 0l, -1l, 0l)
#else
# define GETPPID getppid()
# define DUP dup(-1)
# define MMAP mmap(0, 0, 0, 0, -1, 0)
#endif

/* The same instructions behind a call and a return: what no function can do without. */
#define FUNCTION static __attribute__((noinline, aligned(64))) long
FUNCTION function_getppid(void) { return liblinux_syscall0(LINUX_NR_getppid); }
FUNCTION function_dup(int fd) { return liblinux_syscall1(LINUX_NR_dup, fd); }
FUNCTION function_mmap(long a, long b, long c, long d, long e, long f) { return liblinux_syscall6(LINUX_NR_mmap, a, b, c, d, e, f); }

#ifdef __x86_64__
/* The same again, and a jump where the function returns. It shows what the return costs; shadow stacks do not allow it. */
long jump_getppid(void);
__asm__(".pushsection .text; .balign 64; jump_getppid: mov $110, %eax; syscall; pop %rcx; jmp *%rcx; .popsection");
LOOP(jumped_getppid, jump_getppid())
# define JUMP , {"jump", jumped_getppid}
#else
# define JUMP
#endif

LOOP(inline_getppid, liblinux_syscall0(LINUX_NR_getppid))
LOOP(inline_dup, liblinux_syscall1(LINUX_NR_dup, -1))
LOOP(inline_mmap, liblinux_syscall6(LINUX_NR_mmap, 0, 0, 0, 0, -1, 0))
LOOP(called_getppid, function_getppid())
LOOP(called_dup, function_dup(-1))
LOOP(called_mmap, function_mmap(0, 0, 0, 0, -1, 0))
LOOP(form_getppid, GETPPID)
LOOP(form_dup, DUP)
LOOP(form_mmap, MMAP)

#define THREE(call) {"inline", inline_##call}, {"function", called_##call}, {"form", form_##call}
static const struct loop getppid_loops[] = {THREE(getppid) JUMP}, dup_loops[] = {THREE(dup)}, mmap_loops[] = {THREE(mmap)};

int main(int argc, char **argv)
{
	unsigned long samples = argc > 1 ? (unsigned long)atol(argv[1]) : 1;

#define SAMPLE(call) sample(#call, samples, 300, call##_loops, sizeof(call##_loops) / sizeof(*call##_loops))
	SAMPLE(getppid);
	SAMPLE(dup);
	SAMPLE(mmap);
	return 0;
}
