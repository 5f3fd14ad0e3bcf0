# SPDX-License-Identifier: MIT
"""<liblinux/msan.h>: what the kernel wrote counts as initialised for clang's MemorySanitizer."""
from __future__ import annotations

import c_types
import emit_uapi
from call_notes import Note, Use
from tables import Arch, Row
from uapi_tables import Record

HEAD = '''\
/*
 * For clang's -fsanitize=memory, which knows of no system call but its libc's: memory that the
 * kernel wrote is initialised. <liblinux/syscalls.h> includes this where the sanitizer is on;
 * each call that writes is a macro then, over a function that makes the call and says so.
 * What the kernel writes where another argument decides (ioctl, prctl) it does not know, but
 * where it says how much (getsockopt); nor what only a field of a struct has the address of
 * (pidfd of clone3, value of getxattrat), but follows iovecs.
 */
#ifndef LIBLINUX_MSAN_H
#define LIBLINUX_MSAN_H

#include <liblinux/syscalls.h>

#ifdef __has_feature
# if __has_feature(memory_sanitizer)

#ifdef __cplusplus
extern "C" {
#endif

/* For the other headers: this is compiled for the sanitizer. */
#define LIBLINUX_MSAN

void __msan_unpoison(const volatile void *address, unsigned long size);
unsigned long liblinux_msan_getauxval(unsigned long type) __asm__("getauxval");

#ifdef LIBLINUX_UAPI
# define LIBLINUX_MSAN_EITHER(own, kernel) kernel
#else
# define LIBLINUX_MSAN_EITHER(own, kernel) own
#endif

/* -LINUX_EINTR, at which a call that sleeps says what is left of the time. */
#define LIBLINUX_MSAN_EINTR (-4L)

static __inline__ int liblinux_msan_failed(long ret)
{
	return (unsigned long)ret >= (unsigned long)-4095L;
}

static __inline__ void liblinux_msan_wrote(const void *address, unsigned long size)
{
	if (address)
		__msan_unpoison(address, size);
}

static __inline__ unsigned long liblinux_msan_least(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

/* How many pages size bytes begin. AT_PAGESZ is 6. */
static __inline__ unsigned long liblinux_msan_pages(unsigned long size)
{
	unsigned long page = liblinux_msan_getauxval(6);

	return size / page + (size % page != 0);
}

/* As many bytes as the 32 bits at offset say, which were written too; size at most. */
static __inline__ unsigned long liblinux_msan_said(const void *object, unsigned long offset, unsigned long size)
{
	const unsigned int *said = (const unsigned int *)(const void *)((const char *)object + offset);

	if (size < offset + sizeof(*said))
		return size;
	__msan_unpoison(said, sizeof(*said));
	return liblinux_msan_least(*said, size);
}

/* size bytes of what count iovecs, pairs of an address and a size, name. */
static __inline__ void liblinux_msan_iovecs(const void *iovecs, unsigned long count, unsigned long size)
{
	const unsigned long *pair = (const unsigned long *)iovecs;

	for (; count && size; pair += 2, count--) {
		unsigned long part = liblinux_msan_least(pair[1], size);

		liblinux_msan_wrote((const void *)pair[0], part);
		size -= part;
	}
}

/* The size of the address in a struct msghdr, if there is one. */
static __inline__ unsigned long liblinux_msan_namelen(const void *msghdr)
{
	return ((const unsigned long *)msghdr)[0] ? ((const unsigned int *)msghdr)[2] : 0;
}

/* What a struct msghdr names: address, of no more than room bytes, data, control. */
static __inline__ void liblinux_msan_msghdr(const void *msghdr, unsigned long room, unsigned long size)
{
	const unsigned long *word = (const unsigned long *)msghdr;

	liblinux_msan_wrote((const void *)word[0], liblinux_msan_least(room, liblinux_msan_namelen(msghdr)));
	liblinux_msan_iovecs((const void *)word[2], word[3], size);
	liblinux_msan_wrote((const void *)word[4], word[5]);
}

/*
 * The same of count structs mmsghdr: a msghdr of 56 bytes, and the size of its data. How much
 * room there was for each address is not known any more: one that did not fit is taken whole.
 */
static __inline__ void liblinux_msan_mmsghdrs(const void *mmsghdrs, unsigned long count)
{
	const unsigned long *word = (const unsigned long *)mmsghdrs;

	for (; count; word += 8, count--)
		liblinux_msan_msghdr(word, ~0ul, *(const unsigned int *)&word[7]);
}

'''

TAIL = '''
#undef LIBLINUX_MSAN_EITHER

#ifdef __cplusplus
}
#endif

# endif
#endif

#endif
'''


# The results with which an argument is written, by the notes' word for them. What is written with a failure stays unsaid.
CONDITIONS = {'': '!liblinux_msan_failed(ret)', 'positive': 'ret > 0', 'interrupted': 'ret == LIBLINUX_MSAN_EINTR'}


def record_of(row: Row, name: str, arch: Arch, uapi: emit_uapi.Uapi) -> Record:
    """What the argument points to, a struct or a union."""
    kernel_type = next(arg.type for arg in row.args if arg.name == name)
    pointee = c_types.plain(kernel_type, c_types.KernelTags()).removeprefix('const ').rstrip('*').rstrip()
    tag = pointee.partition(' ')[2]
    records = uapi.records(arch.name)
    found = next((records[one] for one in (tag, tag.removeprefix('linux_'), f'__kernel_{tag}') if one in records), None)
    if not found:
        raise emit_uapi.Impossible(f'{row.name}: nothing says how large {pointee} is')
    return found[1]


