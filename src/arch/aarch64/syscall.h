/* SPDX-License-Identifier: MIT */
/*
 * aarch64: the registers of a system call
 *
 *   x8                number
 *   x0 to x5          arguments 1 to 6, as in a function call
 *   x0                result
 *
 * The kernel preserves the other general registers, the flags and the low 128 bits
 * of v0 to v31. It zeroes p0 to p15, ffr and all other bits of z0 to z31
 * (Documentation/arch/arm64/sve.rst, section 3). The procedure call standard lets a
 * function do that, so only code that is inlined has to say it; the wrappers, which
 * are functions for ever, would save d8 to d15 for nothing. clang has no name for
 * ffr: it keeps no value there from one statement to the next.
 *
 * The preprocessor does not see __attribute__((target("+sve"))) nor a #pragma behind this:
 * a function that has SVE that way calls the library, or is in a file of its own.
 */

#if defined(__ARM_FEATURE_SVE) && !defined(LIBLINUX_WRAPPER)
# ifdef __clang__
#  define LIBLINUX_FFR
# else
#  define LIBLINUX_FFR "ffr",
# endif
# define LIBLINUX_SVC_CLOBBERS \
	"memory", "cc", LIBLINUX_FFR \
	"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", \
	"p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15", \
	"z0", "z1", "z2", "z3", "z4", "z5", "z6", "z7", \
	"z8", "z9", "z10", "z11", "z12", "z13", "z14", "z15", \
	"z16", "z17", "z18", "z19", "z20", "z21", "z22", "z23", \
	"z24", "z25", "z26", "z27", "z28", "z29", "z30", "z31"
#else
# define LIBLINUX_SVC_CLOBBERS "memory", "cc"
#endif

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall0(long nr)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0");

	__asm__ __volatile__(LIBLINUX_PINNED("svc #0")
		: "=r"(x0)
		: "r"(x8)
		: LIBLINUX_SVC_CLOBBERS);
	return x0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall1(long nr, long a1)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a1;

	__asm__ __volatile__(LIBLINUX_PINNED("svc #0")
		: "+r"(x0)
		: "r"(x8)
		: LIBLINUX_SVC_CLOBBERS);
	return x0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall2(long nr, long a1, long a2)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a1;
	register long x1 __asm__("x1") = a2;

	__asm__ __volatile__(LIBLINUX_PINNED("svc #0")
		: "+r"(x0)
		: "r"(x8), "r"(x1)
		: LIBLINUX_SVC_CLOBBERS);
	return x0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall3(long nr, long a1, long a2, long a3)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a1;
	register long x1 __asm__("x1") = a2;
	register long x2 __asm__("x2") = a3;

	__asm__ __volatile__(LIBLINUX_PINNED("svc #0")
		: "+r"(x0)
		: "r"(x8), "r"(x1), "r"(x2)
		: LIBLINUX_SVC_CLOBBERS);
	return x0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall4(long nr, long a1, long a2, long a3, long a4)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a1;
	register long x1 __asm__("x1") = a2;
	register long x2 __asm__("x2") = a3;
	register long x3 __asm__("x3") = a4;

	__asm__ __volatile__(LIBLINUX_PINNED("svc #0")
		: "+r"(x0)
		: "r"(x8), "r"(x1), "r"(x2), "r"(x3)
		: LIBLINUX_SVC_CLOBBERS);
	return x0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall5(long nr, long a1, long a2, long a3, long a4, long a5)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a1;
	register long x1 __asm__("x1") = a2;
	register long x2 __asm__("x2") = a3;
	register long x3 __asm__("x3") = a4;
	register long x4 __asm__("x4") = a5;

	__asm__ __volatile__(LIBLINUX_PINNED("svc #0")
		: "+r"(x0)
		: "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
		: LIBLINUX_SVC_CLOBBERS);
	return x0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall6(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a1;
	register long x1 __asm__("x1") = a2;
	register long x2 __asm__("x2") = a3;
	register long x3 __asm__("x3") = a4;
	register long x4 __asm__("x4") = a5;
	register long x5 __asm__("x5") = a6;

	__asm__ __volatile__(LIBLINUX_PINNED("svc #0")
		: "+r"(x0)
		: "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
		: LIBLINUX_SVC_CLOBBERS);
	return x0;
}
