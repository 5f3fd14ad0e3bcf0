/* SPDX-License-Identifier: MIT */
/* call: one system call from the shell. */
#include "command.h"

#include <liblinux/arch.h>

#define MOST_SHOWN 4096ul
#define PAGE 4096ul

struct argument {
	const char *text;		/* as it was given */
	unsigned long value;
	byte *buffer;			/* what the call gets the address of */
	unsigned long size;
	const char *string;		/* NULL: it is none */
	int is_output;			/* a buffer of zeros */
	byte *before;			/* a copy, for a buffer that was given */
	const struct layout *layout;	/* of the struct that the argument points to */
};

/* It ends where the memory does, so that a call with a size too large fails and hits nothing else. */
static byte *allocate(unsigned long size)
{
	unsigned long rounded = (size + 15) & ~15ul, pages = (rounded + PAGE - 1) & ~(PAGE - 1);
	/* Pages may be larger than that; then there is some room behind. */
	long at = linux_mmap(0, pages + 65536, LINUX_PROT_NONE, LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS, (unsigned long)-1, 0);

	if (linux_is_error(at) || (pages && linux_mprotect((unsigned long)at, pages, LINUX_PROT_READ | LINUX_PROT_WRITE)))
		return 0;
	return (byte *)at + (pages - rounded);
}

static int no_memory(const char *text)
{
	complain("no memory for '", text, "'", (char *)0);
	return 0;
}

/* A number, or constants with | between. */
static int read_value(const char *text, unsigned long *value)
{
	unsigned long sum = 0;

	for (;;) {
		const char *name = begins(text, "LINUX_") ? text + 6 : text;
		unsigned long n = 0, one = 0, size;
		char part[80];

		for (size = 0; text[size] && text[size] != '|'; size++)
			if (size < sizeof part - 1)
				part[size] = text[size];
		if (!size || size >= sizeof part)
			return 0;
		part[size] = 0;
		n = size - (unsigned long)(name - text);
		if (!read_number(part, &one) && !find_constant(name, n, &one))
			return 0;
		sum |= one;
		if (!text[size])
			break;
		text += size + 1;
	}
	*value = sum;
	return 1;
}

/* Does a number fit into so many bytes, with a sign or without? */
static int fits(unsigned long value, unsigned long width)
{
	unsigned int bits = 8 * (unsigned int)width;

	return width == 8 || !(value >> bits) || !(~value >> (bits - 1));
}

/* u32:24,0,u64:5 */
static int read_struct(struct argument *argument)
{
	const char *at = argument->text;
	unsigned long width = 0, used = 0;

	/* First the size, then the members. */
	for (;;) {
		char part[80];
		unsigned long value, n;
		int end;

		if (*at == 'u') {
			const char *widths[] = { "u8:", "u16:", "u32:", "u64:" };

			for (n = 0; n < 4 && !begins(at, widths[n]); n++)
				;
			if (n < 4) {
				width = 1ul << n;
				at += length(widths[n]);
			}
		}
		for (n = 0; at[n] && at[n] != ','; n++)
			if (n < sizeof part - 1)
				part[n] = at[n];
		end = !at[n];
		if (n >= sizeof part)
			return 0;
		part[n] = 0;
		at += n + !end;
		if (!read_value(part, &value) || !fits(value, width))
			return 0;
		while (used % width)
			used++;
		if (argument->buffer)
			for (n = 0; n < width; n++)
				argument->buffer[used + n] = (byte)(value >> 8 * n);
		used += width;
		if (!end)
			continue;
		if (argument->buffer)
			return 1;
		argument->size = used;
		argument->buffer = allocate(used);
		if (!argument->buffer)
			return no_memory(argument->text);
		at = argument->text;
		used = 0;
	}
}

