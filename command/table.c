/* SPDX-License-Identifier: MIT */
/* list, show, errno: what the tables have. */
#include "command.h"

static int same_prototype(const struct linux_table_call *a, const struct linux_table_call *b)
{
	unsigned long n;

	if (a->nargs != b->nargs)
		return 0;
	for (n = 0; n < a->nargs; n++)
		if (!equal(a->args[n].name, b->args[n].name) || !equal(a->args[n].type, b->args[n].type))
			return 0;
	return 1;
}

/* Has a later architecture than the first the same prototype, and comes with it? */
static int comes_with(const struct linux_table_call *call, unsigned int arch, struct linux_table_call *other)
{
	return linux_table_by_name(other, sizeof *other, archs[arch].audit, call->name) == 0 && same_prototype(call, other);
}

static int is_first(const struct linux_table_call *call, unsigned int arch)
{
	struct linux_table_call other;
	unsigned int n;

	for (n = 0; n < arch; n++)
		if (comes_with(call, n, &other))
			return 0;
	return 1;
}

static void put_words_json(const char *words)
{
	const char *gap = "";

	put("[");
	while (words && *words) {
		unsigned long n = 0;

		while (words[n] && words[n] != ' ')
			n++;
		put(gap);
		put("\"");
		put_bytes(words, n);
		put("\"");
		words += n + (words[n] == ' ');
		gap = ", ";
	}
	put("]");
}

