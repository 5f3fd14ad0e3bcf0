/* SPDX-License-Identifier: MIT */
/*
 * For test_msan.py: one call, and a branch on every byte that the kernel wrote. The memory
 * sanitizer ends the program if it thinks one of them has no value.
 */
#include <stdlib.h>
#include <string.h>

#include <liblinux/liblinux.h>
#include <liblinux/uapi/dirent.h>
#include <liblinux/vdso.h>

#include <sys/time.h>
#include <sys/uio.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

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

static void nothing(int signal)
{
	(void)signal;
}

/* A child that has ended. */
static int ended_child(void)
{
	long pid = linux_clone(LINUX_SIGCHLD, 0, NULL, 0, 0);

	if (pid == 0)
		linux_exit_group(0);
	check(pid);
	return (int)pid;
}

/* One that waits for ever, or until this process ends. */
static int waiting_child(void)
{
	long pid;
	int fds[2];
	char byte;

	check(linux_pipe2(fds, 0));
	pid = linux_clone(LINUX_SIGCHLD, 0, NULL, 0, 0);
	if (pid == 0) {
		linux_close((unsigned)fds[1]);
		linux_read((unsigned)fds[0], &byte, 1);
		linux_exit_group(0);
	}
	check(pid);
	return (int)pid;
}

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
	} else if (!strcmp(name, "msgrcv")) {
		struct linux_msgbuf *message = malloc(8 + 100);
		struct { long mtype; char mtext[5]; } sent = {3, "hell"};
		long queue, got;

		check(queue = linux_msgget(LINUX_IPC_PRIVATE, 0600));
		check(linux_msgsnd((int)queue, (struct linux_msgbuf *)&sent, 5, 0));
		got = linux_msgrcv((int)queue, message, 100, 0, 0);
		linux_msgctl((int)queue, LINUX_IPC_RMID, NULL);
		check(got);
		use(message, 8 + (unsigned long)got);
	} else if (!strcmp(name, "name_to_handle_at")) {
		struct file_handle *handle = malloc(sizeof(*handle) + 128);
		int mount;

		handle->handle_bytes = 128;
		if (linux_is_error(linux_name_to_handle_at(LINUX_AT_FDCWD, "/", handle, &mount, 0))) {
			handle->handle_bytes = 128;	/* a handle that cannot be opened, of any file system */
			check(linux_name_to_handle_at(LINUX_AT_FDCWD, "/", handle, &mount, LINUX_AT_HANDLE_FID));
		}
		use(handle, sizeof(*handle) + handle->handle_bytes);
	} else if (!strcmp(name, "statmount")) {
		struct linux_mnt_id_req request = {.size = 24, .param = LINUX_STATMOUNT_FS_TYPE | LINUX_STATMOUNT_MNT_BASIC};
		struct linux_statmount *mount = malloc(4096);
		struct linux_statx about;

		check(linux_statx(LINUX_AT_FDCWD, "/", 0, LINUX_STATX_MNT_ID_UNIQUE, &about));
		request.mnt_id = about.stx_mnt_id;
		check(linux_statmount(&request, mount, 4096, 0));
		use(mount, mount->size);
	} else if (!strcmp(name, "wait4")) {
		FRESH(int, status);
		FRESH(struct linux_rusage, used);

		check(linux_wait4(ended_child(), status, 0, used));
		use(status, sizeof(*status));
		use(used, sizeof(*used));
	} else if (!strcmp(name, "waitid")) {
		FRESH(siginfo_t, info);

		check(linux_waitid(LINUX_P_PID, ended_child(), (struct linux_siginfo *)info, LINUX_WEXITED, NULL));
		use(info, 28);
	} else if (!strcmp(name, "nanosleep")) {
		struct timespec long_time = {60, 0};
		struct itimerval often = {{0, 5000}, {0, 5000}};
		FRESH(struct timespec, left);

		signal(SIGALRM, nothing);
		check(linux_setitimer(LINUX_ITIMER_REAL, &often, NULL));
		if (linux_nanosleep(&long_time, left) != -LINUX_EINTR)
			exit(77);
		use(left, sizeof(*left));
	/* Only what was written: these must be found, with the header too. */
	} else if (!strcmp(name, "too-much-wait4")) {
		FRESH(int, status);

		check(linux_wait4(waiting_child(), status, LINUX_WNOHANG, NULL));
		use(status, sizeof(*status));
	} else if (!strcmp(name, "too-much-waitid")) {
		FRESH(siginfo_t, info);

		check(linux_waitid(LINUX_P_PID, ended_child(), (struct linux_siginfo *)info, LINUX_WEXITED, NULL));
		use((char *)info + 28, 1);
	} else if (!strcmp(name, "too-much-nanosleep")) {
		struct timespec no_time = {0, 1};
		FRESH(struct timespec, left);

		check(linux_nanosleep(&no_time, left));
		use(left, sizeof(*left));
	} else if (!strcmp(name, "too-much-statmount")) {
		struct linux_mnt_id_req request = {.size = 24, .param = LINUX_STATMOUNT_FS_TYPE};
		struct linux_statmount *mount = malloc(4096);
		struct linux_statx about;

		check(linux_statx(LINUX_AT_FDCWD, "/", 0, LINUX_STATX_MNT_ID_UNIQUE, &about));
		request.mnt_id = about.stx_mnt_id;
		check(linux_statmount(&request, mount, 4096, 0));
		use((char *)mount + mount->size, 1);
	} else if (!strcmp(name, "too-much-recvmsg")) {
		/* An address of more bytes than there is room for. */
		FRESH(char[16], address);
		char data[4];
		struct iovec part = {data, sizeof(data)};
		struct linux_user_msghdr message;
		struct sockaddr_storage mine;
		int size = sizeof(mine);

		memset(&message, 0, sizeof(message));
		message.msg_name = address;
		message.msg_namelen = 2;
		message.msg_iov = &part;
		message.msg_iovlen = 1;
		check(fds[0] = (int)linux_socket(LINUX_AF_UNIX, LINUX_SOCK_DGRAM, 0));
		memset(&mine, 0, sizeof(mine));
		mine.ss_family = LINUX_AF_UNIX;
		check(linux_bind(fds[0], (struct sockaddr *)&mine, sizeof(mine.ss_family)));
		check(linux_getsockname(fds[0], (struct sockaddr *)&mine, &size));
		check(linux_sendto(fds[0], "one", 3, 0, (struct sockaddr *)&mine, size));
		check(linux_recvmsg(fds[0], &message, 0));
		if (message.msg_namelen <= 2)
			exit(77);
		use(*address + 2, 1);
	} else if (!strcmp(name, "too-much")) {
		FRESH(char[100], buffer);

		check(linux_pipe2(fds, 0));
		use(fds, sizeof(fds));
		check(linux_write((unsigned)fds[1], "hello", 5));
		check(linux_read((unsigned)fds[0], *buffer, sizeof(*buffer)));
		use(buffer, 6);
	} else if (!strcmp(name, "vdso")) {
		const void *image = linux_vdso_find(NULL);
		struct linux_vdso vdso;
		FRESH(struct timespec, now);

		use(&image, sizeof(image));
		linux_vdso_init(&vdso, image);
		check(linux_vdso_clock_gettime(&vdso, LINUX_CLOCK_MONOTONIC, now));
		use(now, sizeof(*now));
	} else if (!strcmp(name, "get_mempolicy")) {
		FRESH(unsigned long[16], nodes);
		FRESH(int, policy);

		check(linux_get_mempolicy(policy, *nodes, 1025, 0, 0));
		use(policy, sizeof(*policy));
		use(nodes, sizeof(*nodes));
	} else if (!strcmp(name, "too-much-get_mempolicy")) {
		/* 1024 of them are written. */
		FRESH(unsigned long[17], nodes);

		check(linux_get_mempolicy(NULL, *nodes, 1025, 0, 0));
		use(*nodes + 16, 8);
	} else {
		return 2;
	}
	return 0;
}
