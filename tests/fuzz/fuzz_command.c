/* SPDX-License-Identifier: MIT */
/*
 * The liblinux command in this process, behind a kernel of our own: it is linked to these functions
 * and not to liblinux, so that it can make no call of the system at all. The memory that it maps is
 * exactly as large as it asked for, and poisoned where it may not touch it.
 *
 * With -DNEEDS an input is the file that `liblinux needs` reads. Otherwise its first line is what
 * calls return, the second what they write, "file" what a file has, and the others are words of the
 * command line.
 *
 * It ends with one of the statuses of usage.c; what looks like JSON on standard output is, and what
 * goes to standard error is lines.
 */
#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <liblinux/liblinux.h>
#include <liblinux/table.h>

#define MOST_MEMORY (1ul << 20)
#define MOST_WORDS 64

long fuzz_syscall(long number, long a, long b, long c, long d, long e, long f);
int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	char *start;
	size_t size;
} mapped[256];
static size_t n_mapped;

static const char *file;		/* what is read */
static size_t file_size, file_at;
static int file_open;
static long result;			/* of calls */
static const char *written;		/* by them, again and again */
static size_t written_size;
static char *out;
static size_t out_size, out_room;

static void broken(const char *what)
{
	fprintf(stderr, "fuzz_command: %s\n", what);
	abort();
}

/* The kernel. */

long linux_mmap(unsigned long address, unsigned long size, unsigned long protection, unsigned long flags, unsigned long fd, unsigned long offset)
{
	void *start;

	if (address || offset || fd != (unsigned long)-1 || !(flags & LINUX_MAP_ANONYMOUS))
		broken("an odd mmap");
	if (!size)
		return -LINUX_EINVAL;
	if (size > MOST_MEMORY || n_mapped == sizeof mapped / sizeof *mapped)
		return -LINUX_ENOMEM;
	if (posix_memalign(&start, 4096, size))
		return -LINUX_ENOMEM;
	memset(start, 0, size);
	if (protection == LINUX_PROT_NONE)
		__asan_poison_memory_region(start, size);
	mapped[n_mapped].start = start;
	mapped[n_mapped++].size = size;
	return (long)start;
}

static size_t find(unsigned long address)
{
	size_t n;

	for (n = 0; n < n_mapped; n++)
		if (address - (unsigned long)mapped[n].start < mapped[n].size)
			return n;
	return n;
}

long linux_mprotect(unsigned long start, unsigned long size, unsigned long protection)
{
	size_t n = find(start);

	if (n == n_mapped || size > mapped[n].size || protection != (LINUX_PROT_READ | LINUX_PROT_WRITE))
		broken("an odd mprotect");
	__asan_unpoison_memory_region((void *)start, size);
	return 0;
}

static void unmap(size_t n)
{
	__asan_unpoison_memory_region(mapped[n].start, mapped[n].size);
	free(mapped[n].start);
	mapped[n] = mapped[--n_mapped];
}

long linux_munmap(unsigned long address, unsigned long size)
{
	size_t n = find(address);

	if (n == n_mapped || (unsigned long)mapped[n].start != address || mapped[n].size != size)
		broken("an odd munmap");
	unmap(n);
	return 0;
}

long linux_openat(int directory, const char *path, int flags, unsigned int mode)
{
	if (directory != LINUX_AT_FDCWD || mode || !(flags & LINUX_O_CLOEXEC))
		broken("an odd openat");
	if (!file || *path != 'F' || file_open)
		return -LINUX_ENOENT;
	file_at = 0;
	file_open = 1;
	return 3;
}

long linux_fstat(unsigned int fd, struct linux_stat *status)
{
	if (fd != 3 || !file_open)
		broken("an odd fstat");
	memset(status, 0, sizeof *status);
	status->st_mode = LINUX_S_IFREG;
	status->st_size = (long)file_size;
	return 0;
}

long linux_read(unsigned int fd, void *buffer, unsigned long size)
{
	/* In parts, as a kernel may. */
	size_t part = file_size - file_at < 1000 ? file_size - file_at : 1000;

	if (fd != 3 || !file_open)
		broken("an odd read");
	if (size < part)
		part = size;
	memcpy(buffer, file + file_at, part);
	file_at += part;
	return (long)part;
}

long linux_close(unsigned int fd)
{
	if (fd != 3 || !file_open)
		broken("an odd close");
	file_open = 0;
	return 0;
}

long linux_write(unsigned int fd, const void *data, unsigned long size)
{
	const char *text = data;

	if (fd == 2 && (size < 2 || text[size - 1] != '\n' || memchr(text, '\n', size - 1)))
		broken("a complaint that is not a line");
	if (fd != 1)
		return (long)size;
	if (out_size + size > out_room) {
		out_room = 2 * (out_size + size);
		out = realloc(out, out_room);
	}
	memcpy(out + out_size, text, size);
	out_size += size;
	return (long)size;
}

long linux_getpid(void)
{
	return 4711;
}

long linux_exit_group(int status)
{
	(void)status;
	abort();
}

long linux_uname(struct linux_new_utsname *name)
{
	size_t n = written_size < sizeof name->release - 1 ? written_size : sizeof name->release - 1;

	memset(name, 0, sizeof *name);
	memcpy(name->release, written, n);
	return 0;
}

long linux_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	(void)a, (void)b, (void)c, (void)d;
	if (option != LINUX_PR_GET_SECCOMP)
		broken("an odd prctl");
	return result & 2;
}