static const struct {
	unsigned int flag;
	const char *word;
} directions[] = {
	{ LINUX_TABLE_ARG_IN, "in" }, { LINUX_TABLE_ARG_OUT, "out" }, { LINUX_TABLE_ARG_INOUT, "inout" },
	{ LINUX_TABLE_ARG_VARIES, "varies" }, { LINUX_TABLE_ARG_ADDRESS, "address" },
}, units[] = {
	{ LINUX_TABLE_ARG_BYTES, "bytes" }, { LINUX_TABLE_ARG_ELEMENTS, "elements" }, { LINUX_TABLE_ARG_BITS, "bits" },
}, arg_flags[] = {		/* in the order of their names */
	{ LINUX_TABLE_ARG_CLOSED, "closed" }, { LINUX_TABLE_ARG_DIRFD, "dirfd" }, { LINUX_TABLE_ARG_FD, "fd" },
	{ LINUX_TABLE_ARG_NULLABLE, "nullable" }, { LINUX_TABLE_ARG_RETAINED, "retained" }, { LINUX_TABLE_ARG_SCATTER, "scatter" },
	{ LINUX_TABLE_ARG_STRING, "string" },
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *direction_of(unsigned long flags)
{
	unsigned long n;

	for (n = 0; n < COUNT(directions); n++)
		if (flags & directions[n].flag)
			return directions[n].word;
	return 0;
}

static const char *unit_of(unsigned long flags)
{
	unsigned long n;

	for (n = 0; n < COUNT(units); n++)
		if (flags & units[n].flag)
			return units[n].word;
	return 0;
}

static void put_arg_json(const struct linux_table_arg *arg)
{
	const char *gap = "";
	unsigned long n;

	put("{\"name\": ");
	put_json(arg->name);
	put(", \"type\": ");
	put_json(arg->type);
	put(", \"direction\": ");
	put_json(direction_of(arg->flags));
	put(", \"unit\": ");
	put_json(unit_of(arg->flags));
	put(", \"count\": ");
	put_json(arg->count);
	put(arg->flags & LINUX_TABLE_ARG_WRITTEN ? ", \"written\": true" : ", \"written\": false");
	put(", \"flags\": [");
	for (n = 0; n < COUNT(arg_flags); n++)
		if (arg->flags & arg_flags[n].flag) {
			put(gap);
			put_json(arg_flags[n].word);
			gap = ", ";
		}
	put("]}");
}

/* An entry of liblinux.json, of one architecture and those that share its prototype. */
static void put_object(const struct linux_table_call *call, unsigned int arch)
{
	struct linux_table_call other;
	const char *gap = "";
	unsigned int n, of;

	put("{\"name\": ");
	put_json(call->name);
	put(", \"summary\": ");
	put_json(about(call->name)->summary);
	put(", \"category\": ");
	put_json(call->category);
	put(", \"returns\": ");
	put_json(call->returns);
	for (of = 0; of < 2; of++) {
		put(of ? ", \"since\": {" : ", \"numbers\": {");
		for (n = 0, gap = ""; n < n_archs; n++)
			if (n == arch || comes_with(call, n, &other)) {
				const struct linux_table_call *one = n == arch ? call : &other;

				put(gap);
				put_json(archs[n].name);
				put(": ");
				if (of)
					put_json(one->since);
				else
					put_number(one->number);
				gap = ", ";
			}
		put("}");
	}
	put(", \"removed\": ");
	put_json(about(call->name)->removed);
	put(", \"glibc\": ");
	put_json(call->glibc);
	put(", \"musl\": ");
	put_json(call->musl);
	put(", \"man\": ");
	put_json(call->man);
	put(", \"replaced_by\": ");
	put_json(about(call->name)->replaced_by);
	put(", \"config\": ");
	put_words_json(call->config);
	put(", \"capability\": ");
	put_words_json(call->capability);
	put(", \"marks\": [");
	for (n = 0, gap = ""; n < n_marks_by_name; n++)
		if (call->flags & 1ul << marks_by_name[n]) {
			put(gap);
			put_json(marks[marks_by_name[n]].name);
			gap = ", ";
		}
	put("], \"args\": [");
	for (n = 0; n < call->nargs; n++) {
		put(n ? ", " : "");
		put_arg_json(&call->args[n]);
	}
	put("]}");
}

/* list */

/* At the start of a word of the summary, anywhere in the name, or all of the category. */
static int has(const struct linux_table_call *call, const char *word)
{
	return contains(call->name, word) || equal(call->category, word) || contains_word(about(call->name)->summary, word);
}

/* Does a word fit, or what it is without -s or -ing: "listing namespaces" means what "list namespace" does? */
static int fits(const struct linux_table_call *call, const char *pattern)
{
	char word[64];
	unsigned long size, n;

	for (n = 0; pattern[n]; n++)
		if (pattern[n] == '*' || pattern[n] == '?')
			return glob(pattern, call->name);
	if (begins(pattern, "linux_"))
		pattern += 6;
	if (has(call, pattern))
		return 1;
	size = length(pattern);
	if (size < 5 || size >= sizeof word - 2)
		return 0;
	for (n = 0; n <= size; n++)
		word[n] = pattern[n];
	if (equal(word + size - 3, "ies")) {
		word[size - 3] = 'y';
		word[size - 2] = 0;
	} else if (word[size - 1] == 'y') {
		word[size - 1] = 'i';
		word[size] = 'e';
		word[size + 1] = 0;
	} else {
		word[size - (word[size - 1] == 's' ? 1 : equal(word + size - 3, "ing") ? 3 : 0)] = 0;
	}
	return has(call, word);
}

/* How many of the words, which may be several in one argument. */
static unsigned int fitting(const struct linux_table_call *call, char **patterns, int count, unsigned int *words)
{
	unsigned int found = 0;
	int n;

	*words = 0;
	for (n = 0; n < count; n++) {
		const char *at = patterns[n];
		char word[256];
		unsigned long size;

		do {
			for (size = 0; at[size] && at[size] != ' '; size++)
				if (size < sizeof word - 1)
					word[size] = at[size];
			if (size < sizeof word) {
				word[size] = 0;
				found += (unsigned int)fits(call, word);
			}
			++*words;
			at += size + (at[size] == ' ');
		} while (*at);
	}
	return found;
}

/* Which word is it? most: what some have of them. */
static void none_fits(unsigned int audit, char **patterns, int count, unsigned int most)
{
	const char *then = most ? "; these have the most of them" : "";
	struct linux_table_call call;
	unsigned int place, words;
	int n;

	for (n = 0; n < count; n++) {
		for (place = 0; linux_table_at(&call, sizeof call, audit, place) == 0 && !fitting(&call, patterns + n, 1, &words); place++)
			;
		if (linux_table_at(&call, sizeof call, audit, place) != 0) {
			complain("no call is like that: none has '", patterns[n], "'", then, (char *)0);
			return;
		}
	}
	complain(count > 1 || most ? "no call is like that: none has all of these words" : "no call is like that", then, (char *)0);
}

static unsigned int find_arch(const char *name)
{
	unsigned int n;

	for (n = 0; n < n_archs && !equal(archs[n].name, name); n++)
		;
	return n;
}

static void unknown_arch(const char *name)
{
	char known[256] = "";
	unsigned long used = 0, size;
	unsigned int n;

	for (n = 0; n < n_archs; n++)
		for (size = 0; archs[n].name[size] && used < sizeof known - 3; size++) {
			if (n && !size)
				known[used++] = ',', known[used++] = ' ';
			known[used++] = archs[n].name[size];
		}
	known[used] = 0;
	complain("no architecture '", name, "'; there are: ", known, (char *)0);
}

static int is_wanted(const struct linux_table_call *call, const char *since, const char *category, const char *libc)
{
	return !(since && compare_releases(call->since, since) < 0) && !(category && !equal(call->category, category)) &&
	       !(libc && (equal(libc, "glibc") ? call->glibc : call->musl));
}

int do_list(int argc, char **argv)
{
	const char *since = 0, *category = 0, *libc = 0, *arch_name = archs[native].name;
	int json = 0, help = 0, list_categories = 0, words, found = 0;
	const struct option options[] = {
		{ "since", &since, 0 }, { "category", &category, 0 }, { "not-in", &libc, 0 }, { "arch", &arch_name, 0 },
		{ "categories", 0, &list_categories }, { "json", 0, &json }, { "help", 0, &help }, { 0, 0, 0 } };
	struct linux_table_call call;
	unsigned int arch, place, one, most = 0, all = 0;

	words = read_options(argc, argv, options);
	if (words < 0)
		return WRONG_USE;
	if (help) {
		put(usage_list);
		return YES;
	}
	arch = find_arch(arch_name);
	if (arch == n_archs)
		return unknown_arch(arch_name), WRONG_USE;
	if (since && !is_release(since))	/* 7 is 7.0 */
		return complain("'", since, "' is no release of a kernel, as 6.8 is", (char *)0), WRONG_USE;
	if (libc && !equal(libc, "glibc") && !equal(libc, "musl"))
		return complain("'", libc, "' is neither glibc nor musl", (char *)0), WRONG_USE;
	if (list_categories && (words || since || category || libc))
		return complain("--categories lists all of them: it takes nothing but --json", (char *)0), WRONG_USE;
	for (place = 0; category && place < n_categories && !equal(categories[place].name, category); place++)
		;
	if (category && place == n_categories)
		return complain("no category '", category, "': 'liblinux list --categories' has them", (char *)0), WRONG_USE;
	if (json)
		put("[");
	for (place = 0; list_categories && place < n_categories; place++) {
		if (json) {
			put(place ? ",\n{\"name\": " : "{\"name\": ");
			put_json(categories[place].name);
			put(", \"meaning\": ");
			put_json(categories[place].meaning);
			put("}");
		} else {
			put_column(categories[place].name, 12);
			put(categories[place].meaning);
			put("\n");
		}
		found++;
	}
	/* The most that a call has of the words, then those that have as many. */
	for (place = 0; !list_categories && linux_table_at(&call, sizeof call, archs[arch].audit, place) == 0; place++)
		if (is_wanted(&call, since, category, libc)) {
			one = fitting(&call, argv, words, &all);
			most = one > most ? one : most;
		}
	if (!list_categories && !json && most < all)
		none_fits(archs[arch].audit, argv, words, most);
	for (place = 0; !list_categories && linux_table_at(&call, sizeof call, archs[arch].audit, place) == 0; place++) {
		if (!is_wanted(&call, since, category, libc) || fitting(&call, argv, words, &all) < most || (most < all && (json || !most)))
			continue;
		if (json) {
			put(found++ ? ",\n" : "");
			put_object(&call, arch);
			continue;
		}
		if (!found++)
			put("NAME                      NR  SINCE   SUMMARY\n");
		put_column(call.name, 24);
		put(call.number < 10 ? "  " : call.number < 100 ? " " : "");
		put_number(call.number);
		put("  ");
		put_column(call.since, 7);
		put(about(call.name)->summary);
		put("\n");
	}
	if (json)
		put("]\n");
	if (!found && !json && most == all)
		none_fits(archs[arch].audit, argv, words, 0);
	return found && most == all ? YES : NO;
}

/* show */

static void put_label(const char *label)
{
	put("  ");
	put_column(label, 12);
}

/* A list of words where a line has an end. */
static void put_wrapped(const char *label, const char *words)
{
	unsigned long column = 0, n;

	put_label(label);
	while (*words) {
		for (n = 0; words[n] && words[n] != ' '; n++)
			;
		if (column && column + n > 70) {
			put("\n");
			put_label("");
			column = 0;
		}
		put(column ? " " : "");
		put_bytes(words, n);
		column += n + 1;
		words += n + (words[n] == ' ');
	}
	put("\n");
}

static void put_arg(const struct linux_table_arg *arg)
{
	const char *direction = direction_of(arg->flags), *unit = unit_of(arg->flags);

	put("    ");
	put_column(arg->name, 16);
	if (arg->flags & LINUX_TABLE_ARG_DIRFD)
		put("a directory's descriptor, or AT_FDCWD");
	else if (arg->flags & LINUX_TABLE_ARG_FD)
		put(arg->flags & LINUX_TABLE_ARG_CLOSED ? "a file descriptor, which is closed" : "a file descriptor");
	else if (!direction)
		put("a value");
	else if (equal(direction, "varies"))
		put("another argument decides what it is");
	else if (equal(direction, "address"))
		put("an address");
	else
		put(equal(direction, "in") ? "read" : equal(direction, "out") ? "written" : "read and written");
	if (arg->flags & LINUX_TABLE_ARG_STRING)
		put(", a string");
	if (unit && arg->count) {
		int pointed = arg->count[0] == '*';
		const char *end = arg->count;

		while (*end && *end != '/' && *end != '-')
			end++;
		put(": ");
		if (*end == '/') {
			put("as many ");
			put(unit);
			put(" as ");
		}
		put_bytes(arg->count + pointed, (unsigned long)(end - arg->count) - (unsigned long)pointed);
		put(*end == '/' ? " has pages" : *end == '-' ? " less 1 says how many " : pointed ? " points to how many " : arg->count[0] >= '0' && arg->count[0] <= '9' ? " " : " says how many ");
		put(*end == '/' ? "" : unit);
	}
	if (arg->flags & LINUX_TABLE_ARG_WRITTEN)
		put(", the result how many are written");
	if (arg->flags & LINUX_TABLE_ARG_SCATTER)
		put("; what it points to is written");
	if (arg->flags & LINUX_TABLE_ARG_NULLABLE)
		put("; may be NULL");
	if (arg->flags & LINUX_TABLE_ARG_RETAINED)
		put("; the kernel keeps the address");
	put("\n");
}

static void put_layout(const struct layout *layout)
{
	const struct member *member = &members[layout->first];
	unsigned long n;

	put("\n    ");
	put(layout->type);
	put(", ");
	put_unsigned(layout->size, 10, 1);
	put(" bytes\n");
	for (n = 0; n < layout->count; n++, member++) {
		put("      ");
		put_unsigned(member->offset, 10, 1);
		put(member->offset < 10 ? "    " : member->offset < 100 ? "   " : member->offset < 1000 ? "  " : " ");
		put(member->is_text ? "text" : member->is_signed ? "s" : "u");
		if (!member->is_text) {
			put_unsigned(8ul * member->width, 10, 1);
			put(member->width < 2 ? "  " : " ");
		}
		put("  ");
		put(member->name);
		if (member->count) {
			put("[");
			put_unsigned(member->count, 10, 1);
			put("]");
		}
		put("\n");
	}
}

static void put_call(const struct linux_table_call *call, unsigned int arch)
{
	struct linux_table_call other;
	int of_native = arch == native || comes_with(call, native, &other);	/* so are the layouts */
	unsigned long column;
	unsigned int n;

	put(call->name);
	put(" - ");
	put(about(call->name)->summary);
	put("\n\n  long linux_");
	put(call->name);
	put("(");
	column = length(call->name) + 14;
	for (n = 0; n < call->nargs; n++) {
		const struct linux_table_arg *arg = &call->args[n];
		unsigned long size = length(arg->type) + length(arg->name) + 1;

		if (n && column + size > 90) {
			put(",\n      ");
			column = 6;
		} else if (n) {
			put(", ");
		}
		put(arg->type);
		put(arg->type[length(arg->type) - 1] == '*' ? "" : " ");
		put(arg->name);
		column += size + 2;
	}
	put(call->nargs ? ");\n\n" : "void);\n\n");
	for (n = 0; n < n_archs; n++)
		if (n == arch || comes_with(call, n, &other)) {
			const struct linux_table_call *one = n == arch ? call : &other;

			put_label(archs[n].name);
			put("number ");
			put_number(one->number);
			put(", since Linux ");
			put(one->since);
			put("\n");
		}
	put_label("libc");
	put("glibc ");
	put(call->glibc ? call->glibc : "has none");
	put(", musl ");
	put(call->musl ? call->musl : "has none");
	put("\n");
	put_label("category");
	put(call->category);
	put("\n");
	put_label("result");
	for (n = 0; n < n_kinds; n++)
		if (equal(kinds[n].name, call->returns))
			put(kinds[n].meaning);
	put(call->flags & (LINUX_TABLE_NORETURN | LINUX_TABLE_NO_ERROR) ? "\n" : ", or a negated errno\n");
	if (call->config)
		put_wrapped("kernel", call->config);
	if (call->capability)
		put_wrapped("may want", call->capability);
	for (n = 0; n < n_marks; n++)
		if (call->flags & 1ul << n) {
			put_label(marks[n].name);
			if (length(marks[n].name) > 12)
				put(" ");
			put(marks[n].meaning);
			if (1ul << n == LINUX_TABLE_OBSOLETE && about(call->name)->replaced_by) {
				put(" ");
				put(about(call->name)->replaced_by);
				put(" takes its place.");
			}
			put("\n");
		}
	put_label("pages");
	put("linux_");
	put(call->name);
	put("(3)");
	if (call->man) {
		put(", ");
		put(call->man);
		put("(2)");
	}
	put("\n");
	if (call->nargs)
		put("\n");
	for (n = 0; n < call->nargs; n++)
		put_arg(&call->args[n]);
	for (n = 0; n < call->nargs; n++) {
		const struct layout *layout = find_layout(call->args[n].type);
		unsigned long before;

		for (before = 0; before < n && find_layout(call->args[before].type) != layout; before++)
			;
		if (of_native && layout && before == n)
			put_layout(layout);
	}
}

int do_show(int argc, char **argv)
{
	int json = 0, help = 0, words, n, status = YES, shown = 0;
	const struct option options[] = { { "json", 0, &json }, { "help", 0, &help }, { 0, 0, 0 } };
	struct linux_table_call call;
	unsigned int arch;

	words = read_options(argc, argv, options);
	if (words < 0)
		return WRONG_USE;
	if (help) {
		put(usage_show);
		return YES;
	}
	if (!words)
		return complain("show wants the name of a call", (char *)0), WRONG_USE;
	if (json)
		put("[");
	for (n = 0; n < words; n++) {
		const char *name = argv[n];
		int found = 0;

		/* A number is one of this architecture. */
		if (*name >= '0' && *name <= '9' && find_call(&call, 0, name))
			name = call.name;
		for (arch = 0; arch < n_archs; arch++)
			if ((*name < '0' || *name > '9') && find_call(&call, archs[arch].audit, name) && is_first(&call, arch)) {
				put(json ? shown ? ",\n" : "" : shown ? "\n" : "");
				if (json)
					put_object(&call, arch);
				else
					put_call(&call, arch);
				found = shown = 1;
			}
		if (!found)
			status = unknown_call(argv[n]);
	}
	if (json)
		put("]\n");
	return status;
}

/* errno */

static void put_error(const struct error *error, int json, int first, const char *note)
{
	const char *gap = "";
	unsigned int n;

	if (json) {
		put(first ? "{\"name\": " : ",\n{\"name\": ");
		put_json(error->name);
		put(", \"value\": ");
		put_number(error->value);
		put(", \"aliases\": [");
	} else {
		put_column(error->name, 16);
		put_number(error->value);
	}
	for (n = 0; n < n_errors; n++)
		if (errors[n].value == error->value && &errors[n] != error) {
			put(json ? gap : *gap ? ", " : "  also ");
			if (json)
				put_json(errors[n].name);
			else
				put(errors[n].name);
			gap = ", ";
		}
	put(json ? "]}" : note);
	put(json ? "" : "\n");
}

int do_errno(int argc, char **argv)
{
	int json = 0, help = 0, words, n, status = YES, shown = 0;
	const struct option options[] = { { "json", 0, &json }, { "help", 0, &help }, { 0, 0, 0 } };
	unsigned int at;

	words = read_options(argc, argv, options);
	if (words < 0)
		return WRONG_USE;
	if (help) {
		put(usage_errno);
		return YES;
	}
	if (json)
		put("[");
	for (at = 0; !words && at < n_errors; at++)
		if (!errors[at].is_alias)
			put_error(&errors[at], json, !shown++, "");
	for (n = 0; n < words; n++) {
		const char *name = begins(argv[n], "LINUX_") ? argv[n] + 6 : argv[n];
		unsigned long number = 0, size = length(name);
		int is_number = read_number(argv[n], &number), found = 0;
		const char *note = "";

		if (size == 7 && contains(name, "ENOTSUP")) {
			name = "EOPNOTSUPP";
			size = length(name);
			note = "  ENOTSUP is libc's name of it";
		}
		if ((long)number < 0)
			number = -number;
		for (at = 0; at < n_errors; at++)
			if (is_number ? (unsigned long)errors[at].value == number && !errors[at].is_alias :
			    length(errors[at].name) == size && contains(errors[at].name, name)) {
				put_error(&errors[at], json, !shown++, note);
				found = 1;
			}
		if (!found) {
			complain("no errno '", argv[n], "' in Linux ", tree, (char *)0);
			status = NO;
		}
	}
	if (json)
		put("]\n");
	return status;
}
