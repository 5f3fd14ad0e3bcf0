/* SPDX-License-Identifier: MIT */
/* aarch64: what the tests ask an architecture (tests/arch.h). */

#define ENTRY \
	"\tmov x29, #0\n" \
	"\tb run\n"
#define PASSED(value) (value)
#define CALLED_WITH(stack) (stack)
#define CALLER_FRAME(frame) ((frame)[0])
#define INSTRUCTION { 0x01, 0x00, 0x00, 0xd4 }
#define TRAP_SIZE 4
#define AUDIT LINUX_AUDIT_ARCH_AARCH64
#define THREAD_POINTER(pointer) __asm__("mrs %0, tpidr_el0" : "=r"(pointer))

#define CONTEXT_PC(context) ((context)->uc_mcontext.pc)
#define CONTEXT_NUMBER(context) ((context)->uc_mcontext.regs[8])
#define CONTEXT_RESULT(context) ((context)->uc_mcontext.regs[0])
#define CONTEXT_ARGUMENT(context, n) ((context)->uc_mcontext.regs[n])
