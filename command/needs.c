/* SPDX-License-Identifier: MIT */
/*
 * needs: which kernel an ELF file asks for. A file may be anything: nothing in it is used
 * before it is held against the size of the file, and all loops have a limit.
 */
#include "command.h"

#define MOST_NODES 256
#define MOST_NUMBERS 4096
#define MOST_FORMS 64
#define MOST_STEPS 100000		/* in segments, dynamic entries and chains of versions: a program has some hundred */
#define MOST_NAME 4096
#define MOST_SYMBOL 64			/* of the names of calls and what is before them */

struct elf {
	const byte *data;
	unsigned long size;
	int wide, big;			/* 64 bits, big-endian */
	unsigned long steps;
	const char *wrong;		/* the first that was found */
	unsigned int arch;		/* AUDIT_ARCH */
};

struct node {
	unsigned long index;
	const char *name;
	unsigned long release[3];
	int of_kernel, weak;		/* LINUX_, not LIBLINUX_ */
	int known, strong;		/* a call of it is in our table, and one by a symbol that is not weak */
};

/* linux_NAME_<major>_<minor>: what the call NAME takes since that release. */
struct form {
	const char *name;
	char since[MOST_SYMBOL];
	byte how;
};

/* A call, or a form of one. */
struct use {
	const char *name, *since;
	byte how;			/* 0: it is not used */
};

static struct node nodes[MOST_NODES];
static struct form forms[MOST_FORMS];
static unsigned int n_nodes, n_forms;
static byte found[MOST_NUMBERS];	/* by number of call */
enum { IMPORTED = 1, LINKED = 2, WEAK = 4 };

static int damage(struct elf *elf, const char *what)
{
	if (!elf->wrong)
		elf->wrong = what;
	return 0;
}

static int inside(struct elf *elf, unsigned long at, unsigned long size)
{
	return (at <= elf->size && size <= elf->size - at) || damage(elf, "it points outside of the file");
}

static unsigned long value(struct elf *elf, unsigned long at, unsigned int size)
{
	unsigned long result = 0;
	unsigned int n;

	if (!inside(elf, at, size))
		return 0;
	for (n = 0; n < size; n++)
		result |= (unsigned long)elf->data[at + n] << 8 * (elf->big ? size - 1 - n : n);
	return result;
}

/* A member of a structure, by its places in files of 32 and of 64 bits. */
static unsigned long word(struct elf *elf, unsigned long at, unsigned int narrow, unsigned int wide)
{
	return value(elf, at + (elf->wide ? wide : narrow), elf->wide ? 8 : 4);
}

/* size is that of the table of strings; 0 if the string has no end in it. */
static const char *string(struct elf *elf, unsigned long table, unsigned long size, unsigned long at)
{
	unsigned long n;

	if (!inside(elf, table, size))
		return 0;
	for (n = at; n < size && n - at < MOST_NAME; n++)
		if (!elf->data[table + n])
			return (const char *)elf->data + table + at;
	damage(elf, "a name has no end");
	return 0;
}

static int step(struct elf *elf, const char *what)
{
	return elf->steps++ < MOST_STEPS || damage(elf, what);
}

struct dynamic {
	int there, has_library;
	unsigned long strings, strings_size, symbols, versym, verneed, verneeds, hash;
	unsigned long next;		/* the table behind that of symbols */
	unsigned long soname;
};

/* Where in the file an address is. */
static unsigned long place(struct elf *elf, unsigned long address)
{
	unsigned long table = word(elf, 0, 28, 32), size = value(elf, elf->wide ? 54 : 42, 2), count = value(elf, elf->wide ? 56 : 44, 2), n;

	for (n = 0; n < count && !elf->wrong && step(elf, "it has more segments than there can be"); n++) {
		unsigned long at = table + n * size, start = word(elf, at, 8, 16);

		if (value(elf, at, 4) == LINUX_PT_LOAD && address >= start && address - start < word(elf, at, 16, 32))
			return word(elf, at, 4, 8) + (address - start);
	}
	damage(elf, "an address is in no segment");
	return 0;
}

