/* SPDX-License-Identifier: MIT */
/* probe: asks the running kernel for calls. */
#include "command.h"

#include <liblinux/arch.h>

#define LIMIT 5			/* seconds that a call may take; none should take any */
#define SIGNAL_MASK 8		/* bytes of the kernel's sigset_t */

/* What a child leaves behind. */
struct outcome {
	int called, returned;
	long result;
};

struct finding {
	const char *status, *why;
	char answer[48];
};

static char kernel[65];			/* its release */
static int filtered;			/* this process is behind a filter of system calls */
static volatile struct outcome *outcome;

static void set_action(int signal)
{
	struct linux_sigaction action = { 0 };		/* SIG_DFL */

	linux_rt_sigaction(signal, &action, (struct linux_sigaction *)0, SIGNAL_MASK);
}

static int prepare(void)
{
	long at;

	if (!kernel_release(kernel))
		return complain("uname does not say the kernel's release", (char *)0), 0;
	filtered = linux_prctl(LINUX_PR_GET_SECCOMP, 0, 0, 0, 0) == LINUX_SECCOMP_MODE_FILTER;
	/* Whoever started this program may have left other actions. */
	set_action(LINUX_SIGCHLD);
	set_action(LINUX_SIGALRM);
	at = linux_mmap(0, 4096, LINUX_PROT_READ | LINUX_PROT_WRITE, LINUX_MAP_SHARED | LINUX_MAP_ANONYMOUS, (unsigned long)-1, 0);
	if (linux_is_error(at))
		return complain("no memory to share with a process: ", error_name(-at), (char *)0), 0;
	outcome = (volatile struct outcome *)at;
	return 1;
}

