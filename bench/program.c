/* SPDX-License-Identifier: MIT */
/*
 * A program to be weighed, started and looked at. It makes CALLS system calls, or refers to
 * every one (CALLS is -1): by liblinux without a libc, by liblinux beside one (HOSTED), or by
 * the libc alone (LIBC). With SMAPS it copies /proc/self/smaps to its output.
 */
#if defined(LIBC) || defined(HOSTED)
# define MAIN int main(int argc, char **argv)
#else
# include <liblinux/start.h>
# define MAIN int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv)
#endif
#ifdef LIBC
# include <unistd.h>
# define linux_write write
# define linux_getpid getpid
# define linux_close close
#else
# include <liblinux/syscalls.h>
#endif
#ifdef SMAPS
# include <fcntl.h>
# include <unistd.h>
#endif

/* A call that is never made: the linker and the loader do for it what they do for any. */
#ifdef LIBLINUX_INLINE
# define REFER(call) __asm__ __volatile__("" : : "r"(call));
# define linux_vfork 0			/* these have no inline form */
# define linux_rt_sigreturn 0
#elif defined(__aarch64__)
# define REFER(call) __asm__ __volatile__("bl " #call);
#else
# define REFER(call) __asm__ __volatile__("call " #call);
#endif

MAIN
{
	(void)argc;
	(void)argv;
#if CALLS == -1		/* so many arguments nobody gives */
	if (argc == 1000) {
# define LINUX_CALL(name, number, arguments, since) REFER(linux_##name)
# include <liblinux/calls.h>
	}
#endif
#if CALLS != 0
	if (linux_getpid() <= 0)
		return 1;
#endif
#if CALLS == 3
	if (linux_write(1, argv[0], 0) < 0 || linux_close(1000000) >= 0)
		return 1;
#endif
#ifdef SMAPS
	{
		static char buffer[1 << 16];
		ssize_t got;
		int fd = open("/proc/self/smaps", O_RDONLY);

		while ((got = read(fd, buffer, sizeof(buffer))) > 0)
			if (write(1, buffer, (size_t)got) != got)
				return 1;
		return got < 0;
	}
#endif
	return 0;
}
