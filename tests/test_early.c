/* SPDX-License-Identifier: MIT */
/*
 * Wrappers where no libc is ready: in a resolver of the loader, before any constructor, and on
 * a stack of 256 bytes. (Signal handlers, vfork and bare threads: test_signal.c, test_vfork.c,
 * test_clone.c.) With the shared library this is linked with -z now: the loader's own code,
 * which binds a function at its first call, wants more than 256 bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <liblinux/error.h>
#include <liblinux/syscalls.h>
#include "arch.h"


struct results {
	long pid;
	long bad;
	long six;
	uintptr_t stack;
};

/* Not a caller of the libc, and no frame of its own to speak of. */
static long some_calls(void *arg)
{
	struct results *results = arg;

	results->pid = linux_getpid();
	results->bad = linux_readlinkat(-1, "x", (char *)&results->bad, sizeof(results->bad));
	results->six = linux_mmap(0, 0, 3, 4, 5, 1);
	results->stack = (uintptr_t)__builtin_frame_address(0);
	return 4711;
}

static void check_results(const struct results *results)
{
	assert_int_equal(results->pid, getpid());
	assert_int_equal(results->bad, -LINUX_EBADF);
	assert_int_equal(results->six, -LINUX_EINVAL);
}

static int order;

/* Indirect functions are chosen while the loader relocates. */
static struct results at_relocation;
static int relocation_order;

static int chosen(void)
{
	return 5;
}

__attribute__((__used__)) static int (*choose(void))(void)
{
	some_calls(&at_relocation);
	relocation_order = ++order;
	return chosen;
}

int indirect(void) __attribute__((__ifunc__("choose")));

static void test_while_relocating(void **state)
{
	(void)state;
	assert_int_equal(indirect(), 5);
	assert_int_equal(relocation_order, 1);
	check_results(&at_relocation);
}

static struct results at_preinit;
static int preinit_order;

static void preinit(void)
{
	some_calls(&at_preinit);
	preinit_order = ++order;
}

__attribute__((__section__(".preinit_array"), __used__)) static void (*const preinit_entry)(void) = preinit;

static void test_before_constructors(void **state)
{
	(void)state;
	assert_int_equal(preinit_order, 2);
	check_results(&at_preinit);
}

#define GUARD 4096
#define STACK 256
static struct {
	unsigned char before[GUARD];
	unsigned char stack[STACK];
	unsigned char after[GUARD];
} area __attribute__((__aligned__(16)));

static void test_small_stack(void **state)
{
	struct results results = { 0, 0, 0, 0 };
	int i, wrong = 0;

	(void)state;
	memset(&area, 0xa5, sizeof(area));
	assert_int_equal(probe_stack(area.stack + STACK, some_calls, &results), 4711);
	check_results(&results);
	for (i = 0; i < GUARD; i++)
		wrong += area.before[i] != 0xa5 || area.after[i] != 0xa5;
	assert_int_equal(wrong, 0);
	assert_in_range(results.stack, (uintptr_t)area.stack, (uintptr_t)area.stack + STACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_while_relocating),
		cmocka_unit_test(test_before_constructors),
		cmocka_unit_test(test_small_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