/* "flags=O_PATH,resolve=8": members by name, all others 0. */
static int read_members(struct argument *argument, const struct layout *layout)
{
	const char *at = argument->text;
	unsigned long n, size, value;
	const struct member *member;

	argument->size = layout->size;
	argument->buffer = allocate(argument->size);
	if (!argument->buffer)
		return no_memory(argument->text);
	for (;;) {
		char part[80];

		for (size = 0; at[size] && at[size] != '='; size++)
			;
		for (member = &members[layout->first], n = 0; n < layout->count; n++, member++)
			if (length(member->name) == size && begins(at, member->name))
				break;
		if (n == layout->count || !at[size] || member->count) {
			complain("'", at, "': ", layout->type, " has no such member that is a number", (char *)0);
			return 0;
		}
		at += size + 1;
		for (n = 0; at[n] && at[n] != ','; n++)
			if (n < sizeof part - 1)
				part[n] = at[n];
		part[n < sizeof part ? n : 0] = 0;
		if (!read_value(part, &value) || !fits(value, member->width)) {
			complain("'", at, "': no value of ", member->name, (char *)0);
			return 0;
		}
		size = n;
		for (n = 0; n < member->width; n++)
			argument->buffer[member->offset + n] = (byte)(value >> 8 * n);
		if (!at[size])
			return 1;
		at += size + 1;
	}
}

static int read_content(struct argument *argument, const char *path)
{
	struct file file;
	const char *wrong = read_file(path, &file);

	if (wrong)
		return complain(path, ": ", wrong, (char *)0), 0;
	argument->size = file.size;
	argument->buffer = allocate(file.size);
	if (argument->buffer)
		memcpy(argument->buffer, file.data, file.size);
	drop_file(&file);
	return argument->buffer ? 1 : no_memory(argument->text);
}

/* The width in bytes of the integers that a pointer is to, 0 if it is to none. */
static unsigned int element_width(const struct linux_table_arg *known, int *is_signed)
{
	static const struct {
		const char *type;
		byte width, is_signed;
	} types[] = {
		{ "int *", 4, 1 }, { "unsigned int *", 4, 0 }, { "long *", 8, 1 }, { "unsigned long *", 8, 0 },
		{ "long long *", 8, 1 }, { "unsigned long long *", 8, 0 },
	};
	const char *type = known ? known->type + (begins(known->type, "const ") ? 6 : 0) : "";
	unsigned int n;

	for (n = 0; n < sizeof types / sizeof *types; n++)
		if (equal(type, types[n].type)) {
			*is_signed = types[n].is_signed;
			return types[n].width;
		}
	return 0;
}

/* The bytes that @ alone stands for, by the table and, where another argument counts, the words of the call; 0: unknown. */
static unsigned long size_of(const struct linux_table_call *call, const struct linux_table_arg *known, char **words, unsigned long count)
{
	const struct layout *layout = find_layout(known->type);
	int is_signed;
	unsigned long one = layout ? layout->size : element_width(known, &is_signed), many = 0, n;
	const char *counts = known->count;

	if (!counts)
		return one;
	if (counts[0] >= '0' && counts[0] <= '9')
		read_number(counts, &many);
	for (n = 0; n < call->nargs && n < count; n++) {
		unsigned long size = length(call->args[n].name);

		if (begins(counts, call->args[n].name) && (!counts[size] || counts[size] == '-') && read_value(words[n], &many))
			many -= counts[size] == '-' && many;
	}
	if (many > MOST_SIZE)
		return 0;
	if (!many)
		return layout ? one : 0;
	return known->flags & LINUX_TABLE_ARG_ELEMENTS ? many * one : known->flags & LINUX_TABLE_ARG_BITS ? (many + 63) / 64 * 8 : many;
}

