/* SPDX-License-Identifier: MIT */
/*
 * The table of system calls: what there is, for programs that ask at run time. It knows
 * every architecture of this liblinux, not only the one that it runs on.
 *
 *	struct linux_table_call call;
 *
 *	if (linux_table_by_name(&call, sizeof call, 0, "statmount") == 0)
 *		printf("%s is number %ld, since Linux %s\n", call.name, call.number, call.since);
 *
 * The functions are in the library, shared or static, and make no system call; nothing in
 * the table is written to or allocated. All strings are the library's and stay.
 */
#ifndef LIBLINUX_TABLE_H
#define LIBLINUX_TABLE_H

/* An argument: what the call does with what it points to, and what counts that. */
#define LINUX_TABLE_ARG_IN		0x0001	/* the kernel reads what it points to */
#define LINUX_TABLE_ARG_OUT		0x0002	/* writes */
#define LINUX_TABLE_ARG_INOUT		0x0004	/* reads and writes */
#define LINUX_TABLE_ARG_VARIES		0x0008	/* another argument decides */
#define LINUX_TABLE_ARG_ADDRESS		0x0010	/* an address, not a buffer */
#define LINUX_TABLE_ARG_BYTES		0x0020	/* count says how many bytes */
#define LINUX_TABLE_ARG_ELEMENTS	0x0040	/* count says how many objects of its type */
#define LINUX_TABLE_ARG_BITS		0x0080	/* count says how many bits */
#define LINUX_TABLE_ARG_WRITTEN		0x0100	/* as many of these as the result are written */
#define LINUX_TABLE_ARG_STRING		0x0200	/* ends with a null byte */
#define LINUX_TABLE_ARG_NULLABLE	0x0400	/* NULL has a meaning */
#define LINUX_TABLE_ARG_RETAINED	0x0800	/* the kernel keeps the address */
#define LINUX_TABLE_ARG_FD		0x1000	/* an open file descriptor */
#define LINUX_TABLE_ARG_DIRFD		0x2000	/* that, or LINUX_AT_FDCWD */
#define LINUX_TABLE_ARG_CLOSED		0x4000	/* which the call closes */
#define LINUX_TABLE_ARG_SCATTER		0x8000	/* the memory that its iovecs say is written, as many bytes as the result */

struct linux_table_arg {
	const char *name;	/* the kernel's */
	const char *type;	/* C, as in the prototype */
	const char *count;	/* an argument, *argument for what that points to, argument/page, argument-1, digits, or NULL */
	unsigned long flags;	/* LINUX_TABLE_ARG_* */
};

/* A call: what to beware of. */
#define LINUX_TABLE_NORETURN		0x0001	/* never returns */
#define LINUX_TABLE_LIBC_STATE		0x0002	/* changes state that a libc relies on */
#define LINUX_TABLE_THREAD_CREDENTIALS	0x0004	/* changes the calling thread only, a libc changes all */
#define LINUX_TABLE_NEW_STACK		0x0008	/* a child on a new stack cannot return through C */
#define LINUX_TABLE_KERNEL_ONLY		0x0010	/* works only from the kernel's own code in the process */
#define LINUX_TABLE_CANCELLATION	0x0020	/* a cancellation point in a libc, not here */
#define LINUX_TABLE_BLOCKS		0x0040	/* may wait without a limit */
#define LINUX_TABLE_MULTIPLEXER		0x0080	/* one argument decides what the others mean */
#define LINUX_TABLE_OBSOLETE		0x0100	/* another call does what it does */
#define LINUX_TABLE_REMOVED		0x0200	/* this kernel release has it no more */
#define LINUX_TABLE_MUST_CHECK		0x0400	/* to ignore its result is always a bug */
#define LINUX_TABLE_NO_ERROR		0x0800	/* it has no error of its own */

struct linux_table_call {
	const char *name;
	long number;
	const char *since;		/* the kernel release that brought it, as liblinux(7) counts: "6.8" */
	const char *glibc;		/* the release of glibc with a function of its name, or NULL */
	const char *musl;		/* the same of musl */
	const char *category;		/* "file", "mount" ... */
	const char *returns;		/* "zero", "fd", "pid", "id", "bytes", "count", "address", "value", "varies", "never" */
	const char *config;		/* Kconfig symbols without which it is -LINUX_ENOSYS, with spaces between, or NULL */
	const char *capability;		/* CAP_* that it may need, with spaces between, or NULL */
	const char *man;		/* its page in section 2 of man-pages, or NULL */
	unsigned long flags;		/* LINUX_TABLE_* */
	unsigned long nargs;		/* how many of args there are */
	struct linux_table_arg args[6];
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Look a call up: by name, by number, or the n-th of all in the order of their names, from 0,
 * to see them all. size is sizeof *call; arch an AUDIT_ARCH value (LINUX_AUDIT_ARCH_X86_64 of
 * <liblinux/uapi/audit.h>), 0 for the architecture it runs on. 0 is success; -LINUX_ENOENT:
 * there is no such call, -LINUX_EINVAL: no such architecture. clang's memory sanitizer does not see
 * what they write: it wants a struct that is initialised.
 */
long linux_table_by_name(struct linux_table_call *call, unsigned long size, unsigned int arch, const char *name);
#define linux_table_by_name linux_table_by_name
long linux_table_by_number(struct linux_table_call *call, unsigned long size, unsigned int arch, long number);
#define linux_table_by_number linux_table_by_number
long linux_table_at(struct linux_table_call *call, unsigned long size, unsigned int arch, unsigned long n);
#define linux_table_at linux_table_at

#ifdef __cplusplus
}
#endif

#endif
