/* SPDX-License-Identifier: MIT */
/* What every function of the library includes, and a call defines LIBLINUX_NUMBER before. */
#ifndef WRAPPER_H
#define WRAPPER_H

/* This code is a function for ever: arch.h need not count on being inlined. */
#define LIBLINUX_WRAPPER

#include <liblinux/syscalls.h>

/*
 * Calls are in a section of their own, and a line of another, a struct linux_pin of
 * <liblinux/pins.h>, says where the instruction is and with which number. The names are C
 * identifiers, so every linker keeps each section in one piece and tells where it is. The
 * second is bound to the first (SHF_LINK_ORDER): it has the same order, and its lines go
 * where their calls go.
 */
#define LIBLINUX_PIN_SECTION(of) \
	"\t.pushsection liblinux_pins, \"ao\", @progbits, " of "\n" \
	"\t.balign 4\n"
#define LIBLINUX_STRING(token) #token
#define LIBLINUX_PIN(instruction, number) \
	"9:\t" instruction "\n" \
	LIBLINUX_PIN_SECTION("liblinux_calls") \
	"\t.long 9b - ., " LIBLINUX_STRING(number) "\n" \
	"\t.popsection"
#ifdef LIBLINUX_NUMBER
# define LIBLINUX_PINNED(instruction) LIBLINUX_PIN(instruction, LIBLINUX_NUMBER)
#endif

#include <liblinux/arch.h>

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
#define LIBLINUX_CALL LIBLINUX_FUNCTION __attribute__((__section__("liblinux_calls")))

#endif