long linux_rt_sigaction(int signal, const struct linux_sigaction *action, struct linux_sigaction *old, unsigned long size)
{
	(void)signal, (void)action, (void)old, (void)size;
	return 0;
}

long linux_rt_sigprocmask(int how, const struct linux_sigset *set, struct linux_sigset *old, unsigned long size)
{
	(void)how, (void)set, (void)old, (void)size;
	return 0;
}

long linux_setitimer(int which, const struct itimerval *value, struct itimerval *old)
{
	(void)which, (void)value, (void)old;
	abort();
}

#ifdef __x86_64__
long linux_clone(unsigned long flags, unsigned long stack, int *parent, int *child, unsigned long tls)
#else
long linux_clone(unsigned long flags, unsigned long stack, int *parent, unsigned long tls, int *child)
#endif
{
	(void)flags, (void)stack, (void)parent, (void)child, (void)tls;
	return result & 1 ? -LINUX_EAGAIN : 4711;
}

/* What a child of probe leaves: two int that say whether it called and came back, and the result. */
long linux_wait4(int pid, int *status, int options, struct linux_rusage *usage)
{
	size_t n;

	(void)options, (void)usage;
	for (n = 0; n < n_mapped && mapped[n].size != 4096; n++)
		;
	if (n < n_mapped && written_size >= 16) {
		memcpy(mapped[n].start, written, 8);
		memcpy(mapped[n].start + 8, &result, 8);
	}
	*status = written_size > 16 ? written[16] : 0;
	return pid;
}

long fuzz_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	const long arguments[] = { a, b, c, d, e, f };
	size_t n, at, i;

	(void)number;
	for (n = 0; n < 6 && written_size; n++)
		if ((i = find((unsigned long)arguments[n])) < n_mapped)
			for (at = (unsigned long)arguments[n] - (unsigned long)mapped[i].start; at < mapped[i].size; at++) {
				if (__asan_address_is_poisoned(mapped[i].start + at))
					break;
				mapped[i].start[at] = written[at % written_size];
			}
	return result;
}

/* JSON: where a value ends, or NULL. */

static const char *value(const char *at, int depth);

static const char *space(const char *at)
{
	return at + strspn(at, " \n");
}

static const char *string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < ' ')
			return NULL;
		if (*at == '\\') {
			at++;
			if (*at == 'u' && strspn(at + 1, "0123456789abcdef") >= 4)
				at += 4;
			else if (!*at || !strchr("\"\\", *at))
				return NULL;
		}
	}
	return at + 1;
}

static const char *list(const char *at, char end, int depth)
{
	at = space(at);
	if (*at == end)
		return at + 1;
	for (;;) {
		if (end == '}') {
			at = string(space(at));
			if (!at || *at++ != ':')
				return NULL;
		}
		at = value(space(at), depth + 1);
		if (!at)
			return NULL;
		at = space(at);
		if (*at == end)
			return at + 1;
		if (*at++ != ',')
			return NULL;
	}
}

static const char *value(const char *at, int depth)
{
	static const char *const words[] = { "null", "true", "false" };
	size_t n;

	if (depth > 8)
		return NULL;
	if (*at == '"')
		return string(at);
	if (*at == '[' || *at == '{')
		return list(at + 1, *at == '[' ? ']' : '}', depth);
	for (n = 0; n < sizeof words / sizeof *words; n++)
		if (!strncmp(at, words[n], strlen(words[n])))
			return at + strlen(words[n]);
	n = strspn(at + (*at == '-'), "0123456789");
	return n ? at + (*at == '-') + n : NULL;
}

static void run(int argc, char **argv)
{
	char **copy = malloc((size_t)(argc + 1) * sizeof *argv);
	const char *end;
	int status;

	memcpy(copy, argv, (size_t)(argc + 1) * sizeof *argv);
	out_size = 0;
	status = linux_main(argc, copy, copy + argc, NULL);
	if (status < 0 || status > 3)
		broken("it ended with another status");
	free(copy);
	while (n_mapped)
		unmap(n_mapped - 1);
	file_open = 0;
	linux_write(1, "", 1);
	if (strlen(out) != out_size - 1)
		broken("a null byte on standard output");
	/* Nothing else begins so, but for a file's name. */
	if (*out == '[' || *out == '{') {
		end = value(out, 0);
		if (!end || strcmp(end, "\n"))
			broken("that is no JSON");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#ifdef NEEDS
	char *words[] = { (char *)"liblinux", (char *)"needs", (char *)"FILE", NULL, NULL };

	file = (const char *)data;
	file_size = size;
	run(3, words);
	words[3] = (char *)"--json";
	run(4, words);
#else
	char *words[MOST_WORDS + 1] = { (char *)"liblinux" };
	char *text = malloc(size + 1), *line = text, *lines[3] = { NULL, NULL, NULL };
	int argc = 1, n;

	memcpy(text, data, size);
	text[size] = 0;
	file = written = NULL;
	for (n = 0; line && argc < MOST_WORDS; n++) {
		char *next = strchr(line, '\n');

		if (next)
			*next++ = 0;
		else if (!*line)
			break;
		if (n < 3)
			lines[n] = line;
		else
			words[argc++] = strdup(line);	/* the byte behind it is poisoned */
		line = next;
	}
	result = lines[0] ? strtol(lines[0], NULL, 0) : 0;
	written = lines[1] ? lines[1] : "";
	written_size = strlen(written);
	file = lines[2];
	file_size = file ? strlen(file) : 0;
	run(argc, words);
	while (argc > 1)
		free(words[--argc]);
	free(text);
#endif
	return 0;
}
