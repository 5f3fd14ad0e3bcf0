/* SPDX-License-Identifier: MIT */
/*
 * What a kernel does to the scalable vectors and the matrix on a call, and that our calls are
 * right all the same, at every vector length of the machine.
 *
 * With WITHOUT_CLOBBERS the inline calls are those of the library, which say nothing of the
 * vectors: the same loop must then be wrong, or this test would show nothing.
 */
#ifdef WITHOUT_CLOBBERS
# define LIBLINUX_WRAPPER
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include <liblinux/error.h>
#include <liblinux/syscalls.h>
#include <liblinux/uapi/hwcap.h>
#include <liblinux/uapi/prctl.h>

#ifndef __ARM_FEATURE_SVE
# error "build this with SVE"
#endif

#define N 150	/* vectors of every length, and a rest */
#define MAX_LENGTH 256

/* Assemblers learn SME with version 2.38. */
#define SMSTART_SM ".inst 0xd503437f\n"
#define SMSTART_ZA ".inst 0xd503457f\n"
#define SMSTOP ".inst 0xd503467f\n"
#define LDR_ZA_W12_X0 ".inst 0xe1000000\n"
#define STR_ZA_W12_X0 ".inst 0xe1200000\n"
#define SVCR "S3_3_C4_C2_2"

/* Into streaming mode and out of it, all of them are lost. */
#define CLOBBERS \
	"memory", "ffr", \
	"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15", \
	"z0", "z1", "z2", "z3", "z4", "z5", "z6", "z7", "z8", "z9", "z10", "z11", "z12", "z13", "z14", "z15", \
	"z16", "z17", "z18", "z19", "z20", "z21", "z22", "z23", "z24", "z25", "z26", "z27", "z28", "z29", "z30", "z31"

static unsigned in[N], out[N];

__attribute__((__noinline__)) static unsigned long vector_length(void)
{
	unsigned long length;

	__asm__ __volatile__("rdvl %0, #1" : "=r"(length));
	return length;
}

/*
 * Predicates, vectors of constants and the length itself live across the call. Each length has
 * its own call of this: a compiler takes the length for a constant.
 */
__attribute__((__noinline__)) static void loop(unsigned factor, unsigned rounds)
{
	unsigned i, j;

	for (j = 0; j < rounds; j++) {
		for (i = 0; i < N; i++)
			out[i] += in[i] * factor + j;
		linux_getppid();
	}
}

__attribute__((__noinline__)) static unsigned wrong_results(void)
{
	unsigned i, wrong = 0;

	for (i = 0; i < N; i++) {
		in[i] = i * 3 + 1;
		out[i] = 0;
	}
	loop(7, 10);
	for (i = 0; i < N; i++)
		wrong += out[i] != in[i] * 70 + 45;
	return wrong;
}

/* Sets the length of non-streaming (or with SME of streaming) vectors; is it what was asked for? */
__attribute__((__noinline__)) static int set_length(long prctl, unsigned long length)
{
	long ret = linux_prctl((int)prctl, length, 0, 0, 0);

	assert_false(linux_is_error(ret));
	return (ret & LINUX_PR_SVE_VL_LEN_MASK) == (long)length;
}

static void test_loop_at_every_length(void **state)
{
	unsigned long length, lengths = 0;

	(void)state;
	for (length = 16; length <= MAX_LENGTH; length += 16) {
		if (!set_length(LINUX_PR_SVE_SET_VL, length))
			continue;
		lengths++;
		assert_int_equal(vector_length(), length);
#ifdef WITHOUT_CLOBBERS
		assert_int_not_equal(wrong_results(), 0);
#else
		assert_int_equal(wrong_results(), 0);
#endif
	}
	printf("# %lu vector lengths, up to %lu bytes\n", lengths, vector_length());
	assert_true(lengths >= 5 && vector_length() == MAX_LENGTH);
}

/* One vector, one predicate and the first-fault register around a bare call. */
__attribute__((__noinline__)) static long call_with_vectors(unsigned char *vector, unsigned char *predicate, unsigned char *ffr)
{
	register long x8 __asm__("x8") = LINUX_NR_getppid;
	register long x0 __asm__("x0");

	__asm__ __volatile__(
		"ptrue p0.b\n"
		"setffr\n"
		"mov z0.b, #0x55\n"
		"svc #0\n"
		"str z0, [%[vector]]\n"
		"str p0, [%[predicate]]\n"
		"rdffr p1.b\n"
		"str p1, [%[ffr]]\n"
		: "=&r"(x0)
		: "r"(x8), [vector] "r"(vector), [predicate] "r"(predicate), [ffr] "r"(ffr)
		: "memory", "cc", "z0", "p0", "p1", "ffr");
	return x0;
}

