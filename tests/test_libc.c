/* SPDX-License-Identifier: MIT */
/*
 * Every name of <liblinux/libc.h>: called with arguments of its own types, while a filter of
 * system calls turns each into a signal. Its handler sees number and registers, and answers
 * with forged results, which must come back as a libc returns them. Where the libc has the
 * name itself, its registers are the witness for ours.
 *
 * It needs a libc only, of any kind, and is C and C++.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include "facts.h"

/* Distinct, and each with bits that a wrong width or a wrong sign would show. */
#define ARGUMENT(n) ((long)0x8badf00d80000000 + 0x0111111101010101L * (n))

static volatile long opaque;

/* The same, and no compiler knows: glibc's headers warn of such sizes. */
static long argument(int n)
{
	return ARGUMENT(n) + opaque;
}

struct libc_case {
	const char *name;
	int ours;		/* not the libc's own */
	long nr;
	int wide;		/* the result has 64 bits */
	int count;
	long args[6];		/* what the kernel must get */
	long (*call)(void);
};

#include "libc_cases.h"
#include <liblinux/uapi.h>

#define COUNT (sizeof cases / sizeof cases[0])

/* What the handler saw, and what it is to answer. */
static volatile long seen_nr, seen_args[6], answer;
static volatile int seen;

static void handler(int signal, siginfo_t *info, void *context)
{
	ucontext_t *user = (ucontext_t *)context;

	for (int n = 0; n < 6; n++)
		seen_args[n] = (long)CONTEXT_ARGUMENT(user, n);
	seen_nr = (long)CONTEXT_NUMBER(user);
	CONTEXT_RESULT(user) = (__typeof__(CONTEXT_RESULT(user)))answer;
	(void)signal;
	(void)info;
	seen = seen + 1;
}

/* Trap the calls of the cases, allow all others. */
static int trap_calls(void)
{
	struct linux_sock_filter filter[COUNT + 3];
	struct linux_sock_fprog program;
	struct sigaction action;
	const int last = COUNT + 2;
	int at = 0;

	memset(filter, 0, sizeof filter);
	filter[at].code = LINUX_BPF_LD | LINUX_BPF_W | LINUX_BPF_ABS;
	filter[at++].k = 0;			/* struct seccomp_data, nr */
	for (unsigned int n = 0; n < COUNT; n++, at++) {
		filter[at].code = LINUX_BPF_JMP | LINUX_BPF_JEQ | LINUX_BPF_K;
		filter[at].k = (unsigned int)cases[n].nr;
		filter[at].jt = (unsigned char)(last - at - 1);
	}
	filter[at].code = LINUX_BPF_RET | LINUX_BPF_K;
	filter[at++].k = LINUX_SECCOMP_RET_ALLOW;
	filter[at].code = LINUX_BPF_RET | LINUX_BPF_K;
	filter[at].k = LINUX_SECCOMP_RET_TRAP;
	program.len = COUNT + 3;
	program.filter = filter;

	memset(&action, 0, sizeof action);
	action.sa_sigaction = handler;
	action.sa_flags = SA_SIGINFO;
	return sigaction(SIGSYS, &action, NULL) || prctl(LINUX_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		|| prctl(LINUX_PR_SET_SECCOMP, LINUX_SECCOMP_MODE_FILTER, &program, 0, 0);
}

static const long results[] = {0, 1, 0x7fffffff, 0x123456789abcdef0, 0xffffffea, -4096, -1, -22, -4095};

/* The upper half of a 64-bit offset, which the kernel shifts out; glibc passes one on aarch64. */
static int high_word(const struct libc_case *it, int arg)
{
	return arg == 4 && (!strcmp(it->name, "preadv2") || !strcmp(it->name, "pwritev2"));
}

/* What is wrong with the case, or NULL. */
static const char *check(const struct libc_case *it)
{
	/* glibc's getcpu writes where it is told without a system call, its getdents64 cuts the size to an int. */
	if (!it->ours && (!strcmp(it->name, "getcpu") || !strcmp(it->name, "getdents64")))
		return NULL;
	for (unsigned int n = 0; n < sizeof results / sizeof results[0]; n++) {
		long expected = it->wide ? results[n] : (int)results[n], result;
		int error = 0;

		if (expected < 0 && expected >= -4095) {
			error = (int)-expected;
			expected = -1;
		}
		answer = results[n];
		seen = 0;
		errno = 4711;
		result = it->call();
		if (seen != 1)
			return "not one system call";
		if (seen_nr != it->nr)
			return "another system call";
		for (int arg = 0; arg < it->count; arg++)
			if (it->ours ? seen_args[arg] != it->args[arg] : (int)seen_args[arg] != (int)it->args[arg] && !high_word(it, arg))
				return "another argument";
		if (!it->ours)
			continue;		/* how it treats errors is its own */
		if (result != expected)
			return "another result";
		if (errno != (error ? error : 4711))
			return "another errno";
	}
	return NULL;
}

int main(void)
{
	int bad = 0, ours = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (trap_calls()) {
		printf("1..0 # SKIP no filter of system calls: %s\n", strerror(errno));
		return 0;
	}
	printf("1..%zu\n", COUNT);
	for (unsigned int n = 0; n < COUNT; n++) {
		const char *problem = check(&cases[n]);

		printf("%sok %u %s%s\n", problem ? "not " : "", n + 1, cases[n].name, cases[n].ours ? "" : " of the libc");
		if (problem)
			printf("# %s: %s\n", cases[n].name, problem);
		ours += cases[n].ours;
		bad |= problem != NULL;
	}
	return bad || !ours;
}
