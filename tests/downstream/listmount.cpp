// SPDX-License-Identifier: MIT
// Every mount that listmount(2) names has that id, says statmount(2).
#include <cerrno>
#include <iostream>
#include <vector>
#include <liblinux/cerror.h>
#include <liblinux/liblinux.h>

int main()
{
	linux_mnt_id_req request = {};
	request.size = LINUX_MNT_ID_REQ_SIZE_VER0;
	request.mnt_id = LINUX_LSMT_ROOT;
	std::vector<unsigned long long> ids(4096);

	const long count = linux_cerror(linux_listmount(&request, ids.data(), ids.size(), 0));
	if (count == -1 && errno == ENOSYS) {
		std::cout << "this kernel has no listmount (Linux 6.8)\n";
		return 77;
	}
	if (count == -1) {
		std::cerr << "listmount: errno " << errno << '\n';
		return 1;
	}
	ids.resize(count);
	for (auto id : ids) {
		struct linux_statmount mount = {};
		request.mnt_id = id;
		request.param = LINUX_STATMOUNT_MNT_BASIC;
		const long ret = linux_statmount(&request, &mount, sizeof(mount), 0);
		if (ret != -LINUX_ENOENT && (linux_is_error(ret) || mount.mnt_id != id)) {	// it may be gone by now
			std::cerr << "statmount: " << ret << ", id " << mount.mnt_id << " for " << id << '\n';
			return 1;
		}
	}
	std::cout << "C++: listmount found " << (count ? "mounts" : "no mount") << '\n';
}