static void test_what_the_kernel_does(void **state)
{
	static const unsigned char zero[MAX_LENGTH];
	unsigned char vector[MAX_LENGTH], predicate[MAX_LENGTH / 8], ffr[MAX_LENGTH / 8];
	unsigned long length, i;

	(void)state;
	for (length = 16; length <= MAX_LENGTH; length += 16) {
		if (!set_length(LINUX_PR_SVE_SET_VL, length))
			continue;
		memset(vector, 0xaa, sizeof(vector));
		memset(predicate, 0xaa, sizeof(predicate));
		memset(ffr, 0xaa, sizeof(ffr));
		assert_int_equal(call_with_vectors(vector, predicate, ffr), getppid());
		for (i = 0; i < 16; i++)
			assert_int_equal(vector[i], 0x55);
		assert_memory_equal(vector + 16, zero, length - 16);
		assert_memory_equal(predicate, zero, length / 8);
		assert_memory_equal(ffr, zero, length / 8);
	}
}

static void need_sme(void)
{
	if (!(getauxval(AT_HWCAP2) & LINUX_HWCAP2_SME)) {
		printf("# this kernel has no SME\n");
		skip();
	}
}

__attribute__((__noinline__)) static unsigned long svcr(void)
{
	unsigned long value;

	__asm__ __volatile__("mrs %0, " SVCR : "=r"(value));
	return value;
}

/*
 * A call ends streaming mode. Who is in it has vectors of the streaming length, so both lengths
 * are the same here: then a loop that begins in streaming mode and goes on outside is right.
 */
static void test_streaming(void **state)
{
	unsigned long length, lengths = 0, before, after;
	unsigned i, wrong;
	long page;

	(void)state;
	need_sme();
	for (length = 16; length <= MAX_LENGTH; length *= 2) {
		if (!set_length(LINUX_PR_SME_SET_VL, length) || !set_length(LINUX_PR_SVE_SET_VL, length))
			continue;
		lengths++;
		for (i = 0; i < N; i++) {
			in[i] = i * 3 + 1;
			out[i] = 0;
		}
		__asm__ __volatile__(SMSTART_SM : : : CLOBBERS);
		before = svcr();
		loop(7, 10);
		after = svcr();
		for (i = 0, wrong = 0; i < N; i++)
			wrong += out[i] != in[i] * 70 + 45;
		assert_int_equal(before, 1);
		assert_int_equal(after, 0);
#ifdef WITHOUT_CLOBBERS
		assert_int_not_equal(wrong, 0);
#else
		assert_int_equal(wrong, 0);
#endif
		/* Six arguments arrive from there. */
		__asm__ __volatile__(SMSTART_SM : : : CLOBBERS);
		page = linux_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0);
		after = svcr();
		assert_false(linux_is_error(page));
		assert_int_equal(after, 0);
		*(volatile char *)page = 1;
		assert_int_equal(linux_munmap((unsigned long)page, 4096), 0);
	}
	printf("# %lu streaming vector lengths\n", lengths);
	assert_true(lengths >= 2);
}

/* The matrix stays as it is. */
static void test_matrix(void **state)
{
	static unsigned char saved[MAX_LENGTH][MAX_LENGTH], row[MAX_LENGTH];
	unsigned long length, lengths = 0, n, i, before, after;
	long parent;

	(void)state;
	need_sme();
	for (length = 16; length <= MAX_LENGTH; length *= 2) {
		if (!set_length(LINUX_PR_SME_SET_VL, length))
			continue;
		lengths++;
		__asm__ __volatile__(SMSTART_ZA : : : "memory");
		for (n = 0; n < length; n++) {
			register unsigned long w12 __asm__("x12") = n;
			register unsigned char *x0 __asm__("x0") = row;

			for (i = 0; i < length; i++)
				row[i] = (unsigned char)(n * 7 + i);
			__asm__ __volatile__(LDR_ZA_W12_X0 : : "r"(w12), "r"(x0) : "memory");
		}
		before = svcr();
		parent = linux_getppid();
		after = svcr();
		for (n = 0; n < length; n++) {
			register unsigned long w12 __asm__("x12") = n;
			register unsigned char *x0 __asm__("x0") = saved[n];

			__asm__ __volatile__(STR_ZA_W12_X0 : : "r"(w12), "r"(x0) : "memory");
		}
		__asm__ __volatile__(SMSTOP : : : CLOBBERS);
		assert_int_equal(parent, getppid());
		assert_int_equal(before, 2);
		assert_int_equal(after, 2);
		for (n = 0; n < length; n++)
			for (i = 0; i < length; i++)
				assert_int_equal(saved[n][i], (unsigned char)(n * 7 + i));
	}
	assert_true(lengths >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_kernel_does),
		cmocka_unit_test(test_loop_at_every_length),
		cmocka_unit_test(test_streaming),
		cmocka_unit_test(test_matrix),
	};

	if (!(getauxval(AT_HWCAP) & LINUX_HWCAP_SVE)) {
		puts("1..0 # SKIP this processor or kernel has no SVE");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