def size_of(row: Row, name: str, arch: Arch, uapi: emit_uapi.Uapi) -> int:
    """Of what the argument points to."""
    kernel_type = next(arg.type for arg in row.args if arg.name == name)
    if kernel_type.count('*') > 1:
        return 8
    pointee = c_types.plain(kernel_type, c_types.KernelTags()).removeprefix('const ').rstrip('*').rstrip()
    return emit_uapi.SCALARS.get(pointee) or record_of(row, name, arch, uapi).size


def offset_of(row: Row, name: str, field: str, arch: Arch, uapi: emit_uapi.Uapi) -> int:
    """Of a field of 32 bits."""
    found = next((one for one in record_of(row, name, arch, uapi).members if one.name == field), None)
    if not found or found.type != 'unsigned int' or found.dims or found.bits:
        raise emit_uapi.Impossible(f"{row.name}: '{name}' has no field '{field}' of 32 bits")
    return found.offset


def statement(row: Row, name: str, use: Use, arch: Arch, uapi: emit_uapi.Uapi) -> str:
    """C that says what was written; ret is a result with which it was."""
    if 'scatter' in use.flags:
        if use.unit and use.written:
            return f'liblinux_msan_wrote({name}, (unsigned long)ret * {size_of(row, name, arch, uapi)});\n\t\tliblinux_msan_mmsghdrs({name}, (unsigned long)ret);'
        if use.unit:
            return f'liblinux_msan_iovecs({name}, (unsigned long){use.count}, (unsigned long)ret);'
        return f'liblinux_msan_wrote({name}, {size_of(row, name, arch, uapi)});\n\t\tliblinux_msan_msghdr({name}, before_{name}, (unsigned long)ret);'
    count = use.count
    if count.startswith('*'):
        count = f'{name} ? liblinux_msan_least(before_{count[1:]}, (unsigned long)*{count[1:]}) : 0'
    elif count.endswith('/page'):
        count = f'liblinux_msan_pages((unsigned long){count[:-5]})'
    elif count.endswith('-1'):
        count = f'((unsigned long){count[:-2]} - 1)'
    elif count and not count.isdecimal():
        count = f'(unsigned long){count}'
    if use.written == 'result':
        count = f'liblinux_msan_least({count}, (unsigned long)ret)'
    elif use.written.startswith('.'):
        count = f'liblinux_msan_said({name}, {offset_of(row, name, use.written[1:], arch, uapi)}, {count or "~0ul"})'
    elif use.written:
        count = use.written
    elif not use.unit:
        count = str(size_of(row, name, arch, uapi))
    if use.unit == 'bits':
        count = f'({count} + 63) / 64 * 8'
    elif use.unit == 'elements':
        count = f'{count} * {size_of(row, name, arch, uapi)}'
    return f'liblinux_msan_wrote({name}, {f"{use.header} + " if use.header else ""}{count});'


def either(kernel_type: str, shared: dict[str, str]) -> str:
    """The type as the call is declared, with our tags or the kernel's."""
    own, kernel = (c_types.plain(kernel_type, tags) for tags in (shared, c_types.KernelTags()))
    return own if own == kernel else f'LIBLINUX_MSAN_EITHER({own}, {kernel})'


def is_written(use: Use) -> bool:
    return use.only != 'failure' and (use.direction in ('out', 'inout') or 'scatter' in use.flags or
                                      use.direction == 'varies' and use.count.startswith('*'))


def function(row: Row, note: Note, arch: Arch, uapi: emit_uapi.Uapi) -> str:
    """The call, and what it wrote; nothing for a call that writes nothing."""
    names = [arg.name for arg in row.args]
    written = [(name, note.uses[name]) for name in names if name in note.uses and is_written(note.uses[name])]
    if not written:
        return ''
    parameters = ', '.join(f'{c_type}{"" if c_type.endswith("*") else " "}{arg.name}' for arg in row.args for c_type in [either(arg.type, uapi.shared)])
    # What is read here is read before the call writes there.
    before = ''.join(f'\tunsigned long before_{name} = {name} ? (unsigned long)*{name} : 0;\n'
                     for name in dict.fromkeys(use.count[1:] for _, use in written if use.count.startswith('*')))
    before += ''.join(f'\tunsigned long before_{name} = {name} ? liblinux_msan_namelen({name}) : 0;\n'
                      for name, use in written if 'scatter' in use.flags and not use.unit)
    text = (f'static __inline__ long liblinux_msan_{row.name}({parameters})\n{{\n{before}'
            f'\tlong ret = linux_{row.name}({", ".join(names)});\n\n')
    for only, condition in CONDITIONS.items():
        # First what others are counted by.
        if statements := [statement(row, name, use, arch, uapi) for name, use in sorted(written, key=lambda one: bool(one[1].unit)) if use.only == only]:
            text += f'\tif ({condition}) {{\n' + ''.join(f'\t\t{one}\n' for one in statements) + '\t}\n'
    return text + f'\treturn ret;\n}}\n#undef linux_{row.name}\n#define linux_{row.name}(...) liblinux_msan_{row.name}(__VA_ARGS__)\n\n'