static void read_dynamic(struct elf *elf, unsigned long at, unsigned long size, struct dynamic *dynamic)
{
	unsigned long entry = elf->wide ? 16 : 8, n, pass, tables[8], n_tables = 0;

	if (!inside(elf, at, size))
		return;
	dynamic->there = 1;
	/* Names need the table of strings, which may come later. */
	for (pass = 0; pass < 2 && !elf->wrong; pass++)
		for (n = 0; n < size / entry && !elf->wrong && step(elf, "it has more dynamic entries than there can be"); n++) {
			unsigned long tag = word(elf, at + n * entry, 0, 0), what = word(elf, at + n * entry, 4, 8), *to = 0;
			const char *name;

			if (tag == LINUX_DT_NULL)
				break;
			if (pass) {
				if (tag != LINUX_DT_NEEDED && tag != LINUX_DT_SONAME)
					continue;
				name = string(elf, dynamic->strings, dynamic->strings_size, what);
				if (name && begins(name, "liblinux.so.") && tag == LINUX_DT_NEEDED)
					dynamic->has_library = 1;
				if (name && begins(name, "liblinux.so.") && tag == LINUX_DT_SONAME)
					dynamic->soname = 1;
				continue;
			}
			switch (tag) {
			case LINUX_DT_STRTAB: to = &dynamic->strings; break;
			case LINUX_DT_SYMTAB: to = &dynamic->symbols; break;
			case LINUX_DT_VERSYM: to = &dynamic->versym; break;
			case LINUX_DT_VERNEED: to = &dynamic->verneed; break;
			case LINUX_DT_HASH: to = &dynamic->hash; break;
			case LINUX_DT_RELA: case LINUX_DT_REL: case LINUX_DT_JMPREL: case 0x6ffffef5 /* DT_GNU_HASH */:
				if (n_tables < 8)
					tables[n_tables++] = what;
				continue;
			case LINUX_DT_STRSZ: dynamic->strings_size = what; continue;
			case LINUX_DT_VERNEEDNUM: dynamic->verneeds = what; continue;
			default: continue;
			}
			*to = place(elf, what);
			if (n_tables < 8 && to != &dynamic->symbols)
				tables[n_tables++] = what;
		}
	dynamic->next = elf->size;
	for (n = 0; n < n_tables && !elf->wrong; n++) {
		unsigned long start = tables[n] ? place(elf, tables[n]) : 0;

		if (start > dynamic->symbols && start < dynamic->next)
			dynamic->next = start;
	}
}

/* "LINUX_6.8": a node of liblinux. */
static void add_node(struct elf *elf, unsigned long index, const char *name, int weak)
{
	struct node *node = &nodes[n_nodes];
	const char *release = begins(name, "LINUX_") ? name + 6 : begins(name, "LIBLINUX_") ? name + 9 : 0;

	if (!release || !is_release(release) || length(release) > 20 || !read_release(release, node->release)) {
		damage(elf, "liblinux has no version like one that it wants");
		return;
	}
	if (n_nodes == MOST_NODES - 1) {
		damage(elf, "it wants more versions of liblinux than there can be");
		return;
	}
	node->index = index & 0x7fff;
	node->name = name;
	node->of_kernel = *name == 'L' && name[3] == 'U';
	node->weak = weak;
	node->known = node->strong = 0;
	n_nodes++;
}

