/* SPDX-License-Identifier: MIT */
/* page-cache FILE...: how much of each file is in memory, by cachestat(2) of Linux 6.5. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <liblinux/liblinux.h>

static int report(const char *path, long page)
{
	struct linux_cachestat_range all = { 0, 0 };
	struct linux_cachestat pages;
	struct utsname running;
	struct stat status;
	long ret;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0) {
		perror(path);
		if (fd >= 0)
			close(fd);
		return 1;
	}
	ret = linux_cachestat((unsigned int)fd, &all, &pages, 0);
	close(fd);
	/* The call refuses the files of others; a filter of system calls refuses it without a file too. */
	if (ret == -LINUX_EPERM && linux_cachestat(-1u, &all, &pages, 0) == -LINUX_EBADF) {
		fprintf(stderr, "%s: only its owner, or who may write it, is told\n", path);
		return 1;
	}
	if (ret == -LINUX_ENOSYS || ret == -LINUX_EPERM) {
		uname(&running);
		fprintf(stderr, "page-cache: %s, and this is Linux %s\n", ret == -LINUX_ENOSYS ?
			"cachestat needs Linux 6.5" : "cachestat (Linux 6.5) is forbidden here", running.release);
		return 2;
	}
	if (linux_is_error(ret)) {
		fprintf(stderr, "%s: %s\n", path, strerror((int)-ret));
		return 1;
	}
	printf("%10lld %10llu %7llu %8llu  %s\n", (long long)(status.st_size + page - 1) / page,
	       pages.nr_cache, pages.nr_dirty, pages.nr_evicted, path);
	return 0;
}

int main(int argc, char **argv)
{
	int i, ret, worst = 0;
	long page = sysconf(_SC_PAGESIZE);

	if (argc < 2) {
		fprintf(stderr, "usage: page-cache FILE...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%10s %10s %7s %8s  %s\n", "pages", "in memory", "dirty", "evicted", "file");
	for (i = 1; i < argc && worst < 2; i++) {
		ret = report(argv[i], page);
		if (ret > worst)
			worst = ret;
	}
	return worst;
}
