/* SPDX-License-Identifier: MIT */
/* x86_64: arch/x86/entry/vdso/vdso64/vdso64.lds.S of the kernel's tree. */
#define LIBLINUX_VDSO_NAME(call) "__vdso_" #call
#define LIBLINUX_VDSO_VERSION "LINUX_2.6"
