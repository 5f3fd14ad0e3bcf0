/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
asmlinkage long sys_umount(char __user *name, int flags);
asmlinkage long sys_newstat(const char __user *filename,
			    struct stat __user *statbuf);
/* asmlinkage long sys_exit(char wrong); */
asmlinkage long sys_exit(int error_code);
asmlinkage long sys_personality(unsigned int personality);
asmlinkage long sys_memfd_secret(unsigned flags);
asmlinkage long sys_fadvise64(int fd, loff_t offset, size_t len, int advice);
asmlinkage long sys_fadvise64_64(int fd, loff_t offset, loff_t len, int advice);
#ifdef CONFIG_CLONE_BACKWARDS
asmlinkage long sys_clone(unsigned long, unsigned long, int __user *, unsigned long,
	       int __user *);
#else
asmlinkage long sys_clone(unsigned long, unsigned long, int __user *,
	       int __user *, unsigned long);
#endif
asmlinkage long sys_rseq_slice_yield(void);
/* end */
#endif
