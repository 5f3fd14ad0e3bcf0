/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "command.h"

#include <liblinux/arch.h>

/* Compilers call these whatever they are told. */
void *memmove(void *to, const void *from, unsigned long size);
void *memset(void *to, int value, unsigned long size);

void *memcpy(void *to, const void *from, unsigned long size)
{
	unsigned long n;

	for (n = 0; n < size; n++)
		((byte *)to)[n] = ((const byte *)from)[n];
	return to;
}

void *memmove(void *to, const void *from, unsigned long size)
{
	if ((unsigned long)to <= (unsigned long)from)
		return memcpy(to, from, size);
	while (size--)
		((byte *)to)[size] = ((const byte *)from)[size];
	return to;
}

void *memset(void *to, int value, unsigned long size)
{
	unsigned long n;

	for (n = 0; n < size; n++)
		((byte *)to)[n] = (byte)value;
	return to;
}

int memcmp(const void *a, const void *b, unsigned long size)
{
	unsigned long n;

	for (n = 0; n < size; n++)
		if (((const byte *)a)[n] != ((const byte *)b)[n])
			return ((const byte *)a)[n] - ((const byte *)b)[n];
	return 0;
}

/* What -pg and, by clang, -finstrument-functions put into all code: nobody profiles this. */
LIBLINUX_NO_INSTRUMENT void mcount(void);
LIBLINUX_NO_INSTRUMENT void _mcount(void);
LIBLINUX_NO_INSTRUMENT void __cyg_profile_func_enter(void *function, void *caller);
LIBLINUX_NO_INSTRUMENT void __cyg_profile_func_exit(void *function, void *caller);

void mcount(void)
{
}

void _mcount(void)
{
}

void __cyg_profile_func_enter(void *function, void *caller)
{
	(void)function;
	(void)caller;
}

void __cyg_profile_func_exit(void *function, void *caller)
{
	(void)function;
	(void)caller;
}

unsigned long length(const char *text)
{
	unsigned long n = 0;

	while (text[n])
		n++;
	return n;
}

int equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

