/* SPDX-License-Identifier: MIT */
/*
 * x86_64: the registers of a system call
 *
 *   rax               number in, result out
 *   rdi rsi rdx       arguments 1 to 3, as in a function call
 *   r10               argument 4 (a function call has it in rcx, which the
 *                     instruction itself overwrites)
 *   r8 r9             arguments 5 and 6, as in a function call
 *   rcx r11           destroyed: the instruction saves rip and rflags there
 *
 * The kernel preserves everything else: flags, vector registers and the red zone
 * (arch/x86/entry/entry_64.S, entry_SYSCALL_64).
 */

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall0(long nr)
{
	long ret;

	__asm__ __volatile__(LIBLINUX_PINNED("syscall")
		: "=a"(ret)
		: "0"(nr)
		: "rcx", "r11", "memory");
	return ret;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall1(long nr, long a1)
{
	long ret;

	__asm__ __volatile__(LIBLINUX_PINNED("syscall")
		: "=a"(ret)
		: "0"(nr), "D"(a1)
		: "rcx", "r11", "memory");
	return ret;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall2(long nr, long a1, long a2)
{
	long ret;

	__asm__ __volatile__(LIBLINUX_PINNED("syscall")
		: "=a"(ret)
		: "0"(nr), "D"(a1), "S"(a2)
		: "rcx", "r11", "memory");
	return ret;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall3(long nr, long a1, long a2, long a3)
{
	long ret;

	__asm__ __volatile__(LIBLINUX_PINNED("syscall")
		: "=a"(ret)
		: "0"(nr), "D"(a1), "S"(a2), "d"(a3)
		: "rcx", "r11", "memory");
	return ret;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall4(long nr, long a1, long a2, long a3, long a4)
{
	long ret;
	register long r10 __asm__("r10") = a4;

	__asm__ __volatile__(LIBLINUX_PINNED("syscall")
		: "=a"(ret)
		: "0"(nr), "D"(a1), "S"(a2), "d"(a3), "r"(r10)
		: "rcx", "r11", "memory");
	return ret;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall5(long nr, long a1, long a2, long a3, long a4, long a5)
{
	long ret;
	register long r10 __asm__("r10") = a4;
	register long r8 __asm__("r8") = a5;

	__asm__ __volatile__(LIBLINUX_PINNED("syscall")
		: "=a"(ret)
		: "0"(nr), "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8)
		: "rcx", "r11", "memory");
	return ret;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall6(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	long ret;
	register long r10 __asm__("r10") = a4;
	register long r8 __asm__("r8") = a5;
	register long r9 __asm__("r9") = a6;

	__asm__ __volatile__(LIBLINUX_PINNED("syscall")
		: "=a"(ret)
		: "0"(nr), "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return ret;
}
