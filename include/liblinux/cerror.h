/* SPDX-License-Identifier: MIT */
/*
 * Results of system calls for callers that want errno: the calls themselves have none.
 *
 *	fd = linux_cerror(linux_openat(LINUX_AT_FDCWD, path, flags, 0));
 *
 * Include it on the caller's side, with the caller's own libc. The library
 * liblinux-cerror has the same two functions as symbols, for languages without C inlines.
 */
#ifndef LIBLINUX_CERROR_H
#define LIBLINUX_CERROR_H

#include <liblinux/error.h>
#include <errno.h>

/*
 * A result that is an error is stored, positive, in *err, and -1 returned; any other
 * result is returned as it is, and *err stays untouched. err must not be NULL.
 */
static __inline__ long linux_cerror_to(long ret, int *err)
{
	if (!linux_is_error(ret))
		return ret;
	*err = (int)-ret;
	return -1;
}

/* The same with the calling thread's errno. */
static __inline__ long linux_cerror(long ret)
{
	if (!linux_is_error(ret))
		return ret;
	errno = (int)-ret;
	return -1;
}

#endif