static void read_verneed(struct elf *elf, const struct dynamic *dynamic)
{
	const char *too_many = "it wants more versions than there can be";
	unsigned long at = dynamic->verneed, n, m;

	for (n = 0; n < dynamic->verneeds && !elf->wrong && step(elf, too_many); n++) {
		unsigned long count = value(elf, at + 2, 2), next = value(elf, at + 12, 4);
		const char *file = string(elf, dynamic->strings, dynamic->strings_size, value(elf, at + 4, 4));
		unsigned long one = at + value(elf, at + 8, 4);

		for (m = 0; m < count && !elf->wrong && step(elf, too_many); m++) {
			unsigned long after = value(elf, one + 12, 4);
			const char *name = string(elf, dynamic->strings, dynamic->strings_size, value(elf, one + 8, 4));

			if (file && name && begins(file, "liblinux.so."))
				add_node(elf, value(elf, one + 6, 2), name, (int)(value(elf, one + 4, 2) & 2));
			if (!after && m + 1 < count)
				damage(elf, "a chain of versions ends early");
			one += after;
		}
		if (!next)
			break;
		at += next;
	}
}

static struct node *find_node(unsigned long index)
{
	unsigned int n;

	for (n = 0; n < n_nodes; n++)
		if (nodes[n].index == (index & 0x7fff))
			return &nodes[n];
	return 0;
}

static byte *find_form(struct elf *elf, const char *name)
{
	char text[MOST_SYMBOL];
	struct linux_table_call call;
	unsigned long n = length(name), bars = 0, release[3];
	unsigned int place;

	memcpy(text, name, n + 1);
	while (n && bars < 2)
		if (text[--n] == '_')
			text[n] = bars++ ? 0 : '.';
	if (bars < 2 || linux_table_by_name(&call, sizeof call, elf->arch, text) || !is_release(text + n + 1) || !read_release(text + n + 1, release) ||
	    !release[0])
		return 0;
	for (place = 0; place < n_forms && !equal(forms[place].name, name); place++)
		;
	if (place == MOST_FORMS) {
		damage(elf, "it has more later forms of calls than there can be");
		return 0;
	}
	if (place == n_forms) {
		forms[n_forms].name = name;
		memcpy(forms[n_forms].since, text + n + 1, length(text + n + 1) + 1);
		forms[n_forms++].how = 0;
	}
	return &forms[place].how;
}

/* How a call is used, for who found it by its name; 0 if there is no such call. */
static byte *find_use(struct elf *elf, const char *name)
{
	struct linux_table_call call;

	if (linux_table_by_name(&call, sizeof call, elf->arch, name))
		return find_form(elf, name);
	return call.number < MOST_NUMBERS ? &found[call.number] : 0;
}

/* All calls by their place, whether they are used or not; 0 behind the last. */
static int use_at(const struct elf *elf, unsigned int place, struct use *use)
{
	struct linux_table_call call;

	if (place < n_forms) {
		use->name = forms[place].name;
		use->since = forms[place].since;
		use->how = forms[place].how;
		return 1;
	}
	if (linux_table_at(&call, sizeof call, elf->arch, place - n_forms))
		return 0;
	use->name = call.name;
	use->since = call.since;
	use->how = call.number < MOST_NUMBERS ? found[call.number] : 0;
	return 1;
}

/* Imports have versym, 0 where there is none. Returns how many symbols have a name: those of sections have none. */
static unsigned long read_symbols(struct elf *elf, unsigned long at, unsigned long count, unsigned long strings, unsigned long size,
				  unsigned long versym, int dynamic)
{
	unsigned long entry = elf->wide ? 24 : 16, n, named = 0;

	if (count > elf->size / entry || !inside(elf, at, count * entry) || !inside(elf, strings, size))
		return (unsigned long)damage(elf, "it has more symbols than bytes");
	for (n = 1; n < count && !elf->wrong; n++) {
		unsigned long one = at + n * entry, where = value(elf, one, 4);
		unsigned long info = value(elf, one + (elf->wide ? 4 : 12), 1), section = value(elf, one + (elf->wide ? 6 : 14), 2);
		const char *name = (const char *)elf->data + strings + where;
		unsigned long version = 0, end;
		struct node *node = 0;
		byte *how;

		if (where >= size) {
			damage(elf, "a symbol's name is outside of the names");
			break;
		}
		named += where != 0;
		if (size - where < 7 || !begins(name, "linux_"))
			continue;
		/* Of a name that is too long it does not matter where it ends. */
		for (end = where; end < size && end - where < MOST_SYMBOL && elf->data[strings + end]; end++)
			;
		if (end - where == MOST_SYMBOL)
			continue;
		if (end == size) {
			damage(elf, "a name has no end");
			break;
		}
		if (dynamic && section)		/* what it exports */
			continue;
		if (versym)
			version = value(elf, versym + 2 * n, 2) & 0x7fff;
		if (version > 1) {
			node = find_node(version);
			if (!node)
				continue;
		}
		how = find_use(elf, name + 6);
		if (!how)
			continue;
		if (node) {
			node->known = 1;
			node->strong |= (info >> 4) != 2;
		}
		*how |= section ? LINKED : (info >> 4) == 2 ? WEAK : IMPORTED;
	}
	return named;
}

