/* SPDX-License-Identifier: MIT */
/*
 * A call destroys no register but those it says: live values of every kind stay across it.
 * Built for the library and inline, at each level of optimisation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <liblinux/error.h>
#include <liblinux/syscalls.h>

typedef long vector __attribute__((__vector_size__(16)));

static long seed(long n)
{
	__asm__ __volatile__("" : "+r"(n));
	return n * 0x9e3779b97f4a7c15l;
}

/*
 * As many values as there are registers live from the first statement to the last. No function is called in
 * between, or none of them would be in a register that a function may destroy.
 */
#define LIVE(CALL) ({ \
	long a = seed(1), b = seed(2), c = seed(3), d = seed(4), e = seed(5), f = seed(6), g = seed(7), h = seed(8); \
	long i = seed(9), j = seed(10), k = seed(11), l = seed(12), result, wrong; \
	double r = (double)seed(17), s = (double)seed(18), t = (double)seed(19), u = (double)seed(20); \
	vector v = { seed(21), seed(22) }, w = { seed(23), seed(24) }, x = { seed(25), seed(26) }; \
	__asm__ __volatile__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f)); \
	__asm__ __volatile__("" : "+r"(g), "+r"(h), "+r"(i), "+r"(j), "+r"(k), "+r"(l)); \
	result = CALL; \
	__asm__ __volatile__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f)); \
	__asm__ __volatile__("" : "+r"(g), "+r"(h), "+r"(i), "+r"(j), "+r"(k), "+r"(l)); \
	wrong = a != seed(1) || b != seed(2) || c != seed(3) || d != seed(4) || e != seed(5) || f != seed(6); \
	wrong |= g != seed(7) || h != seed(8) || i != seed(9) || j != seed(10) || k != seed(11) || l != seed(12); \
	wrong |= r != (double)seed(17) || s != (double)seed(18) || t != (double)seed(19) || u != (double)seed(20); \
	wrong |= v[0] != seed(21) || v[1] != seed(22) || w[0] != seed(23) || w[1] != seed(24); \
	wrong |= x[0] != seed(25) || x[1] != seed(26); \
	assert_int_equal(wrong, 0); \
	result; \
})

static void test_live_values(void **state)
{
	char buffer[8];

	(void)state;
	assert_true(LIVE(linux_getpid()) > 0);
	assert_int_equal(LIVE(linux_close(-1u)), -LINUX_EBADF);
	assert_int_equal(LIVE(linux_getrandom(buffer, 8, 0)), 8);
	assert_int_equal(LIVE(linux_readlinkat(-1, "x", buffer, 8)), -LINUX_EBADF);
	assert_int_equal(LIVE(linux_prctl(-1, 2, 3, 4, 5)), -LINUX_EINVAL);
	assert_int_equal(LIVE(linux_mmap(0, 0, 3, 4, 5, 1)), -LINUX_EINVAL);
}

/* The kernel reads what was stored before the call, and what it wrote is read after it. */
static void test_memory(void **state)
{
	int fds[2] = { -1, -1 };
	char buffer[4] = "";
	long made, in, out;
	int from, to;
	char got;

	(void)state;
	/* No function may be called here: the compiler would think that it touches the memory. */
	made = linux_pipe2(fds, 0);
	from = fds[0];
	to = fds[1];
	buffer[0] = 'x';
	in = linux_write((unsigned)to, buffer, 1);
	buffer[0] = 'y';
	out = linux_read((unsigned)from, buffer, 1);
	got = buffer[0];

	assert_int_equal(made, 0);
	assert_true(from >= 0 && to >= 0);
	assert_int_equal(in, 1);
	assert_int_equal(out, 1);
	assert_int_equal(got, 'x');
	linux_close((unsigned)from);
	linux_close((unsigned)to);
}

/* A leaf function keeps values in the red zone, below the stack pointer. */
__attribute__((__noinline__)) static long leaf(long n)
{
	volatile long zone[12];
	long i, sum = 0;

	for (i = 0; i < 12; i++)
		zone[i] = n + i;
#ifdef LIBLINUX_INLINE
	linux_getppid();
#endif
	for (i = 0; i < 12; i++)
		sum += zone[i];
	return sum;
}

static void test_red_zone(void **state)
{
	(void)state;
	assert_int_equal(leaf(100), 12 * 100 + 66);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live_values),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_red_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
