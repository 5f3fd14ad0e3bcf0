/* SPDX-License-Identifier: MIT */
/*
 * What the tests cannot say for all architectures: each has it in src/arch/<arch>/test.
 *
 * facts.h:
 *   ENTRY                the text of _start in a program that has nothing: it calls run()
 *   PASSED(value)        an int or an unsigned as the calling convention has it in a register, where
 *                        that says something of the upper half
 *   CALLED_WITH(stack)   the stack pointer in a function, where it was at stack before the call
 *   CALLER_FRAME(frame)  the caller's frame pointer, saved in the frame that a function's own points to
 *   INSTRUCTION          the bytes of a system call
 *   TRAP_SIZE            bytes of the instruction in probe_trap()
 *   AUDIT                the kernel's number of the architecture
 *   THREAD_POINTER(p)    sets p to what the ABI of thread-local storage calls so
 *   CONTEXT_PC, CONTEXT_NUMBER, CONTEXT_RESULT, CONTEXT_ARGUMENT(context, n)
 *                        of the ucontext_t that a handler of signals gets: where it was, and the
 *                        registers of a system call
 */
#ifndef ARCH_H
#define ARCH_H

#include "facts.h"

/* probe.S: */

/* An illegal instruction, the first of the function, and behind no other function that an unwinder knows. */
long probe_trap(void);

/*
 * The trap with registers 0 to 15 of DWARF, but the stack pointer, loaded from values[0..15], and
 * stored to values[16..31] behind it. Only where linux_restore_rt is.
 */
void probe_registers(long values[32]);

/* seen[3]: its argument, stack pointer and frame pointer. Returns 42. */
int probe_child(void *seen);

/* fn(arg) on another stack. */
long probe_stack(void *top, long (*fn)(void *), void *arg);

#endif
