/* SPDX-License-Identifier: MIT */
/*
 * Calls with their structs and flags, on the running kernel: what it wrote is read back through
 * our fields. One include, and nothing of the kernel's headers.
 */
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

/* A kernel older than the call, or a sandbox, is no failure of ours. */
static void need(long ret)
{
	if (ret == -LINUX_ENOSYS || ret == -LINUX_EPERM || ret == -LINUX_EOPNOTSUPP)
		skip();
	if (linux_is_error(ret))
		fail_msg("errno %ld", -ret);
}

static void test_statx(void **state)
{
	struct linux_statx ours;
	struct stat theirs;

	(void)state;
	assert_int_equal(stat("/bin/sh", &theirs), 0);
	need(linux_statx(LINUX_AT_FDCWD, "/bin/sh", 0, LINUX_STATX_BASIC_STATS, &ours));
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

static void test_openat2(void **state)
{
	struct linux_open_how how = { .flags = LINUX_O_RDONLY | LINUX_O_CLOEXEC, .resolve = LINUX_RESOLVE_NO_SYMLINKS };
	long fd = linux_openat2(LINUX_AT_FDCWD, "/proc/self", &how, sizeof(how));

	(void)state;
	if (fd != -LINUX_ELOOP)
		need(fd);
	assert_int_equal(fd, -LINUX_ELOOP);
	how.resolve = 0;
	fd = linux_openat2(LINUX_AT_FDCWD, "/proc/self", &how, sizeof(how));
	assert_false(linux_is_error(fd));
	linux_close((unsigned)fd);
}

static void test_clone3_and_pidfd(void **state)
{
	int pidfd = -1, status = 0;
	struct linux_clone_args args = { .flags = LINUX_CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = LINUX_SIGCHLD };
	struct linux_pidfd_info info = { .mask = LINUX_PIDFD_INFO_PID };
	struct linux_siginfo siginfo;
	long pid = linux_clone3(&args, sizeof(args)), ret;

	(void)state;
	if (pid == 0) {
		linux_pause();
		linux_exit_group(1);
	}
	need(pid);
	assert_true(pidfd >= 0);
	ret = linux_ioctl((unsigned)pidfd, LINUX_PIDFD_GET_INFO, (uintptr_t)&info);
	assert_int_equal(linux_pidfd_send_signal(pidfd, LINUX_SIGTERM, NULL, 0), 0);
	assert_int_equal(linux_waitid(LINUX_P_PIDFD, pidfd, &siginfo, LINUX_WEXITED | LINUX_WNOWAIT, NULL), 0);
	assert_int_equal(siginfo.si_signo, LINUX_SIGCHLD);
	assert_int_equal(siginfo.si_code, LINUX_CLD_KILLED);
	assert_int_equal(siginfo._sifields._sigchld._pid, pid);
	assert_int_equal(siginfo._sifields._sigchld._status, LINUX_SIGTERM);
	assert_int_equal(linux_wait4((int)pid, &status, 0, NULL), pid);
	assert_int_equal(WTERMSIG(status), LINUX_SIGTERM);
	if (ret == 0)		/* Linux 6.13 */
		assert_int_equal(info.pid, pid);
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
		skip();
	assert_int_equal(ret, -LINUX_EAGAIN);		/* the second word is not 9 */
	waiters[1].val = 8;
	assert_int_equal(linux_futex_waitv(waiters, 2, 0, &past, 1 /* CLOCK_MONOTONIC */), -LINUX_ETIMEDOUT);
}

static void test_landlock(void **state)
{
	struct linux_landlock_ruleset_attr attr = { .handled_access_fs = LINUX_LANDLOCK_ACCESS_FS_READ_FILE };
	long fd, pid, version = linux_landlock_create_ruleset(NULL, 0, LINUX_LANDLOCK_CREATE_RULESET_VERSION);
	int status = 0;

	(void)state;
	need(version);
	assert_true(version >= 1);
	fd = linux_landlock_create_ruleset(&attr, sizeof(attr.handled_access_fs), 0);
	need(fd);
	pid = linux_clone(LINUX_SIGCHLD, 0, NULL, 0, 0);
	if (pid == 0) {
		if (linux_prctl(LINUX_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || linux_landlock_restrict_self((int)fd, 0))
			linux_exit_group(2);
		linux_exit_group(linux_openat(LINUX_AT_FDCWD, "/etc/passwd", LINUX_O_RDONLY, 0) == -LINUX_EACCES ? 0 : 1);
	}
	assert_int_equal(linux_wait4((int)pid, &status, 0, NULL), pid);
	assert_int_equal(status, 0);
	linux_close((unsigned)fd);
}

static void test_io_uring(void **state)
{
	struct linux_io_uring_params params = { 0 };
	struct linux_io_uring_sqe *sqes;
	struct linux_io_uring_cqe *cqe;
	char *sq, *cq;
	unsigned tail;
	long fd = linux_io_uring_setup(4, &params);

	(void)state;
	need(fd);
	sq = (char *)linux_mmap(0, params.sq_off.array + params.sq_entries * sizeof(unsigned), LINUX_PROT_READ | LINUX_PROT_WRITE,
				LINUX_MAP_SHARED | LINUX_MAP_POPULATE, (unsigned long)fd, LINUX_IORING_OFF_SQ_RING);
	cq = (char *)linux_mmap(0, params.cq_off.cqes + params.cq_entries * sizeof(*cqe), LINUX_PROT_READ | LINUX_PROT_WRITE,
				LINUX_MAP_SHARED | LINUX_MAP_POPULATE, (unsigned long)fd, LINUX_IORING_OFF_CQ_RING);
	sqes = (struct linux_io_uring_sqe *)linux_mmap(0, params.sq_entries * sizeof(*sqes), LINUX_PROT_READ | LINUX_PROT_WRITE,
				LINUX_MAP_SHARED | LINUX_MAP_POPULATE, (unsigned long)fd, LINUX_IORING_OFF_SQES);
	assert_false(linux_is_error((long)sq) || linux_is_error((long)cq) || linux_is_error((long)sqes));
	memset(&sqes[0], 0, sizeof(sqes[0]));
	sqes[0].opcode = LINUX_IORING_OP_NOP;
	sqes[0].user_data = 0x1234567890ull;
	tail = *(unsigned *)(sq + params.sq_off.tail);
	((unsigned *)(sq + params.sq_off.array))[tail & *(unsigned *)(sq + params.sq_off.ring_mask)] = 0;
	__atomic_store_n((unsigned *)(sq + params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	assert_int_equal(linux_io_uring_enter((unsigned)fd, 1, 1, LINUX_IORING_ENTER_GETEVENTS, NULL, 0), 1);
	cqe = (struct linux_io_uring_cqe *)(cq + params.cq_off.cqes);
	assert_int_equal(cqe->user_data, 0x1234567890ull);
	assert_int_equal(cqe->res, 0);
	linux_close((unsigned)fd);
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

static void test_keyctl(void **state)
{
	char text[8] = "";
	long key = linux_add_key("user", "liblinux", "secret", 6, LINUX_KEY_SPEC_PROCESS_KEYRING);

	(void)state;
	need(key);
	assert_int_equal(linux_keyctl(LINUX_KEYCTL_READ, (unsigned long)key, (uintptr_t)text, sizeof(text), 0), 6);
	assert_memory_equal(text, "secret", 6);
}

static char *thread_pointer(void)
{
	char *pointer;

#ifdef __x86_64__
	__asm__("mov %%fs:0, %0" : "=r"(pointer));
#else
	__asm__("mrs %0, tpidr_el0" : "=r"(pointer));
#endif
	return pointer;
}

static void test_rseq(void **state)
{
	struct linux_rseq *area = (struct linux_rseq *)(thread_pointer() + __rseq_offset);
	unsigned cpu = -1u;

	(void)state;
	if (__rseq_size == 0)
		skip();
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
		cmocka_unit_test(test_clone3_and_pidfd),
		cmocka_unit_test(test_futex_waitv),
		cmocka_unit_test(test_landlock),
		cmocka_unit_test(test_io_uring),
		cmocka_unit_test(test_file_getattr),
		cmocka_unit_test(test_sched_getattr),
		cmocka_unit_test(test_seccomp_sizes),
		cmocka_unit_test(test_keyctl),
		cmocka_unit_test(test_rseq),
		cmocka_unit_test(test_sigaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
