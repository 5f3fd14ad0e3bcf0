/* SPDX-License-Identifier: MIT */
/*
 * <liblinux/vdso.h> on the vDSO of this kernel, on those of vdso_images.py, and on damaged
 * copies of all of them between pages that cannot be read. SEED, ROUNDS and IMAGE in the
 * environment say how they are damaged, how many times each, and which.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <liblinux/liblinux.h>
#include <liblinux/vdso.h>
#include "skip.h"
#include "vdso_images.h"

static const struct image {
	const char *name;
	const unsigned char *bytes;
	size_t size;
} images[] = {
#define IMAGE(name) { #name, image_##name, sizeof(image_##name) },
	IMAGES(IMAGE)
};
#define IMAGE_COUNT (sizeof(images) / sizeof(*images))

static const char *const names[] = {
	LIBLINUX_VDSO_NAME(clock_gettime), LIBLINUX_VDSO_NAME(clock_getres), LIBLINUX_VDSO_NAME(gettimeofday),
	LIBLINUX_VDSO_NAME(time), LIBLINUX_VDSO_NAME(getcpu), LIBLINUX_VDSO_NAME(getrandom),
};
#define NAME_COUNT (sizeof(names) / sizeof(*names))

static const struct linux_vdso none;

/* The vDSO of this process; not every emulator has one. */
static const void *own_image(void)
{
	const void *image = linux_vdso_find(NULL);

	if (!image)
		skip_because("no vDSO here");
	return image;
}

static struct linux_vdso own(void)
{
	struct linux_vdso vdso;

	linux_vdso_init(&vdso, own_image());
	return vdso;
}

/* A vDSO as the kernel maps one. */
static const void *map(const struct image *image)
{
	void *pages = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	memcpy(pages, image->bytes, image->size);
	assert_int_equal(mprotect(pages, image->size, PROT_READ | PROT_EXEC), 0);
	__builtin___clear_cache((char *)pages, (char *)pages + image->size);
	return pages;
}

static const struct image *named(const char *name)
{
	size_t i;

	for (i = 0; strcmp(images[i].name, name); i++)
		assert_true(i + 1 < IMAGE_COUNT);
	return images + i;
}

/* Where the vDSO is. */

static void test_find(void **state)
{
	const unsigned long before[] = { LINUX_AT_PAGESZ, 4096, LINUX_AT_SYSINFO_EHDR, 4711, LINUX_AT_NULL, 0 };
	const unsigned long behind[] = { LINUX_AT_PAGESZ, LINUX_AT_SYSINFO_EHDR, LINUX_AT_NULL, 0, LINUX_AT_SYSINFO_EHDR, 4711 };

	(void)state;
	assert_ptr_equal(linux_vdso_find(before), (void *)4711);
	assert_null(linux_vdso_find(behind));
	assert_ptr_equal(linux_vdso_find(NULL), (void *)getauxval(AT_SYSINFO_EHDR));
}

/*
 * In a child whose filter lets prctl(PR_GET_AUXV) fail with EINVAL, as before Linux 6.4, or
 * openat with ENOENT, or both: does it still find the vDSO?
 */
static int finds_without(int prctl_too, int openat_too)
{
	struct linux_sock_filter code[] = {
		{ LINUX_BPF_LD | LINUX_BPF_W | LINUX_BPF_ABS, 0, 0, offsetof(struct linux_seccomp_data, nr) },
		{ LINUX_BPF_JMP | LINUX_BPF_JEQ | LINUX_BPF_K, 0, 1, prctl_too ? LINUX_NR_prctl : -1u },
		{ LINUX_BPF_RET | LINUX_BPF_K, 0, 0, (unsigned int)LINUX_SECCOMP_RET_ERRNO | LINUX_EINVAL },
		{ LINUX_BPF_JMP | LINUX_BPF_JEQ | LINUX_BPF_K, 0, 1, openat_too ? LINUX_NR_openat : -1u },
		{ LINUX_BPF_RET | LINUX_BPF_K, 0, 0, (unsigned int)LINUX_SECCOMP_RET_ERRNO | LINUX_ENOENT },
		{ LINUX_BPF_RET | LINUX_BPF_K, 0, 0, (unsigned int)LINUX_SECCOMP_RET_ALLOW },
	};
	struct linux_sock_fprog program = { sizeof(code) / sizeof(*code), code };
	const void *wanted = (const void *)getauxval(AT_SYSINFO_EHDR);
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    linux_seccomp(LINUX_SECCOMP_SET_MODE_FILTER, 0, (void *)&program))
			_exit(2);
		_exit(linux_vdso_find(NULL) == wanted);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		skip_because("no filters of system calls here");
	return WEXITSTATUS(status);
}

