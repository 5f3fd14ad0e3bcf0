/* SPDX-License-Identifier: MIT */
/*
 * Makes every call once, as root of the virtual machine, with arguments that no call can do
 * anything with: all of them -1, no descriptor, address, size, process or set of flags. Each
 * has a process of its own. What comes out is judged by since.py:
 *
 *   call NAME NUMBER RESULT    RESULT is what the call returned, "signal N", or "exit" where
 *                              it did not return
 *   trace NAME KERNEL          the name that the kernel's own tracer has for what was called
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <liblinux/syscalls.h>
#include "test_case.h"

#define TRACING "/sys/kernel/tracing/"

/* Where -1 will not do. */
static const struct special {
	const char *name;
	long values[6];
} specials[] = {
	{ "futex", { 0, FUTEX_WAKE, 0, 0, 0, 0 } },	/* ENOSYS is what an unknown operation gets */
	{ "modify_ldt", { 0, 0, 0, 0, 0, 0 } },		/* likewise */
};

static const struct special *special;

__attribute__((__noinline__)) long argument(int n)
{
	return special ? special->values[n] : -1;
}

#include "test_cases.h"

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static pid_t pids[N_CASES];
static volatile struct shared {
	int returned;
	long result;
} *shared;

static void on_alarm(int sig)
{
	(void)sig;
}

/* A call that waits (pause) is interrupted. */
static void child(const struct test_case *c)
{
	static const struct itimerval often = { { 0, 100000 }, { 0, 100000 } };
	long result;

	setitimer(ITIMER_REAL, &often, NULL);
	result = c->call();
	shared->result = result;
	shared->returned = 1;
	_exit(0);
}

static void probe(size_t n)
{
	const struct test_case *c = &cases[n];
	size_t i;
	int status;

	special = NULL;
	for (i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		if (!strcmp(specials[i].name, c->name))
			special = &specials[i];
	shared->returned = 0;
	pids[n] = fork();
	if (pids[n] == 0)
		child(c);
	if (pids[n] < 0 || waitpid(pids[n], &status, 0) != pids[n]) {
		perror("probe: a process");
		exit(1);
	}
	if (shared->returned)
		printf("call %s %ld %ld\n", c->name, c->number, shared->result);
	else if (WIFSIGNALED(status))
		printf("call %s %ld signal %d\n", c->name, c->number, WTERMSIG(status));
	else
		printf("call %s %ld exit\n", c->name, c->number);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(path);
		exit(1);
	}
	close(fd);
}

/* Lines "probe-PID [CPU] FLAGS TIME: sys_NAME(ARGUMENTS)"; the one after setitimer is the call. */
static void read_trace(void)
{
	FILE *trace = fopen(TRACING "trace", "r");
	static char begun[N_CASES];
	char line[1024], *name, *rest;
	size_t i;
	pid_t pid;

	if (!trace) {
		perror(TRACING "trace");
		exit(1);
	}
	while (fgets(line, sizeof(line), trace)) {
		name = strstr(line, ": sys_");
		rest = strstr(line, "probe-");
		if (!name || !rest || !strchr(name, '('))
			continue;
		pid = atoi(rest + strlen("probe-"));
		name += strlen(": sys_");
		*strchr(name, '(') = '\0';
		for (i = 0; i < N_CASES && pids[i] != pid; i++)
			continue;
		if (i == N_CASES || begun[i] == 2)
			continue;
		if (!strcmp(name, "rt_sigreturn") && strcmp(cases[i].name, name))
			continue;	/* of on_alarm() */
		if (begun[i])
			printf("trace %s %s\n", cases[i].name, name);
		begun[i] += begun[i] || !strcmp(name, "setitimer");
	}
	fclose(trace);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	size_t i;

	/* Nothing of this is for a machine that somebody works on. */
	if (getppid() != 1 || !getenv("LIBLINUX_VM"))
		return fputs("probe: for a virtual machine only\n", stderr), 1;
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return perror("probe: mmap"), 1;
	setvbuf(stdout, NULL, _IONBF, 0);
	sigaction(SIGALRM, &action, NULL);
	write_file(TRACING "events/syscalls/enable", "1");
	for (i = 0; i < N_CASES; i++)
		probe(i);
	write_file(TRACING "events/syscalls/enable", "0");
	read_trace();
	return 0;
}
