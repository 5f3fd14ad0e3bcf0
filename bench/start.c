/* SPDX-License-Identifier: MIT */
/*
 * start SEED TIMES COMMAND [WORD...] , [COMMAND [WORD...] ,]...: run each command, TIMES times
 * over, in an order that changes: what ran before leaves caches cold or warm. A line for each run:
 * the command's place in the list, and the nanoseconds of processor time that it and its children
 * had from fork to exit, which what else the machine does disturbs less than the time on the wall.
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

static unsigned long nanoseconds(struct timeval time)
{
	return (unsigned long)time.tv_sec * 1000000000 + (unsigned long)time.tv_usec * 1000;
}

int main(int argc, char **argv)
{
	char **commands[64];
	int times = argc > 2 ? atoi(argv[2]) : 0, order[64], count = 0, i, n, status;
	struct rusage usage;
	pid_t child;

	for (n = i = 3; i < argc; i++)
		if (!strcmp(argv[i], ",") && count < 64) {
			argv[i] = NULL;
			order[count] = count;
			commands[count++] = argv + n;
			n = i + 1;
		}
	srand(argc > 1 ? (unsigned int)atoi(argv[1]) : 0);
	while (times--) {
		for (i = count; i > 1; i--) {
			int other = rand() % i, last = order[i - 1];

			order[i - 1] = order[other];
			order[other] = last;
		}
		for (i = 0; i < count; i++) {
			n = order[i];
			status = posix_spawnp(&child, commands[n][0], NULL, NULL, commands[n], environ);
			if (status) {
				fprintf(stderr, "start: %s: %s\n", commands[n][0], strerror(status));
				return 1;
			}
			if (wait4(child, &status, 0, &usage) != child || status) {
				fprintf(stderr, "start: %s failed\n", commands[n][0]);
				return 1;
			}
			printf("%d %lu\n", n, nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime));
		}
	}
	return 0;
}
