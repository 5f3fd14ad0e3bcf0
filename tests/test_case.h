/* SPDX-License-Identifier: MIT */
/* What test_cases.h, which gen/emit.py makes, has for every call. */
#ifndef TEST_CASE_H
#define TEST_CASE_H

/* KIND_ZERO: a register that the call has come to use since the function was released. */
enum kind { KIND_INT, KIND_UNSIGNED, KIND_LONG, KIND_POINTER, KIND_ZERO };

struct test_case {
	const char *name;
	long number;
	int noreturn;
	int nargs;
	enum kind kinds[6];
	long (*call)(void);	/* with argument(0) as the first argument, and so on */
	void (*raw)(void);	/* the wrapper itself, to be called as of another type */
};

long argument(int n);

#endif
