/* SPDX-License-Identifier: MIT */
/* The parts of the liblinux command. It has no libc: what it needs of one is in text.c. */
#ifndef COMMAND_H
#define COMMAND_H

#include <liblinux/liblinux.h>
#include <liblinux/posix.h>
#include <liblinux/table.h>

/* How it ends: usage.c says so to the user. */
enum { YES = 0, NO = 1, WRONG_USE = 2, CANNOT_TELL = 3 };

/* text.c */
typedef unsigned char byte;

#define MOST_SIZE (1ul << 30)	/* of a file or a buffer */

void *memcpy(void *to, const void *from, unsigned long size);
int memcmp(const void *a, const void *b, unsigned long size);
unsigned long length(const char *text);
int equal(const char *a, const char *b);
int begins(const char *text, const char *with);
int contains(const char *text, const char *word);	/* in any case of letters */
int contains_word(const char *text, const char *start);	/* a word that begins so */
int glob(const char *pattern, const char *text);
int read_number(const char *text, unsigned long *value);	/* all of it: decimal, 0x, 0, with a sign */
int read_release(const char *text, unsigned long release[3]);	/* what begins with digits and dots */
int is_release(const char *text);			/* all of it: digits with dots between */
int compare_numbers(const unsigned long a[3], const unsigned long b[3]);	/* of releases */
int compare_releases(const char *a, const char *b);
int kernel_release(char text[65]);			/* of the running one; 0 if it does not say */

unsigned long utf8(const char *text);			/* the bytes of its first character, 0 if it is none */

void put(const char *text);
void put_bytes(const void *data, unsigned long size);
void put_number(long value);
void put_unsigned(unsigned long value, unsigned int base, unsigned int digits);
char *digits_of(char *end, unsigned long value, unsigned int base, unsigned int digits);	/* before end; returns where they begin */
void put_column(const char *text, unsigned long width);
void put_json(const char *text);			/* quoted; 0 is null */
void flush(void);
int finish(int status);					/* at the end: status, or what a failure to write makes of it */
int complain(const char *part, ...);			/* one line on standard error; ends with 0. Returns CANNOT_TELL */
const char *error_name(long error);			/* ENOENT, or the number */

struct file {
	byte *data;
	unsigned long size, room;	/* room: of the memory */
};

const char *read_file(const char *name, struct file *file);	/* all of a regular file; what is wrong, or 0 */
void drop_file(struct file *file);

/* Options begin with --; what is left is in words. */
struct option {
	const char *name;
	const char **value;		/* 0: it has none, and flag is set */
	int *flag;
};

int read_options(int argc, char **argv, const struct option *options);	/* words, or -1 */

/* data.c: what is made from the tables */
struct about {
	const char *name, *summary;
	const char *replaced_by;	/* an obsolete one, or 0 */
	const char *removed;		/* the release that dropped it */
	const char *never;		/* why no probe calls it */
	int args[6];			/* of a probe */
	int eperm;			/* the kernel itself answers EPERM to that */
};

struct arch {
	const char *name;
	unsigned int audit;
	const char *floor;		/* the release of its oldest version node, which has all older calls */
};

struct word {
	const char *name, *meaning;
};

struct error {
	const char *name;
	int value, is_alias;
};

/* A number in a struct, or an array of them. */
struct member {
	const char *name;
	unsigned short offset, count;	/* count: 0 is no array */
	byte width, is_signed, is_text;
};

struct layout {
	const char *type;		/* "struct linux_open_how" */
	unsigned short size, first, count;
};

extern const struct about abouts[];
extern const struct arch archs[];
extern const struct word categories[], kinds[], marks[];
extern const unsigned int marks_by_name[];	/* all but removed */
extern const struct error errors[];
extern const struct member members[];
extern const struct layout layouts[];
extern const char constant_names[];
extern const unsigned int constant_places[];
extern const unsigned long long constant_values[];
extern const unsigned int n_abouts, n_archs, native, n_categories, n_kinds, n_marks, n_marks_by_name, n_errors, n_constants, n_layouts;
extern const char tree[];

const struct about *about(const char *name);
const struct layout *find_layout(const char *type);	/* of a pointer, as an argument has it */
int find_constant(const char *name, unsigned long length, unsigned long *value);
int find_call(struct linux_table_call *call, unsigned int audit, const char *name);	/* with or without linux_, or by number */
int unknown_call(const char *name);			/* says so; returns NO */

/* usage.c */
extern const char usage_liblinux[], usage_list[], usage_show[], usage_probe[], usage_needs[], usage_errno[], usage_call[];

int do_list(int argc, char **argv);
int do_show(int argc, char **argv);
int do_probe(int argc, char **argv);
int do_needs(int argc, char **argv);
int do_errno(int argc, char **argv);
int do_call(int argc, char **argv);

#endif