static void test_find_by_proc(void **state)
{
	(void)state;
	own_image();
	assert_true(finds_without(1, 0));
	assert_false(finds_without(1, 1));
}

static void test_find_by_prctl(void **state)
{
	char byte[16];

	(void)state;
	own_image();
	if (prctl(LINUX_PR_GET_AUXV, byte, sizeof(byte), 0, 0) < 0)
		skip_because("no PR_GET_AUXV before Linux 6.4");
	assert_true(finds_without(0, 1));
}

/* What the calls return: the same as the system calls. */

static int ordered(const struct timespec *one, const struct timespec *two)
{
	return one->tv_sec < two->tv_sec || (one->tv_sec == two->tv_sec && one->tv_nsec <= two->tv_nsec);
}

static void agree(const struct linux_vdso *vdso)
{
	static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
		CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	struct timespec before, now, after;
	struct timeval tv_before, tv_now, tv_after;
	unsigned long mask[128];
	unsigned int cpu = -1u, node = -1u, raw_cpu, raw_node;
	long ret;
	size_t i;

	for (i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		/* Somebody may set the clock in between, but not always. */
		int tries = 100;

		do {
			assert_int_equal(linux_clock_gettime(clocks[i], &before), 0);
			assert_int_equal(linux_vdso_clock_gettime(vdso, clocks[i], &now), 0);
			assert_int_equal(linux_clock_gettime(clocks[i], &after), 0);
		} while ((!ordered(&before, &now) || !ordered(&now, &after)) && --tries);
		assert_true(tries);
		assert_int_equal(linux_clock_getres(clocks[i], &before), 0);
		memset(&now, 0x55, sizeof(now));
		assert_int_equal(linux_vdso_clock_getres(vdso, clocks[i], &now), 0);
		assert_memory_equal(&before, &now, sizeof(now));
	}
	assert_int_equal(linux_vdso_clock_gettime(vdso, 4711, &now), -LINUX_EINVAL);
	assert_int_equal(linux_vdso_clock_getres(vdso, 4711, &now), -LINUX_EINVAL);
	assert_int_equal(linux_vdso_clock_getres(vdso, CLOCK_MONOTONIC, NULL), 0);

	for (i = 100; i; i--) {
		assert_int_equal(linux_gettimeofday(&tv_before, NULL), 0);
		assert_int_equal(linux_vdso_gettimeofday(vdso, &tv_now, NULL), 0);
		assert_int_equal(linux_gettimeofday(&tv_after, NULL), 0);
		if (!timercmp(&tv_before, &tv_now, >) && !timercmp(&tv_now, &tv_after, >))
			break;
	}
	assert_true(i);
#ifdef linux_time
	for (i = 100; i; i--) {
		long first = linux_time(NULL), stored = 0, last;

		ret = linux_vdso_time(vdso, &stored);
		last = linux_time(NULL);
		assert_int_equal(ret, stored);
		if (first <= ret && ret <= last)
			break;
	}
	assert_true(i);
#endif

	/* On one processor it is always the same. */
	ret = linux_sched_getaffinity(0, sizeof(mask), mask);
	assert_true(ret > 0);
	for (i = 0; i < (size_t)ret / sizeof(*mask) && !mask[i]; i++)
		;
	mask[i] &= -mask[i];
	memset(mask + i + 1, 0, sizeof(mask) - (i + 1) * sizeof(*mask));
	assert_int_equal(linux_sched_setaffinity(0, sizeof(mask), mask), 0);
	assert_int_equal(linux_getcpu(&raw_cpu, &raw_node, NULL), 0);
	assert_int_equal(linux_vdso_getcpu(vdso, &cpu, &node), 0);
	assert_int_equal(cpu, raw_cpu);
	assert_int_equal(node, raw_node);
}

