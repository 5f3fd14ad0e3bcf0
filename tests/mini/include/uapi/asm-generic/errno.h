/* SPDX-License-Identifier: MIT */
#include <asm-generic/errno-base.h>

#define	ENOSYS		38	/* no such
 * call */
#define	EWOULDBLOCK	EAGAIN
