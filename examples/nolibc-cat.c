/* SPDX-License-Identifier: MIT */
/*
 * nolibc-cat [FILE...]: copies the files, or the standard input for none or "-", to the
 * standard output, without a libc, in less than 2 KiB. The kernel copies what it can by itself:
 * copy_file_range between files, splice from and to pipes; the rest is read and written.
 *
 * What makes it so small, beside -Os: no position-independent code, stack protector, unwind
 * tables, landing pads or notes, and one segment. With gcc for x86_64:
 *
 *	gcc -Os -DLIBLINUX_INLINE -ffreestanding -fno-pie -fno-stack-protector -fno-ident \
 *		-fno-asynchronous-unwind-tables -fcf-protection=none -nostdlib -static -s \
 *		-Wl,-z,noseparate-code -Wl,--build-id=none nolibc-cat.c
 */
#include <liblinux/liblinux.h>
#include <liblinux/posix.h>
#include <liblinux/start.h>

#define MOST 0x40000000ul

struct reason {
	unsigned char error;
	char text[26];
};

static const struct reason reasons[] = {
	{ LINUX_EACCES, "Permission denied" },
	{ LINUX_EAGAIN, "Would block" },
	{ LINUX_EBADF, "Bad file descriptor" },
	{ LINUX_EFBIG, "File too large" },
	{ LINUX_EINVAL, "Invalid argument" },
	{ LINUX_EIO, "Input/output error" },
	{ LINUX_EISDIR, "Is a directory" },
	{ LINUX_ENOENT, "No such file or directory" },
	{ LINUX_ENOSPC, "No space left on device" },
	{ LINUX_ENOTDIR, "Not a directory" },
	{ LINUX_EPIPE, "Broken pipe" },
};

static struct iovec piece(const char *text, unsigned long most)
{
	struct iovec vec = { (void *)text, 0 };

	while (vec.iov_len < most && text[vec.iov_len])
		vec.iov_len++;
	return vec;
}

/* In one write, so that lines of other programs stay whole; if it fails there is nobody to tell. */
static int complain(const char *name, const char *why, long error)
{
	char number[5];
	struct iovec line[6];
	unsigned long i;
	int at;

	number[0] = number[4] = '\0';
	for (i = 0; !why && i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].error == -error)
			why = reasons[i].text;
	if (!why) {
		why = "error ";
		for (at = 3, i = (unsigned long)-error; at >= 0; at--, i /= 10)
			number[at] = (char)('0' + i % 10);
	}
	line[0] = piece("nolibc-cat: ", MOST);
	line[1] = piece(name, MOST);
	line[2] = piece(": ", MOST);
	line[3] = piece(why, sizeof(reasons->text));
	line[4] = piece(number, MOST);
	line[5] = piece("\n", MOST);
	linux_writev(2, line, 6);
	return 1;
}

/* How a copy ended. */
enum outcome { DONE, READ_FAILED, WRITE_FAILED };

static enum outcome copy(unsigned int in, int regular, long *error)
{
	char buffer[65536];
	long got, put, done;

	/*
	 * What the kernel does not copy by itself, for one of many reasons, is read and written:
	 * those two know which side failed. 0 is no certain end of a regular file: one in /proc
	 * has the size 0.
	 */
	do {
		got = linux_copy_file_range((int)in, 0, 1, 0, MOST, 0);
	} while (got > 0 || got == -LINUX_EINTR);
	do {
		got = linux_splice((int)in, 0, 1, 0, MOST, 0);
	} while (got > 0 || got == -LINUX_EINTR);
	if (got == 0 && !regular)
		return DONE;
	for (;;) {
		got = linux_read(in, buffer, sizeof(buffer));
		if (got == -LINUX_EINTR)
			continue;
		*error = got;
		if (got <= 0)
			return got ? READ_FAILED : DONE;
		for (done = 0; done < got; done += put) {
			put = linux_write(1, buffer + done, (unsigned long)(got - done));
			*error = put;
			if (put == -LINUX_EINTR)
				put = 0;
			else if (put < 0)
				return WRITE_FAILED;
		}
	}
}

static int is_regular(const struct linux_stat *status)
{
	return (status->st_mode & LINUX_S_IFMT) == LINUX_S_IFREG;
}

int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv)
{
	struct linux_stat out, in;
	int i, worst = 0;
	long ret, fd;

	(void)envp;
	(void)auxv;
	ret = linux_fstat(1, &out);
	if (ret < 0)
		return complain("standard output", 0, ret);
	for (i = 1; i < argc || i == 1; i++) {
		const char *name = argc > 1 ? argv[i] : "-";
		int is_input = name[0] == '-' && !name[1];

		fd = is_input ? 0 : linux_openat(LINUX_AT_FDCWD, name, LINUX_O_RDONLY | LINUX_O_CLOEXEC, 0);
		ret = fd < 0 ? fd : linux_fstat((unsigned int)fd, &in);
		if (ret < 0) {
			worst |= complain(name, 0, ret);
			continue;
		}
		/* What is copied onto its own end never ends. */
		if (is_regular(&in) && in.st_dev == out.st_dev && in.st_ino == out.st_ino &&
		    linux_lseek((unsigned int)fd, 0, LINUX_SEEK_CUR) < in.st_size) {
			worst |= complain(name, "input file is output file", 0);
		} else {
			switch (copy((unsigned int)fd, is_regular(&in), &ret)) {
			case WRITE_FAILED:
				return complain("write error", 0, ret);
			case READ_FAILED:
				worst |= complain(name, 0, ret);
			case DONE:
				break;
			}
		}
		if (!is_input)
			linux_close((unsigned int)fd);
	}
	return worst;
}