static void test_agrees(void **state)
{
	struct linux_vdso vdso = own();

	(void)state;
	/* Every vDSO of the kernels that this is for has these. */
	assert_non_null(vdso.clock_gettime_);
	assert_non_null(vdso.gettimeofday_);
	assert_non_null(vdso.clock_getres_);
	agree(&vdso);
}

static void test_agrees_without_one(void **state)
{
	struct linux_vdso vdso;

	(void)state;
	agree(&none);
	memset(&vdso, 0x55, sizeof(vdso));
	linux_vdso_init(&vdso, NULL);
	assert_memory_equal(&vdso, &none, sizeof(vdso));
}

/* The system calls return EFAULT, which no vDSO does. */
static void test_without_one_it_is_the_call(void **state)
{
	struct linux_vgetrandom_opaque_params params;

	(void)state;
	assert_int_equal(linux_vdso_clock_gettime(&none, CLOCK_MONOTONIC, (struct timespec *)1), -LINUX_EFAULT);
	/* qemu-user accepts it. */
	assert_int_equal(linux_vdso_clock_getres(&none, CLOCK_MONOTONIC, (struct timespec *)1),
			 linux_clock_getres(CLOCK_MONOTONIC, (struct timespec *)1));
	assert_int_equal(linux_vdso_gettimeofday(&none, (struct timeval *)1, NULL), -LINUX_EFAULT);
#ifdef linux_time
	assert_int_equal(linux_vdso_time(&none, (long *)1), -LINUX_EFAULT);
#endif
	assert_int_equal(linux_vdso_getcpu(&none, (unsigned int *)1, NULL), -LINUX_EFAULT);
	assert_int_equal(linux_vdso_getrandom(&none, (void *)1, 1, 0, NULL, 0), -LINUX_EFAULT);
	assert_int_equal(linux_vdso_getrandom(&none, NULL, 0, 0, &params, ~0ul), -LINUX_ENOSYS);
}

/* Random bytes */

static struct linux_vgetrandom_opaque_params params;

static char *random_states(const struct linux_vdso *vdso)
{
	void *states;

	if (!vdso->getrandom_)
		skip_because("this vDSO has no getrandom");
	memset(&params, 0x55, sizeof(params));
	assert_int_equal(linux_vdso_getrandom(vdso, NULL, 0, 0, &params, ~0ul), 0);
	assert_in_range(params.size_of_opaque_state, 1, 4096);
	states = (void *)linux_mmap(0, 4096, params.mmap_prot, params.mmap_flags, -1ul, 0);
	assert_false(linux_is_error((long)states));
	return states;
}

static void test_getrandom(void **state)
{
	struct linux_vdso vdso = own();
	char *states = random_states(&vdso), one[256] = { 0 }, two[256] = { 0 }, zeros[256] = { 0 };
	unsigned int size = params.size_of_opaque_state;

	(void)state;
	assert_int_equal(linux_vdso_getrandom(&vdso, one, sizeof(one), 0, states, size), sizeof(one));
	assert_int_equal(linux_vdso_getrandom(&vdso, two, sizeof(two), LINUX_GRND_NONBLOCK, states, size), sizeof(two));
	assert_memory_not_equal(one, zeros, sizeof(one));
	assert_memory_not_equal(two, zeros, sizeof(two));
	assert_memory_not_equal(one, two, sizeof(one));
	if (2 * size <= 4096)
		assert_int_equal(linux_vdso_getrandom(&vdso, two, 1, 0, states + size, size), 1);
	assert_int_equal(linux_vdso_getrandom(&vdso, NULL, 0, 0, states, size), 0);
	assert_int_equal(linux_vdso_getrandom(&vdso, one, 1, 0x80000000u, states, size), -LINUX_EINVAL);
	munmap(states, 4096);
}

