/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers that linux_rt_sigaction alone installs: they return, nest, run on another
 * stack, call wrappers, and can be unwound through to what they interrupted.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>
#include <cmocka.h>
#include <liblinux/error.h>
#include <liblinux/syscalls.h>
#include <liblinux/uapi/signal.h>
#include "arch.h"
#include "skip.h"

typedef void handler(int sig, siginfo_t *info, void *context);

int main(void);

static void handle(int sig, handler *fn, unsigned long flags, unsigned long mask)
{
	struct {
		struct linux_sigaction action;
		unsigned long behind;		/* where qemu 7.2 has the mask of riscv64 */
	} new;
	struct linux_sigaction *action = &new.action;

	memset(&new, 0, sizeof(new));
	action->sa_handler_ = (void (*)(int))(void (*)(void))fn;
	action->sa_flags = flags | LINUX_SA_SIGINFO;
	memcpy(&action->sa_mask, &mask, sizeof(mask));
#ifdef linux_restore_rt
	action->sa_flags |= LINUX_SA_RESTORER;
	action->sa_restorer = linux_restore_rt;
#endif
	assert_int_equal(linux_rt_sigaction(sig, action, NULL, 8), 0);
}

/* An emulator whose struct of actions is not the kernel's loses the mask; in a virtual machine there is none. */
static int emulator_is_wrong(void)
{
	struct {
		struct linux_sigaction action;
		unsigned long behind;
	} old = { .behind = 4711 };

	assert_int_equal(linux_rt_sigaction(SIGUSR1, NULL, &old.action, 8), 0);
	return getenv("MESON_EXE_WRAPPER") && old.behind != 4711;
}

static long raise_here(int sig)
{
	return linux_tgkill((int)linux_getpid(), (int)linux_gettid(), sig);
}

static unsigned long bit(int sig)
{
	return 1ul << (sig - 1);
}

static unsigned long blocked(void)
{
	unsigned long mask = 0;

	linux_rt_sigprocmask(LINUX_SIG_BLOCK, NULL, (void *)&mask, sizeof(mask));
	return mask;
}

static volatile int handled, last, code, value, sender;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	handled++;
	last = sig == info->si_signo ? sig : -1;
	code = info->si_code;
	sender = info->si_pid;
	value = info->si_value.sival_int;
}

static void test_returns(void **state)
{
	siginfo_t info;
	int i;

	(void)state;
	handle(SIGUSR1, on_signal, 0, 0);
	handled = 0;
	for (i = 0; i < 10000; i++)
		assert_int_equal(raise_here(SIGUSR1), 0);
	assert_int_equal(handled, 10000);
	assert_int_equal(last, SIGUSR1);
	assert_int_equal(code, SI_TKILL);
	assert_int_equal(sender, linux_getpid());

	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_pid = (pid_t)linux_getpid();
	info.si_value.sival_int = 4711;
	assert_int_equal(linux_rt_sigqueueinfo((int)linux_getpid(), SIGUSR1, (void *)&info), 0);
	assert_int_equal(handled, 10001);
	assert_int_equal(code, SI_QUEUE);
	assert_int_equal(value, 4711);
}

static volatile int depth, deepest;

static void on_nested(int sig, siginfo_t *info, void *context)
{
	volatile long mine = sig * 1000 + depth;
	int level = ++depth;

	(void)info;
	(void)context;
	if (level > deepest)
		deepest = level;
	if (level < 20)
		raise_here(level & 1 ? SIGUSR2 : SIGUSR1);
	handled += mine == sig * 1000 + level - 1 && depth == level;
	depth--;
}

static void test_nests(void **state)
{
	(void)state;
	handle(SIGUSR1, on_nested, LINUX_SA_NODEFER, 0);
	handle(SIGUSR2, on_nested, LINUX_SA_NODEFER, 0);
	handled = depth = deepest = 0;
	assert_int_equal(raise_here(SIGUSR1), 0);
	assert_int_equal(depth, 0);
	assert_int_equal(deepest, 20);
	assert_int_equal(handled, 20);
}

static unsigned long mask_inside;
static volatile int order, first_end, second_start;

static void on_second(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	second_start = ++order;
}

static void on_first(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	mask_inside = blocked();
	raise_here(SIGUSR2);
	first_end = ++order;
}

static void test_mask(void **state)
{
	unsigned long before = blocked();

	(void)state;
	if (emulator_is_wrong())
		skip_because("this emulator's sigaction has a restorer, which the kernel's has not");
	handle(SIGUSR1, on_first, 0, bit(SIGUSR2));
	handle(SIGUSR2, on_second, 0, 0);
	order = 0;
	assert_int_equal(raise_here(SIGUSR1), 0);
	assert_int_equal(mask_inside, before | bit(SIGUSR1) | bit(SIGUSR2));
	/* The second waits for the end of the first, and is over when that call returns. */
	assert_int_equal(first_end, 1);
	assert_int_equal(second_start, 2);
	assert_int_equal(blocked(), before);
}

