/* SPDX-License-Identifier: MIT */
/* riscv64: arch/riscv/kernel/vdso/vdso.lds.S of the kernel's tree. It has no time. */
#define LIBLINUX_VDSO_NAME(call) "__vdso_" #call
#define LIBLINUX_VDSO_VERSION "LINUX_4.15"
