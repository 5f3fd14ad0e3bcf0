/* SPDX-License-Identifier: MIT */
/*
 * Inline calls in a vectorised loop. A kernel zeroes the predicates and the upper parts of
 * the vectors on every call; qemu's user emulation does not, so here the instruction itself
 * does: "svc" is a macro of the assembler that makes the call and then does what the
 * kernel does (Documentation/arch/arm64/sve.rst, section 3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#ifndef __ARM_FEATURE_SVE
# error "build this with SVE"
#endif

__asm__(
	"	.arch_extension sve\n"
	"	.macro svc immediate\n"
	"	.inst 0xd4000001\n"
	"	.irp p, p0.b, p1.b, p2.b, p3.b, p4.b, p5.b, p6.b, p7.b\n"
	"	pfalse \\p\n"
	"	.endr\n"
	"	.irp p, p8.b, p9.b, p10.b, p11.b, p12.b, p13.b, p14.b, p15.b\n"
	"	pfalse \\p\n"
	"	.endr\n"
	"	wrffr p0.b\n"
	"	.irp v, v0.16b, v1.16b, v2.16b, v3.16b, v4.16b, v5.16b, v6.16b, v7.16b\n"
	"	mov \\v, \\v\n"
	"	.endr\n"
	"	.irp v, v8.16b, v9.16b, v10.16b, v11.16b, v12.16b, v13.16b, v14.16b, v15.16b\n"
	"	mov \\v, \\v\n"
	"	.endr\n"
	"	.irp v, v16.16b, v17.16b, v18.16b, v19.16b, v20.16b, v21.16b, v22.16b, v23.16b\n"
	"	mov \\v, \\v\n"
	"	.endr\n"
	"	.irp v, v24.16b, v25.16b, v26.16b, v27.16b, v28.16b, v29.16b, v30.16b, v31.16b\n"
	"	mov \\v, \\v\n"
	"	.endr\n"
	"	.endm\n");

#include <liblinux/syscalls.h>

#define N 37

static unsigned in[N], out[N];

/* Constants and predicates of the inner loop live across the call in the outer one. */
__attribute__((__noinline__)) static void loop(unsigned factor, unsigned rounds)
{
	unsigned i, j;

	for (j = 0; j < rounds; j++) {
		for (i = 0; i < N; i++)
			out[i] += in[i] * factor + j;
		linux_getppid();
	}
}

static void test_vectorised_loop(void **state)
{
	unsigned i, wrong = 0;

	(void)state;
	for (i = 0; i < N; i++)
		in[i] = i * 3 + 1;
	loop(7, 10);
	for (i = 0; i < N; i++)
		wrong += out[i] != in[i] * 70 + 45;
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectorised_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