/* Parent and child get other bytes from what was one state. */
static void test_getrandom_after_fork(void **state)
{
	struct linux_vdso vdso = own();
	char *states = random_states(&vdso), bytes[32], of_child[32];
	unsigned int size = params.size_of_opaque_state;
	int ends[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(linux_vdso_getrandom(&vdso, bytes, 1, 0, states, size), 1);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (linux_vdso_getrandom(&vdso, bytes, sizeof(bytes), 0, states, size) != sizeof(bytes))
			_exit(1);
		_exit(write(ends[1], bytes, sizeof(bytes)) != sizeof(bytes));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], of_child, sizeof(of_child)), sizeof(of_child));
	assert_int_equal(linux_vdso_getrandom(&vdso, bytes, sizeof(bytes), 0, states, size), sizeof(bytes));
	assert_memory_not_equal(bytes, of_child, sizeof(bytes));
	close(ends[0]);
	close(ends[1]);
	munmap(states, 4096);
}

/* Images of our own */

static void all_are_there(const char *name)
{
	struct linux_vdso vdso;

	linux_vdso_init(&vdso, map(named(name)));
	assert_int_equal(linux_vdso_clock_gettime(&vdso, 0, NULL), 1000);
	assert_int_equal(linux_vdso_clock_getres(&vdso, 0, NULL), 1001);
	assert_int_equal(linux_vdso_gettimeofday(&vdso, NULL, NULL), 1002);
#ifdef linux_time
	assert_int_equal(linux_vdso_time(&vdso, NULL), 1003);
#endif
	assert_int_equal(linux_vdso_getcpu(&vdso, NULL, NULL), 1004);
	assert_int_equal(linux_vdso_getrandom(&vdso, NULL, 0, 0, NULL, 0), 1005);
}

static void test_hash_tables(void **state)
{
	(void)state;
	all_are_there("both");
	all_are_there("sysv");
	all_are_there("gnu");
}

static void test_linked_to_another_address(void **state)
{
	(void)state;
	all_are_there("high");
}

/* A symbol twice: the older version is ours, and not the default. */
static void test_two_versions(void **state)
{
	(void)state;
	all_are_there("two_sysv");
	all_are_there("two_gnu");
}

static void nothing_is_there(const char *name)
{
	struct linux_vdso vdso;

	linux_vdso_init(&vdso, map(named(name)));
	assert_memory_equal(&vdso, &none, sizeof(vdso));
}

static void test_refused(void **state)
{
	(void)state;
	nothing_is_there("wrong_sysv");
	nothing_is_there("wrong_gnu");
	nothing_is_there("none");
	nothing_is_there("objects");
}

static void test_missing_symbols(void **state)
{
	struct linux_vdso vdso;

	(void)state;
	linux_vdso_init(&vdso, map(named("few")));
	assert_int_equal(linux_vdso_clock_getres(&vdso, 0, NULL), 1001);
	assert_int_equal(linux_vdso_getcpu(&vdso, NULL, NULL), 1004);
	assert_int_equal(linux_vdso_clock_gettime(&vdso, CLOCK_MONOTONIC, (struct timespec *)1), -LINUX_EFAULT);
	assert_null(vdso.gettimeofday_);
	assert_null(vdso.time_);
	assert_null(vdso.getrandom_);
}

static void test_symbol(void **state)
{
	const struct image *image = named("both");
	const char *pages = map(image);

	(void)state;
	assert_non_null(linux_vdso_symbol(pages, ~0ul, names[0], LIBLINUX_VDSO_VERSION));
	assert_ptr_equal(linux_vdso_symbol(pages, image->size, names[0], LIBLINUX_VDSO_VERSION),
			 linux_vdso_symbol(pages, ~0ul, names[0], LIBLINUX_VDSO_VERSION));
	assert_null(linux_vdso_symbol(pages, ~0ul, names[0], "LINUX_2.6.3"));
	assert_null(linux_vdso_symbol(pages, ~0ul, names[0], ""));
	assert_null(linux_vdso_symbol(pages, ~0ul, "", LIBLINUX_VDSO_VERSION));
	assert_null(linux_vdso_symbol(pages, ~0ul, LIBLINUX_VDSO_NAME(clock_gettim), LIBLINUX_VDSO_VERSION));
	assert_null(linux_vdso_symbol(pages, ~0ul, LIBLINUX_VDSO_NAME(clock_gettime2), LIBLINUX_VDSO_VERSION));
	assert_null(linux_vdso_symbol(NULL, image->size, names[0], LIBLINUX_VDSO_VERSION));
	assert_null(linux_vdso_symbol(pages + 1, image->size - 1, names[0], LIBLINUX_VDSO_VERSION));
	assert_null(linux_vdso_symbol(pages, 0, names[0], LIBLINUX_VDSO_VERSION));
	assert_null(linux_vdso_symbol(pages, 1, names[0], LIBLINUX_VDSO_VERSION));
}

