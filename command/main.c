/* SPDX-License-Identifier: MIT */
/* The liblinux command: what there is in the kernel, without a libc. */
#include "command.h"

#include <liblinux/start.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "list", do_list }, { "show", do_show }, { "probe", do_probe }, { "needs", do_needs }, { "errno", do_errno }, { "call", do_call },
};

int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv)
{
	unsigned int n;

	(void)envp;
	(void)auxv;
	if (argc < 2)
		return complain("which command? 'liblinux --help' says what there is", (char *)0), WRONG_USE;
	if (equal(argv[1], "--help") || equal(argv[1], "-h") || equal(argv[1], "help")) {
		put(usage_liblinux);
		return finish(YES);
	}
	if (equal(argv[1], "--version") || equal(argv[1], "-V")) {
		if (argc > 3 || (argc == 3 && !equal(argv[2], "--json")))
			return complain(argv[1], " takes nothing but --json", (char *)0), WRONG_USE;
		if (argc == 3) {
			put("{\"version\": \"" LIBLINUX_VERSION "\", \"linux\": ");
			put_json(tree);
			put(", \"arch\": ");
			put_json(archs[native].name);
			put("}\n");
			return finish(YES);
		}
		put("liblinux " LIBLINUX_VERSION ", of Linux ");
		put(tree);
		put(" on ");
		put(archs[native].name);
		put("\n");
		return finish(YES);
	}
	for (n = 0; n < sizeof commands / sizeof *commands; n++)
		if (equal(argv[1], commands[n].name))
			return finish(commands[n].run(argc - 2, argv + 2));
	complain("no command '", argv[1], "': 'liblinux --help' says what there is", (char *)0);
	return WRONG_USE;
}
