/* SPDX-License-Identifier: MIT */
#include <liblinux/error.h>
#include <liblinux/table.h>

#include "wrapper.h"

/* Offsets into strings[], 0 for none, and indices. */
struct arg_data {
	unsigned short name, type, count, flags;
};

struct call_data {
	unsigned short name, glibc, musl, category, returns, config, capability, man, flags, args, nargs;
};

struct entry_data {
	unsigned short call, number, since;
};

struct arch_data {
	unsigned int audit;
	unsigned short entry, entries, number, numbers;
};

#include "table_data.h"

static LIBLINUX_NO_INSTRUMENT const struct arch_data *find_arch(unsigned int audit)
{
	unsigned int n;

	if (!audit)
		return &arches[NATIVE];
	for (n = 0; n < sizeof arches / sizeof arches[0]; n++)
		if (arches[n].audit == audit)
			return &arches[n];
	return (const struct arch_data *)0;
}

static LIBLINUX_NO_INSTRUMENT const char *string(unsigned int at)
{
	return at ? strings + at : (const char *)0;
}

static LIBLINUX_NO_INSTRUMENT int compare(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

/* All members of the answer are words, and are copied so: bytes would be most of a look-up. */
typedef unsigned long __attribute__((__may_alias__)) word;

/* size bytes of the answer, zeros behind all that this version knows. */
static LIBLINUX_NO_INSTRUMENT long answer(struct linux_table_call *to, unsigned long size, const struct entry_data *entry)
{
	const struct call_data *data = &calls[entry->call];
	struct linux_table_call call;
	const word *from = (const word *)&call;
	unsigned long n;

	call.name = string(data->name);
	call.number = entry->number;
	call.since = string(entry->since);
	call.glibc = string(data->glibc);
	call.musl = string(data->musl);
	call.category = string(data->category);
	call.returns = string(data->returns);
	call.config = string(data->config);
	call.capability = string(data->capability);
	call.man = string(data->man);
	call.flags = data->flags;
	call.nargs = data->nargs;
	for (n = 0; n < 6; n++) {
		int there = n < data->nargs;
		const struct arg_data *arg = &args[there ? data->args + n : 0];

		call.args[n].name = there ? string(arg->name) : (const char *)0;
		call.args[n].type = there ? string(arg->type) : (const char *)0;
		call.args[n].count = there ? string(arg->count) : (const char *)0;
		call.args[n].flags = there ? arg->flags : 0;
	}
	for (n = 0; n < size / sizeof *from; n++)
		((word *)to)[n] = n < sizeof call / sizeof *from ? from[n] : 0;
	for (n *= sizeof *from; n < size; n++)
		((unsigned char *)to)[n] = n < sizeof call ? ((const unsigned char *)from)[n] : 0;
	return 0;
}

LIBLINUX_FUNCTION long linux_table_by_name(struct linux_table_call *call, unsigned long size, unsigned int arch, const char *name)
{
	const struct arch_data *of = find_arch(arch);
	unsigned int low = 0, high;

	if (!of)
		return -LINUX_EINVAL;
	high = of->entries;
	while (low < high) {
		unsigned int middle = (low + high) / 2;
		const struct entry_data *entry = &entries[of->entry + middle];
		int order = compare(name, strings + calls[entry->call].name);

		if (!order)
			return answer(call, size, entry);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -LINUX_ENOENT;
}

LIBLINUX_FUNCTION long linux_table_by_number(struct linux_table_call *call, unsigned long size, unsigned int arch, long number)
{
	const struct arch_data *of = find_arch(arch);
	unsigned int place;

	if (!of)
		return -LINUX_EINVAL;
	if (number < 0 || number >= of->numbers)
		return -LINUX_ENOENT;
	place = numbers[of->number + number];
	return place ? answer(call, size, &entries[of->entry + place - 1]) : -LINUX_ENOENT;
}

LIBLINUX_FUNCTION long linux_table_at(struct linux_table_call *call, unsigned long size, unsigned int arch, unsigned long n)
{
	const struct arch_data *of = find_arch(arch);

	if (!of)
		return -LINUX_EINVAL;
	return n < of->entries ? answer(call, size, &entries[of->entry + n]) : -LINUX_ENOENT;
}