static char area[1 << 16] __attribute__((__aligned__(16)));
static volatile uintptr_t stack_inside;

static void on_area(int sig, siginfo_t *info, void *context)
{
	struct linux_sigaltstack stack;

	(void)sig;
	(void)info;
	(void)context;
	stack_inside = (uintptr_t)__builtin_frame_address(0);
	handled += linux_sigaltstack(NULL, &stack) == 0 && stack.ss_flags == LINUX_SS_ONSTACK;
}

static void test_alternate_stack(void **state)
{
	struct linux_sigaltstack stack = { .ss_sp = area, .ss_size = sizeof(area) }, before, after;
	int i;

	(void)state;
	assert_int_equal(linux_sigaltstack(&stack, &before), 0);
	handle(SIGUSR1, on_area, LINUX_SA_ONSTACK, 0);
	handled = 0;
	for (i = 0; i < 1000; i++) {
		assert_int_equal(raise_here(SIGUSR1), 0);
		assert_in_range(stack_inside, (uintptr_t)area, (uintptr_t)area + sizeof(area));
	}
	assert_int_equal(handled, 1000);
	assert_int_equal(linux_sigaltstack(&before, &after), 0);
	assert_int_equal(after.ss_flags, 0);		/* left again */
	assert_ptr_equal(after.ss_sp, area);
}

static int pipe_ends[2];

static void on_calls(int sig, siginfo_t *info, void *context)
{
	char byte = 0;

	(void)info;
	(void)context;
	handled += linux_write((unsigned)pipe_ends[1], "x", 1) == 1;
	handled += linux_read((unsigned)pipe_ends[0], &byte, 1) == 1 && byte == 'x';
	handled += linux_close(-1u) == -LINUX_EBADF;
	handled += linux_mmap(0, 0, 3, 4, 5, 1) == -LINUX_EINVAL;
	handled += linux_rt_sigprocmask(LINUX_SIG_SETMASK, (void *)&(unsigned long){ bit(sig) }, NULL, 8) == 0;
}

static void test_calls_from_a_handler(void **state)
{
	(void)state;
	assert_int_equal(linux_pipe2(pipe_ends, 0), 0);
	handle(SIGUSR1, on_calls, 0, 0);
	handled = 0;
	assert_int_equal(raise_here(SIGUSR1), 0);
	assert_int_equal(handled, 5);
	assert_false(blocked() & bit(SIGUSR1));		/* what a handler did to the mask ends with it */
	linux_close((unsigned)pipe_ends[0]);
	linux_close((unsigned)pipe_ends[1]);
}

/* The frames from the handler outwards: the functions, and how each was left. */
static struct {
	uintptr_t function;
	uintptr_t address;
	int interrupted;	/* the address is of the instruction itself, not behind a call */
	uintptr_t stack;
	long registers[16];
} frames[64];
static volatile int n_frames;

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *unused)
{
	int before = 0;
	uintptr_t address = (uintptr_t)_Unwind_GetIPInfo(context, &before);
#ifdef linux_restore_rt
	int i;
#endif

	(void)unused;
	if (n_frames == (int)(sizeof(frames) / sizeof(frames[0])))
		return _URC_END_OF_STACK;
	frames[n_frames].address = address;
	/* This function looks one byte before the address that it gets. */
	frames[n_frames].function = (uintptr_t)_Unwind_FindEnclosingFunction((void *)(address + (before ? 1 : 0)));
	frames[n_frames].interrupted = before;
	frames[n_frames].stack = (uintptr_t)_Unwind_GetCFA(context);
#ifdef linux_restore_rt
	/* libgcc has them all only where a signal frame saved them. */
	for (i = 0; before && i < 16; i++)
		frames[n_frames].registers[i] = (long)_Unwind_GetGR(context, i);
#endif
	n_frames++;
	return _URC_NO_REASON;
}

static volatile uintptr_t trap_address;
#ifdef linux_restore_rt
static volatile uintptr_t trap_stack;
static volatile long change;
#endif

static void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)sig;
	(void)info;
	n_frames = 0;
#ifdef linux_restore_rt
	{
		/* In the order of DWARF's numbers. */
		static const int registers[16] = {
			REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP,
			REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
		};
		int i;

		for (i = 0; i < 16; i++)
			interrupted->uc_mcontext.gregs[registers[i]] += i == 7 ? 0 : change;
		trap_stack = (uintptr_t)interrupted->uc_mcontext.gregs[REG_RSP];
	}