/* Arguments go where they belong. */

static unsigned long seen[5];

static int fake_clock(int which_clock, struct timespec *tp)
{
	seen[0] = (unsigned long)which_clock;
	seen[1] = (unsigned long)tp;
	return -7;
}

static int fake_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	seen[0] = (unsigned long)tv;
	seen[1] = (unsigned long)tz;
	return -7;
}

static long fake_getcpu(unsigned int *cpup, unsigned int *nodep, void *unused)
{
	seen[0] = (unsigned long)cpup;
	seen[1] = (unsigned long)nodep;
	seen[2] = (unsigned long)unused;
	return -7;
}

static long fake_getrandom(void *buffer, unsigned long len, unsigned int flags, void *state, unsigned long state_len)
{
	seen[0] = (unsigned long)buffer;
	seen[1] = len;
	seen[2] = flags;
	seen[3] = (unsigned long)state;
	seen[4] = state_len;
	return -7;
}

static void saw(long ret, unsigned long one, unsigned long two, unsigned long three, unsigned long four, unsigned long five)
{
	const unsigned long wanted[5] = { one, two, three, four, five };

	assert_int_equal(ret, -7);
	assert_memory_equal(seen, wanted, sizeof(seen));
	memset(seen, 0, sizeof(seen));
}

static void test_arguments(void **state)
{
	struct linux_vdso vdso = none;

	(void)state;
	vdso.clock_gettime_ = fake_clock;
	saw(linux_vdso_clock_gettime(&vdso, 1, (struct timespec *)2), 1, 2, 0, 0, 0);
	vdso = none;
	vdso.clock_getres_ = fake_clock;
	saw(linux_vdso_clock_getres(&vdso, 3, (struct timespec *)4), 3, 4, 0, 0, 0);
	vdso.gettimeofday_ = fake_gettimeofday;
	saw(linux_vdso_gettimeofday(&vdso, (struct timeval *)5, (struct timezone *)6), 5, 6, 0, 0, 0);
	vdso.getcpu_ = fake_getcpu;
	saw(linux_vdso_getcpu(&vdso, (unsigned int *)7, (unsigned int *)8), 7, 8, 0, 0, 0);
	vdso.getrandom_ = fake_getrandom;
	saw(linux_vdso_getrandom(&vdso, (void *)9, 10ul << 32, 11, (void *)12, ~0ul), 9, 10ul << 32, 11, 12, ~0ul);
}

/* Damaged images */

static uint64_t seed;

static uint64_t lot(void)
{
	/* xorshift64 */
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t odd_value(size_t size)
{
	static const uint64_t values[] = { 0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, -1ull, -2ull, -8ull, -16ull, -4096ull };

	switch (lot() % 4) {
	case 0:
		return values[lot() % (sizeof(values) / sizeof(*values))];
	case 1:
		return size - lot() % 64;
	case 2:
		return lot() % (size + 64);
	default:
		return lot();
	}
}

/* A place worth damaging: in the headers, the dynamic section, the tables that it points to, or anywhere. */
static size_t place(const unsigned char *bytes, size_t size)
{
	const struct linux_elf64_hdr *header = (const void *)bytes;
	const struct linux_elf64_phdr *segment = (const void *)(bytes + header->e_phoff);
	const struct linux_Elf64_Dyn *entry;
	unsigned long base = 0, offset = 0, count = 0;
	size_t i;

	for (i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type_ == LINUX_PT_LOAD)
			base = segment[i].p_vaddr;
		if (segment[i].p_type_ == LINUX_PT_DYNAMIC) {
			offset = segment[i].p_offset;
			count = segment[i].p_filesz / sizeof(*entry);
		}
	}
	switch (lot() % 5) {
	case 0:
		return lot() % (sizeof(*header) + header->e_phnum * sizeof(*segment));
	case 1:
		return offset + lot() % (count * sizeof(*entry));
	case 2:
	case 3:
		entry = (const void *)(bytes + offset);
		offset = entry[lot() % count].d_un.d_ptr - base;
		return offset < size ? offset + lot() % 64 : lot() % size;
	default:
		return lot() % size;
	}
}

