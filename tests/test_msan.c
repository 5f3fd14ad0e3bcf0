/* SPDX-License-Identifier: MIT */
/*
 * For test_msan.py: one call, and a branch on every byte that the kernel wrote. The memory
 * sanitizer ends the program if it thinks one of them has no value.
 */
#include <stdlib.h>
#include <string.h>

#include <liblinux/liblinux.h>
#include <liblinux/uapi/dirent.h>

#include <sys/time.h>
#include <sys/uio.h>
#include <sys/socket.h>
#include <poll.h>

static volatile unsigned long sink;

static void use(const void *memory, unsigned long size)
{
	const unsigned char *byte = memory;

	for (; size; byte++, size--)
		if (*byte == 0x5a)
			sink++;
}

static void check(long ret)
{
	if (linux_is_error(ret))
		exit(77);
}

/* Uninitialised, wherever the compiler puts it. */
#define FRESH(type, name) __typeof__(type) *name = malloc(sizeof(type))

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	int fds[2];

	if (!strcmp(name, "pipe2")) {
		FRESH(int[2], pair);

		check(linux_pipe2(*pair, 0));
		use(pair, sizeof(*pair));
	} else if (!strcmp(name, "read")) {
		FRESH(char[100], buffer);
		long got;

		check(linux_pipe2(fds, 0));
		use(fds, sizeof(fds));
		check(linux_write((unsigned)fds[1], "hello", 5));
		check(got = linux_read((unsigned)fds[0], *buffer, sizeof(*buffer)));
		use(buffer, (unsigned long)got);
	} else if (!strcmp(name, "readv")) {
		FRESH(char[3], first);
		FRESH(char[100], second);
		struct iovec parts[2] = {{*first, 3}, {*second, 100}};

		check(linux_pipe2(fds, 0));
		check(linux_write((unsigned)fds[1], "hello", 5));
		check(linux_readv((unsigned)fds[0], parts, 2));
		use(first, 3);
		use(second, 2);
	} else if (!strcmp(name, "recvmsg")) {
		FRESH(char[100], data);
		struct iovec part = {*data, 100};
		struct linux_user_msghdr message;

		memset(&message, 0, sizeof(message));
		message.msg_iov = &part;
		message.msg_iovlen = 1;
		check(linux_socketpair(LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0, fds));
		check(linux_sendto(fds[1], "hello", 5, 0, NULL, 0));
		check(linux_recvmsg(fds[0], &message, 0));
		use(data, 5);
		use(&message.msg_flags, sizeof(message.msg_flags));
	} else if (!strcmp(name, "getsockname")) {
		FRESH(char[64], address);
		int size = sizeof(*address);

		check(linux_socketpair(LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0, fds));
		check(linux_getsockname(fds[0], (struct sockaddr *)*address, &size));
		use(&size, sizeof(size));
		use(address, (unsigned long)size);
	} else if (!strcmp(name, "getsockopt")) {
		FRESH(int[2], type);
		int size = sizeof(*type);

		check(linux_socketpair(LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0, fds));
		check(linux_getsockopt(fds[0], LINUX_SOL_SOCKET, LINUX_SO_TYPE, (char *)*type, &size));
		use(&size, sizeof(size));
		use(type, (unsigned long)size);
	} else if (!strcmp(name, "statx")) {
		FRESH(struct linux_statx, about);

		check(linux_statx(LINUX_AT_FDCWD, "/", 0, LINUX_STATX_BASIC_STATS, about));
		use(about, sizeof(*about));
	} else if (!strcmp(name, "getdents64")) {
		FRESH(char[4096], entries);
		long fd, got;

		check(fd = linux_open("/", LINUX_O_RDONLY | LINUX_O_DIRECTORY, 0));
		check(got = linux_getdents64((unsigned)fd, (struct linux_dirent64 *)*entries, sizeof(*entries)));
		use(entries, (unsigned long)got);
	} else if (!strcmp(name, "clock_gettime")) {
		FRESH(struct timespec, now);

		check(linux_clock_gettime(LINUX_CLOCK_MONOTONIC, now));
		use(now, sizeof(*now));
	} else if (!strcmp(name, "getrandom")) {
		FRESH(char[32], bytes);

		check(linux_getrandom(*bytes, sizeof(*bytes), 0));
		use(bytes, sizeof(*bytes));
	} else if (!strcmp(name, "getcwd")) {
		FRESH(char[4096], path);

		check(linux_getcwd(*path, sizeof(*path)));
		use(path, strlen(*path));
	} else if (!strcmp(name, "sched_getaffinity")) {
		FRESH(unsigned long[64], mask);
		long got;

		check(got = linux_sched_getaffinity(0, sizeof(*mask), *mask));
		use(mask, (unsigned long)got);
	} else if (!strcmp(name, "mincore")) {
		FRESH(unsigned char[1], pages);
		long map;

		check(map = linux_mmap(0, 4096, LINUX_PROT_READ, LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS, -1ul, 0));
		check(linux_mincore((unsigned long)map, 4096, *pages));
		use(pages, 1);
	} else if (!strcmp(name, "poll")) {
		FRESH(struct pollfd, entry);

		check(linux_pipe2(fds, 0));
		use(fds, sizeof(fds));
		entry->fd = fds[0];
		entry->events = POLLIN;
		check(linux_poll(entry, 1, 0));
		use(entry, sizeof(*entry));
	} else if (!strcmp(name, "rt_sigprocmask")) {
		FRESH(struct linux_sigset, mask);

		check(linux_rt_sigprocmask(LINUX_SIG_BLOCK, NULL, mask, 8));
		use(mask, 8);
	} else if (!strcmp(name, "too-much")) {
		/* Only what was written: this one must be found, with the header too. */
		FRESH(char[100], buffer);

		check(linux_pipe2(fds, 0));
		use(fds, sizeof(fds));
		check(linux_write((unsigned)fds[1], "hello", 5));
		check(linux_read((unsigned)fds[0], *buffer, sizeof(*buffer)));
		use(buffer, 6);
	} else if (!strcmp(name, "get_mempolicy")) {
		FRESH(unsigned long[16], nodes);
		FRESH(int, policy);

		check(linux_get_mempolicy(policy, *nodes, 1025, 0, 0));
		use(policy, sizeof(*policy));
		use(nodes, sizeof(*nodes));
	} else if (!strcmp(name, "too-many-bits")) {
		/* 1024 of them are written. */
		FRESH(unsigned long[17], nodes);

		check(linux_get_mempolicy(NULL, *nodes, 1025, 0, 0));
		use(*nodes + 16, 8);
	} else {
		return 2;
	}
	return 0;
}
