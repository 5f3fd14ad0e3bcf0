/* SPDX-License-Identifier: MIT */
/* x86_64: what the tests ask an architecture (tests/arch.h). */

#define ENTRY \
	"\txor %ebp, %ebp\n" \
	"\tand $-16, %rsp\n" \
	"\tcall run\n"
#define PASSED(value) (value)
#define CALLED_WITH(stack) ((stack) - 8)
#define CALLER_FRAME(frame) ((frame)[0])
#define INSTRUCTION { 0x0f, 0x05 }
#define TRAP_SIZE 2
#define AUDIT LINUX_AUDIT_ARCH_X86_64
#define THREAD_POINTER(pointer) __asm__("mov %%fs:0, %0" : "=r"(pointer))

#define CONTEXT_PC(context) ((context)->uc_mcontext.gregs[REG_RIP])
#define CONTEXT_NUMBER(context) ((context)->uc_mcontext.gregs[REG_RAX])
#define CONTEXT_RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
#define CONTEXT_ARGUMENT(context, n) ((context)->uc_mcontext.gregs[((const int[]){ REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9 })[n]])
