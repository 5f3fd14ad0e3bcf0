/* SPDX-License-Identifier: MIT */
/*
 * Calls with their structs and flags, on the running kernel: what it wrote is read back through
 * our fields. One include, and nothing of the kernel's headers.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <liblinux/liblinux.h>
#include "facts.h"
#include "skip.h"

/* A kernel older than the call, or a sandbox, is no failure of ours. */
static void need(long ret)
{
	if (ret == -LINUX_ENOSYS || ret == -LINUX_EPERM || ret == -LINUX_EOPNOTSUPP)
		skip_because(ret == -LINUX_ENOSYS ? "the kernel is older than the call" : "the call is not allowed here");
	if (linux_is_error(ret))
		fail_msg("errno %ld", -ret);
}

/* In a child: 0 is good, a positive number the line of what failed, the rest a negated errno that is a reason to skip. */
#define HOLD(condition) do { if (!(condition)) return __LINE__; } while (0)

static void in_child(long (*body)(void))
{
	long line = 0;
	int status = 0, fds[2];
	long pid;

	assert_int_equal(linux_pipe2(fds, LINUX_O_CLOEXEC), 0);
	pid = linux_clone(LINUX_SIGCHLD, 0, NULL, 0, 0);
	if (pid == 0) {
		line = body();
		linux_write((unsigned)fds[1], (char *)&line, sizeof(line));
		linux_exit_group(0);
	}
	assert_true(pid > 0);
	linux_close((unsigned)fds[1]);
	assert_int_equal(linux_read((unsigned)fds[0], (char *)&line, sizeof(line)), sizeof(line));
	linux_close((unsigned)fds[0]);
	assert_int_equal(linux_wait4((int)pid, &status, 0, NULL), pid);
	assert_int_equal(status, 0);
	if (line > 0)
		fail_msg("line %ld does not hold in the child", line);
	need(line);
}

static unsigned long long inode(int dfd, const char *path, int flags)
{
	struct linux_statx about;

	assert_int_equal(linux_statx(dfd, path, (unsigned)flags, LINUX_STATX_INO, &about), 0);
	return about.stx_ino;
}

static void test_statx(void **state)
{
	struct linux_statx ours;
	struct stat theirs;

	(void)state;
	assert_int_equal(stat("/proc/self/exe", &theirs), 0);
	need(linux_statx(LINUX_AT_FDCWD, "/proc/self/exe", 0, LINUX_STATX_BASIC_STATS, &ours));
	assert_int_equal(ours.stx_mask & LINUX_STATX_BASIC_STATS, LINUX_STATX_BASIC_STATS);
	assert_int_equal(ours.stx_size, theirs.st_size);
	assert_int_equal(ours.stx_ino, theirs.st_ino);
	assert_int_equal(ours.stx_mode, theirs.st_mode);
	assert_int_equal(ours.stx_mtime.tv_sec, theirs.st_mtim.tv_sec);
	assert_int_equal(ours.stx_mtime.tv_nsec, theirs.st_mtim.tv_nsec);
}

static void test_fstat(void **state)
{
	struct linux_stat ours;
	struct stat theirs;

	(void)state;
	assert_int_equal(fstat(0, &theirs), 0);
	need(linux_fstat(0, &ours));
	assert_int_equal(ours.st_ino, theirs.st_ino);
	assert_int_equal(ours.st_mode, theirs.st_mode);
	assert_int_equal(ours.st_mtime_, theirs.st_mtim.tv_sec);
}

static void test_cachestat(void **state)
{
	struct linux_cachestat_range all = { 0, 0 };
	struct linux_cachestat pages = { 0 };
	static char page[4096];
	int i, fd = (int)linux_memfd_create("test", LINUX_MFD_CLOEXEC);

	(void)state;
	need(fd);
	for (i = 0; i < 4; i++)
		assert_int_equal(linux_write((unsigned)fd, page, sizeof(page)), sizeof(page));
	need(linux_cachestat((unsigned)fd, &all, &pages, 0));
	assert_true(pages.nr_cache >= 4 * sizeof(page) / (unsigned long)sysconf(_SC_PAGESIZE));
	linux_close((unsigned)fd);
}

