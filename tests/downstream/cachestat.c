/* SPDX-License-Identifier: MIT */
/* Three pages written to a file of memory are in memory, says cachestat(2). */
#include <stdio.h>
#include <unistd.h>
#include <liblinux/liblinux.h>

int main(void)
{
	static char page[65536];
	const long size = sysconf(_SC_PAGESIZE);
	struct linux_cachestat_range range = { 0, 0 };
	struct linux_cachestat cached = { 0, 0, 0, 0, 0 };
	long fd = linux_memfd_create("downstream", LINUX_MFD_CLOEXEC), ret;
	int i;

	for (i = 0; i < 3; i++) {
		ret = linux_write((unsigned int)fd, page, (unsigned long)size);
		if (ret != size) {
			fprintf(stderr, "write: %ld\n", ret);
			return 1;
		}
	}
	ret = linux_cachestat((unsigned int)fd, &range, &cached, 0);
	if (ret == -LINUX_ENOSYS) {
		puts("this kernel has no cachestat (Linux 6.5)");
		return 77;
	}
	printf("C: cachestat %ld, %llu pages\n", ret, (unsigned long long)cached.nr_cache);
	return ret || cached.nr_cache != 3;
}
