/* SPDX-License-Identifier: MIT */
/* aarch64: arch/arm64/kernel/vdso/vdso.lds.S of the kernel's tree. It has no getcpu. */
#define LIBLINUX_VDSO_NAME(call) "__kernel_" #call
#define LIBLINUX_VDSO_VERSION "LINUX_2.6.39"
