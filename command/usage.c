/* SPDX-License-Identifier: MIT */
#include "command.h"

#define STATUS "\nIt ends with "

const char usage_liblinux[] =
"usage: liblinux COMMAND [OPTION...] [WORD...]\n"
"\n"
"The system calls of Linux: find one, know it, ask the kernel for it, try it.\n"
"\n"
"  list [PATTERN...]   what calls there are\n"
"  show NAME...        all about a call: arguments, numbers, since when, what to beware of\n"
"  probe [NAME...]     does the running kernel have it\n"
"  needs FILE...       which kernel a program made with liblinux asks for, and why\n"
"  errno N|NAME...     the name of an errno, or its number\n"
"  call NAME [ARG...]  make one system call\n"
"\n"
"  --help              after a command: about that\n"
"  --version, -V       of liblinux and of the kernel that it is bound to\n"
"\n"
"Every command has --json, for programs; what is wrong is said on standard error, and not in\n"
"JSON. Options may stand anywhere before --. A NAME is a call's, with or without linux_, SYS_ or\n"
"__NR_ before it, in any case of letters, or its number.\n"
STATUS "0: yes, found, done; 1: no, nothing found, the call failed; 2: wrong use;\n"
"3: it cannot tell, or a file cannot be read.\n";

const char usage_list[] =
"usage: liblinux list [OPTION...] [PATTERN...]\n"
"\n"
"Lists system calls: name, number, the kernel release that brought it, what it does. A\n"
"PATTERN with * or ? is one for the name; any other is looked for in the name, at the start of\n"
"the summary's words and as category, also without the endings -s, -ies and -ing. A call is\n"
"listed if all of them fit, and of a PATTERN with spaces all its words; if there is none, those\n"
"with the most of them are, but for --json.\n"
"\n"
"  --since RELEASE     only those that came with that kernel release or later\n"
"  --category NAME     only those of a category; 'list --categories' has the names\n"
"  --categories        list the categories\n"
"  --not-in LIBC       only those for which LIBC, glibc or musl, has no function of the name\n"
"  --arch NAME         of another architecture\n"
"  --json              an array of the objects of liblinux.json, without kernel_type\n"
STATUS "1 if none has all of them.\n";

const char usage_show[] =
"usage: liblinux show [--json] NAME...\n"
"\n"
"Shows all that is known of a call: prototype, number and first kernel release on each\n"
"architecture, the libc that has it, each argument with the direction of what it points to\n"
"and what counts that, hazards, kernel options without which it is missing, capabilities that\n"
"it may want, manual pages. For an unknown NAME it names some that are like it.\n"
"\n"
"  --json              an array of the objects of liblinux.json, without kernel_type\n"
STATUS "1 if there is no such call.\n";

const char usage_probe[] =
"usage: liblinux probe [OPTION...] [NAME...]\n"
"\n"
"Asks the running kernel for calls, all of them without a NAME, and says how it knows. Each\n"
"is called in a process of its own with arguments that no kernel does anything with: all of\n"
"them -1, but for a few (gen/probes.tbl of the source). Those without such arguments are not\n"
"called. The answers:\n"
"\n"
"  yes        it is there: it did not answer ENOSYS\n"
"  too-old    ENOSYS, and by its release the kernel is older than the call\n"
"  missing    ENOSYS from a kernel that is new enough: it was built without the call, has it\n"
"             switched off, or a filter of system calls hides it\n"
"  filtered   a filter of system calls forbids it: EPERM where the kernel has no reason for\n"
"             that, or SIGSYS\n"
"  absent     this architecture has no such call; in JSON, number and since are null\n"
"  unknown    it was not called, or the answer may be the filter's or the kernel's\n"
"\n"
"  --all               without a NAME: also those that are there\n"
"  --json              an array of objects: name, number, since, kernel, status, answer, why\n"
STATUS "1 if one is not there; else 3 if one is unknown.\n";

const char usage_needs[] =
"usage: liblinux needs [--json] FILE...\n"
"\n"
"Says which kernel release an ELF file asks for through liblinux, and for which calls: those\n"
"that it imports with a version node LINUX_<release> of liblinux.so.1, and those of which it\n"
"has the symbol, if it is linked to liblinux.a and not stripped. Calls that are inline\n"
"(LIBLINUX_INLINE) or made by other means as a rule leave no trace and are not seen. A weak\n"
"symbol may be missing and does not count.\n"
"\n"
"  --json              an array of objects: file, release, calls, nodes, error\n"
STATUS "1 if a file has no symbol of a call of liblinux; 3 if one cannot be read, is\n"
"damaged or no ELF file, or is static and stripped.\n";

const char usage_errno[] =
"usage: liblinux errno [--json] [N|NAME...]\n"
"\n"
"Says the name of an errno N, also of a result -N, or the number of a NAME in any case of\n"
"letters, and the other names of the same number. All of them without a word.\n"
"\n"
"  --json              an array of objects: name, value, aliases\n"
STATUS "1 if there is none.\n";

const char usage_call[] =
"usage: liblinux call [--json] NAME [ARG...]\n"
"\n"
"Makes one system call with these arguments, 0 for those left out, and shows its result and\n"
"what it wrote. Nothing is checked or added: it can do whatever the call can. An ARG is\n"
"\n"
"  NUMBER       decimal, 0x..., 0..., with or without a sign\n"
"  CONSTANT     of the kernel's headers: AT_FDCWD, or several: O_RDWR|O_CLOEXEC|01000\n"
"  WORD         anything else is a string, where the call takes one\n"
"  str:TEXT     a string, whatever it looks like, also one that begins with -\n"
"  @SIZE        a buffer of zeros, shown after the call; @ alone has the size of the object\n"
"               that the argument points to, or of as many as a number in ARG says\n"
"  NAME=N,...   that struct, with these members, and 0 in all others: flags=O_PATH,mode=0;\n"
"               'liblinux show' has the members. It is shown after the call if it changed\n"
"  u32:N,...    a struct that is put together of u8: u16: u32: u64:, each where C would have it;\n"
"               what has no width has that of the one before it: u32:24,0,u64:5\n"
"  file:PATH    a buffer with what is in the file\n"
"\n"
"A NAME that is a number may be of a call that is newer than this program.\n"
"\n"
"  --json       an object: name, number, args, result, error, buffers as hexadecimal digits\n"
STATUS "1 if the kernel returned an error.\n";
