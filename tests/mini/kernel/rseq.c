/* SPDX-License-Identifier: MIT */
#ifdef CONFIG_RSEQ_SLICE_EXTENSION
SYSCALL_DEFINE0(rseq_slice_yield)
{
}
#endif
