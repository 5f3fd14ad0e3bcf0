/* SPDX-License-Identifier: MIT */
/*
 * A signal comes while a wrapper waits, and its handler can be unwound through to the wrapper
 * and its callers. test_unwind.py has gdb and perf look at the same program; with the argument
 * vfork it waits there instead, where the return address is in a register.
 *
 * Who ends the wait is a child, when the kernel says that the parent sleeps.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>
#include <liblinux/liblinux.h>

/* Each has a frame of its own; what follows a call keeps it from becoming a jump. */
#define FRAME __attribute__((__noinline__))
#define NO_JUMP() __asm__ __volatile__("" : : : "memory")

int main(int argc, char **argv);
int outer(int fd);
int inner(int fd);

static pid_t parent;
static volatile int unwound;

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *seen)
{
	void *function = _Unwind_FindEnclosingFunction((void *)(_Unwind_GetIP(context) - 1));
	int *next = seen;
	void *const callers[] = { (void *)inner, (void *)outer, (void *)main };

	if (*next < 3 && function == callers[*next])
		++*next;
	return _URC_NO_REASON;
}

static void on_signal(int sig)
{
	int next = 0;

	(void)sig;
	_Unwind_Backtrace(on_frame, &next);
	if (next == 3)
		unwound = 1;
}

/* The third word of /proc/PID/stat, behind a name in parentheses. */
static char state_of(pid_t process)
{
	char path[64], text[512];
	const char *end;
	long fd, size;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)process);
	fd = linux_openat(LINUX_AT_FDCWD, path, LINUX_O_RDONLY, 0);
	if (linux_is_error(fd))
		return 0;
	size = linux_read((unsigned int)fd, text, sizeof(text) - 1);
	linux_close((unsigned int)fd);
	text[size > 0 ? size : 0] = '\0';
	end = strrchr(text, ')');
	return (char)(end && end[1] ? end[2] : 0);
}

FRAME int inner(int fd)
{
	char byte;
	long got;

#ifdef linux_vfork
	if (fd < 0) {
		long child = linux_vfork();

		if (child == 0) {
			while (state_of(parent) != 'D')
				linux_sched_yield();
			linux_exit(0);
		}
		return child > 0;
	}
#endif
	got = linux_read((unsigned int)fd, &byte, 1);
	NO_JUMP();
	return got == -LINUX_EINTR;
}

FRAME int outer(int fd)
{
	int interrupted = inner(fd);

	NO_JUMP();
	return interrupted;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int fds[2], interrupted;
	pid_t child;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parent = getpid();
	if (argc > 1 && !strcmp(argv[1], "vfork"))
		return !outer(-1);
	if (!state_of(parent))
		return printf("1..0 # SKIP no /proc\n"), 0;
	if (pipe(fds) || sigaction(SIGUSR1, &action, NULL) || (child = fork()) < 0)
		return 2;
	if (child == 0) {
		/* More than once: an emulator may sleep on its own account. */
		while (getppid() == parent) {
			if (state_of(parent) == 'S')
				kill(parent, SIGUSR1);
			linux_sched_yield();
		}
		_exit(0);
	}
	interrupted = outer(fds[0]);
	action.sa_handler = SIG_IGN;
	sigaction(SIGUSR1, &action, NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("1..1\n%sok 1 - unwound from a blocked wrapper\n", interrupted && unwound ? "" : "not ");
	return 0;
}
