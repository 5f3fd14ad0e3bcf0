/* SPDX-License-Identifier: MIT */
/*
 * Stands for a libc's header while the kernel's headers that include it are measured: its struct
 * sockaddr is the kernel's own, of gen/abi-extra.tbl.
 */
