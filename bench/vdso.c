/* SPDX-License-Identifier: MIT */
/* vdso SAMPLES: calls by the vDSO beside the libc's functions and the calls themselves. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>

#include <liblinux/uapi/random.h>
#include <liblinux/vdso.h>

#include "bench.h"

static struct linux_vdso vdso;
static struct timespec spec;
static struct timeval value;
static unsigned int cpu, node;
static long seconds;
static char bytes[16];
static void *state;
static unsigned long state_size;

#define THREE(call, by_libc, by_vdso, by_call) \
	LOOP(libc_##call, by_libc) \
	LOOP(vdso_##call, by_vdso) \
	LOOP(call_##call, by_call) \
	static const struct loop call##_loops[] = {{"libc", libc_##call}, {"vdso", vdso_##call}, {"call", call_##call}};

THREE(clock_gettime, clock_gettime(CLOCK_MONOTONIC, &spec), linux_vdso_clock_gettime(&vdso, CLOCK_MONOTONIC, &spec),
	linux_clock_gettime(CLOCK_MONOTONIC, &spec))
THREE(clock_getres, clock_getres(CLOCK_MONOTONIC, &spec), linux_vdso_clock_getres(&vdso, CLOCK_MONOTONIC, &spec),
	linux_clock_getres(CLOCK_MONOTONIC, &spec))
THREE(gettimeofday, gettimeofday(&value, 0), linux_vdso_gettimeofday(&vdso, &value, 0), linux_gettimeofday(&value, 0))
#ifdef linux_time
THREE(time, time(&seconds), linux_vdso_time(&vdso, &seconds), linux_time(&seconds))
#endif
THREE(getcpu, getcpu(&cpu, &node), linux_vdso_getcpu(&vdso, &cpu, &node), linux_getcpu(&cpu, &node, 0))
THREE(getrandom, getrandom(bytes, sizeof(bytes), 0), linux_vdso_getrandom(&vdso, bytes, sizeof(bytes), 0, state, state_size),
	linux_getrandom(bytes, sizeof(bytes), 0))

static int make_state(void)
{
	struct linux_vgetrandom_opaque_params params;
	long map;

	if (linux_vdso_getrandom(&vdso, 0, 0, 0, &params, ~0ul))
		return 0;
	map = linux_mmap(0, 4096, params.mmap_prot, params.mmap_flags, (unsigned long)-1, 0);
	if (linux_is_error(map))
		return 0;
	state = (void *)map;
	state_size = params.size_of_opaque_state;
	return linux_vdso_getrandom(&vdso, bytes, sizeof(bytes), 0, state, state_size) == (long)sizeof(bytes);
}

int main(int argc, char **argv)
{
	unsigned long samples = argc > 1 ? (unsigned long)atol(argv[1]) : 1;

	linux_vdso_init(&vdso, linux_vdso_find(0));
#define SAMPLE(call, there) ((there) ? sample(#call, samples, 1000, call##_loops, 3) : (void)printf("%s absent\n", #call))
	SAMPLE(clock_gettime, vdso.clock_gettime_);
	SAMPLE(clock_getres, vdso.clock_getres_);
	SAMPLE(gettimeofday, vdso.gettimeofday_);
#ifdef linux_time
	SAMPLE(time, vdso.time_);
#endif
	SAMPLE(getcpu, vdso.getcpu_);
	SAMPLE(getrandom, make_state());
	return 0;
}