int begins(const char *text, const char *with)
{
	while (*with && *text == *with)
		text++, with++;
	return !*with;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int begins_in_any_case(const char *text, const char *with)
{
	while (*with && lower(*text) == lower(*with))
		text++, with++;
	return !*with;
}

int contains(const char *text, const char *word)
{
	while (*text && !begins_in_any_case(text, word))
		text++;
	return begins_in_any_case(text, word);
}

int contains_word(const char *text, const char *start)
{
	char before = ' ';

	for (; *text; before = lower(*text++))
		if (!(before >= 'a' && before <= 'z') && !(before >= '0' && before <= '9') && begins_in_any_case(text, start))
			return 1;
	return 0;
}

/* * and ?. A * that does not fit takes one more; only the last one has to be tried again. */
int glob(const char *pattern, const char *text)
{
	const char *star = 0, *from = text;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return 0;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

int read_number(const char *text, unsigned long *value)
{
	int negative = *text == '-';
	unsigned long base = 10, result = 0;

	text += *text == '-' || *text == '+';
	if (text[0] == '0' && text[1]) {
		base = lower(text[1]) == 'x' ? 16 : 8;
		text += base == 16 ? 2 : 1;
	}
	if (!*text)
		return 0;
	for (; *text; text++) {
		unsigned long next = (unsigned long)digit(*text);

		if (next >= base || result > (~0ul - next) / base)
			return 0;
		result = result * base + next;
	}
	if (negative && result > 1ul << 63)
		return 0;
	*value = negative ? -result : result;
	return 1;
}

int read_release(const char *text, unsigned long release[3])
{
	int n;

	release[0] = release[1] = release[2] = 0;
	for (n = 0; n < 3; n++) {
		if (*text < '0' || *text > '9')
			return 0;
		while (*text >= '0' && *text <= '9' && release[n] < 1000000)
			release[n] = release[n] * 10 + (unsigned long)(*text++ - '0');
		if (*text != '.' || text[1] < '0' || text[1] > '9')
			return n > 0;
		text++;
	}
	return 1;
}

int is_release(const char *text)
{
	do {
		if (*text < '0' || *text > '9')
			return 0;
		while (*text >= '0' && *text <= '9')
			text++;
	} while (*text++ == '.');
	return !text[-1];
}

int compare_numbers(const unsigned long a[3], const unsigned long b[3])
{
	int n;

	for (n = 0; n < 3; n++)
		if (a[n] != b[n])
			return a[n] < b[n] ? -1 : 1;
	return 0;
}

int compare_releases(const char *a, const char *b)
{
	unsigned long one[3], two[3];

	read_release(a, one);
	read_release(b, two);
	return compare_numbers(one, two);
}

int kernel_release(char text[65])
{
	struct linux_new_utsname name;
	unsigned long release[3];
	unsigned int n;

	if (linux_uname(&name) != 0 || !read_release(name.release, release))
		return 0;
	for (n = 0; n < 64 && name.release[n]; n++)
		text[n] = name.release[n];
	text[n] = 0;
	return 1;
}

/* Standard output. */
static char out[16384];
static unsigned long out_used;
static long out_error;

static long write_all(unsigned int fd, const char *data, unsigned long size)
{
	unsigned long done = 0;

	while (done < size) {
		long put = linux_write(fd, data + done, size - done);

		if (put == -LINUX_EINTR)
			continue;
		if (put <= 0)
			return put ? put : -LINUX_EIO;
		done += (unsigned long)put;
	}
	return 0;
}

void flush(void)
{
	if (!out_error)
		out_error = write_all(1, out, out_used);
	out_used = 0;
}

void put_bytes(const void *data, unsigned long size)
{
	const char *from = data;

	while (size--) {
		if (out_used == sizeof out)
			flush();
		out[out_used++] = *from++;
	}
}

void put(const char *text)
{
	put_bytes(text, length(text));
}

char *digits_of(char *end, unsigned long value, unsigned int base, unsigned int digits)
{
	do {
		*--end = "0123456789abcdef"[value % base];
		value /= base;
		digits -= digits > 0;
	} while (value || digits);
	return end;
}

void put_unsigned(unsigned long value, unsigned int base, unsigned int digits)
{
	char text[64], *start = digits_of(text + sizeof text, value, base, digits);

	put_bytes(start, (unsigned long)(text + sizeof text - start));
}

void put_number(long value)
{
	if (value < 0)
		put("-");
	put_unsigned(value < 0 ? -(unsigned long)value : (unsigned long)value, 10, 1);
}

void put_column(const char *text, unsigned long width)
{
	unsigned long n = length(text);

	put_bytes(text, n);
	do
		put(" ");
	while (n++ < width);
}

/* Ends at a null byte at the latest. */
unsigned long utf8(const char *text)
{
	const byte *at = (const byte *)text;
	unsigned long n, size = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3 :
		at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;

	for (n = 1; n < size; n++)
		if ((at[n] & 0xc0) != 0x80)
			return 0;
	/* overlong, surrogates, too large */
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return size;
}

void put_json(const char *text)
{
	if (!text) {
		put("null");
		return;
	}
	put("\"");
	while (*text) {
		unsigned long size = utf8(text);

		if (*text == '"' || *text == '\\')
			put("\\");
		if (!size) {
			put("\\ufffd");
			text++;
		} else if ((byte)*text < ' ') {
			put("\\u");
			put_unsigned((byte)*text++, 16, 4);
		} else {
			put_bytes(text, size);
			text += size;
		}
	}
	put("\"");
}

int finish(int status)
{
	flush();
	if (out_error) {
		complain("standard output: ", error_name(-out_error), (char *)0);
		return CANNOT_TELL;
	}
	return status;
}

#define MOST_PART 300		/* bytes that are shown of a word */

/* Once, so that the lines of several programs do not mix; what cannot be seen is a question mark. */
int complain(const char *part, ...)
{
	char line[1024] = "liblinux: ";
	unsigned long n = 10;
	va_list parts;

	flush();
	va_start(parts, part);
	for (; part; part = va_arg(parts, const char *)) {
		unsigned long size = length(part), shown = size;

		/* A word that is cut leaves room for what is said of it. */
		if (size > MOST_PART)
			for (shown = MOST_PART - 3; shown && ((byte)part[shown] & 0xc0) == 0x80; shown--)
				;
		for (; shown-- && n < sizeof line - 4; part++)
			line[n++] = (byte)*part < ' ' || *part == 0x7f ? '?' : *part;
		for (shown = 0; size > MOST_PART && shown < 3 && n < sizeof line - 1; shown++)
			line[n++] = '.';
	}
	va_end(parts);
	line[n++] = '\n';
	write_all(2, line, n);
	return CANNOT_TELL;
}

const char *error_name(long error)
{
	static char text[32];
	unsigned int n;

	for (n = 0; n < n_errors; n++)
		if (errors[n].value == error && !errors[n].is_alias)
			return errors[n].name;
	text[31] = 0;
	return digits_of(text + 31, (unsigned long)error, 10, 1);
}

void drop_file(struct file *file)
{
	if (file->room)
		linux_munmap((unsigned long)file->data, file->room);
	file->data = 0;
	file->size = file->room = 0;
}

/* To the end, wherever that is. */
static const char *read_all(unsigned int fd, unsigned long room, struct file *file)
{
	for (;; room *= 2) {
		long at = linux_mmap(0, room, LINUX_PROT_READ | LINUX_PROT_WRITE, LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS, (unsigned long)-1, 0);
		unsigned long done = file->size;

		if (linux_is_error(at))
			return error_name(-at);
		memcpy((void *)at, file->data, done);
		drop_file(file);
		file->data = (byte *)at;
		file->room = room;
		for (file->size = done; file->size < room;) {
			long got = linux_read(fd, file->data + file->size, room - file->size);

			if (got == -LINUX_EINTR)
				continue;
			if (got <= 0)
				return got ? error_name(-got) : 0;
			file->size += (unsigned long)got;
			if (file->size > MOST_SIZE)
				return "larger than 1 GiB";
		}
	}
}

/* Into memory: a mapped file that somebody makes shorter would end this program. */
const char *read_file(const char *name, struct file *file)
{
	struct linux_stat status;
	const char *wrong;
	long fd, ret;

	file->data = 0;
	file->size = file->room = 0;
	fd = linux_openat(LINUX_AT_FDCWD, name, LINUX_O_RDONLY | LINUX_O_CLOEXEC | LINUX_O_NONBLOCK, 0);
	if (fd < 0)
		return error_name(-fd);
	ret = linux_fstat((unsigned int)fd, &status);
	if (ret < 0)
		wrong = error_name(-ret);
	else if ((status.st_mode & LINUX_S_IFMT) != LINUX_S_IFREG)
		wrong = "not a file";
	else if ((unsigned long)status.st_size > MOST_SIZE)
		wrong = "larger than 1 GiB";
	else		/* one more, for the read that finds the end; files of /proc say 0 */
		wrong = read_all((unsigned int)fd, status.st_size ? (unsigned long)status.st_size + 1 : 65536, file);
	linux_close((unsigned int)fd);
	if (wrong)
		drop_file(file);
	return wrong;
}

int read_options(int argc, char **argv, const struct option *options)
{
	int n, words = 0;

	for (n = 0; n < argc; n++) {
		const struct option *option;
		const char *name = argv[n] + 2;
		unsigned long size = 0;

		if (!begins(argv[n], "--")) {
			if (argv[n][0] == '-' && argv[n][1] && digit(argv[n][1]) > 9)
				return complain("unknown option '", argv[n], "'", (char *)0), -1;
			argv[words++] = argv[n];
			continue;
		}
		if (!*name) {
			for (n++; n < argc; n++)
				argv[words++] = argv[n];
			break;
		}
		while (name[size] && name[size] != '=')
			size++;
		for (option = options; option->name; option++)
			if (begins(name, option->name) && length(option->name) == size)
				break;
		if (!option->name)
			return complain("unknown option '", argv[n], "'", (char *)0), -1;
		if (!option->value) {
			if (name[size])
				return complain("option '--", option->name, "' takes no value", (char *)0), -1;
			*option->flag = 1;
		} else if (name[size]) {
			*option->value = name + size + 1;
		} else if (n + 1 < argc) {
			*option->value = argv[++n];
		} else {
			return complain("option '--", option->name, "' wants a value", (char *)0), -1;
		}
	}
	argv[words] = 0;
	return words;
}