/* The sections: only symbols that a stripped file lacks are here. Has it any? */
static int read_sections(struct elf *elf)
{
	unsigned long table = word(elf, 0, 32, 40), size = value(elf, elf->wide ? 58 : 46, 2), count = value(elf, elf->wide ? 60 : 48, 2), n;
	int any = 0;

	if (!table)
		return 0;
	if (size < (elf->wide ? 64u : 40u))
		return damage(elf, "its section headers are too small");
	if (!count)			/* more than 65,279: the first one says how many */
		count = word(elf, table, 20, 32);
	if (count > elf->size / size || !inside(elf, table, count * size))
		return damage(elf, "its section headers are outside of the file");
	for (n = 1; n < count && !elf->wrong; n++) {
		unsigned long at = table + n * size, link, strings;

		if (value(elf, at + 4, 4) != LINUX_SHT_SYMTAB)
			continue;
		if (any)
			return damage(elf, "it has two tables of symbols");
		any = 1;
		link = value(elf, at + (elf->wide ? 40 : 24), 4);
		if (link >= count)
			return damage(elf, "the names of its symbols are in no section");
		strings = table + link * size;
		read_symbols(elf, word(elf, at, 16, 24), word(elf, at, 20, 32) / (elf->wide ? 24 : 16), word(elf, strings, 16, 24),
			     word(elf, strings, 20, 32), 0, 0);
	}
	return any;
}

struct answer {
	int calls, is_library, unseen;		/* unseen: what is in it cannot be known */
};