static const char *damaged;
static unsigned long round_number;
static uint64_t round_seed;

static void say_where(int signal_number)
{
	char text[200];
	int length = snprintf(text, sizeof(text), "# signal %d in round %lu: SEED=%llu IMAGE='%s'\nBail out!\n", signal_number, round_number,
			      (unsigned long long)round_seed, damaged);

	_exit(write(1, text, (size_t)length) != 1);
}

/* Pages that can be read, between two that cannot. */
static unsigned char *fenced(size_t size)
{
	unsigned char *pages = mmap(NULL, size + 2 * 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + 65536, size, PROT_READ | PROT_WRITE), 0);
	return pages + 65536;
}

static void damage(const char *name, const unsigned char *bytes, size_t size, unsigned long rounds, unsigned long *found)
{
	size_t all = (size + 65535) / 65536 * 65536, some, at, n, width, i;
	unsigned char *pages = fenced(all), *start;
	uint64_t value;
	char *symbol;

	if (getenv("IMAGE") && strcmp(getenv("IMAGE"), name))
		return;
	damaged = name;
	for (round_number = 0; round_number < rounds; round_number++) {
		round_seed = seed;
		/* Its last byte is the last that can be read; now and then it is cut off early, or at the front of the pages. */
		some = lot() % 8 ? size : lot() % (size + 1);
		start = lot() % 8 ? pages + all - some : pages;
		start -= (uintptr_t)start % 8;
		memcpy(start, bytes, some);
		for (n = lot() % 6; n; n--) {
			at = place(bytes, size);
			width = (size_t)1 << lot() % 4;
			at -= lot() % 4 ? at % width : 0;
			value = odd_value(size);
			for (i = 0; i < width && at + i < some; i++)
				start[at + i] = (unsigned char)(value >> 8 * i);
		}
		for (i = 0; i < NAME_COUNT; i++) {
			symbol = linux_vdso_symbol(start, some, names[i], LIBLINUX_VDSO_VERSION);
			if (!symbol)
				continue;
			++*found;
			if (symbol < (char *)start || symbol >= (char *)start + some)
				fail_msg("round %lu: found outside: SEED=%llu IMAGE='%s'", round_number, (unsigned long long)round_seed, name);
		}
	}
	munmap(pages - 65536, all + 2 * 65536);
}

static void test_damaged(void **state)
{
	const char *text = getenv("SEED"), *times = getenv("ROUNDS");
	unsigned long rounds = times ? strtoul(times, NULL, 10) : 5000, found = 0, size;
	const unsigned char *image = linux_vdso_find(NULL);
	const struct linux_elf64_phdr *segment;
	struct sigaction action = { .sa_handler = say_where };
	size_t i;

	(void)state;
	seed = text ? strtoull(text, NULL, 10) : 73;
	print_message("# SEED=%llu ROUNDS=%lu\n", (unsigned long long)seed, rounds);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	if (image) {
		segment = (const void *)(image + ((const struct linux_elf64_hdr *)image)->e_phoff);
		while (segment->p_type_ != LINUX_PT_LOAD)
			segment++;
		size = segment->p_filesz;
		damage("of this kernel", image, size, rounds, &found);
	} else {
		print_message("# no vDSO here: only images of our own\n");
	}
	for (i = 0; i < IMAGE_COUNT; i++)
		damage(images[i].name, images[i].bytes, images[i].size, rounds, &found);
	/* Most damage is harmless: what is left must be found. */
	if (!getenv("IMAGE"))
		assert_true(found > rounds);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	signal(SIGFPE, SIG_DFL);
}