static void test_statmount_and_listmount(void **state)
{
	static union {
		struct linux_statmount mount;
		char bytes[8192];
	} buffer;
	struct linux_mnt_id_req request = { .size = LINUX_MNT_ID_REQ_SIZE_VER0, .mnt_id = LINUX_LSMT_ROOT };
	unsigned long long ids[16];
	struct linux_statx root;
	long i, count;

	(void)state;
	count = linux_listmount(&request, ids, 16, 0);
	need(count);
	assert_true(count > 0);
	need(linux_statx(LINUX_AT_FDCWD, "/", 0, LINUX_STATX_MNT_ID_UNIQUE, &root));
	request.mnt_id = root.stx_mnt_id;
	request.param = LINUX_STATMOUNT_MNT_BASIC | LINUX_STATMOUNT_MNT_POINT | LINUX_STATMOUNT_FS_TYPE;
	need(linux_statmount(&request, &buffer.mount, sizeof(buffer), 0));
	assert_int_equal(buffer.mount.mnt_id, root.stx_mnt_id);
	assert_string_equal(buffer.mount.str + buffer.mount.mnt_point, "/");
	assert_true(strlen(buffer.mount.str + buffer.mount.fs_type) > 0);
	for (i = 1; i < count; i++)
		assert_true(ids[i] > ids[i - 1]);
}

static long opened(int dfd, const char *path, unsigned long long resolve)
{
	struct linux_open_how how = { .flags = LINUX_O_RDONLY | LINUX_O_CLOEXEC, .resolve = resolve };

	return linux_openat2(dfd, path, &how, sizeof(how));
}

static void test_openat2(void **state)
{
	long proc, fd = opened(LINUX_AT_FDCWD, "/proc/self", 0);
	struct { struct linux_open_how how; unsigned long long more; } longer = { { .flags = LINUX_O_RDONLY }, 1 };

	(void)state;
	need(fd);
	linux_close((unsigned)fd);
	assert_int_equal(opened(LINUX_AT_FDCWD, "/proc/self", LINUX_RESOLVE_NO_SYMLINKS), -LINUX_ELOOP);
	assert_int_equal(opened(LINUX_AT_FDCWD, "/proc/self/exe", LINUX_RESOLVE_NO_MAGICLINKS), -LINUX_ELOOP);
	proc = opened(LINUX_AT_FDCWD, "/proc", 0);
	need(proc);
	assert_int_equal(opened((int)proc, "../proc/version", LINUX_RESOLVE_BENEATH), -LINUX_EXDEV);
	assert_int_equal(opened((int)proc, "/proc/version", LINUX_RESOLVE_BENEATH), -LINUX_EXDEV);
	assert_int_equal(opened(LINUX_AT_FDCWD, "/proc/version", LINUX_RESOLVE_NO_XDEV), -LINUX_EXDEV);
	fd = opened((int)proc, "/../version", LINUX_RESOLVE_IN_ROOT);
	need(fd);
	assert_int_equal(inode((int)fd, "", LINUX_AT_EMPTY_PATH), inode(LINUX_AT_FDCWD, "/proc/version", 0));
	assert_int_equal(opened((int)proc, "version", 1ull << 63), -LINUX_EINVAL);
	assert_int_equal(linux_openat2((int)proc, "version", &longer.how, sizeof(longer)), -LINUX_E2BIG);
	linux_close((unsigned)fd);
	linux_close((unsigned)proc);
}