/* Why a word is no string there: what the kernel takes is something else, or it writes. 0: it said so. */
static int take_string(struct argument *argument, const struct linux_table_arg *known)
{
	const char *type, *write = "file:PATH or @SIZE";
	const struct member *member = argument->layout ? &members[argument->layout->first] : 0;
	unsigned int width;
	int is_signed, is_struct;

	if (!known)
		return 1;
	type = known->type + (begins(known->type, "const ") ? 6 : 0);
	width = element_width(known, &is_signed);
	is_struct = begins(type, "struct ") || begins(type, "union ");
	if ((known->flags & (LINUX_TABLE_ARG_OUT | LINUX_TABLE_ARG_INOUT)) && !(is_struct && known->flags & LINUX_TABLE_ARG_INOUT))
		return complain("'", argument->text, "': the kernel writes to ", known->name, ": write ", argument->layout ? "@ or " : "", "@SIZE", (char *)0), 0;
	if (!is_struct && !width && !contains(type, "**") && !contains(type, "*const *"))
		return 1;
	if (!is_struct)
		write = width == 4 ? "u32:N,... or @SIZE" : "u64:N,... or @SIZE";
	member = member && member->count ? 0 : member;
	complain("'", argument->text, "': ", known->name, " is ", known->type, ": write ", member ? member->name : write, member ? "=N,... or @SIZE" : "", (char *)0);
	return 0;
}

/* A string of its own, before memory that is not there: the kernel may write to it. */
static int copy_string(struct argument *argument, const char *text)
{
	unsigned long size = length(text) + 1;
	/* At the end of what is allocated in sixteens. */
	byte *copy = allocate(size);

	if (!copy)
		return no_memory(argument->text);
	copy += ((size + 15) & ~15ul) - size;
	memcpy(copy, text, size);
	argument->value = (unsigned long)copy;
	argument->string = text;
	return 1;
}

/* The n-th of them. 0: it said what is wrong. */
static int read_argument(struct argument *argument, const struct linux_table_call *call, char **words, unsigned long count, unsigned long place)
{
	const struct linux_table_arg *known = call->name ? &call->args[place] : 0;
	const char *text = words[place];
	int pointer = !known || known->type[length(known->type) - 1] == '*' ||
		known->flags & (LINUX_TABLE_ARG_VARIES | LINUX_TABLE_ARG_ADDRESS | LINUX_TABLE_ARG_IN | LINUX_TABLE_ARG_OUT | LINUX_TABLE_ARG_INOUT);

	argument->text = text;
	argument->layout = known ? find_layout(known->type) : 0;
	if (begins(text, "str:"))
		return copy_string(argument, text + 4);
	if (begins(text, "file:")) {
		if (!read_content(argument, text + 5))
			return 0;
	} else if (*text == '@') {
		if (text[1] && (text[1] < '0' || text[1] > '9' || !read_number(text + 1, &argument->size) || argument->size > MOST_SIZE))
			return complain("'", text, "': no size of a buffer, which may be 1 GiB", (char *)0), 0;
		if (!text[1] && !pointer)
			return complain("'@': ", known->name, " is ", known->type, ", no pointer", (char *)0), 0;
		if (!text[1] && (!known || !(argument->size = size_of(call, known, words, count)) || argument->size > MOST_SIZE))
			return complain("'@': how large is ", known ? known->name : "it", "? Write @SIZE", (char *)0), 0;
		argument->is_output = 1;
		argument->buffer = allocate(argument->size);
		if (!argument->buffer)
			return no_memory(text);
	} else if (begins(text, "u8:") || begins(text, "u16:") || begins(text, "u32:") || begins(text, "u64:")) {
		if (!read_struct(argument))
			return complain("'", text, "': not the members of a struct, as u32:24,0,u64:5 is", (char *)0), 0;
	} else if (read_value(text, &argument->value)) {
		return 1;
	} else if (argument->layout && contains(text, "=")) {
		if (!read_members(argument, argument->layout))
			return 0;
	} else if (pointer) {
		return take_string(argument, known) && copy_string(argument, text);
	} else {
		return complain("'", text, "': ", known->name, " is ", known->type, ", and this no number and no constant of the kernel's headers", (char *)0), 0;
	}
	argument->value = (unsigned long)argument->buffer;
	if (argument->is_output)
		return 1;
	argument->before = allocate(argument->size);
	if (!argument->before)
		return no_memory(text);
	memcpy(argument->before, argument->buffer, argument->size);
	return 1;
}

