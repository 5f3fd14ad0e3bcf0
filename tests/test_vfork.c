/* SPDX-License-Identifier: MIT */
/* vfork: the child borrows the stack and scribbles on it; the parent returns all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <liblinux/error.h>
#include <liblinux/syscalls.h>
#include <liblinux/uapi/fcntl.h>

/* Overwrites what lies below its caller's frame, and so where linux_vfork kept its own. */
__attribute__((__noinline__)) static void scribble(void)
{
	volatile char area[2048];
	size_t i;

	for (i = 0; i < sizeof(area); i++)
		area[i] = (char)0xcc;
}

static void test_child_scribbles(void **state)
{
	volatile int children = 0, parents = 0;
	volatile int i;
	int status;
	long pid;

	(void)state;
	for (i = 0; i < 1000; i++) {
		pid = linux_vfork();
		if (pid == 0) {
			children++;
			scribble();
			linux_exit(i & 127);
		}
		assert_true(pid > 0);
		parents++;
		status = -1;
		assert_int_equal(waitpid((pid_t)pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), i & 127);
	}
	/* The memory is shared: both counts are seen here, and nobody returned twice. */
	assert_int_equal(children, 1000);
	assert_int_equal(parents, 1000);
}

static void test_child_executes(void **state)
{
	static const char *const argv[] = { "/proc/self/exe", "abc", NULL };
	static const char *const envp[] = { NULL };
	volatile long results[4] = { -1, -1, -1, -1 };
	int status = -1, fds[2];
	long pid;

	(void)state;
	assert_int_equal(linux_pipe2(fds, LINUX_O_CLOEXEC), 0);
	assert_int_equal(linux_write((unsigned)fds[1], "abc", 3), 3);
	pid = linux_vfork();
	if (pid == 0) {
		results[0] = linux_getpid();
		results[1] = linux_dup3((unsigned)fds[0], 0, 0);
		results[2] = linux_mmap(0, 0, 3, 4, 5, 1);
		results[3] = linux_close(-1u);
		linux_execve(argv[0], argv, envp);
		linux_exit(127);
	}
	assert_int_equal(waitpid((pid_t)pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(results[0], pid);
	assert_int_equal(results[1], 0);
	assert_int_equal(results[2], -LINUX_EINVAL);
	assert_int_equal(results[3], -LINUX_EBADF);
	linux_close((unsigned)fds[0]);
	linux_close((unsigned)fds[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_scribbles),
		cmocka_unit_test(test_child_executes),
	};

	if (argc > 1) {		/* the program that test_child_executes runs */
		char text[3];

		return read(0, text, 3) == 3 && !memcmp(text, argv[1], 3) ? 7 : 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
