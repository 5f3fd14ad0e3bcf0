/* SPDX-License-Identifier: MIT */
/* mounts: the tree of this machine's mounts, by listmount(2) and statmount(2) of Linux 6.8. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <liblinux/liblinux.h>

struct mount {
	unsigned long long id, parent;
	char *point, *type, *source;
	int printed;
};

static struct mount *mounts;
static size_t count;

static void fail(const char *call, long ret)
{
	struct utsname running;

	uname(&running);
	if (ret == -LINUX_ENOSYS)
		fprintf(stderr, "mounts: %s needs Linux 6.8, and this is Linux %s\n", call, running.release);
	else
		fprintf(stderr, "mounts: %s (Linux 6.8) on Linux %s: %s\n", call, running.release, strerror((int)-ret));
	exit(2);
}

static char *copy(const char *text)
{
	char *result = strdup(text);

	if (!result) {
		perror("mounts");
		exit(1);
	}
	return result;
}

/* One mount; it may be gone by now, then there is nothing to add. */
static void add(unsigned long long id)
{
	static union {
		struct linux_statmount mount;
		char bytes[65536];		/* a path is 4096 at most, a source may be long */
	} buffer;
	struct linux_statmount *m = &buffer.mount;
	struct linux_mnt_id_req request = {
		.size = LINUX_MNT_ID_REQ_SIZE_VER0,
		.mnt_id = id,
		.param = LINUX_STATMOUNT_MNT_BASIC | LINUX_STATMOUNT_MNT_POINT | LINUX_STATMOUNT_FS_TYPE |
			 LINUX_STATMOUNT_SB_SOURCE,		/* the last one only since 6.13 */
	};
	long ret = linux_statmount(&request, m, sizeof(buffer), 0);
	struct mount *grown;

	if (ret == -LINUX_ENOENT)
		return;
	if (linux_is_error(ret))
		fail("statmount", ret);
	grown = realloc(mounts, (count + 1) * sizeof(*mounts));
	if (!grown) {
		perror("mounts");
		exit(1);
	}
	mounts = grown;
	mounts[count].id = m->mnt_id;
	mounts[count].parent = m->mnt_parent_id;
	mounts[count].point = copy(m->mask & LINUX_STATMOUNT_MNT_POINT ? m->str + m->mnt_point : "?");
	mounts[count].type = copy(m->mask & LINUX_STATMOUNT_FS_TYPE ? m->str + m->fs_type : "?");
	mounts[count].source = copy(m->mask & LINUX_STATMOUNT_SB_SOURCE ? m->str + m->sb_source : "");
	mounts[count].printed = 0;
	count++;
}

static void print(struct mount *m, int depth)
{
	size_t i;

	if (m->printed)
		return;
	m->printed = 1;
	printf("%*s%s  %s%s%s\n", 2 * depth, "", m->point, m->type, *m->source ? " of " : "", m->source);
	for (i = 0; i < count; i++) {
		if (mounts[i].parent == m->id)
			print(&mounts[i], depth + 1);
	}
}

static int is_root(const struct mount *m)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (mounts[i].id == m->parent && mounts[i].id != m->id)
			return 0;
	}
	return 1;
}

int main(void)
{
	struct linux_mnt_id_req request = { .size = LINUX_MNT_ID_REQ_SIZE_VER0, .mnt_id = LINUX_LSMT_ROOT };
	unsigned long long ids[64];
	size_t i;
	long ret;

	do {
		ret = linux_listmount(&request, ids, sizeof(ids) / sizeof(ids[0]), 0);
		if (linux_is_error(ret))
			fail("listmount", ret);
		for (i = 0; i < (size_t)ret; i++)
			add(ids[i]);
		if (ret)
			request.param = ids[ret - 1];
	} while (ret == sizeof(ids) / sizeof(ids[0]));
	for (i = 0; i < count; i++) {
		if (is_root(&mounts[i]))
			print(&mounts[i], 0);
	}
	return 0;
}
