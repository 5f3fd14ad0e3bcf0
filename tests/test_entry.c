/* SPDX-License-Identifier: MIT */
/*
 * A program that has liblinux.so and nothing else, and no start-up code: its entry point is
 * called by the loader, or by the kernel if it is static.
 */
#include <liblinux/error.h>
#include <liblinux/syscalls.h>

#include "facts.h"

__asm__(".text\n"
	".globl entry\n"
	"entry:\n"
	ENTRY);

void run(void);

static void say(const char *text, unsigned long size)
{
	if (linux_write(1, text, size) != (long)size)
		linux_exit_group(2);
}

static int works(void)
{
	static char text[4];		/* not set here: that would be a memset */
	int fds[2] = { -1, -1 };

	return linux_pipe2(fds, 0) == 0 && linux_write((unsigned)fds[1], "abc", 3) == 3
		&& linux_read((unsigned)fds[0], text, 4) == 3 && text[0] == 'a' && text[2] == 'c'
		&& linux_close((unsigned)fds[0]) == 0 && linux_close(-1u) == -LINUX_EBADF
		&& linux_mmap(0, 0, 3, 4, 5, 1) == -LINUX_EINVAL && linux_getpid() > 0;
}

__attribute__((__used__, __noreturn__)) void run(void)
{
	static const char good[] = "1..1\nok 1 - calls without a libc\n", bad[] = "1..1\nnot ok 1 - calls without a libc\n";

	if (works()) {
		say(good, sizeof(good) - 1);
		linux_exit_group(0);
	}
	say(bad, sizeof(bad) - 1);
	linux_exit_group(1);
}