/* A tmpfs in namespaces of its own: made, attached, changed, and read back. */
static long mount_setattr_in_child(void)
{
	static union {
		struct linux_statmount mount;
		char bytes[8192];
	} buffer;
	struct linux_mount_attr attr = { .attr_set = LINUX_MOUNT_ATTR_RDONLY | LINUX_MOUNT_ATTR_NOSUID | LINUX_MOUNT_ATTR_NOATIME,
					 .attr_clr = LINUX_MOUNT_ATTR__ATIME };
	struct linux_mnt_id_req request = { .size = LINUX_MNT_ID_REQ_SIZE_VER0 };
	const unsigned long long both = LINUX_MOUNT_ATTR_RDONLY | LINUX_MOUNT_ATTR_NOSUID;
	const char *option;
	struct linux_statx about;
	struct linux_statfs statfs;
	unsigned i, found = 0;
	long fs, fd, ret = linux_unshare(LINUX_CLONE_NEWUSER | LINUX_CLONE_NEWNS);

	if (ret == -LINUX_ENOSPC || ret == -LINUX_EINVAL)
		return -LINUX_EPERM;		/* no user namespaces for this user, or in this kernel */
	if (linux_is_error(ret))
		return ret;
	fs = linux_fsopen("tmpfs", LINUX_FSOPEN_CLOEXEC);
	if (linux_is_error(fs))
		return fs;
	HOLD(linux_fsconfig((int)fs, LINUX_FSCONFIG_SET_STRING, "source", "from-liblinux", 0) == 0);
	HOLD(linux_fsconfig((int)fs, LINUX_FSCONFIG_SET_STRING, "mode", "0750", 0) == 0);
	HOLD(linux_fsconfig((int)fs, LINUX_FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
	fd = linux_fsmount((int)fs, LINUX_FSMOUNT_CLOEXEC, 0);
	HOLD(fd >= 0);
	HOLD(linux_fstatfs((unsigned)fd, &statfs) == 0);
	HOLD(statfs.f_type == LINUX_TMPFS_MAGIC && !(statfs.f_flags & (LINUX_MS_RDONLY | LINUX_MS_NOSUID)));
	ret = linux_mount_setattr((int)fd, "", LINUX_AT_EMPTY_PATH, &attr, sizeof(attr));
	if (ret == -LINUX_ENOSYS)
		return ret;
	HOLD(ret == 0);
	HOLD(linux_fstatfs((unsigned)fd, &statfs) == 0);
	HOLD((statfs.f_flags & (LINUX_MS_RDONLY | LINUX_MS_NOSUID)) == (LINUX_MS_RDONLY | LINUX_MS_NOSUID));
	HOLD(linux_openat((int)fd, "file", LINUX_O_CREAT | LINUX_O_WRONLY, 0600) == -LINUX_EROFS);

	HOLD(linux_move_mount((int)fd, "", LINUX_AT_FDCWD, "/tmp", LINUX_MOVE_MOUNT_F_EMPTY_PATH) == 0);
	ret = linux_statx((int)fd, "", LINUX_AT_EMPTY_PATH, LINUX_STATX_MNT_ID_UNIQUE, &about);
	if (linux_is_error(ret) || !(about.stx_mask & LINUX_STATX_MNT_ID_UNIQUE))
		return 0;			/* before Linux 6.8 */
	request.mnt_id = about.stx_mnt_id;
	request.param = LINUX_STATMOUNT_SB_BASIC | LINUX_STATMOUNT_MNT_BASIC | LINUX_STATMOUNT_MNT_POINT | LINUX_STATMOUNT_FS_TYPE |
			LINUX_STATMOUNT_MNT_OPTS | LINUX_STATMOUNT_SB_SOURCE | LINUX_STATMOUNT_OPT_ARRAY;
	ret = linux_statmount(&request, &buffer.mount, sizeof(buffer), 0);
	if (ret == -LINUX_ENOSYS)
		return 0;
	HOLD(ret == 0);
	HOLD(buffer.mount.mnt_id == about.stx_mnt_id);
	HOLD((buffer.mount.mnt_attr & both) == both);
	HOLD((buffer.mount.mnt_attr & LINUX_MOUNT_ATTR__ATIME) == LINUX_MOUNT_ATTR_NOATIME);
	HOLD(buffer.mount.sb_magic == LINUX_TMPFS_MAGIC);
	HOLD(!strcmp(buffer.mount.str + buffer.mount.mnt_point, "/tmp"));
	HOLD(!strcmp(buffer.mount.str + buffer.mount.fs_type, "tmpfs"));
	if (buffer.mount.mask & LINUX_STATMOUNT_SB_SOURCE)		/* Linux 6.13 */
		HOLD(!strcmp(buffer.mount.str + buffer.mount.sb_source, "from-liblinux"));
	if (buffer.mount.mask & LINUX_STATMOUNT_MNT_OPTS)		/* Linux 6.11 */
		HOLD(strstr(buffer.mount.str + buffer.mount.mnt_opts, "mode=750"));
	if (buffer.mount.mask & LINUX_STATMOUNT_OPT_ARRAY) {		/* Linux 6.13 */
		option = buffer.mount.str + buffer.mount.opt_array;
		for (i = 0; i < buffer.mount.opt_num; i++, option += strlen(option) + 1)
			found += !strcmp(option, "mode=750");
		HOLD(found == 1);
	}

	attr.attr_set = 0;
	attr.attr_clr = LINUX_MOUNT_ATTR_RDONLY;
	HOLD(linux_mount_setattr((int)fd, "", LINUX_AT_EMPTY_PATH, &attr, sizeof(attr)) == 0);
	HOLD(linux_statmount(&request, &buffer.mount, sizeof(buffer), 0) == 0);
	HOLD((buffer.mount.mnt_attr & both) == LINUX_MOUNT_ATTR_NOSUID);
	return 0;
}

static void test_mount_setattr(void **state)
{
	(void)state;
	in_child(mount_setattr_in_child);
}

static void test_clone3_and_pidfd(void **state)
{
	int pidfd = -1, status = 0;
	struct linux_clone_args args = { .flags = LINUX_CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = LINUX_SIGCHLD };
	struct linux_siginfo siginfo;
	long pid = linux_clone3(&args, sizeof(args));

	(void)state;
	if (pid == 0) {
		linux_prctl(LINUX_PR_SET_PDEATHSIG, LINUX_SIGKILL, 0, 0, 0);
		linux_ppoll(NULL, 0, NULL, NULL, 0);
		linux_exit_group(1);
	}
	need(pid);
	assert_true(pidfd >= 0);
	assert_int_equal(linux_pidfd_send_signal(pidfd, LINUX_SIGTERM, NULL, 0), 0);
	assert_int_equal(linux_waitid(LINUX_P_PIDFD, pidfd, &siginfo, LINUX_WEXITED | LINUX_WNOWAIT, NULL), 0);
	assert_int_equal(siginfo.si_signo, LINUX_SIGCHLD);
	assert_int_equal(siginfo.si_code, LINUX_CLD_KILLED);
	assert_int_equal(siginfo._sifields._sigchld._pid, pid);
	assert_int_equal(siginfo._sifields._sigchld._status, LINUX_SIGTERM);
	assert_int_equal(linux_wait4((int)pid, &status, 0, NULL), pid);
	assert_int_equal(WTERMSIG(status), LINUX_SIGTERM);
	linux_close((unsigned)pidfd);
}

static void test_exit_signal(void **state)
{
	struct linux_clone_args args = { .exit_signal = 0 };
	struct linux_siginfo siginfo;
	long pid = linux_clone3(&args, sizeof(args));

	(void)state;
	if (pid == 0)
		linux_exit_group(7);
	need(pid);
	/* Without a signal at its end it is no child for who does not ask for such. */
	assert_int_equal(linux_waitid(LINUX_P_PID, (int)pid, &siginfo, LINUX_WEXITED, NULL), -LINUX_ECHILD);
	assert_int_equal(linux_waitid(LINUX_P_PID, (int)pid, &siginfo, LINUX_WEXITED | LINUX_WCLONE, NULL), 0);
	assert_int_equal(siginfo.si_code, LINUX_CLD_EXITED);
	assert_int_equal(siginfo._sifields._sigchld._status, 7);
}

static void test_pidfd_ioctls(void **state)
{
	int pidfd = -1;
	struct linux_clone_args args = { .flags = LINUX_CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = LINUX_SIGCHLD };
	struct linux_pidfd_info info = { .mask = LINUX_PIDFD_INFO_PID | LINUX_PIDFD_INFO_CREDS | LINUX_PIDFD_INFO_EXIT };
	long ret, space, pid = linux_clone3(&args, sizeof(args));

	(void)state;
	if (pid == 0) {
		linux_prctl(LINUX_PR_SET_PDEATHSIG, LINUX_SIGKILL, 0, 0, 0);
		linux_ppoll(NULL, 0, NULL, NULL, 0);
		linux_exit_group(1);
	}
	need(pid);
	space = linux_ioctl((unsigned)pidfd, LINUX_PIDFD_GET_UTS_NAMESPACE, 0);
	ret = linux_ioctl((unsigned)pidfd, LINUX_PIDFD_GET_INFO, (uintptr_t)&info);
	assert_int_equal(linux_kill((int)pid, LINUX_SIGKILL), 0);
	assert_int_equal(linux_wait4((int)pid, NULL, 0, NULL), pid);
	if (ret == -LINUX_ENOTTY || ret == -LINUX_EINVAL)
		skip_because("PIDFD_GET_INFO came with Linux 6.13");
	need(space);
	assert_int_equal(inode((int)space, "", LINUX_AT_EMPTY_PATH), inode(LINUX_AT_FDCWD, "/proc/self/ns/uts", 0));
	linux_close((unsigned)space);
	need(ret);
	assert_int_equal(info.mask & (LINUX_PIDFD_INFO_PID | LINUX_PIDFD_INFO_CREDS), LINUX_PIDFD_INFO_PID | LINUX_PIDFD_INFO_CREDS);
	assert_int_equal(info.pid, pid);
	assert_int_equal(info.tgid, pid);
	assert_int_equal(info.ppid, linux_getpid());
	assert_int_equal(info.ruid, linux_getuid());
	assert_int_equal(info.fsgid, linux_getegid());
	assert_false(info.mask & LINUX_PIDFD_INFO_EXIT);
	info.mask = LINUX_PIDFD_INFO_EXIT;
	ret = linux_ioctl((unsigned)pidfd, LINUX_PIDFD_GET_INFO, (uintptr_t)&info);
	if (ret != -LINUX_ESRCH) {		/* Linux 6.15 */
		assert_int_equal(ret, 0);
		assert_true(info.mask & LINUX_PIDFD_INFO_EXIT);
		assert_int_equal(WTERMSIG(info.exit_code), LINUX_SIGKILL);
	}
	linux_close((unsigned)pidfd);
}

static void test_futex_waitv(void **state)
{
	unsigned words[2] = { 7, 8 };
	struct linux_futex_waitv waiters[2] = {
		{ .val = 7, .uaddr = (uintptr_t)&words[0], .flags = LINUX_FUTEX2_SIZE_U32 | LINUX_FUTEX2_PRIVATE },
		{ .val = 9, .uaddr = (uintptr_t)&words[1], .flags = LINUX_FUTEX2_SIZE_U32 | LINUX_FUTEX2_PRIVATE },
	};
	struct timespec past = { 0, 1 };
	long ret = linux_futex_waitv(waiters, 2, 0, NULL, 0);

	(void)state;
	if (ret == -LINUX_ENOSYS)
		skip_because("the kernel is older than futex_waitv");
	assert_int_equal(ret, -LINUX_EAGAIN);		/* the second word is not 9 */
	waiters[1].val = 8;
	assert_int_equal(linux_futex_waitv(waiters, 2, 0, &past, LINUX_CLOCK_MONOTONIC), -LINUX_ETIMEDOUT);
}

static long landlock_in_child(void)
{
	struct linux_landlock_ruleset_attr attr = { .handled_access_fs = LINUX_LANDLOCK_ACCESS_FS_READ_FILE };
	struct linux_landlock_path_beneath_attr rule = { .allowed_access = LINUX_LANDLOCK_ACCESS_FS_READ_FILE };
	long fd, file, version = linux_landlock_create_ruleset(NULL, 0, LINUX_LANDLOCK_CREATE_RULESET_VERSION);
	unsigned log = LINUX_LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF | LINUX_LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON |
		       LINUX_LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF;

	if (linux_is_error(version))
		return version;
	HOLD(version >= 1);
	fd = linux_landlock_create_ruleset(&attr, sizeof(attr.handled_access_fs), 0);
	HOLD(fd >= 0);
	rule.parent_fd = (int)linux_openat(LINUX_AT_FDCWD, "/proc", LINUX_O_PATH | LINUX_O_CLOEXEC, 0);
	HOLD(rule.parent_fd >= 0);
	HOLD(linux_landlock_add_rule((int)fd, LINUX_LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0);
	HOLD(linux_prctl(LINUX_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	/* Version 7, of Linux 6.15, logs denials, and takes flags to say which. */
	HOLD(linux_landlock_restrict_self((int)fd, 1u << 31) == -LINUX_EINVAL);
	HOLD(linux_landlock_restrict_self((int)fd, log) == (version >= 7 ? 0 : -LINUX_EINVAL));
	HOLD(linux_landlock_restrict_self((int)fd, 0) == 0);
	HOLD(linux_openat(LINUX_AT_FDCWD, "/dev/null", LINUX_O_RDONLY, 0) == -LINUX_EACCES);
	file = linux_openat(LINUX_AT_FDCWD, "/proc/self/stat", LINUX_O_RDONLY, 0);
	HOLD(file >= 0);
	if (version >= 7)
		HOLD(linux_landlock_create_ruleset(NULL, 0, LINUX_LANDLOCK_CREATE_RULESET_ERRATA) >= 0);
	if (version >= 4) {			/* a denial by the second field */
		struct linux_landlock_ruleset_attr net = { .handled_access_net = LINUX_LANDLOCK_ACCESS_NET_BIND_TCP };
		struct linux_sockaddr_in address = { .sin_family = LINUX_AF_INET, .sin_port = 0xffff };
		long sock = linux_socket(LINUX_AF_INET, LINUX_SOCK_STREAM, 0);

		fd = linux_landlock_create_ruleset(&net, offsetof(struct linux_landlock_ruleset_attr, scoped), 0);
		HOLD(fd >= 0);
		HOLD(linux_landlock_restrict_self((int)fd, 0) == 0);
		if (sock >= 0)
			HOLD(linux_bind((int)sock, (struct sockaddr *)&address, sizeof(address)) == -LINUX_EACCES);
	}
	return 0;
}

static void test_landlock(void **state)
{
	(void)state;
	in_child(landlock_in_child);
}

struct rings {
	struct linux_io_uring_params params;
	struct linux_io_uring_sqe *sqes;
	char *sq, *cq;
	unsigned fd;
};

static void *map_ring(const struct rings *rings, unsigned long size, unsigned long offset)
{
	long map = linux_mmap(0, size, LINUX_PROT_READ | LINUX_PROT_WRITE, LINUX_MAP_SHARED | LINUX_MAP_POPULATE, rings->fd, offset);

	assert_false(linux_is_error(map));
	return (void *)map;
}

/* Submit one request, and wait for its completion. */
static struct linux_io_uring_cqe submitted(const struct rings *rings, const struct linux_io_uring_sqe *sqe)
{
	unsigned *tail = (unsigned *)(rings->sq + rings->params.sq_off.tail), *head = (unsigned *)(rings->cq + rings->params.cq_off.head);
	unsigned slot = *tail & *(unsigned *)(rings->sq + rings->params.sq_off.ring_mask);
	struct linux_io_uring_cqe cqe;

	rings->sqes[slot] = *sqe;
	((unsigned *)(rings->sq + rings->params.sq_off.array))[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	assert_int_equal(linux_io_uring_enter(rings->fd, 1, 1, LINUX_IORING_ENTER_GETEVENTS, NULL, 0), 1);
	assert_int_equal(__atomic_load_n((unsigned *)(rings->cq + rings->params.cq_off.tail), __ATOMIC_ACQUIRE), *head + 1);
	cqe = ((struct linux_io_uring_cqe *)(rings->cq + rings->params.cq_off.cqes))[*head & *(unsigned *)(rings->cq + rings->params.cq_off.ring_mask)];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return cqe;
}

static void test_io_uring(void **state)
{
	struct rings rings = { .fd = 0 };
	struct linux_io_uring_sqe sqe = { .opcode = LINUX_IORING_OP_NOP, .user_data = 0x1234567890ull };
	struct linux_io_uring_cqe cqe;
	char text[8] = "";
	long fd = linux_io_uring_setup(4, &rings.params), file = linux_memfd_create("test", LINUX_MFD_CLOEXEC);

	(void)state;
	need(fd);
	need(file);
	rings.fd = (unsigned)fd;
	rings.sq = map_ring(&rings, rings.params.sq_off.array + rings.params.sq_entries * sizeof(unsigned), LINUX_IORING_OFF_SQ_RING);
	rings.cq = map_ring(&rings, rings.params.cq_off.cqes + rings.params.cq_entries * sizeof(cqe), LINUX_IORING_OFF_CQ_RING);
	rings.sqes = map_ring(&rings, rings.params.sq_entries * sizeof(sqe), LINUX_IORING_OFF_SQES);
	cqe = submitted(&rings, &sqe);
	assert_int_equal(cqe.user_data, 0x1234567890ull);
	assert_int_equal(cqe.res, 0);

	assert_int_equal(linux_write((unsigned)file, "0123456789", 10), 10);
	sqe.opcode = LINUX_IORING_OP_READ;
	sqe.fd = (int)file;
	sqe.addr = (uintptr_t)text;
	sqe.len = 4;
	sqe.off = 3;
	sqe.user_data = 5;
	cqe = submitted(&rings, &sqe);
	assert_int_equal(cqe.user_data, 5);
	assert_int_equal(cqe.res, 4);
	assert_string_equal(text, "3456");
	sqe.fd = -1;
	assert_int_equal(submitted(&rings, &sqe).res, -LINUX_EBADF);
	linux_close((unsigned)file);
	linux_close(rings.fd);
}

static void test_file_getattr(void **state)
{
	struct linux_file_attr attr = { 0 };

	(void)state;
	need(linux_file_getattr(LINUX_AT_FDCWD, "/", &attr, sizeof(attr), 0));
	assert_int_equal(attr.fa_xflags & LINUX_FS_XFLAG_IMMUTABLE, 0);
}

static void test_sched_getattr(void **state)
{
	struct linux_sched_attr attr = { 0 };

	(void)state;
	need(linux_sched_getattr(0, &attr, sizeof(attr), 0));
	assert_int_equal(attr.size, sizeof(attr));
	assert_int_equal(attr.sched_policy, LINUX_SCHED_NORMAL);
}

static void test_seccomp_sizes(void **state)
{
	struct linux_seccomp_notif_sizes sizes = { 0, 0, 0 };

	(void)state;
	need(linux_seccomp(LINUX_SECCOMP_GET_NOTIF_SIZES, 0, &sizes));
	assert_int_equal(sizes.seccomp_notif, sizeof(struct linux_seccomp_notif));
	assert_int_equal(sizes.seccomp_notif_resp, sizeof(struct linux_seccomp_notif_resp));
	assert_int_equal(sizes.seccomp_data, sizeof(struct linux_seccomp_data));
}

/* A child under a filter asks, its parent sees what and answers in the kernel's place. */
static void test_seccomp_notification(void **state)
{
	struct linux_sock_filter code[] = {
		{ .code = LINUX_BPF_LD | LINUX_BPF_W | LINUX_BPF_ABS, .k = offsetof(struct linux_seccomp_data, nr) },
		{ .code = LINUX_BPF_JMP | LINUX_BPF_JEQ | LINUX_BPF_K, .jt = 0, .jf = 1, .k = LINUX_NR_kcmp },
		{ .code = LINUX_BPF_RET | LINUX_BPF_K, .k = LINUX_SECCOMP_RET_USER_NOTIF },
		{ .code = LINUX_BPF_RET | LINUX_BPF_K, .k = LINUX_SECCOMP_RET_ALLOW },
	};
	struct linux_sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	struct linux_seccomp_notif asked;
	struct linux_seccomp_notif_resp answer;
	struct pollfd readable;
	/* Shared, as under a wrong filter the child could not say it by a call. */
	volatile long *listener = (long *)linux_mmap(0, sizeof(long), LINUX_PROT_READ | LINUX_PROT_WRITE,
						     LINUX_MAP_SHARED | LINUX_MAP_ANONYMOUS, -1ul, 0);
	long pid, ret;
	int i, status = 0;

	(void)state;
	assert_false(linux_is_error((long)listener));
	pid = linux_clone(LINUX_CLONE_FILES | LINUX_SIGCHLD, 0, NULL, 0, 0);
	if (pid == 0) {
		/* Nobody answers it when its parent has failed. */
		linux_prctl(LINUX_PR_SET_PDEATHSIG, LINUX_SIGKILL, 0, 0, 0);
		ret = linux_prctl(LINUX_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (ret == 0)
			ret = linux_seccomp(LINUX_SECCOMP_SET_MODE_FILTER, LINUX_SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
		*listener = ret;
		while (linux_is_error(ret))
			linux_ppoll(NULL, 0, NULL, NULL, 0);
		if (linux_kcmp(11, -12, 13, 0x123456789abcdefull, 0xfedcba9876543210ull) != 0x7123456789l)
			linux_exit_group(2);
		linux_exit_group(linux_kcmp(11, -12, 13, 0x123456789abcdefull, 0xfedcba9876543210ull) == -LINUX_EXFULL ? 0 : 3);
	}
	assert_true(pid > 0);
	while (!*listener)
		assert_int_equal(linux_wait4((int)pid, &status, LINUX_WNOHANG, NULL), 0);
	if (linux_is_error(*listener)) {
		linux_kill((int)pid, LINUX_SIGKILL);
		linux_wait4((int)pid, NULL, 0, NULL);
	}
	need(*listener);
	readable.fd = (int)*listener;
	readable.events = LINUX_POLLIN;
	for (i = 0; i < 2; i++) {
		/* It hangs up if the child dies instead of asking. */
		assert_int_equal(poll(&readable, 1, -1), 1);
		assert_int_equal(readable.revents & (LINUX_POLLIN | LINUX_POLLHUP), LINUX_POLLIN);
		memset(&asked, 0, sizeof(asked));
		assert_int_equal(linux_ioctl((unsigned)readable.fd, LINUX_SECCOMP_IOCTL_NOTIF_RECV, (uintptr_t)&asked), 0);
		memset(&answer, 0, sizeof(answer));
		answer.id = asked.id;
		if (i)
			answer.error = -LINUX_EXFULL;
		else
			answer.val = 0x7123456789ll;
		assert_int_equal(linux_ioctl((unsigned)readable.fd, LINUX_SECCOMP_IOCTL_NOTIF_ID_VALID, (uintptr_t)&asked.id), 0);
		assert_int_equal(linux_ioctl((unsigned)readable.fd, LINUX_SECCOMP_IOCTL_NOTIF_SEND, (uintptr_t)&answer), 0);
		assert_int_equal(asked.pid, pid);
		assert_int_equal(asked.data.nr, LINUX_NR_kcmp);
		assert_int_equal(asked.data.arch, AUDIT);
		assert_true(asked.data.instruction_pointer);
		assert_int_equal(asked.data.args[0], 11);
		assert_int_equal((int)asked.data.args[1], -12);
		assert_int_equal(asked.data.args[2], 13);
		assert_int_equal(asked.data.args[3], 0x123456789abcdefull);
		assert_int_equal(asked.data.args[4], 0xfedcba9876543210ull);
	}
	assert_int_equal(linux_wait4((int)pid, &status, 0, NULL), pid);
	assert_int_equal(status, 0);
	linux_close((unsigned)readable.fd);
}

static void test_listns(void **state)
{
	struct linux_ns_id_req request = { .size = LINUX_NS_ID_REQ_SIZE_VER0, .ns_type = LINUX_CLONE_NEWUTS };
	static unsigned long long ids[4096];
	unsigned long long mine = 0;
	long i, found = 0, count = linux_listns(&request, ids, 4096, 0);
	long fd = linux_openat(LINUX_AT_FDCWD, "/proc/self/ns/uts", LINUX_O_RDONLY | LINUX_O_CLOEXEC, 0);

	(void)state;
	need(count);
	need(fd);
	assert_int_equal(linux_ioctl((unsigned)fd, LINUX_NS_GET_NSTYPE, 0), LINUX_CLONE_NEWUTS);
	assert_int_equal(linux_ioctl((unsigned)fd, LINUX_NS_GET_ID, (uintptr_t)&mine), 0);
	for (i = 0; i < count; i++)
		found += ids[i] == mine;
	assert_int_equal(found, 1);
	linux_close((unsigned)fd);
}

static void test_keyctl(void **state)
{
	char text[8] = "";
	long key = linux_add_key("user", "liblinux", "secret", 6, LINUX_KEY_SPEC_PROCESS_KEYRING);

	(void)state;
	need(key);
	assert_int_equal(linux_keyctl(LINUX_KEYCTL_READ, (unsigned long)key, (uintptr_t)text, sizeof(text), 0), 6);
	assert_memory_equal(text, "secret", 6);
}

#ifndef RSEQ_SIG		/* this libc registers no area for this architecture */
# define RSEQ_SIG 0
#endif

static char *thread_pointer(void)
{
	char *pointer;

	THREAD_POINTER(pointer);
	return pointer;
}

static void test_rseq(void **state)
{
	struct linux_rseq *area = (struct linux_rseq *)(thread_pointer() + __rseq_offset);
	unsigned cpu = -1u;

	(void)state;
	if (__rseq_size == 0)
		skip_because("the libc registered no rseq area");
	assert_int_equal(linux_rseq(area, 32, 0, RSEQ_SIG), -LINUX_EBUSY);	/* a libc registered the first 32 bytes */
	do {
		need(linux_getcpu(&cpu, NULL, NULL));
	} while (cpu != area->cpu_id);		/* it may have moved meanwhile */
}

static void test_sigaction(void **state)
{
	struct linux_sigaction action;

	(void)state;
	need(linux_rt_sigaction(LINUX_SIGUSR2, NULL, &action, 8));
	assert_true(action.sa_handler_ == NULL);
	assert_int_equal(linux_rt_sigaction(LINUX_SIGUSR2, NULL, &action, sizeof(action)), -LINUX_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statx),
		cmocka_unit_test(test_fstat),
		cmocka_unit_test(test_cachestat),
		cmocka_unit_test(test_statmount_and_listmount),
		cmocka_unit_test(test_openat2),
		cmocka_unit_test(test_mount_setattr),
		cmocka_unit_test(test_clone3_and_pidfd),
		cmocka_unit_test(test_exit_signal),
		cmocka_unit_test(test_pidfd_ioctls),
		cmocka_unit_test(test_futex_waitv),
		cmocka_unit_test(test_landlock),
		cmocka_unit_test(test_io_uring),
		cmocka_unit_test(test_file_getattr),
		cmocka_unit_test(test_sched_getattr),
		cmocka_unit_test(test_seccomp_sizes),
		cmocka_unit_test(test_seccomp_notification),
		cmocka_unit_test(test_listns),
		cmocka_unit_test(test_keyctl),
		cmocka_unit_test(test_rseq),
		cmocka_unit_test(test_sigaction),
	};

	give_reasons();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
