/* SPDX-License-Identifier: MIT */
/*
 * linux_clone3_call: what its child finds, how it ends, and that the parent goes on. A child
 * that shares the memory of this process calls no libc, and notes what it sees for the parent
 * to judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unwind.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <liblinux/error.h>
#include <liblinux/syscalls.h>
#include <liblinux/uapi/futex.h>
#include <liblinux/uapi/sched.h>
#include <liblinux/uapi/signal.h>
#include <liblinux/uapi/wait.h>
#include "arch.h"

#define THREAD (LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND | LINUX_CLONE_THREAD | \
		LINUX_CLONE_SYSVSEM | LINUX_CLONE_SETTLS | LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_CLEARTID)

int child_backtrace(void *arg);

/* A small stack between two guards. */
#define GUARD 4096
#define STACK 1024
static struct {
	unsigned char before[GUARD];
	unsigned char stack[STACK];
	unsigned char after[GUARD];
} area __attribute__((__aligned__(16)));

static void arm_guards(void)
{
	memset(&area, 0xa5, sizeof(area));
}

static void check_guards(void)
{
	int i, wrong = 0;

	for (i = 0; i < GUARD; i++)
		wrong += area.before[i] != 0xa5 || area.after[i] != 0xa5;
	assert_int_equal(wrong, 0);
}

/* A process that shares the memory and runs on the small stack. */
static struct linux_clone_args small(unsigned long long flags)
{
	return (struct linux_clone_args){
		.flags = LINUX_CLONE_VM | flags,
		.exit_signal = LINUX_SIGCHLD,
		.stack = (uintptr_t)area.stack,
		.stack_size = STACK,
	};
}