static void put_hexdump(const byte *data, unsigned long size)
{
	unsigned long at, n;
	int left_out = 0;

	for (at = 0; at < size; at += 16) {
		if (at && at + 16 < size && !memcmp(data + at, data + at - 16, 16)) {
			put(left_out++ ? "" : "  *\n");
			continue;
		}
		left_out = 0;
		put("  ");
		put_unsigned(at, 16, 4);
		put(" ");
		for (n = at; n < at + 16; n++) {
			put(n % 8 ? " " : "  ");
			if (n < size)
				put_unsigned(data[n], 16, 2);
			else
				put("  ");
		}
		put("  |");
		for (n = at; n < at + 16 && n < size; n++) {
			char c = (char)data[n];

			put_bytes(c >= ' ' && c < 0x7f ? &c : ".", 1);
		}
		put("|\n");
	}
}

static void put_text(const char *text, unsigned long size)
{
	unsigned long n = 0;

	put("\"");
	while (n < size && text[n]) {
		char character[5] = "";
		unsigned long i, bytes;

		/* A copy: what fills a member may end where the memory does. */
		for (i = 0; i < 4 && n + i < size && text[n + i]; i++)
			character[i] = text[n + i];
		bytes = utf8(character);
		if (!bytes || (byte)text[n] < ' ' || text[n] == 0x7f) {
			put("\\x");
			put_unsigned((byte)text[n++], 16, 2);
			continue;
		}
		if (text[n] == '"' || text[n] == '\\')
			put("\\");
		put_bytes(character, bytes);
		n += bytes;
	}
	put("\"");
}

static unsigned long number_at(const byte *data, const struct member *member, unsigned long n)
{
	unsigned long value = 0;
	unsigned int at;

	for (at = 0; at < member->width; at++)
		value |= (unsigned long)data[member->offset + n * member->width + at] << 8 * at;
	if (member->is_signed && member->width < 8 && value >> (8 * member->width - 1))
		value |= ~0ul << 8 * member->width;
	return value;
}

/* The members that are not 0. */
static void put_members(const struct layout *layout, const byte *data)
{
	const struct member *member = &members[layout->first];
	unsigned long n, i;

	for (n = 0; n < layout->count; n++, member++) {
		if (member->is_text && data[member->offset]) {
			put("  ");
			put(member->name);
			put(" = ");
			put_text((const char *)data + member->offset, member->count);
			put("\n");
		}
		for (i = 0; !member->is_text && (i < member->count || (!i && !member->count)); i++) {
			unsigned long value = number_at(data, member, i);

			if (!value)
				continue;
			put("  ");
			put(member->name);
			if (member->count) {
				put("[");
				put_unsigned(i, 10, 1);
				put("]");
			}
			put(" = ");
			if (member->is_signed)
				put_number((long)value);
			else
				put_unsigned(value, 10, 1);
			if (value > 0xff && (long)value > 0) {
				put(" (0x");
				put_unsigned(value, 16, 1);
				put(")");
			}
			put("\n");
		}
	}
}

static void put_rest(unsigned long size, const char *unit, const char *what)
{
	if (!size)
		return;
	put("  and ");
	put_unsigned(size, 10, 1);
	put(" ");
	put(unit);
	put(!*unit ? "" : size == 1 ? " " : "s ");
	put(what);
	put("\n");
}

/* Integers, in as many lines as they need. */
static void put_numbers(const char *name, const byte *data, unsigned long count, unsigned int width, int is_signed)
{
	struct member member = { name, 0, 0, (byte)width, (byte)is_signed, 0 };
	unsigned long n, column = length(name) + 1, shown = count < MOST_SHOWN / width ? count : MOST_SHOWN / width;

	put(name);
	put(count ? ":" : ": none");
	for (n = 0; n < shown; n++) {
		unsigned long value = number_at(data, &member, n), minus = is_signed && (long)value < 0, size = 2 + minus, rest;

		for (rest = minus ? -value : value; rest > 9; rest /= 10)
			size++;
		if (column + size > 90) {
			put("\n ");
			column = 1;
		}
		put(" ");
		if (is_signed)
			put_number((long)value);
		else
			put_unsigned(value, 10, 1);
		column += size;
	}
	put("\n");
	put_rest(count - shown, "", "more");
}

