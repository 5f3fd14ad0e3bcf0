/* SPDX-License-Identifier: MIT */
SYSCALL_DEFINE1(arm64_personality, unsigned int, personality)
{
}
#define __arm64_sys_personality		__arm64_sys_arm64_personality
