/* SPDX-License-Identifier: MIT */
/* A preloaded object takes the place of a wrapper, and only of that one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#include <liblinux/syscalls.h>

static void test_preloaded(void **state)
{
	(void)state;
	assert_int_equal(linux_getppid(), 424242);
	assert_int_equal(linux_getpid(), getpid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preloaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