#endif
	_Unwind_Backtrace(on_frame, NULL);
	trap_address = (uintptr_t)CONTEXT_PC(interrupted);
	CONTEXT_PC(interrupted) += TRAP_SIZE;
}

/* The index of a function among the frames from there on, -1 if it is not there. */
static int frame_of(void (*function)(void), int from)
{
	int i;

	for (i = from; i < n_frames; i++) {
		if (frames[i].function == (uintptr_t)function)
			return i;
	}
	return -1;
}

#define FRAME_OF(function, from) frame_of((void (*)(void))(function), from)

__attribute__((__noinline__)) static int interrupted(long n)
{
	long before = n * 3;

	__asm__ __volatile__("" : "+r"(before));
	probe_trap();
	__asm__ __volatile__("" : "+r"(before));
	return before == n * 3;
}

static void test_unwinds(void **state)
{
	int at, next;

	(void)state;
	handle(SIGILL, on_trap, 0, 0);
	assert_true(interrupted((long)n_frames + 5));
	assert_true(n_frames > 5);
	assert_true(FRAME_OF(on_trap, 0) >= 0);
	at = FRAME_OF(probe_trap, FRAME_OF(on_trap, 0));
	assert_true(at > 0);
	assert_true(frames[at].address == trap_address);
	assert_true(frames[at].interrupted);
	next = FRAME_OF(interrupted, at);
	assert_int_equal(next, at + 1);
	assert_false(frames[next].interrupted);
	assert_true(FRAME_OF(test_unwinds, next) == next + 1);
	assert_true(FRAME_OF(main, next) > next);
}

#ifdef linux_restore_rt

/* What libgcc finds for an address that is one behind the one looked for. */
struct dwarf_eh_bases {
	void *tbase;
	void *dbase;
	void *func;
};
const void *_Unwind_Find_FDE(void *pc, struct dwarf_eh_bases *bases);

static void test_restorer(void **state)
{
	static const unsigned char code[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 };
	const unsigned char *restorer = (const unsigned char *)(uintptr_t)linux_restore_rt;
	struct dwarf_eh_bases bases = { NULL, NULL, NULL };

	(void)state;
	__asm__ __volatile__("" : "+r"(restorer));	/* compilers know where a function begins */
	assert_memory_equal(restorer, code, sizeof(code));
	assert_int_equal(restorer[-1], 0x90);
	assert_non_null(_Unwind_Find_FDE((void *)(uintptr_t)(restorer - 1), &bases));
	assert_ptr_equal(bases.func, restorer - 1);
}

/*
 * Each register has a value of its own at the trap, and another in the frame of the signal: unwinding
 * finds that, and the handler's return brings it back.
 */
static void test_registers(void **state)
{
	long values[32];
	int at, i;

	(void)state;
	handle(SIGILL, on_trap, 0, 0);
	for (i = 0; i < 32; i++)
		values[i] = i < 16 ? (long)(0x9e3779b97f4a7c15ul * (unsigned long)(i + 1)) : 0;
	change = 0x123456789abcdef;
	probe_registers(values);
	change = 0;
	at = FRAME_OF(probe_trap, 0);
	assert_true(at > 0);
	assert_true(frames[at].stack == trap_stack);
	for (i = 0; i < 16; i++) {
		if (i == 7)		/* the stack pointer */
			continue;
		assert_true(frames[at].registers[i] == values[i] + 0x123456789abcdef);
		assert_true(values[16 + i] == values[i] + 0x123456789abcdef);
	}
	assert_int_equal(FRAME_OF(probe_registers, at), at + 1);
	assert_int_equal(FRAME_OF(test_registers, at), at + 2);
	assert_true(FRAME_OF(main, at) > at);
}

#endif

static void test_unwinds_from_an_alternate_stack(void **state)
{
	struct linux_sigaltstack stack = { .ss_sp = area, .ss_size = sizeof(area) }, before;
	int at;

	(void)state;
	assert_int_equal(linux_sigaltstack(&stack, &before), 0);
	handle(SIGILL, on_trap, LINUX_SA_ONSTACK, 0);
	assert_true(interrupted((long)n_frames + 5));
	at = FRAME_OF(probe_trap, 0);
	assert_true(at > 0);
	assert_int_equal(FRAME_OF(interrupted, at), at + 1);
	assert_true(FRAME_OF(main, at) > at);
	assert_int_equal(linux_sigaltstack(&before, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_returns),
		cmocka_unit_test(test_nests),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_alternate_stack),
		cmocka_unit_test(test_calls_from_a_handler),
		cmocka_unit_test(test_unwinds),
		cmocka_unit_test(test_unwinds_from_an_alternate_stack),
#ifdef linux_restore_rt
		cmocka_unit_test(test_restorer),
		cmocka_unit_test(test_registers),
#endif
	};

	give_reasons();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
