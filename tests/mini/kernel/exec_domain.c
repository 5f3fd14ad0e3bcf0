/* SPDX-License-Identifier: MIT */
SYSCALL_DEFINE1(personality, unsigned int, personality)
{
}
