/* SPDX-License-Identifier: MIT */
/* Things timed beside each other. It stands on printf() and on no other part of a libc. */
#ifndef BENCH_H
#define BENCH_H

#include <liblinux/arch.h>
#include <liblinux/syscalls.h>

/* Keeps what the compiler would leave out for want of a use. */
#define KEEP(value) __asm__ __volatile__("" : : "r"((long)(value)) : "memory")

/* Where a loop lies in its cache lines makes a difference as large as those looked for. */
#define LOOP(name, expression) \
	static __attribute__((noinline, aligned(64))) void name(unsigned long turns) \
	{ \
		do \
			KEEP(expression); \
		while (--turns); \
	}

struct loop {
	const char *name;
	void (*run)(unsigned long turns);
};

/* Nanoseconds, by the one clock that every libc and architecture has. */
static unsigned long now(void)
{
	long time[2];

	liblinux_syscall2(LINUX_NR_clock_gettime, 1, (long)time);	/* CLOCK_MONOTONIC */
	return (unsigned long)time[0] * 1000000000 + (unsigned long)time[1];
}

/*
 * A line for each sample: what, the turns of a loop, and the name and nanoseconds of each.
 * Which loop comes first changes, so that what drifts is to the advantage of none.
 */
static void sample(const char *what, unsigned long samples, unsigned long turns, const struct loop *loops, unsigned long count)
{
	unsigned long i, n, start, took[4];

	for (n = 0; n < count; n++)
		loops[n].run(turns);
	for (i = 0; i < samples; i++) {
		for (n = 0; n < count; n++) {
			unsigned long which = (i + n) % count;

			start = now();
			loops[which].run(turns);
			took[which] = now() - start;
		}
		printf("%s %lu", what, turns);
		for (n = 0; n < count; n++)
			printf(" %s %lu", loops[n].name, took[n]);
		printf("\n");
	}
}

#endif
