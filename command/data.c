/* SPDX-License-Identifier: MIT */
/* What is known of calls, and how to find it. */
#include "command.h"

#include "command_data.h"

const char tree[] = TREE;

const struct about *about(const char *name)
{
	unsigned int n;

	for (n = 0; n < n_abouts; n++)
		if (equal(abouts[n].name, name))
			return &abouts[n];
	return 0;
}

const struct layout *find_layout(const char *type)
{
	unsigned int n;

	type += begins(type, "const ") ? 6 : 0;
	for (n = 0; n < n_layouts; n++)
		if (begins(type, layouts[n].type) && equal(type + length(layouts[n].type), " *"))
			return &layouts[n];
	return 0;
}

int find_constant(const char *name, unsigned long size, unsigned long *value)
{
	unsigned int low = 0, high = n_constants;

	while (low < high) {
		unsigned int middle = (low + high) / 2;
		const char *one = constant_names + constant_places[middle];
		unsigned long n = 0;
		int order;

		while (n < size && one[n] && one[n] == name[n])
			n++;
		order = (n < size ? (byte)name[n] : 0) - (byte)one[n];
		if (!order) {
			*value = constant_values[middle];
			return 1;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

/* openat of "linux_openat", "__NR_openat", "SYS_openat", "OPENAT", "openat(2)"; what is too long stays none. */
static void plain_name(char word[64], const char *name)
{
	const char *const prefixes[] = { "linux_", "__NR_", "SYS_" };
	unsigned long n;

	for (n = 0; n < 3; n++)
		if (begins(name, prefixes[n])) {
			name += length(prefixes[n]);
			break;
		}
	for (n = 0; n < 63 && name[n]; n++) {
		if (equal(name + n, "(2)") || equal(name + n, "(3)") || equal(name + n, "()"))
			break;
		word[n] = name[n] >= 'A' && name[n] <= 'Z' ? (char)(name[n] - 'A' + 'a') : name[n];
	}
	word[n < 63 || !name[n] ? n : 0] = 0;
}

int find_call(struct linux_table_call *call, unsigned int audit, const char *name)
{
	unsigned long number;
	char word[64];

	if (name[0] >= '0' && name[0] <= '9')
		return read_number(name, &number) && (long)number >= 0 && linux_table_by_number(call, sizeof *call, audit, (long)number) == 0;
	plain_name(word, name);
	return linux_table_by_name(call, sizeof *call, audit, word) == 0;
}

/* How many letters must be put in, taken out or changed; names are short. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[64], n, m, size = (unsigned int)length(b);

	if (length(a) > 60 || size > 60)
		return 60;
	for (n = 0; n <= size; n++)
		row[n] = n;
	for (n = 1; a[n - 1]; n++) {
		unsigned int before = row[0];

		row[0] = n;
		for (m = 1; m <= size; m++) {
			unsigned int best = before + (a[n - 1] != b[m - 1]);

			before = row[m];
			if (row[m] + 1 < best)
				best = row[m] + 1;
			if (row[m - 1] + 1 < best)
				best = row[m - 1] + 1;
			row[m] = best;
		}
	}
	return row[size];
}

int unknown_call(const char *name)
{
	const char *best[6] = { 0, 0, 0, 0, 0, 0 };
	unsigned int n, found = 0, near, most;
	unsigned long number;
	char word[64];

	if (name[0] >= '0' && name[0] <= '9' && read_number(name, &number) && (long)number >= 0) {
		complain("no call ", name, " in Linux " TREE "; 'liblinux call ", name, "' makes one by number", (char *)0);
		return NO;
	}
	plain_name(word, name);
	most = length(word) < 4 ? 1 : length(word) < 8 ? 2 : 3;
	for (near = 1; near <= most; near++)
		for (n = 0; n < n_abouts && found < 5; n++)
			if (distance(word, abouts[n].name) == near)
				best[found++] = abouts[n].name;
	for (n = 0; n < n_abouts && found < 5 && length(word) > 2; n++)
		if (contains(abouts[n].name, word) && distance(word, abouts[n].name) > most)
			best[found++] = abouts[n].name;
	if (!found)
		complain("no call '", name, "' in Linux " TREE "; 'liblinux list WORD' looks for words", (char *)0);
	else
		complain("no call '", name, "' in Linux " TREE "; there is ", best[0], best[1] ? ", " : "", best[1] ? best[1] : "",
			 best[2] ? ", " : "", best[2] ? best[2] : "", best[3] ? ", " : "", best[3] ? best[3] : "",
			 best[4] ? ", " : "", best[4] ? best[4] : "", (char *)0);
	return NO;
}
