/* SPDX-License-Identifier: MIT */
/* riscv64: what the tests ask an architecture (tests/arch.h). */

#define ENTRY \
	"\t.option push\n" \
	"\t.option norelax\n" \
	"\tlla gp, __global_pointer$\n" \
	"\t.option pop\n" \
	"\tli s0, 0\n" \
	"\ttail run\n"
#define PASSED(value) ((long)(int)(value))
#define CALLED_WITH(stack) (stack)
#define CALLER_FRAME(frame) ((frame)[-2])
#define INSTRUCTION { 0x73, 0x00, 0x00, 0x00 }
#define TRAP_SIZE 4
#define AUDIT LINUX_AUDIT_ARCH_RISCV64
#define THREAD_POINTER(pointer) __asm__("mv %0, tp" : "=r"(pointer))

#define CONTEXT_PC(context) ((context)->uc_mcontext.__gregs[REG_PC])
#define CONTEXT_NUMBER(context) ((context)->uc_mcontext.__gregs[REG_A0 + 7])
#define CONTEXT_RESULT(context) ((context)->uc_mcontext.__gregs[REG_A0])
#define CONTEXT_ARGUMENT(context, n) ((context)->uc_mcontext.__gregs[REG_A0 + (n)])
