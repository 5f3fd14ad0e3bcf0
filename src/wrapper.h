/* SPDX-License-Identifier: MIT */
/* What every generated wrapper includes. */
#ifndef WRAPPER_H
#define WRAPPER_H

/* This code is a function for ever: arch.h need not count on being inlined. */
#define LIBLINUX_WRAPPER

#include <liblinux/arch.h>
#include <liblinux/syscalls.h>

#if defined(__has_attribute)
# if __has_attribute(__noipa__)
#  define LIBLINUX_NOIPA __attribute__((__noipa__))
# endif
#endif
#ifndef LIBLINUX_NOIPA
# define LIBLINUX_NOIPA __attribute__((__noinline__))
#endif

/* What has a flag to turn it off is among the flags in meson.build. */
#define LIBLINUX_FUNCTION LIBLINUX_NOIPA LIBLINUX_NO_INSTRUMENT

#endif