static int read_elf(struct elf *elf, struct answer *answer)
{
	struct dynamic dynamic = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	unsigned long table, size, count, type, n, named = 0;
	int has_symbols;

	if (!elf->data || elf->size < 16 || elf->data[0] != 0x7f || elf->data[1] != 'E' || elf->data[2] != 'L' || elf->data[3] != 'F')
		return damage(elf, elf->size >= 8 && (!memcmp(elf->data, "!<arch>\n", 8) || !memcmp(elf->data, "!<thin>\n", 8)) ?
			      "an archive, not an ELF file: name its members, or a program made with it" : "not an ELF file");
	if (elf->data[4] < 1 || elf->data[4] > 2 || elf->data[5] < 1 || elf->data[5] > 2)
		return damage(elf, "an ELF file of no known class or byte order");
	elf->wide = elf->data[4] == 2;
	elf->big = elf->data[5] == 2;
	if (!inside(elf, 0, elf->wide ? 64 : 52))
		return damage(elf, "its header is cut off");
	type = value(elf, 16, 2);
	elf->arch = (unsigned int)value(elf, 18, 2) | (elf->wide ? 0x80000000u : 0) | (elf->big ? 0 : 0x40000000u);	/* AUDIT_ARCH_* */
	if (!elf->arch)			/* to the table that would be this machine's */
		elf->arch = ~0u;
	table = word(elf, 0, 28, 32);
	size = value(elf, elf->wide ? 54 : 42, 2);
	count = value(elf, elf->wide ? 56 : 44, 2);
	if (count && (size < (elf->wide ? 56u : 32u) || !inside(elf, table, count * size)))
		return damage(elf, "its program headers are outside of the file");
	for (n = 0; n < count && !elf->wrong; n++)
		if (value(elf, table + n * size, 4) == LINUX_PT_DYNAMIC && !dynamic.there)
			read_dynamic(elf, word(elf, table + n * size, 4, 8), word(elf, table + n * size, 16, 32), &dynamic);
	if (elf->wrong)
		return 0;
	answer->is_library = dynamic.soname != 0;
	if (answer->is_library)
		return 1;
	if (dynamic.verneed)
		read_verneed(elf, &dynamic);
	if (dynamic.symbols && dynamic.strings) {
		unsigned long entry = elf->wide ? 24 : 16, symbols;

		/* No table says how many: DT_HASH does where there is one, else the next table ends them. */
		symbols = dynamic.hash ? value(elf, dynamic.hash + 4, 4) : (dynamic.next - dynamic.symbols) / entry;
		named = read_symbols(elf, dynamic.symbols, symbols, dynamic.strings, dynamic.strings_size, dynamic.versym, 1);
	}
	has_symbols = read_sections(elf);
	answer->unseen = !has_symbols && type != 1 && (!dynamic.there || (!dynamic.has_library && !named));
	return !elf->wrong;
}

static void put_release(const unsigned long release[3])
{
	put_unsigned(release[0], 10, 1);
	put(".");
	put_unsigned(release[1], 10, 1);
	if (release[2]) {
		put(".");
		put_unsigned(release[2], 10, 1);
	}
}

/* The calls of one release, or of all if there is none; returns how many. */
static unsigned int put_calls(const struct elf *elf, const unsigned long *release, int json)
{
	unsigned int place, n = 0;
	struct use use;

	for (place = 0; use_at(elf, place, &use); place++) {
		unsigned long since[3];

		if (!use.how)
			continue;
		read_release(use.since, since);
		if (release && compare_numbers(since, release))
			continue;
		if (json) {
			put(n ? ", {\"name\": " : "{\"name\": ");
			put_json(use.name);
			put(", \"since\": ");
			put_json(use.since);
			put(use.how == WEAK ? ", \"weak\": true" : ", \"weak\": false");
			put(use.how & LINKED ? ", \"linked\": true}" : ", \"linked\": false}");
		} else {
			put(" ");
			put(use.name);
			put(use.how == WEAK ? " (weak)" : "");
		}
		n++;
	}
	return n;
}