/* How many bytes of a buffer mean something: where the result says so, as many as that. */
static unsigned long meant(const struct argument *argument, const struct linux_table_arg *known, long result)
{
	unsigned long size = argument->size;

	if (argument->is_output && known && known->flags & LINUX_TABLE_ARG_WRITTEN && known->flags & LINUX_TABLE_ARG_BYTES && !linux_is_error(result) &&
	    (unsigned long)result < size)
		return (unsigned long)result;
	return size;
}

static void put_argument(const struct argument *argument, const struct linux_table_arg *known)
{
	long as_int = (int)argument->value, value = known && equal(known->type, "int") ? as_int : (long)argument->value;
	int is_signed = known && (equal(known->type, "int") || equal(known->type, "long") || equal(known->type, "long long"));

	if (argument->string) {
		put_text(argument->string, ~0ul);
	} else if (argument->buffer) {
		put(argument->text);
	} else if (value < 0 && (is_signed || value >= -4096)) {
		put_number(value);
	} else if (argument->value > 0xffff) {
		put("0x");
		put_unsigned(argument->value, 16, 1);
	} else {
		put_unsigned(argument->value, 10, 1);
	}
}

static void put_hex(const byte *data, unsigned long size)
{
	unsigned long n;

	put("\"");
	for (n = 0; n < size; n++)
		put_unsigned(data[n], 16, 2);
	put("\"");
}

/* Why a call that the table has is not there. */
static void say_missing(const struct linux_table_call *call)
{
	char kernel[65];

	if (!call->name || !kernel_release(kernel))
		return;
	put("  this kernel, ");
	put(kernel);
	if (compare_releases(kernel, call->since) < 0) {
		put(", is older than the call, which came with ");
		put(call->since);
		put("\n");
	} else {
		put(", is new enough for the call: 'liblinux probe ");
		put(call->name);
		put("' says more\n");
	}
}

static void say(const struct linux_table_call *call, const struct argument *arguments, unsigned long count, long result, int is_address)
{
	unsigned long n;

	put(call->name ? call->name : "call ");
	if (!call->name)
		put_number(call->number);
	put("(");
	for (n = 0; n < count; n++) {
		put(n ? ", " : "");
		put_argument(&arguments[n], n < call->nargs ? &call->args[n] : 0);
	}
	put(") = ");
	if (linux_is_error(result)) {
		put_number(result);
		put(" ");
		put(error_name(-result));
	} else if (is_address) {
		put("0x");
		put_unsigned((unsigned long)result, 16, 1);
	} else {
		put_number(result);
	}
	put("\n");
	if (result == -LINUX_ENOSYS)
		say_missing(call);
	for (n = 0; n < count; n++) {
		const struct argument *one = &arguments[n];
		const struct linux_table_arg *known = n < call->nargs ? &call->args[n] : 0;
		unsigned long whole, size, from;
		unsigned int width;
		int is_signed = 0;

		if (!one->buffer || (!one->is_output && !memcmp(one->buffer, one->before, one->size)))
			continue;
		whole = size = meant(one, known, result);
		while (one->is_output && size && !one->buffer[size - 1])
			size--;
		if (!size && linux_is_error(result))
			continue;
		width = element_width(known, &is_signed);
		if (width && one->size && one->size % width == 0) {
			unsigned long many = (size + width - 1) / width;

			if (one->is_output && known->flags & LINUX_TABLE_ARG_WRITTEN && known->flags & LINUX_TABLE_ARG_ELEMENTS && !linux_is_error(result))
				many = (unsigned long)result < one->size / width ? (unsigned long)result : one->size / width;
			else if (!many && one->size == width)
				many = 1;
			else if (!many)
				width = 0;
			if (width) {
				put_numbers(known->name, one->buffer, many, width, is_signed);
				continue;
			}
		}
		put(n < call->nargs ? call->args[n].name : one->text);
		if (!size) {
			put(": nothing but zeros\n");
			continue;
		}
		put(":\n");
		from = 0;
		if (one->layout && one->size >= one->layout->size) {
			put_members(one->layout, one->buffer);
			from = one->layout->size;
			if (size <= from)
				continue;
			put("  and behind that\n");
		}
		size -= from;
		put_hexdump(one->buffer + from, size < MOST_SHOWN ? size : MOST_SHOWN);
		put_rest(size > MOST_SHOWN ? size - MOST_SHOWN : 0, "byte", "more");
		put_rest(whole - from - size, "byte", "of zeros");
	}
}

