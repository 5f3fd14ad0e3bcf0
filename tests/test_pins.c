/* SPDX-License-Identifier: MIT */
/*
 * The pins of the library are where its system calls are: as the range that Syscall User
 * Dispatch allows they let every wrapper pass, and a system call from elsewhere traps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <liblinux/arch.h>
#include <liblinux/liblinux.h>
#include <liblinux/pins.h>
#include "arch.h"
#include "skip.h"
#include "test_case.h"

static const unsigned char instruction[] = INSTRUCTION;

long argument(int n)
{
	return n & 0;
}

#include "test_cases.h"

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void test_every_pin(void **state)
{
	unsigned long count, n, k;
	const struct linux_pin *pins = linux_pins(&count);

	(void)state;
	assert_true(count >= N_CASES);
	for (n = 0; n < count; n++) {
		assert_memory_equal((const void *)linux_pin_address(&pins[n]), instruction, sizeof(instruction));
		for (k = 0; k < N_CASES && cases[k].number != (long)pins[n].number; k++)
			;
		assert_true(k < N_CASES);
	}
	for (k = 0; k < N_CASES; k++) {
		for (n = 0; n < count && pins[n].number != (unsigned long)cases[k].number; n++)
			;
		if (n == count)
			fail_msg("%s has no pin", cases[k].name);
	}
}

/* Syscall User Dispatch: what it allows, its switch, and what it stopped. */
static unsigned long first, size;
static char selector;
static volatile int stopped;
static const void *volatile stopped_behind;
static volatile long stopped_number;

static void on_stop(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_code == LINUX_SYS_USER_DISPATCH) {
		stopped++;
		stopped_behind = info->si_call_addr;
		stopped_number = info->si_syscall;
	}
}

static sigjmp_buf trapped;

static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	siglongjmp(trapped, 1);
}

/* What a handler returns to makes a call too: the restorer has to be the library's. */
static void handle(int sig, void (*fn)(int, siginfo_t *, void *))
{
	struct linux_sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler_ = (void (*)(int))(void (*)(void))fn;
	action.sa_flags = LINUX_SA_SIGINFO | LINUX_SA_NODEFER;
#ifdef linux_restore_rt
	action.sa_flags |= LINUX_SA_RESTORER;
	action.sa_restorer = linux_restore_rt;
#endif
	assert_int_equal(linux_rt_sigaction(sig, &action, NULL, 8), 0);
}

/* The kernel looks at the address behind the instruction. */
static void find_range(void)
{
	unsigned long count, n, last = 0;
	const struct linux_pin *pins = linux_pins(&count);

	first = -1ul;
	for (n = 0; n < count; n++) {
		unsigned long behind = linux_pin_address(&pins[n]) + sizeof(instruction);

		first = behind < first ? behind : first;
		last = behind > last ? behind : last;
	}
	size = last - first + 1;
}

/* From here on nothing but the library makes a system call. */
static long dispatch(unsigned long on)
{
	return linux_prctl(LINUX_PR_SET_SYSCALL_USER_DISPATCH, on, on ? first : 0, on ? size : 0, on ? (unsigned long)&selector : 0);
}

static void need_dispatch(void)
{
#ifndef linux_restore_rt
	skip_because("a handler returns by a call of the vDSO's, which is no pin");
#endif
	find_range();
	selector = LINUX_SYSCALL_DISPATCH_FILTER_ALLOW;
	if (dispatch(LINUX_PR_SYS_DISPATCH_ON) == -LINUX_EINVAL)
		skip_because("no Syscall User Dispatch here");
	assert_int_equal(dispatch(LINUX_PR_SYS_DISPATCH_OFF), 0);
}

