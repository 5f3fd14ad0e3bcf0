/* SPDX-License-Identifier: MIT */
SYSCALL_DEFINE2(umount, char __user *, name, int, flags)
{
}
