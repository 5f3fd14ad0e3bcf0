/* SPDX-License-Identifier: MIT */
/*
 * The first process of the virtual machine: mounts what programs expect, runs the programs
 * that /programs lists, one after the other, and switches off. A line that begins with "@"
 * is its own, all else comes from the programs:
 *
 *   @boot RELEASE          of the kernel, when all is mounted
 *   @begin NAME            before a program
 *   @end NAME HOW          after it: "exit N", "signal N", or "timeout"
 *   @error REASON          what init itself could not do
 *   @halt                  the list is done
 *
 * A line of the list is a word and a value: "directory PATH", "env K=V" and "arg VALUE" (the
 * file is the first) describe a program, "limit SECONDS" its time, and "run NAME" runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define MAX_WORDS 64

/* One write, so that a message of the kernel does not come in between. */
__attribute__((__format__(__printf__, 1, 2))) static void say(const char *format, ...)
{
	char text[512];
	va_list ap;
	int size;

	va_start(ap, format);
	size = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (write(1, text, (size_t)size) != size)
		_exit(1);
}

static void attach(const char *type, const char *where)
{
	if ((mkdir(where, 0755) && errno != EEXIST) || mount(type, where, type, 0, NULL))
		say("@error mount %s: %s\n", where, strerror(errno));
}

static void start(const char *directory, char **args, char **envs)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (null < 0 || dup2(null, 0) || chdir(directory)) {
		say("@error %s: %s\n", directory, strerror(errno));
	} else {
		execve(args[0], args, envs);
		say("@error %s: %s\n", args[0], strerror(errno));
	}
	_exit(127);
}

static void run(const char *name, const char *directory, char **args, char **envs, long limit)
{
	struct timespec timeout = { .tv_sec = limit };
	sigset_t child;
	int status = 127 << 8, late = 0;
	pid_t pid;

	say("@begin %s\n", name);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	pid = fork();
	if (pid == 0)
		start(directory, args, envs);
	/* The signal may be for an orphan of the program. */
	while (!late && waitpid(pid, &status, WNOHANG) == 0)
		late = sigtimedwait(&child, NULL, &timeout) < 0 && errno == EAGAIN;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	/* A program may have stopped in the middle of a line. */
	if (late)
		say("\n@end %s timeout\n", name);
	else if (WIFSIGNALED(status))
		say("\n@end %s signal %d\n", name, WTERMSIG(status));
	else
		say("\n@end %s exit %d\n", name, WEXITSTATUS(status));
}

/* Does the line begin with the word? Then its value. */
static char *value(char *line, const char *word)
{
	size_t size = strlen(word);

	return strncmp(line, word, size) == 0 && line[size] == ' ' ? line + size + 1 : NULL;
}

static void run_all(FILE *list)
{
	char *args[MAX_WORDS + 1] = { NULL }, *envs[MAX_WORDS + 1] = { NULL };
	char line[4096], directory[4096] = "/", *rest;
	int n_args = 0, n_envs = 0;
	long limit = 0;

	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		if ((rest = value(line, "arg")) && n_args < MAX_WORDS) {
			args[n_args++] = strdup(rest);
		} else if ((rest = value(line, "env")) && n_envs < MAX_WORDS) {
			envs[n_envs++] = strdup(rest);
		} else if ((rest = value(line, "directory"))) {
			strcpy(directory, rest);
		} else if ((rest = value(line, "limit"))) {
			limit = atol(rest);
		} else if ((rest = value(line, "run")) && n_args) {
			run(rest, directory, args, envs, limit);
			for (; n_args; args[n_args] = NULL)
				free(args[--n_args]);
			for (; n_envs; envs[n_envs] = NULL)
				free(envs[--n_envs]);
		} else {
			say("@error not a line of the list: %s\n", line);
		}
	}
}

int main(void)
{
	struct utsname name;
	FILE *list;

	if (getpid() != 1)
		return fprintf(stderr, "init: for a virtual machine only\n"), 1;
	setvbuf(stdout, NULL, _IONBF, 0);
	klogctl(8, NULL, 1);		/* the console is ours, a panic apart */
	attach("proc", "/proc");
	attach("sysfs", "/sys");
	attach("devtmpfs", "/dev");
	attach("tmpfs", "/dev/shm");
	mkdir("/tmp", 01777);	/* not a mount: the build may be below it */
	attach("tracefs", "/sys/kernel/tracing");
	uname(&name);
	say("\n@boot %s\n", name.release);
	list = fopen("/programs", "r");
	if (list)
		run_all(list);
	else
		say("@error /programs: %s\n", strerror(errno));
	say("@halt\n");
	tcdrain(1);
	reboot(RB_POWER_OFF);
	return 1;
}
