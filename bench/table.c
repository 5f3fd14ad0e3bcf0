/* SPDX-License-Identifier: MIT */
/*
 * table SAMPLES: the library's look-ups beside libseccomp's, and its binary search for a name
 * beside a perfect hash over the same names with the same answer.
 */
#include <stdio.h>
#include <stdlib.h>
#ifdef HAVE_SECCOMP
# include <seccomp.h>
#endif

#include "../src/table.c"

#include "bench.h"
#include "perfect_hash.h"

static struct linux_table_call call;
static unsigned long random_state = 1;

LIBLINUX_FUNCTION long by_hash(struct linux_table_call *to, unsigned long size, unsigned int arch, const char *name)
{
	const struct arch_data *of = find_arch(arch);
	unsigned int place;

	if (!of)
		return -LINUX_EINVAL;
	place = perfect_hash(name);
	if (place >= of->entries || compare(name, strings + calls[entries[of->entry + place].call].name))
		return -LINUX_ENOENT;
	return answer(to, size, &entries[of->entry + place]);
}

/* Any name: processors learn the branches of an order that comes again. */
static unsigned long next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 32) * NAMES >> 32;
}

LOOP(index_loop, linux_table_at(&call, sizeof(call), 0, next()))
LOOP(binary_loop, linux_table_by_name(&call, sizeof(call), 0, names[next()]))
LOOP(hash_loop, by_hash(&call, sizeof(call), 0, names[next()]))
LOOP(number_loop, linux_table_by_number(&call, sizeof(call), 0, numbers_of[next()]))
#ifdef HAVE_SECCOMP
LOOP(seccomp_name_loop, seccomp_syscall_resolve_name(names[next()]))
static __attribute__((noinline, aligned(64))) void seccomp_number_loop(unsigned long turns)
{
	do
		free(seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)numbers_of[next()]));
	while (--turns);
}
#endif

static const struct loop name_loops[] = {
	{"binary", binary_loop}, {"hash", hash_loop}, {"index", index_loop},
#ifdef HAVE_SECCOMP
	{"libseccomp", seccomp_name_loop},
#endif
};
static const struct loop number_loops[] = {
	{"table", number_loop},
#ifdef HAVE_SECCOMP
	{"libseccomp", seccomp_number_loop},
#endif
};

int main(int argc, char **argv)
{
	unsigned long samples = argc > 1 ? (unsigned long)atol(argv[1]) : 1, n;
	struct linux_table_call other;

	for (n = 0; n < NAMES; n++)
		if (linux_table_by_name(&call, sizeof(call), 0, names[n]) || by_hash(&other, sizeof(other), 0, names[n]) ||
		    call.number != numbers_of[n] || other.number != numbers_of[n]) {
			fprintf(stderr, "table: %s is not found as it should be\n", names[n]);
			return 1;
		}
	if (by_hash(&other, sizeof(other), 0, "no_such_call") != -LINUX_ENOENT) {
		fprintf(stderr, "table: a name that is not there is found\n");
		return 1;
	}
	sample("name", samples, 1000, name_loops, sizeof(name_loops) / sizeof(*name_loops));
	sample("number", samples, 1000, number_loops, sizeof(number_loops) / sizeof(*number_loops));
	return 0;
}