static void __attribute__((__noreturn__)) child(const struct linux_table_call *call, const int *args, unsigned long mask)
{
	struct itimerval limit = { { 0, 0 }, { LIMIT, 0 } };
	long self = linux_getpid(), result;

	/* A filter may end the process: without a core dump, and not with all that it was ever told. */
	linux_prctl(LINUX_PR_SET_DUMPABLE, 0, 0, 0, 0);
	linux_rt_sigprocmask(LINUX_SIG_SETMASK, (struct linux_sigset *)&mask, (struct linux_sigset *)0, SIGNAL_MASK);
	linux_setitimer(LINUX_ITIMER_REAL, &limit, (struct itimerval *)0);
	outcome->called = 1;
	result = liblinux_syscall6(call->number, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (linux_getpid() != self)	/* fork's */
		linux_exit_group(0);
	outcome->result = result;
	outcome->returned = 1;
	linux_exit_group(0);
	__builtin_trap();
}

static void append(char *text, const char *more)
{
	text += length(text);
	while ((*text++ = *more++))
		;
}

/* By the kernel's constants: of two names the first, which is the newer one: SIGABRT, SIGIO, SIGSYS. */
static void append_signal(char *text, int signal)
{
	char digits[24] = "";
	unsigned int n;

	for (n = 0; n < n_constants; n++) {
		const char *name = constant_names + constant_places[n];

		if (begins(name, "SIG") && !contains(name, "_") && constant_values[n] == (unsigned long)signal) {
			append(text, name);
			return;
		}
	}
	append(text, "signal ");
	append(text, digits_of(digits + sizeof digits - 1, (unsigned long)signal, 10, 1));
}

static struct finding say(struct finding finding, const char *status, const char *why)
{
	finding.status = status;
	finding.why = why;
	return finding;
}

static struct finding judge(const struct linux_table_call *call, const struct about *known, int status)
{
	struct finding finding = { 0, 0, "" };
	int old = compare_releases(kernel, call->since) < 0, signal = status & 0x7f;
	const char *without = !call->nargs ? "it answered" : known->args[5] == -1 ? "it answered arguments that are all -1" :
		"it answered arguments that do nothing";

	if (!outcome->called)
		return say(finding, "unknown", "its process did not get there");
	if (!outcome->returned && !signal) {
		append(finding.answer, "exit");
		return say(finding, "yes", "it ended the process");
	}
	if (!outcome->returned) {
		append_signal(finding.answer, signal);
		if (signal == LINUX_SIGSYS)
			return say(finding, "filtered", "a filter of system calls ended the process");
		if (signal == LINUX_SIGALRM)
			return say(finding, "unknown", "it did not return");
		if (call->flags & LINUX_TABLE_KERNEL_ONLY)
			return say(finding, "yes", "the signal is what it has for a caller that is not the kernel's own code");
		return say(finding, "unknown", "the signal ended its process");
	}
	append(finding.answer, linux_is_error(outcome->result) ? error_name(-outcome->result) : "success");
	if (outcome->result == -LINUX_ENOSYS && old)
		return say(finding, "too-old", "the kernel is older than the call");
	if (outcome->result == -LINUX_ENOSYS)
		return say(finding, "missing", filtered ? "the kernel is new enough: a filter of system calls hides it, or it is switched off" :
			   call->config ? "the kernel is new enough, but may be built without" : "the kernel is new enough, but may have it switched off");
	/* A filter may answer with whatever errno it was given, EACCES as a rule if not EPERM. */
	if (filtered && (outcome->result == -LINUX_EACCES || (old && outcome->result != -LINUX_EPERM)))
		return say(finding, "unknown", old ? "the kernel's release is older: a filter of system calls may have answered" :
			   "the kernel, or a filter of system calls, refused it");
	if (outcome->result != -LINUX_EPERM || (known->eperm && !filtered))
		return say(finding, "yes", old ? "the kernel has it though its release is older" :
			   outcome->result == -LINUX_EPERM ? "the kernel refused it for lack of a right" : without);
	if (old)
		return say(finding, "too-old", "by the kernel's release; a filter of system calls answers");
	if (!known->eperm)
		return say(finding, "filtered", "the kernel has no such answer for these arguments");
	return say(finding, "unknown", "the kernel refuses it for lack of a right, or a filter of system calls does");
}

static struct finding probe(const struct linux_table_call *call)
{
	const struct about *known = about(call->name);
	struct finding finding = { 0, 0, "" };
	unsigned long all = ~0ul, before = 0;
	long pid, ended;
	int status = 0;

	if (known->never)
		return say(finding, "unknown", known->never);
	outcome->called = outcome->returned = 0;
	flush();			/* or a child that misbehaves could write it again */
	linux_rt_sigprocmask(LINUX_SIG_SETMASK, (struct linux_sigset *)&all, (struct linux_sigset *)&before, SIGNAL_MASK);
	pid = linux_clone(LINUX_SIGCHLD, 0, (int *)0, 0, 0);
	if (pid == 0)
		child(call, known->args, 0);
	linux_rt_sigprocmask(LINUX_SIG_SETMASK, (struct linux_sigset *)&before, (struct linux_sigset *)0, SIGNAL_MASK);
	if (pid < 0)
		return say(finding, "unknown", "no process to try it in");
	do
		ended = linux_wait4((int)pid, &status, 0, (struct linux_rusage *)0);
	while (ended == -LINUX_EINTR);
	return ended == pid ? judge(call, known, status) : say(finding, "unknown", "its process got lost");
}

int do_probe(int argc, char **argv)
{
	int json = 0, help = 0, all = 0, words, no = 0, unknown = 0, shown = 0, wrong = 0;
	const struct option options[] = { { "json", 0, &json }, { "all", 0, &all }, { "help", 0, &help }, { 0, 0, 0 } };
	unsigned int there = 0, asked = 0, place;
	struct linux_table_call call;

	words = read_options(argc, argv, options);
	if (words < 0)
		return WRONG_USE;
	if (help) {
		put(usage_probe);
		return YES;
	}
	if (!prepare())
		return CANNOT_TELL;
	if (json)
		put("[");
	for (place = 0; words ? place < (unsigned int)words : linux_table_at(&call, sizeof call, 0, place) == 0; place++) {
		struct finding finding = { "absent", "this architecture has no such call", "" };
		const char *name = words ? argv[place] : call.name;
		unsigned int arch, of;

		if (!words || find_call(&call, 0, name)) {
			finding = probe(&call);
		} else {
			for (arch = n_archs, of = 0; of < n_archs; of++)
				if ((*name < '0' || *name > '9') && find_call(&call, archs[of].audit, name))
					arch = of;
			if (arch == n_archs) {
				wrong = 1;
				unknown_call(name);
				continue;
			}
			call.since = 0;		/* as the number, of an architecture that has it */
		}
		asked++;
		if (equal(finding.status, "yes"))
			there++;
		else if (equal(finding.status, "unknown"))
			unknown = 1;
		else
			no = 1;
		if (json) {
			put(shown++ ? ",\n{\"name\": " : "{\"name\": ");
			put_json(call.name);
			put(", \"number\": ");
			if (call.since)
				put_number(call.number);
			else
				put("null");
			put(", \"since\": ");
			put_json(call.since);
			put(", \"kernel\": ");
			put_json(kernel);
			put(", \"status\": ");
			put_json(finding.status);
			put(", \"answer\": ");
			put_json(*finding.answer ? finding.answer : (char *)0);
			put(", \"why\": ");
			put_json(finding.why);
			put("}");
		} else if (words || all || !equal(finding.status, "yes")) {
			put_column(call.name, 24);
			put_column(finding.status, 9);
			put_column(*finding.answer ? finding.answer : "-", 8);
			put("since ");
			put_column(call.since ? call.since : "-", 7);
			put(finding.why);
			if (equal(finding.status, "missing") && call.config) {
				put(": ");
				put(call.config);
			}
			put("\n");
		}
	}
	if (json)
		put("]\n");
	else if (!words) {
		put("Linux ");
		put(kernel);
		put(" has ");
		put_number(there);
		put(" of the ");
		put_number(asked);
		put(" calls of Linux ");
		put(tree);
		put(filtered ? ", as a filter of system calls lets this process see it" : "");
		put("\n");
	}
	return no || wrong ? NO : unknown ? CANNOT_TELL : YES;
}
