/* SPDX-License-Identifier: MIT */
/*
 * The pins of the library: where each of its system call instructions is, and the number that
 * it has there, always. Who allows system calls by where they come from (Syscall User Dispatch,
 * a filter by instruction pointer), or puts something else in their place, reads them.
 *
 * They are of the library that the program was linked with: all of liblinux.so, or what the
 * program has of liblinux.a. All of these instructions are in the section liblinux_calls, the pins
 * in liblinux_pins, in the file too. Inline calls have none.
 */
#ifndef LIBLINUX_PINS_H
#define LIBLINUX_PINS_H

struct linux_pin {
	int offset;		/* from here to the instruction */
	unsigned int number;	/* LINUX_NR_* */
};

#ifdef __cplusplus
extern "C" {
#endif

/* The first of the pins, in no order, and how many there are. No system call is made. */
const struct linux_pin *linux_pins(unsigned long *count);
#define linux_pins linux_pins

#ifdef __cplusplus
}
#endif

/* Where the instruction begins; the kernel reports the address behind it. */
static __inline__ unsigned long linux_pin_address(const struct linux_pin *pin)
{
	return (unsigned long)pin + (unsigned long)(long)pin->offset;
}

#endif