static int ended(long pid)
{
	int status = -1;

	assert_true(pid > 0);
	assert_int_equal(linux_wait4((int)pid, &status, LINUX_WALL, NULL), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_registers(void **state)
{
	struct linux_clone_args args;
	unsigned long size;
	long seen[3];

	(void)state;
	for (size = STACK; size > STACK - 64; size--) {
		arm_guards();
		args = small(0);
		args.stack_size = size;
		memset(seen, 0xff, sizeof(seen));
		assert_int_equal(ended(linux_clone3_call(&args, sizeof(args), probe_child, seen)), 42);
		check_guards();
		assert_ptr_equal(seen[0], seen);
		/* Where a call leaves an aligned stack, and all of it but what alignment costs. */
		assert_int_equal(seen[1], CALLED_WITH(((uintptr_t)area.stack + size) & ~15ul));
		assert_int_equal(seen[2], 0);
	}
}

static volatile int runs;

static int child(void *arg)
{
	*(volatile long *)arg = linux_getpid();
	return ++runs & 127;
}

/* The size of the address space, and the next free descriptor. */
static void resources(long sizes[2])
{
	char text[64] = "";
	unsigned long pages = 0;
	int fd = (int)linux_openat(-1, "/proc/self/statm", 0, 0);

	assert_true(fd >= 0);
	assert_true(linux_read((unsigned)fd, text, sizeof(text) - 1) > 0);
	assert_int_equal(sscanf(text, "%lu", &pages), 1);
	linux_close((unsigned)fd);
	sizes[0] = (long)pages;
	sizes[1] = fd;
}

static void test_thousands(void **state)
{
	struct linux_clone_args args = small(0);
	long before[2], after[2], pid, seen = 0;
	int i, value;

	(void)state;
	arm_guards();
	runs = 0;
	resources(before);
	for (i = 1; i <= 2000; i++) {
		pid = linux_clone3_call(&args, sizeof(args), child, &seen);
		value = ended(pid);
		assert_int_equal(value, i & 127);
		assert_int_equal(seen, pid);
	}
	assert_int_equal(runs, 2000);
	check_guards();
	resources(after);
	assert_memory_equal(before, after, sizeof(before));
}

static void test_pidfd(void **state)
{
	struct linux_clone_args args = small(LINUX_CLONE_PIDFD);
	int pidfd = -1;
	long pid, seen = 0;
	siginfo_t info;

	(void)state;
	memset(&info, 0, sizeof(info));
	runs = 6;
	args.pidfd = (uintptr_t)&pidfd;
	pid = linux_clone3_call(&args, sizeof(args), child, &seen);
	assert_true(pid > 0);
	assert_true(pidfd >= 0);
	assert_int_equal(linux_waitid(LINUX_P_PIDFD, pidfd, (void *)&info, LINUX_WEXITED | LINUX_WALL, NULL), 0);
	assert_int_equal(info.si_pid, pid);
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_int_equal(info.si_status, 7);
	linux_close((unsigned)pidfd);
}

static struct {
	volatile int tid;		/* the kernel clears it, and wakes who waits for it */
	volatile int go;
	long calls[5];
	char text[4];
	int pipe[2];
} thread;

/* It has no thread-local storage: the pointer to it is NULL. */
static int in_thread(void *arg)
{
	while (!thread.go)
		linux_futex((void *)&thread.go, LINUX_FUTEX_WAIT, 0, NULL, NULL, 0);
	thread.calls[0] = linux_gettid();
	thread.calls[1] = linux_getpid();
	thread.calls[2] = linux_write((unsigned)thread.pipe[1], arg, 3);
	thread.calls[3] = linux_mmap(0, 0, 3, 4, 5, 1);
	thread.calls[4] = linux_close(-1u);
	return 5;
}

static void test_thread(void **state)
{
	struct linux_clone_args args = small(THREAD);
	int i, now;
	long tid;

	(void)state;
	arm_guards();
	args.exit_signal = 0;
	args.child_tid = args.parent_tid = (uintptr_t)&thread.tid;
	assert_int_equal(linux_pipe2(thread.pipe, 0), 0);
	for (i = 0; i < 1000; i++) {
		memset(thread.calls, 0, sizeof(thread.calls));
		memset(thread.text, 0, sizeof(thread.text));
		thread.go = 0;
		tid = linux_clone3_call(&args, sizeof(args), in_thread, (void *)(uintptr_t)"abc");
		assert_true(tid > 0);
		assert_int_equal(thread.tid, tid);
		thread.go = 1;
		linux_futex((void *)&thread.go, LINUX_FUTEX_WAKE, 1, NULL, NULL, 0);
		while ((now = thread.tid) != 0)
			linux_futex((void *)&thread.tid, LINUX_FUTEX_WAIT, (unsigned)now, NULL, NULL, 0);
		assert_int_equal(thread.calls[0], tid);
		assert_int_equal(thread.calls[1], linux_getpid());
		assert_int_equal(thread.calls[2], 3);
		assert_int_equal(thread.calls[3], -LINUX_EINVAL);
		assert_int_equal(thread.calls[4], -LINUX_EBADF);
		assert_int_equal(linux_read((unsigned)thread.pipe[0], thread.text, 4), 3);
		assert_string_equal(thread.text, "abc");
	}
	check_guards();
	linux_close((unsigned)thread.pipe[0]);
	linux_close((unsigned)thread.pipe[1]);
}

static void test_failure(void **state)
{
	struct linux_clone_args args = small(0), bad = small(LINUX_CLONE_THREAD);
	long seen = 0;

	(void)state;
	runs = 0;
	assert_int_equal(linux_clone3_call(&args, 1, child, &seen), -LINUX_EINVAL);
	assert_int_equal(linux_clone3_call(&args, 1 << 20, child, &seen), -LINUX_E2BIG);
	assert_int_equal(linux_clone3_call(NULL, sizeof(args), child, &seen), -LINUX_EFAULT);
	assert_int_equal(linux_clone3_call(&bad, sizeof(bad), child, &seen), -LINUX_EINVAL);
	assert_int_equal(runs, 0);
	assert_int_equal(seen, 0);
}

/* Without a new stack: a copy of this one. */
static void test_like_fork(void **state)
{
	struct linux_clone_args args = { .exit_signal = LINUX_SIGCHLD };
	long seen = 0;

	(void)state;
	runs = 10;
	assert_int_equal(ended(linux_clone3_call(&args, sizeof(args), child, &seen)), 11);
	assert_int_equal(runs, 10);
	assert_int_equal(seen, 0);
}

__attribute__((__noinline__)) static int scribble(void *arg)
{
	volatile char space[2048];
	size_t i;

	for (i = 0; i < sizeof(space); i++)
		space[i] = (char)0xcc;
	*(volatile long *)arg = linux_getpid();
	return ++runs & 127;
}

/* Without a new stack, and the memory shared: this one, while the parent waits. */
static void test_like_vfork(void **state)
{
	struct linux_clone_args args = { .flags = LINUX_CLONE_VM | LINUX_CLONE_VFORK, .exit_signal = LINUX_SIGCHLD };
	long pid, seen = 0;
	volatile int i;

	(void)state;
	runs = 0;
	for (i = 1; i <= 1000; i++) {
		pid = linux_clone3_call(&args, sizeof(args), scribble, &seen);
		assert_int_equal(seen, pid);
		assert_int_equal(ended(pid), i & 127);
	}
	assert_int_equal(runs, 1000);
}

static struct {
	int frames;
	int last_is_known;
} walk;

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *arg)
{
	uintptr_t address = (uintptr_t)_Unwind_GetIP(context);

	(void)arg;
	if (!address)			/* libgcc's end */
		return _URC_NO_REASON;
	walk.frames++;
	walk.last_is_known = _Unwind_FindEnclosingFunction((void *)address) == (void *)(uintptr_t)linux_clone3_call;
	return walk.frames > 50 ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* A copy of the process may call the libc. Known to gdb by this name. */
__attribute__((__noinline__)) int child_backtrace(void *arg)
{
	_Unwind_Reason_Code code = _Unwind_Backtrace(on_frame, arg);

	return code == _URC_END_OF_STACK && walk.last_is_known ? walk.frames : 100;
}

static void test_backtrace_ends(void **state)
{
	struct linux_clone_args args = { .exit_signal = LINUX_SIGCHLD };

	(void)state;
	/* child_backtrace and linux_clone3_call. */
	assert_int_equal(ended(linux_clone3_call(&args, sizeof(args), child_backtrace, NULL)), 2);
	args.stack = (uintptr_t)linux_mmap(0, 1 << 16, 3, 0x22, -1ul, 0);
	args.stack_size = 1 << 16;
	assert_int_equal(ended(linux_clone3_call(&args, sizeof(args), child_backtrace, NULL)), 2);
	assert_int_equal(linux_munmap((unsigned long)args.stack, 1 << 16), 0);
}

/* An argument names the only test to run: gdb loses its breakpoints in memory that a child shares. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_thousands),
		cmocka_unit_test(test_pidfd),
		cmocka_unit_test(test_thread),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_like_fork),
		cmocka_unit_test(test_like_vfork),
		cmocka_unit_test(test_backtrace_ends),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (linux_clone3(NULL, 0) == -LINUX_ENOSYS) {
		puts("1..0 # SKIP no clone3 here (before Linux 5.3, or qemu's user emulation)");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
