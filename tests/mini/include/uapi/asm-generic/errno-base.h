/* SPDX-License-Identifier: MIT */
#define	EPERM		 1	/* not permitted */
#define	EAGAIN		11	/* again */
