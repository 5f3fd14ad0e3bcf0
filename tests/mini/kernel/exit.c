/* SPDX-License-Identifier: MIT */
/* SYSCALL_DEFINE1(exit, char, wrong) */
SYSCALL_DEFINE1(exit, int, error_code)
{
}
/* end */
