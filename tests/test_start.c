/* SPDX-License-Identifier: MIT */
/*
 * A program without a libc: says what it was started with. test_start.py builds it in
 * every form and runs it with the arguments "one" and "", and ONE=1 and one more in the environment.
 */
#include <liblinux/liblinux.h>
#include <liblinux/start.h>
#include "facts.h"

void _start(void);

static int failed;

static unsigned long length(const char *text)
{
	unsigned long n = 0;

	while (text[n])
		n++;
	return n;
}

static void say(const char *text)
{
	linux_write(1, text, length(text));
}

static void check(int good, const char *what)
{
	say(good ? "ok - " : "not ok - ");
	say(what);
	say("\n");
	failed |= !good;
}

static int same(const char *one, const char *two)
{
	while (*one && *one == *two) {
		one++;
		two++;
	}
	return *one == *two;
}

/* Every word of these is a relocation in a program that may lie anywhere; 70 need two words of bits in DT_RELR. */
#define TEN(name, n) name + n, name + n + 1, name + n + 2, name + n + 3, name + n + 4, \
	name + n + 5, name + n + 6, name + n + 7, name + n + 8, name + n + 9
#define HUNDRED(name) TEN(name, 0), TEN(name, 10), TEN(name, 20), TEN(name, 30), TEN(name, 40), \
	TEN(name, 50), TEN(name, 60), TEN(name, 70), TEN(name, 80), TEN(name, 90)
static char bytes[200];
static char *table[100] = { HUNDRED(bytes) };
static char *const constants[100] = { HUNDRED(bytes) };
/* One word in three: holes between the bits. */
static struct { char *where; long one, two; } sparse[100] = {
	{ bytes, 1, 2 }, { bytes + 1, 1, 2 }, { bytes + 2, 1, 2 }, { bytes + 3, 1, 2 }, { bytes + 4, 1, 2 },
	[50] = { bytes + 50, 1, 2 }, [99] = { bytes + 99, 1, 2 },
};

/* The index comes from here, so that no compiler reads the tables itself. */
static volatile int zero;

static void relocated(void)
{
	int i, right = 1;

	for (i = zero; i < 100; i++)
		right &= table[i] == bytes + i;
	check(right, "a table of pointers");
	for (i = zero, right = 1; i < 100; i++)
		right &= constants[i] == bytes + i;
	check(right, "a table of constant pointers");
	for (i = zero, right = 1; i < 100; i++)
		right &= sparse[i].where == (i < 5 || i == 50 || i == 99 ? bytes + i : 0) &&
			sparse[i].one == (sparse[i].where ? 1 : 0) && sparse[i].two == (sparse[i].where ? 2 : 0);
	check(right, "a table with gaps");
}

/* A read-only page makes read(2) fail with EFAULT. */
static int read_only(const void *page)
{
	long fd = linux_openat(LINUX_AT_FDCWD, "/proc/self/exe", LINUX_O_RDONLY, 0), ret;

	ret = linux_read((unsigned int)fd, (char *)page, 1);
	linux_close((unsigned int)fd);
	return ret == -LINUX_EFAULT;
}

static const unsigned long *find(const unsigned long *auxv, unsigned long type)
{
	while (*auxv != LINUX_AT_NULL && *auxv != type)
		auxv += 2;
	return *auxv == type ? auxv + 1 : 0;
}

int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv)
{
	const struct linux_elf64_phdr *segment;
	const unsigned long *value;
	__attribute__((__aligned__(16))) char aligned[16];
	volatile unsigned long address = (unsigned long)aligned;
	unsigned long i, relro = 0;
	void **frame;

	if (argc == 2 && same(argv[1], "exit"))
		return 258 + zero;		/* 2, for the parent */
	check(argc == 3, "argc");
	check(argc == 3 && same(argv[1], "one") && same(argv[2], "") && !argv[3], "argv");
	for (i = 0; envp[i] && !same(envp[i], "ONE=1"); i++)
		;
	check(envp[i] != 0, "envp");
	value = find(auxv, LINUX_AT_PAGESZ);
	check(value && *value >= 4096 && !(*value & (*value - 1)), "auxv: AT_PAGESZ");
	value = find(auxv, LINUX_AT_ENTRY);
	check(value && *value == (unsigned long)_start, "auxv: AT_ENTRY is _start");
	check(!(address % 16), "the stack is aligned");
	for (frame = (void **)__builtin_frame_address(0), i = 0; frame && i < 10; i++)
		frame = (void **)CALLER_FRAME(frame);
	check(!frame, "the chain of frames ends");
	relocated();

	value = find(auxv, LINUX_AT_PHNUM);
	segment = (const struct linux_elf64_phdr *)*find(auxv, LINUX_AT_PHDR);
	for (i = 0; segment && value && i < *value; i++)	/* no address where the headers are not loaded */
		if (segment[i].p_type_ == LINUX_PT_GNU_RELRO)
			relro = 1;
	if (relro)
		check(read_only(constants), "relocated constants are read-only");
	say("done\n");
	return failed;
}
