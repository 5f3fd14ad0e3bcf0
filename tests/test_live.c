/* SPDX-License-Identifier: MIT */
/* Real calls with an effect that can be seen, on the running kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <liblinux/error.h>
#include <liblinux/syscalls.h>

static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(linux_getpid(), getpid());
	assert_int_equal(linux_getppid(), getppid());
	assert_int_equal(linux_getuid(), getuid());
}

static void test_errors(void **state)
{
	(void)state;
	assert_int_equal(linux_close(-1u), -LINUX_EBADF);
	assert_int_equal(linux_openat(AT_FDCWD, "/nonexistent", O_RDONLY, 0), -LINUX_ENOENT);
	assert_int_equal(linux_openat(AT_FDCWD, NULL, O_RDONLY, 0), -LINUX_EFAULT);
	assert_int_equal(linux_mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0), -LINUX_EINVAL);
}

static void test_pipe(void **state)
{
	int fds[2];
	char buffer[16] = "";

	(void)state;
	assert_int_equal(linux_pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(linux_write((unsigned)fds[1], "liblinux", 8), 8);
	assert_int_equal(linux_read((unsigned)fds[0], buffer, sizeof(buffer)), 8);
	assert_memory_equal(buffer, "liblinux", 8);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(linux_close((unsigned)fds[0]), 0);
	assert_int_equal(linux_close((unsigned)fds[1]), 0);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
}

static void test_six_arguments(void **state)
{
	int fd = (int)linux_memfd_create("test", 0);
	char *map;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(linux_ftruncate((unsigned)fd, 65536), 0);
	assert_int_equal(linux_pwrite64((unsigned)fd, "here", 4, 8192), 4);
	map = (char *)linux_mmap(0, 4096, PROT_READ, MAP_SHARED, (unsigned long)fd, 8192);
	assert_false(linux_is_error((long)map));
	assert_memory_equal(map, "here", 4);
	assert_int_equal(linux_munmap((unsigned long)map, 4096), 0);
	close(fd);
}

static void test_file_offsets_beyond_32_bits(void **state)
{
	int fd = (int)linux_memfd_create("test", 0);
	struct iovec iov = { (void *)(uintptr_t)"far", 3 };
	char buffer[3];

	(void)state;
	assert_true(fd >= 0);
	/* The position is one argument, low word first; the high one is for 32-bit kernels. */
	assert_int_equal(linux_pwritev((unsigned long)fd, &iov, 1, 5l << 32, 0), 3);
	assert_int_equal(linux_lseek((unsigned)fd, 0, SEEK_END), (5l << 32) + 3);
	assert_int_equal(linux_pread64((unsigned)fd, buffer, 3, 5l << 32), 3);
	assert_memory_equal(buffer, "far", 3);
	assert_int_equal(linux_fallocate(fd, 0, (5l << 32), 1l << 12), 0);
	close(fd);
}

static void test_working_directory(void **state)
{
	char ours[4096], theirs[4096];
	long length = linux_getcwd(ours, sizeof(ours));

	(void)state;
	assert_non_null(getcwd(theirs, sizeof(theirs)));
	assert_string_equal(ours, theirs);
	assert_int_equal(length, strlen(theirs) + 1);	/* the kernel counts, a libc does not */
}

static void test_time(void **state)
{
	struct timespec before, now, after;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(linux_clock_gettime(CLOCK_MONOTONIC, &now), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(before.tv_sec <= now.tv_sec && now.tv_sec <= after.tv_sec);
	now = (struct timespec){ 0, 1000000 };
	assert_int_equal(linux_clock_nanosleep(CLOCK_MONOTONIC, 0, &now, NULL), 0);
}

static void test_poll_writes_the_timeout(void **state)
{
	struct timespec timeout = { 0, 2000000 };

	(void)state;
	assert_int_equal(linux_ppoll(NULL, 0, &timeout, NULL, 8), 0);
	assert_true(timeout.tv_sec == 0 && timeout.tv_nsec == 0);
}

static void test_random(void **state)
{
	char one[32] = "", two[32] = "";

	(void)state;
	assert_int_equal(linux_getrandom(one, sizeof(one), 0), sizeof(one));
	assert_int_equal(linux_getrandom(two, sizeof(two), 0), sizeof(two));
	assert_memory_not_equal(one, two, sizeof(one));
}

static void test_descriptors(void **state)
{
	unsigned long long value = 5;
	int fd = (int)linux_eventfd2(7, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(linux_dup3((unsigned)fd, 200, O_CLOEXEC), 200);
	assert_int_equal(linux_read(200, (char *)&value, sizeof(value)), sizeof(value));
	assert_int_equal(value, 7);
	assert_int_equal(linux_close(200), 0);
	close(fd);
}

static volatile int handled;

static void on_signal(int sig)
{
	handled = sig;
}

static void test_signals(void **state)
{
	unsigned long mask = 1ul << (SIGUSR1 - 1), old = 0, pending = 0;

	(void)state;
	signal(SIGUSR1, on_signal);
	/* A kernel's signal set is 8 bytes, whatever a libc's sigset_t is. */
	assert_int_equal(linux_rt_sigprocmask(SIG_BLOCK, (void *)&mask, (void *)&old, sizeof(mask)), 0);
	assert_int_equal(linux_rt_sigprocmask(SIG_BLOCK, (void *)&mask, NULL, 128), -LINUX_EINVAL);
	assert_int_equal(linux_kill((int)linux_getpid(), SIGUSR1), 0);
	assert_int_equal(handled, 0);
	assert_int_equal(linux_rt_sigpending((void *)&pending, sizeof(pending)), 0);
	assert_true(pending & mask);
	assert_int_equal(linux_rt_sigprocmask(SIG_SETMASK, (void *)&old, NULL, sizeof(old)), 0);
	assert_int_equal(handled, SIGUSR1);
}

static void test_processes(void **state)
{
	int status = 0;
	long pid;

	(void)state;
	pid = linux_clone(SIGCHLD, 0, NULL, 0, 0);	/* a fork; the last two are unused */
	if (pid == 0)
		linux_exit_group(42);
	assert_true(pid > 0);
	assert_int_equal(linux_wait4((int)pid, &status, 0, NULL), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_break(void **state)
{
	(void)state;
	assert_true(linux_brk(0) == (long)sbrk(0));	/* the break itself, where a libc has 0 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_six_arguments),
		cmocka_unit_test(test_file_offsets_beyond_32_bits),
		cmocka_unit_test(test_working_directory),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_poll_writes_the_timeout),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
