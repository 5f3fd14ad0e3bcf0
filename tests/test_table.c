/* SPDX-License-Identifier: MIT */
/* The table of calls: complete both ways, against itself, the prototypes and libseccomp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#ifdef HAVE_SECCOMP
# include <seccomp.h>
#endif

#include <liblinux/liblinux.h>
#include <liblinux/table.h>

#include "test_case.h"

/* Never run: the cases are the witness for names, numbers and arguments. */
static volatile long opaque;

long argument(int n)
{
	return opaque + n;
}

#include "test_cases.h"

static const unsigned int arches[] = {0, LINUX_AUDIT_ARCH_X86_64, LINUX_AUDIT_ARCH_AARCH64, LINUX_AUDIT_ARCH_RISCV64};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static void assert_same(const struct linux_table_call *a, const struct linux_table_call *b)
{
	assert_memory_equal(a, b, sizeof *a);
}

static void test_both_ways(void **state)
{
	struct linux_table_call call, other;
	unsigned long count;

	(void)state;
	for (unsigned int arch = 0; arch < LENGTH(arches); arch++) {
		const char *before = "";

		for (count = 0; !linux_table_at(&call, sizeof call, arches[arch], count); count++) {
			assert_true(strcmp(before, call.name) < 0);
			before = call.name;
			assert_int_equal(linux_table_by_name(&other, sizeof other, arches[arch], call.name), 0);
			assert_same(&call, &other);
			assert_int_equal(linux_table_by_number(&other, sizeof other, arches[arch], call.number), 0);
			assert_same(&call, &other);
		}
		assert_int_equal(linux_table_at(&call, sizeof call, arches[arch], count), -LINUX_ENOENT);
		for (long number = -2; number < 1000; number++) {
			if (linux_table_by_number(&call, sizeof call, arches[arch], number) == 0) {
				assert_int_equal(call.number, number);
				count--;
			}
		}
		assert_int_equal(count, 0);
	}
}

static void test_what_is_not_there(void **state)
{
	struct linux_table_call call;
	const char *const names[] = {"", "a", "zzz", "rea", "readx", "Read", "accept5", "_sysctl", "writev2"};

	(void)state;
	for (unsigned int n = 0; n < sizeof names / sizeof names[0]; n++)
		assert_int_equal(linux_table_by_name(&call, sizeof call, 0, names[n]), -LINUX_ENOENT);
	assert_int_equal(linux_table_by_name(&call, sizeof call, LINUX_AUDIT_ARCH_AARCH64, "open"), -LINUX_ENOENT);
	assert_int_equal(linux_table_by_name(&call, sizeof call, LINUX_AUDIT_ARCH_I386, "open"), -LINUX_EINVAL);
	assert_int_equal(linux_table_by_number(&call, sizeof call, 1, 0), -LINUX_EINVAL);
	assert_int_equal(linux_table_at(&call, sizeof call, 1, 0), -LINUX_EINVAL);
	assert_int_equal(linux_table_by_number(&call, sizeof call, 0, 1L << 32), -LINUX_ENOENT);
	assert_int_equal(linux_table_by_number(&call, sizeof call, LINUX_AUDIT_ARCH_X86_64, 0x40000000), -LINUX_ENOENT);
	assert_int_equal(linux_table_at(&call, sizeof call, 0, -1UL), -LINUX_ENOENT);
}

/* A caller of an older version gets what it knows, one of a newer has zeros. */
static void test_sizes(void **state)
{
	struct linux_table_call call;
	_Alignas(struct linux_table_call) unsigned char bytes[sizeof call + 64];

	(void)state;
	assert_int_equal(linux_table_by_name(&call, sizeof call, 0, "preadv2"), 0);
	for (unsigned long size = 0; size <= sizeof bytes; size++) {
		memset(bytes, 0xa5, sizeof bytes);
		assert_int_equal(linux_table_by_name((struct linux_table_call *)(void *)bytes, size, 0, "preadv2"), 0);
		for (unsigned long n = 0; n < sizeof bytes; n++)
			assert_int_equal(bytes[n], n >= size ? 0xa5 : n < sizeof call ? ((unsigned char *)&call)[n] : 0);
	}
}