/* A copy that ends where reading does. */
static unsigned char *copy(const struct image *image, size_t size)
{
	unsigned char *start = fenced(65536) + 65536 - size;

	memcpy(start, image->bytes, image->size < size ? image->size : size);
	return start;
}

static struct linux_Elf64_Dyn *dynamic(unsigned char *start, long long tag)
{
	const struct linux_elf64_phdr *segment = (const void *)(start + sizeof(struct linux_elf64_hdr));
	struct linux_Elf64_Dyn *entry;

	while (segment->p_type_ != LINUX_PT_DYNAMIC)
		segment++;
	for (entry = (void *)(start + segment->p_offset); entry->d_tag != tag; entry++)
		assert_int_not_equal(entry->d_tag, LINUX_DT_NULL);
	return entry;
}

/* A chain that goes round ends. */
static void test_chain_without_end(void **state)
{
	const struct image *image = named("sysv");
	unsigned char *start = copy(image, image->size);
	unsigned int *word = (unsigned int *)(start + dynamic(start, LINUX_DT_HASH)->d_un.d_ptr), i;

	(void)state;
	for (i = 0; i < word[1]; i++)
		word[2 + word[0] + i] = i;
	assert_null(linux_vdso_symbol(start, image->size, "absent", LIBLINUX_VDSO_VERSION));
}

/* A name that the end of the image cuts off. */
static void test_string_without_end(void **state)
{
	const struct image *image = named("both");
	size_t size = image->size + 4096;
	unsigned char *start = copy(image, size), *name;
	struct linux_Elf64_Dyn *strings = dynamic(start, LINUX_DT_STRTAB);
	size_t length = strlen(names[0]);

	(void)state;
	assert_non_null(linux_vdso_symbol(start, size, names[0], LIBLINUX_VDSO_VERSION));
	name = memmem(start, size, names[0], length + 1);
	assert_non_null(name);
	strings->d_un.d_ptr += (unsigned long)(start + size - length - name);
	memcpy(start + size - length, names[0], length);
	assert_null(linux_vdso_symbol(start, size, names[0], LIBLINUX_VDSO_VERSION));
}

/* The name and the hash of a version both count. */
static void test_damaged_version(void **state)
{
	const struct image *image = named("both");
	unsigned char *start = copy(image, image->size), *text;
	struct linux_Elf64_Verdef *definition = (void *)(start + dynamic(start, LINUX_DT_VERDEF)->d_un.d_ptr);

	(void)state;
	text = memmem(start, image->size, LIBLINUX_VDSO_VERSION, sizeof(LIBLINUX_VDSO_VERSION));
	assert_non_null(text);
	*text = 'l';
	assert_null(linux_vdso_symbol(start, image->size, names[0], LIBLINUX_VDSO_VERSION));
	*text = 'L';
	assert_non_null(linux_vdso_symbol(start, image->size, names[0], LIBLINUX_VDSO_VERSION));
	for (; definition->vd_next; definition = (void *)((char *)definition + definition->vd_next))
		definition->vd_hash ^= 1;
	definition->vd_hash ^= 1;
	assert_null(linux_vdso_symbol(start, image->size, names[0], LIBLINUX_VDSO_VERSION));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_by_proc),
		cmocka_unit_test(test_find_by_prctl),
		cmocka_unit_test(test_agrees),
		cmocka_unit_test(test_agrees_without_one),
		cmocka_unit_test(test_without_one_it_is_the_call),
		cmocka_unit_test(test_getrandom),
		cmocka_unit_test(test_getrandom_after_fork),
		cmocka_unit_test(test_hash_tables),
		cmocka_unit_test(test_linked_to_another_address),
		cmocka_unit_test(test_two_versions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_missing_symbols),
		cmocka_unit_test(test_symbol),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_chain_without_end),
		cmocka_unit_test(test_string_without_end),
		cmocka_unit_test(test_damaged_version),
	};

	give_reasons();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