static void say_json(const struct linux_table_call *call, const struct argument *arguments, unsigned long count, long result)
{
	const char *gap = "";
	unsigned long n;

	put("{\"name\": ");
	put_json(call->name);
	put(", \"number\": ");
	put_number(call->number);
	put(", \"args\": [");
	for (n = 0; n < count; n++) {
		put(n ? ", " : "");
		if (arguments[n].string)
			put_json(arguments[n].string);
		else if (arguments[n].buffer)
			put_json(arguments[n].text);
		else
			put_number((long)arguments[n].value);
	}
	put("], \"result\": ");
	put_number(result);
	put(", \"error\": ");
	put_json(linux_is_error(result) ? error_name(-result) : (char *)0);
	put(", \"buffers\": {");
	for (n = 0; n < count; n++) {
		const struct argument *one = &arguments[n];

		if (!one->buffer)
			continue;
		put(gap);
		if (n < call->nargs) {
			put_json(call->args[n].name);
		} else {
			put("\"");
			put_number((long)n);
			put("\"");
		}
		put(": ");
		put_hex(one->buffer, meant(one, n < call->nargs ? &call->args[n] : 0, result));
		gap = ", ";
	}
	put("}}\n");
}

int do_call(int argc, char **argv)
{
	int json = 0, help = 0, words;
	const struct option options[] = { { "json", 0, &json }, { "help", 0, &help }, { 0, 0, 0 } };
	struct linux_table_call call;
	struct argument arguments[6] = { { 0 } };
	unsigned long count, n, number;
	long result, self;

	words = read_options(argc, argv, options);
	if (words < 0)
		return WRONG_USE;
	if (help) {
		put(usage_call);
		return YES;
	}
	if (!words)
		return complain("call wants the name of a call", (char *)0), WRONG_USE;
	if (!find_call(&call, 0, argv[0])) {
		if (!read_number(argv[0], &number) || (long)number < 0)
			return unknown_call(argv[0]), WRONG_USE;
		call.name = 0;
		call.number = (long)number;
		call.nargs = call.flags = 0;
		call.returns = "varies";
	}
	if (call.name && (equal(call.name, "vfork") || equal(call.name, "rt_sigreturn")))
		return complain(call.name, " needs the stack that it is called on: no program could go on after it", (char *)0), WRONG_USE;
	count = (unsigned long)words - 1;
	if (count > (call.name ? call.nargs : 6)) {
		complain(call.name ? call.name : "a call", " has fewer arguments than that", (char *)0);
		return WRONG_USE;
	}
	for (n = 0; n < count; n++)
		if (!read_argument(&arguments[n], &call, argv + 1, count, n))
			return WRONG_USE;
	self = linux_getpid();
	result = liblinux_syscall6(call.number, (long)arguments[0].value, (long)arguments[1].value, (long)arguments[2].value,
				   (long)arguments[3].value, (long)arguments[4].value, (long)arguments[5].value);
	if (linux_getpid() != self)		/* fork's child has nothing to say */
		linux_exit_group(0);
	count = call.name ? call.nargs : count;
	if (json)
		say_json(&call, arguments, count, result);
	else
		say(&call, arguments, count, result, equal(call.returns, "address"));
	return linux_is_error(result) ? NO : YES;
}
