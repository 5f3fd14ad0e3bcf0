/* SPDX-License-Identifier: MIT */
/*
 * Every wrapper passes its number and its arguments, and returns what the kernel left.
 *
 * A thread under a seccomp filter makes the calls; a supervisor thread gets each of them,
 * keeps number and registers, and answers with a forged result. No call is executed, so
 * reboot is as safe as getpid. A number that is in no case kills the process.
 *
 * uprobe and uretprobe are not called: the kernel lets them past every filter
 * (kernel/seccomp.c) and kills who calls them from elsewhere than its trampoline.
 * test_disassembly.py looks at them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <errno.h>
#include <seccomp.h>
#include <cmocka.h>
#include <liblinux/syscalls.h>
#include "facts.h"
#include "test_case.h"

static long values[6];

/* The compiler must make a real call for each argument while it holds the earlier ones. */
__attribute__((__noinline__)) long argument(int n)
{
	__asm__ __volatile__("" : : : "memory");
	return values[n];
}

#include "test_cases.h"

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

/* All distinct in both halves; as an int: negative, positive, small negative. */
static const unsigned long poison[][6] = {
	{ 0xbad00001800000a1, 0xbad00002900000b2, 0xbad00003a00000c3,
	  0xbad00004b00000d4, 0xbad00005c00000e5, 0xbad00006d00000f6 },
	{ 0xbad0000b10000001, 0xbad0000c20000002, 0x7ad0000d30000003,
	  0xbad0000e40000004, 0x7ad0000f50000005, 0xbad0001060000006 },
	{ -1ul, -2ul, -3ul, -4ul, -5ul, -6ul },
};

static const long results[] = {
	0, 1, 1L << 31, 1L << 40, -1, -133, -4095, -4096, LONG_MIN,
};

/* What the supervisor and the caller share. The caller waits while the supervisor works. */
static struct {
	volatile int active;		/* a case runs: nothing may be executed */
	volatile int count;
	volatile long number;
	volatile unsigned long args[6];
	volatile long forged;
	volatile int fd;
} shared;

static char failures[1 << 16];
static size_t failures_size;

static void report(const struct test_case *c, const char *format, ...)
{
	va_list ap;

	if (failures_size > sizeof(failures) - 300)
		return;
	failures_size += (size_t)snprintf(failures + failures_size, 100, "%s: ", c->name);
	va_start(ap, format);
	failures_size += (size_t)vsnprintf(failures + failures_size, 200, format, ap);
	va_end(ap);
}

static long expected(enum kind kind, unsigned long value)
{
	switch (kind) {
	case KIND_INT:
		return (int)value;
	case KIND_UNSIGNED:
		return (unsigned int)value;
	case KIND_ZERO:
		return 0;
	default:
		return (long)value;
	}
}

static sigjmp_buf trapped;

static void on_trap(int sig)
{
	(void)sig;
	shared.active = 0;
	siglongjmp(trapped, 1);
}

/*
 * A caller whose registers hold garbage above an int, as the procedure call standards
 * allow. Compilers extend what they pass anyway, so the type of the call has to lie.
 */
static long call_raw(const struct test_case *c)
{
	long (*raw)(long, long, long, long, long, long) = (long (*)(long, long, long, long, long, long))c->raw;

	long passed[6];
	int n;

	for (n = 0; n < 6; n++)
		passed[n] = n < c->nargs && (c->kinds[n] == KIND_INT || c->kinds[n] == KIND_UNSIGNED) ? PASSED(values[n]) : values[n];
	return raw(passed[0], passed[1], passed[2], passed[3], passed[4], passed[5]);
}

static void run(const struct test_case *c, const unsigned long *poisons, long forged, int raw)
{
	volatile long result = 0;
	volatile int trap = 0;
	int n;

	memcpy(values, poisons, sizeof(values));
	shared.count = 0;
	shared.forged = forged;
	if (sigsetjmp(trapped, 1) == 0) {
		shared.active = 1;
		result = raw ? call_raw(c) : c->call();
		shared.active = 0;
	} else {
		trap = 1;
	}
	if (shared.count != 1)
		report(c, "%d system calls\n", shared.count);
	if (shared.number != c->number)
		report(c, "number %ld, not %ld\n", shared.number, c->number);
	for (n = 0; n < c->nargs; n++) {
		if ((long)shared.args[n] != expected(c->kinds[n], poisons[n]))
			report(c, "argument %d is %#lx, not %#lx\n", n + 1, shared.args[n],
			     (unsigned long)expected(c->kinds[n], poisons[n]));
	}
	if (trap != c->noreturn)
		report(c, c->noreturn ? "returned\n" : "trapped\n");
	if (!c->noreturn && result != forged)
		report(c, "result %#lx, not %#lx\n", (unsigned long)result, (unsigned long)forged);
}

static int skipped(const struct test_case *c)
{
	return !strcmp(c->name, "uprobe") || !strcmp(c->name, "uretprobe");
}

static void *caller(void *unused)
{
	struct sigaction action = { .sa_handler = on_trap };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	size_t i, j;
	int error = ctx ? 0 : -ENOMEM;

	sigaction(SIGILL, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
	for (i = 0; !error && i < N_CASES; i++)
		error = seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, (int)cases[i].number, 0);
#ifdef LIBLINUX_INLINE
	/* The thread itself needs the two calls that have no inline form. */
	if (!error)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigreturn), 0);
#endif
	if (!error)
		error = seccomp_load(ctx);
	if (error) {
		shared.fd = error;
		return unused;
	}
	shared.fd = seccomp_notify_fd(ctx);
	for (i = 0; i < N_CASES; i++) {
		if (skipped(&cases[i]))
			continue;
		for (j = 0; j < sizeof(results) / sizeof(results[0]); j++)
			run(&cases[i], poison[0], results[j], 0);
		run(&cases[i], poison[1], 0, 0);
		run(&cases[i], poison[2], 0, 0);
		run(&cases[i], poison[0], 0, 1);
	}
	seccomp_release(ctx);
	return unused;
}

static void *supervisor(void *unused)
{
	struct seccomp_notif *request;
	struct seccomp_notif_resp *response;
	int i;

	while (shared.fd == 0)
		sched_yield();
	if (shared.fd < 0 || seccomp_notify_alloc(&request, &response))
		return unused;
	/* Ends with an error when no thread under the filter is left. */
	while (seccomp_notify_receive(shared.fd, request) == 0) {
		memset(response, 0, sizeof(*response));
		response->id = request->id;
		if (shared.active) {
			shared.count++;
			shared.number = request->data.nr;
			for (i = 0; i < 6; i++)
				shared.args[i] = request->data.args[i];
			response->val = shared.forged;
		} else {
			response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		}
		if (seccomp_notify_respond(shared.fd, response))
			break;
		memset(request, 0, sizeof(*request));
	}
	seccomp_notify_free(request, response);
	return unused;
}

static void test_every_call(void **state)
{
	pthread_t threads[2];

	(void)state;
	assert_int_equal(pthread_create(&threads[0], NULL, supervisor, NULL), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, caller, NULL), 0);
	pthread_join(threads[1], NULL);
	if (shared.fd < 0)
		fail_msg("no filter: %s", strerror(-shared.fd));
	if (failures_size)
		fail_msg("%s", failures);
	assert_in_range(N_CASES, 300, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_call),
	};

	if (seccomp_api_get() < 5) {	/* libseccomp learns there what the kernel can do */
		puts("1..0 # SKIP no seccomp user notification here (qemu's user emulation has none, the virtual machines run it)");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