static void test_stray_call_traps(void **state)
{
	long id = linux_getppid(), inside[2];
	int stops[2];

	(void)state;
	need_dispatch();
	handle(SIGSYS, on_stop);
	stopped = 0;
	assert_int_equal(dispatch(LINUX_PR_SYS_DISPATCH_ON), 0);
	selector = LINUX_SYSCALL_DISPATCH_FILTER_BLOCK;
	inside[0] = linux_getppid();
	stops[0] = stopped;
	liblinux_syscall0(LINUX_NR_getppid);
	stops[1] = stopped;
	inside[1] = linux_getppid();
	selector = LINUX_SYSCALL_DISPATCH_FILTER_ALLOW;
	assert_int_equal(dispatch(LINUX_PR_SYS_DISPATCH_OFF), 0);
	assert_int_equal(inside[0], id);
	assert_int_equal(inside[1], id);
	assert_int_equal(stops[0], 0);
	assert_int_equal(stops[1], 1);
	assert_int_equal(stopped_number, LINUX_NR_getppid);
	assert_false((unsigned long)stopped_behind - first < size);
}

/*
 * In a child where a filter, which comes behind the dispatch, answers every call that got so
 * far: none is executed. The child needs one, with this status, to end.
 */
#define ANSWER 1234
#define STATUS 0x5eed
#define WORD(offset) { LINUX_BPF_LD | LINUX_BPF_W | LINUX_BPF_ABS, 0, 0, offset }
#define EQUAL(value, yes, no) { LINUX_BPF_JMP | LINUX_BPF_JEQ | LINUX_BPF_K, yes, no, value }
#define RETURN(value) { LINUX_BPF_RET | LINUX_BPF_K, 0, 0, value }

static struct linux_sock_filter filter[] = {
	WORD(offsetof(struct linux_seccomp_data, nr)),
	EQUAL(LINUX_NR_exit_group, 0, 2),
	WORD(offsetof(struct linux_seccomp_data, args)),
	EQUAL(STATUS, 1, 0),
	RETURN(LINUX_SECCOMP_RET_ERRNO | ANSWER),
	RETURN(LINUX_SECCOMP_RET_ALLOW),
};

struct outcome {
	int prepared, called, stopped, wrong;
	const char *names[N_CASES];
};

static void call_all(volatile struct outcome *outcome)
{
	static volatile unsigned long n;	/* a vfork among them: no local variable */
	struct linux_sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	static volatile long ret;
	static volatile int trap;

	handle(SIGSYS, on_stop);
	handle(SIGILL, on_trap);
	handle(SIGTRAP, on_trap);
	if (linux_prctl(LINUX_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || dispatch(LINUX_PR_SYS_DISPATCH_ON) ||
	    linux_seccomp(LINUX_SECCOMP_SET_MODE_FILTER, 0, &program))
		linux_exit_group(STATUS);
	outcome->prepared = 1;
	selector = LINUX_SYSCALL_DISPATCH_FILTER_BLOCK;
	for (n = 0; n < N_CASES; n++) {
		/* The kernel lets these past every filter, and kills who calls them from elsewhere than its own code. */
		if (!strcmp(cases[n].name, "uprobe") || !strcmp(cases[n].name, "uretprobe"))
			continue;
		stopped = 0;
		ret = 0;
		trap = 0;
		if (sigsetjmp(trapped, 0) == 0)
			ret = cases[n].call();
		else
			trap = 1;
		outcome->called++;
		outcome->stopped += stopped;
		if (stopped || trap != cases[n].noreturn || (!trap && ret != -ANSWER))
			outcome->names[outcome->wrong++] = cases[n].name;
	}
	linux_exit_group(STATUS);
}

static void test_every_wrapper_passes(void **state)
{
	struct outcome *outcome;
	int status, n, unfiltered = 0;
	pid_t child;

	(void)state;
	need_dispatch();
#ifdef linux_uretprobe
	unfiltered = 2;
#endif
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(outcome, MAP_FAILED);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		call_all(outcome);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), STATUS & 0xff);
	assert_true(outcome->prepared);
	assert_int_equal(outcome->called, N_CASES - (unsigned long)unfiltered);
	for (n = 0; n < outcome->wrong; n++)
		print_error("%s: not as the filter answered\n", outcome->names[n]);
	assert_int_equal(outcome->wrong, 0);
	assert_int_equal(outcome->stopped, 0);
	munmap(outcome, sizeof(*outcome));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pin),
		cmocka_unit_test(test_stray_call_traps),
		cmocka_unit_test(test_every_wrapper_passes),
	};

	give_reasons();
	return cmocka_run_group_tests_name("pins", tests, NULL, NULL);
}
