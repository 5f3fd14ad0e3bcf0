/* SPDX-License-Identifier: MIT */
SYSCALL_DEFINE1(memfd_secret, unsigned int, flags)
{
}
