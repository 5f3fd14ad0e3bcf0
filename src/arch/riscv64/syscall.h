/* SPDX-License-Identifier: MIT */
/*
 * riscv64: the registers of a system call
 *
 *   a7                number
 *   a0 to a5          arguments 1 to 6, as in a function call
 *   a0                result
 *
 * The kernel preserves the other general registers and those of floating point. It destroys
 * the vector registers v0 to v31, vl and vtype (arch/riscv/kernel/traps.c, do_trap_ecall_u;
 * Documentation/arch/riscv/vector.rst, section 3). The calling convention lets a function do
 * that, so only code that is inlined has to say it. gcc before 13 keeps nothing in vector
 * registers, and has no names for them. clang 14 has none for vl and vtype: it sets them anew
 * behind every asm statement. The preprocessor does not see what an attribute of a function adds
 * to the file's -march: such a function calls the library.
 */

#if defined(__riscv_v_elen) && !defined(LIBLINUX_WRAPPER) && (defined(__clang__) || __GNUC__ >= 13)
# ifdef __clang__
#  define LIBLINUX_VL_VTYPE
# else
#  define LIBLINUX_VL_VTYPE "vl", "vtype",
# endif
# define LIBLINUX_ECALL_CLOBBERS \
	"memory", LIBLINUX_VL_VTYPE \
	"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", \
	"v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", \
	"v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", \
	"v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"
#else
# define LIBLINUX_ECALL_CLOBBERS "memory"
#endif

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall0(long nr)
{
	register long r7 __asm__("a7") = nr;
	register long r0 __asm__("a0");

	__asm__ __volatile__(LIBLINUX_PINNED("ecall")
		: "=r"(r0)
		: "r"(r7)
		: LIBLINUX_ECALL_CLOBBERS);
	return r0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall1(long nr, long a1)
{
	register long r7 __asm__("a7") = nr;
	register long r0 __asm__("a0") = a1;

	__asm__ __volatile__(LIBLINUX_PINNED("ecall")
		: "+r"(r0)
		: "r"(r7)
		: LIBLINUX_ECALL_CLOBBERS);
	return r0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall2(long nr, long a1, long a2)
{
	register long r7 __asm__("a7") = nr;
	register long r0 __asm__("a0") = a1;
	register long r1 __asm__("a1") = a2;

	__asm__ __volatile__(LIBLINUX_PINNED("ecall")
		: "+r"(r0)
		: "r"(r7), "r"(r1)
		: LIBLINUX_ECALL_CLOBBERS);
	return r0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall3(long nr, long a1, long a2, long a3)
{
	register long r7 __asm__("a7") = nr;
	register long r0 __asm__("a0") = a1;
	register long r1 __asm__("a1") = a2;
	register long r2 __asm__("a2") = a3;

	__asm__ __volatile__(LIBLINUX_PINNED("ecall")
		: "+r"(r0)
		: "r"(r7), "r"(r1), "r"(r2)
		: LIBLINUX_ECALL_CLOBBERS);
	return r0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall4(long nr, long a1, long a2, long a3, long a4)
{
	register long r7 __asm__("a7") = nr;
	register long r0 __asm__("a0") = a1;
	register long r1 __asm__("a1") = a2;
	register long r2 __asm__("a2") = a3;
	register long r3 __asm__("a3") = a4;

	__asm__ __volatile__(LIBLINUX_PINNED("ecall")
		: "+r"(r0)
		: "r"(r7), "r"(r1), "r"(r2), "r"(r3)
		: LIBLINUX_ECALL_CLOBBERS);
	return r0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall5(long nr, long a1, long a2, long a3, long a4, long a5)
{
	register long r7 __asm__("a7") = nr;
	register long r0 __asm__("a0") = a1;
	register long r1 __asm__("a1") = a2;
	register long r2 __asm__("a2") = a3;
	register long r3 __asm__("a3") = a4;
	register long r4 __asm__("a4") = a5;

	__asm__ __volatile__(LIBLINUX_PINNED("ecall")
		: "+r"(r0)
		: "r"(r7), "r"(r1), "r"(r2), "r"(r3), "r"(r4)
		: LIBLINUX_ECALL_CLOBBERS);
	return r0;
}

static __inline__ LIBLINUX_NO_INSTRUMENT long liblinux_syscall6(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	register long r7 __asm__("a7") = nr;
	register long r0 __asm__("a0") = a1;
	register long r1 __asm__("a1") = a2;
	register long r2 __asm__("a2") = a3;
	register long r3 __asm__("a3") = a4;
	register long r4 __asm__("a4") = a5;
	register long r5 __asm__("a5") = a6;

	__asm__ __volatile__(LIBLINUX_PINNED("ecall")
		: "+r"(r0)
		: "r"(r7), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
		: LIBLINUX_ECALL_CLOBBERS);
	return r0;
}