/* What is said of a file. */
static int tell(const char *name, const struct elf *elf, int json)
{
	unsigned long most[3] = { 0, 0, 0 }, below[3] = { ~0ul, 0, 0 }, since[3];
	const struct node *reason = 0;
	unsigned int place, n, any = 0;
	struct use use;
	unsigned long floor[3] = { 0, 0, 0 };

	for (n = 0; n < n_archs; n++)
		if (archs[n].audit == elf->arch)
			read_release(archs[n].floor, floor);
	/* The loader goes by the node, whatever is known of its calls. */
	for (n = 0; n < n_nodes; n++)
		if (nodes[n].of_kernel && !nodes[n].weak && (!nodes[n].known || (nodes[n].strong && compare_numbers(nodes[n].release, floor) > 0)) &&
		    compare_numbers(nodes[n].release, most) > 0) {
			reason = &nodes[n];
			most[0] = nodes[n].release[0], most[1] = nodes[n].release[1], most[2] = nodes[n].release[2];
		}
	for (place = 0; use_at(elf, place, &use); place++) {
		if (!use.how)
			continue;
		any = 1;
		read_release(use.since, since);
		if (!(use.how & ~WEAK) || compare_numbers(since, most) < 0)
			continue;
		reason = 0;			/* a call is a better one */
		most[0] = since[0], most[1] = since[1], most[2] = since[2];
	}
	if (json) {
		put(", \"release\": ");
		if (most[0]) {
			put("\"");
			put_release(most);
			put("\"");
		} else {
			put("null");
		}
		put(", \"calls\": [");
		put_calls(elf, 0, 1);
		put("], \"nodes\": [");
		for (n = 0; n < n_nodes; n++) {
			put(n ? ", " : "");
			put_json(nodes[n].name);
		}
		put("], \"error\": null}");
		return any || n_nodes ? YES : NO;
	}
	if (!any && !n_nodes)
		return NO;
	put(name);
	put(": ");
	if (!most[0]) {
		put("no kernel in particular\n");
	} else {
		put("Linux ");
		put_release(most);
		put(!reason ? ", for" : reason->known ? ", for the version of liblinux " : ", for a call of liblinux ");
		if (reason) {
			put(reason->name);
			put(reason->known ? "" : " that this version does not know");
		} else {
			put_calls(elf, most, 0);
		}
		put("\n");
	}
	/* All of them, the latest release first. */
	for (;;) {
		unsigned long next[3] = { 0, 0, 0 };

		for (place = 0; use_at(elf, place, &use); place++) {
			if (!use.how)
				continue;
			read_release(use.since, since);
			if (compare_numbers(since, below) < 0 && compare_numbers(since, next) > 0)
				next[0] = since[0], next[1] = since[1], next[2] = since[2];
		}
		if (!next[0])
			break;
		put("  ");
		put_release(next);
		put(":");
		put_calls(elf, next, 0);
		put("\n");
		below[0] = next[0], below[1] = next[1], below[2] = next[2];
	}
	return YES;
}

static int needs(const char *name, int json)
{
	struct elf elf = { 0, 0, 0, 0, 0, 0, 0 };
	struct answer answer = { 0, 0, 0 };
	struct file file;
	const char *wrong = read_file(name, &file);
	int status = CANNOT_TELL;
	unsigned int n;

	elf.data = file.data;
	elf.size = file.size;
	n_nodes = n_forms = 0;
	for (n = 0; n < MOST_NUMBERS; n++)
		found[n] = 0;
	if (!wrong && !read_elf(&elf, &answer))
		wrong = elf.wrong;
	for (n = 0; n < MOST_NUMBERS && !wrong && answer.unseen; n++)
		if (found[n] || n_forms)
			answer.unseen = 0;
	if (!wrong && answer.unseen)
		wrong = "static and without symbols: nothing says what it calls";
	if (json) {
		put("{\"file\": ");
		put_json(name);
		if (wrong) {
			put(", \"release\": null, \"calls\": [], \"nodes\": [], \"error\": ");
			put_json(wrong);
			put("}");
		}
	}
	if (!wrong)
		status = tell(name, &elf, json);
	else if (!json)
		complain(name, ": ", wrong, (char *)0);
	if (status == NO && !json)
		complain(name, answer.is_library ? ": is liblinux itself" :
			 ": has no symbol of a call of liblinux; calls that are inline, or made by other means, cannot be seen", (char *)0);
	drop_file(&file);
	return status;
}

int do_needs(int argc, char **argv)
{
	int json = 0, help = 0, words, n, worst = YES;
	const struct option options[] = { { "json", 0, &json }, { "help", 0, &help }, { 0, 0, 0 } };

	words = read_options(argc, argv, options);
	if (words < 0)
		return WRONG_USE;
	if (help) {
		put(usage_needs);
		return YES;
	}
	if (!words)
		return complain("needs wants a file", (char *)0), WRONG_USE;
	if (json)
		put("[");
	for (n = 0; n < words; n++) {
		int status;

		if (json && n)
			put(",\n");
		status = needs(argv[n], json);
		if (status > worst)
			worst = status;
	}
	if (json)
		put("]\n");
	return worst;
}
