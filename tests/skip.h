/* SPDX-License-Identifier: MIT */
/*
 * Skips with a reason, for programs of cmocka. Its own have none, and as TAP 1.1.5 says
 * "not ok 1 # SKIP name" of one, which Meson counts as failed.
 */
#ifndef SKIP_H
#define SKIP_H

#include <stdio.h>
#include <string.h>

static const char *skip_reason;

static void skip_because(const char *reason)
{
	skip_reason = reason;
	skip();
}

/* cmocka writes a line at a time. */
static ssize_t write_tap(void *cookie, const char *text, size_t size)
{
	char line[256];
	int number, rest = 0;

	(void)cookie;
	snprintf(line, sizeof(line), "%.*s", (int)size, text);
	line[strcspn(line, "\n")] = '\0';
	if (skip_reason && sscanf(line, "%*[nkot ]%d # SKIP %n", &number, &rest) == 1 && rest) {
		dprintf(STDOUT_FILENO, "ok %d - %s # SKIP %s\n", number, line + rest, skip_reason);
		skip_reason = NULL;
	} else {
		dprintf(STDOUT_FILENO, "%.*s", (int)size, text);
	}
	return (ssize_t)size;
}

/* Before cmocka runs anything. */
static void give_reasons(void)
{
	stdout = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_tap });
	setvbuf(stdout, NULL, _IOLBF, 0);
}

#endif
