/* SPDX-License-Identifier: MIT */
/* liblinux-cerror: the functions of <liblinux/cerror.h> as symbols. */
#define linux_cerror inline_cerror
#define linux_cerror_to inline_cerror_to
#include <liblinux/cerror.h>
#undef linux_cerror
#undef linux_cerror_to

long linux_cerror(long ret);
long linux_cerror_to(long ret, int *err);

long linux_cerror(long ret)
{
	return inline_cerror(ret);
}

long linux_cerror_to(long ret, int *err)
{
	return inline_cerror_to(ret, err);
}
