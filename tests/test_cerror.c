/* SPDX-License-Identifier: MIT */
/* Results and errno: linux_is_error, linux_cerror, linux_cerror_to; inline and from the library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <pthread.h>
#include <dlfcn.h>
#include <cmocka.h>
#include <liblinux/cerror.h>

static long (*cerror)(long) = linux_cerror;
static long (*cerror_to)(long, int *) = linux_cerror_to;

static const long errors[] = { -1, -2, -133, -4094, -4095 };
static const long successes[] = { 0, 1, 4095, -4096, -4097, INT_MIN, 1L << 31, 1L << 40, LONG_MIN, LONG_MAX };

static void test_is_error(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(linux_is_error(errors[i]), 1);
	for (i = 0; i < sizeof(successes) / sizeof(successes[0]); i++)
		assert_int_equal(linux_is_error(successes[i]), 0);
}

static void test_errors_are_stored(void **state)
{
	size_t i;
	int err;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		errno = err = 7777;
		assert_int_equal(cerror_to(errors[i], &err), -1);
		assert_int_equal(err, -errors[i]);
		assert_int_equal(errno, 7777);
		assert_int_equal(cerror(errors[i]), -1);
		assert_int_equal(errno, -errors[i]);
	}
}

static void test_successes_leave_errno(void **state)
{
	size_t i;
	int err;

	(void)state;
	for (i = 0; i < sizeof(successes) / sizeof(successes[0]); i++) {
		errno = err = 7777;
		assert_true(cerror_to(successes[i], &err) == successes[i]);
		assert_true(cerror(successes[i]) == successes[i]);
		assert_int_equal(err, 7777);
		assert_int_equal(errno, 7777);
	}
}

static void *other_thread(void *result)
{
	errno = 0;
	cerror(-LINUX_EBADF);
	*(int *)result = errno;
	return NULL;
}

static void test_errno_is_per_thread(void **state)
{
	pthread_t thread;
	int result = 0;

	(void)state;
	errno = 7777;
	assert_int_equal(pthread_create(&thread, NULL, other_thread, &result), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(result, EBADF);
	assert_int_equal(errno, 7777);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(LINUX_EPERM, EPERM);
	assert_int_equal(LINUX_EWOULDBLOCK, EWOULDBLOCK);
	assert_int_equal(LINUX_ENOSYS, ENOSYS);
	assert_int_equal(LINUX_EDEADLOCK, EDEADLK);
	assert_int_equal(LINUX_EHWPOISON, EHWPOISON);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_error),
		cmocka_unit_test(test_errors_are_stored),
		cmocka_unit_test(test_successes_leave_errno),
		cmocka_unit_test(test_errno_is_per_thread),
		cmocka_unit_test(test_names),
	};

	if (argc > 1) {		/* the library to take the functions from */
		void *library = dlopen(argv[1], RTLD_NOW);
		void *symbols[2] = { NULL, NULL };

		if (library) {
			symbols[0] = dlvsym(library, "linux_cerror", "LIBLINUX_7.3");
			symbols[1] = dlvsym(library, "linux_cerror_to", "LIBLINUX_7.3");
		}
		if (!symbols[0] || !symbols[1]) {
			print_error("%s\n", dlerror());
			return 1;
		}
		*(void **)&cerror = symbols[0];
		*(void **)&cerror_to = symbols[1];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