static void test_cases(void **state)
{
	struct linux_table_call call;
	unsigned long count = sizeof cases / sizeof cases[0], calls = 0;

	(void)state;
	for (unsigned long n = 0; n < count; n++) {
		if (linux_table_by_name(&call, sizeof call, 0, cases[n].name)) {
			/* linux_NAME_7_4, which passes what NAME takes since then. */
			char name[64];
			int length = snprintf(name, sizeof name, "%s", cases[n].name);

			for (int parts = 0; parts < 2; parts++)
				while (length > 0 && name[--length] != '_')
					assert_in_range(name[length], '0', '9');
			name[length] = '\0';
			assert_int_equal(linux_table_by_name(&call, sizeof call, 0, name), 0);
		} else {
			calls++;
		}
		assert_int_equal(call.number, cases[n].number);
		assert_int_equal(call.nargs, cases[n].nargs);
		assert_int_equal((call.flags & LINUX_TABLE_NORETURN) != 0, cases[n].noreturn);
		for (int arg = 0; arg < cases[n].nargs; arg++) {
			size_t length = strlen(call.args[arg].type);

			if (cases[n].kinds[arg] == KIND_ZERO)
				continue;
			assert_int_equal(call.args[arg].type[length - 1] == '*', cases[n].kinds[arg] == KIND_POINTER);
		}
	}
	assert_int_equal(linux_table_at(&call, sizeof call, 0, calls), -LINUX_ENOENT);
}

/* What is said of a call fits together, and no string is missing. */
static void test_contents(void **state)
{
	struct linux_table_call call;

	(void)state;
	for (unsigned long n = 0; !linux_table_at(&call, sizeof call, LINUX_AUDIT_ARCH_X86_64, n); n++) {
		assert_true(strtod(call.since, NULL) >= 1.0);
		assert_non_null(call.category);
		assert_non_null(call.returns);
		assert_int_equal(!strcmp(call.returns, "never"), (call.flags & LINUX_TABLE_NORETURN) != 0);
		for (unsigned long arg = 0; arg < 6; arg++) {
			const struct linux_table_arg *it = &call.args[arg];

			assert_int_equal(it->name != NULL, arg < call.nargs);
			assert_int_equal(it->type != NULL, arg < call.nargs);
			assert_int_equal(it->count != NULL, (it->flags & (LINUX_TABLE_ARG_BYTES | LINUX_TABLE_ARG_ELEMENTS | LINUX_TABLE_ARG_BITS)) != 0);
		}
	}
	assert_int_equal(linux_table_by_name(&call, sizeof call, 0, "statmount"), 0);
	assert_string_equal(call.since, "6.8");
	assert_string_equal(call.category, "mount");
	assert_string_equal(call.args[1].type, "struct linux_statmount *");
	assert_string_equal(call.args[1].count, "bufsize");
	assert_int_equal(call.args[1].flags, LINUX_TABLE_ARG_OUT | LINUX_TABLE_ARG_BYTES);
	assert_int_equal(linux_table_by_name(&call, sizeof call, 0, "openat2"), 0);
	assert_string_equal(call.glibc, "2.43");
	assert_null(call.musl);
	assert_int_equal(call.args[0].flags, LINUX_TABLE_ARG_DIRFD);
	assert_int_equal(linux_table_by_name(&call, sizeof call, 0, "getdents64"), 0);
	assert_int_equal(call.args[1].flags, LINUX_TABLE_ARG_OUT | LINUX_TABLE_ARG_BYTES | LINUX_TABLE_ARG_WRITTEN);
}

#ifdef HAVE_SECCOMP
/* libseccomp keeps its own table; what it knows by a name is that number. */
static void test_libseccomp(void **state)
{
	const unsigned int tokens[] = {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_RISCV64};
	struct linux_table_call call;
	int known = 0;

	(void)state;
	for (unsigned int arch = 0; arch < LENGTH(tokens); arch++) {
		for (unsigned long n = 0; !linux_table_at(&call, sizeof call, arches[arch + 1], n); n++) {
			int number = seccomp_syscall_resolve_name_arch(tokens[arch], call.name);

			if (number < 0)
				continue;	/* newer than that libseccomp */
			assert_int_equal(number, call.number);
			known++;
		}
		/* And what it has at a number of ours has our name. */
		for (int number = 0; number < 1000; number++) {
			char *name = seccomp_syscall_resolve_num_arch(tokens[arch], number);

			if (name && linux_table_by_number(&call, sizeof call, arches[arch + 1], number) == 0)
				assert_string_equal(name, call.name);
			free(name);
		}
	}
	assert_true(known > 600);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_what_is_not_there),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_contents),
#ifdef HAVE_SECCOMP
		cmocka_unit_test(test_libseccomp),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
