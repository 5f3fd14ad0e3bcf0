# SPDX-License-Identifier: MIT
"""<liblinux/libc.h>: system calls under the names and with the prototypes of a libc."""
from __future__ import annotations

import re
from pathlib import Path

import call_notes
import c_types
from tables import Arch, Doubt, LibcName, Row, Table

HEAD = '''\
/*
 * System calls as a libc has them: statmount(), openat2(), pidfd_open(), with the prototypes
 * of the manual pages, -1 and errno. It is for programs that have a wrapper of their own for
 * a call that their libc lacks: that goes, and the calls stay as they are.
 *
 * Define _GNU_SOURCE before the first header. A name that this glibc has is glibc's, its
 * header is included here. All others are function-like macros over an inline function,
 * liblinux_libc_<name>, so a struct of the same name stays what it is, and #ifdef <name>
 * tells; a pointer to the function is one to liblinux_libc_<name>. No other libc tells its
 * version: there every name is given, which does no harm where it has the function too.
 * Headers of the libc that come after this one are harmless as well, for those that may
 * declare such names are included here first; any other header that declares or defines one,
 * also as a member that is called (backend.seccomp(x)), wants that name left out.
 *
 *	LIBLINUX_LIBC_NO_<name>		defined before: leaves that name out
 *	LIBLINUX_LIBC_WITH_<name>	defined before: gives a name that is left out as
 *					another library exports it; a comment says which
 *
 * A pointer to a struct is void *: the kernel's struct and ours (<liblinux/uapi.h>) both
 * fit, also where the function is glibc's. The functions are no cancellation points, but glibc's
 * own are. They call those of <liblinux/syscalls.h>, so link with -llinux or define LIBLINUX_INLINE.
 */
'''


# Headers that glibc 2.36 has without extern "C".
C_LINKAGE_FORGOTTEN = {'sys/pidfd.h'}


def check(names: dict[str, LibcName], table: Table, path: Path) -> None:
    """Each name is of a call, and passes it all that it takes."""
    for libc in names.values():
        rows = [row for row in table.rows if row.name == libc.call]
        if len(rows) != 1:
            raise Doubt(path, libc.line, f'{libc.call} {"is no system call" if not rows else "depends on the architecture"}')
        for row in rows:
            given, taken = len(libc.values), len(row.args)
            if given > taken or given < taken and not libc.variadic:
                raise Doubt(path, libc.line, f'{libc.name} gives {libc.call} {given} of its {taken} arguments')
            for value, arg in zip(libc.values, row.args):
                pointer = next((one.type.endswith('*') for one in libc.args if one.name == value), None)
                plain = c_types.plain(arg.type, {})
                if pointer and plain != 'unsigned long' and not plain.endswith('*') or pointer is False and plain.endswith('*'):
                    raise Doubt(path, libc.line, f"{libc.name} passes '{value}' as {arg}")


def parameter(kernel_type: str) -> str:
    """The type in our header: whatever struct the caller has, and whichever 64-bit integer."""
    if re.match(r'(const )?((struct|union) \w+|siginfo_t|sigset_t|uint64_t) \*', kernel_type):
        return 'const void *' if kernel_type.startswith('const ') else 'void *'
    return kernel_type


def value(text: str, libc: LibcName, row: Row, position: int, shared: dict[str, str]) -> str:
    """An argument of the call, as the call declares it."""
    own, kernel = (c_types.plain(row.args[position].type, tags) for tags in (shared, c_types.KernelTags()))
    given = parameter(next((arg.type for arg in libc.args if arg.name == text), 'long'))
    if text.isdecimal() or given == own:
        return text
    if not own.endswith('*'):
        return f'({own}){text}'
    if given == 'const void *' == own or own == 'void *' and not given.startswith('const'):
        return text
    cast = own if own == kernel else f'LIBLINUX_LIBC_EITHER({own}, {kernel})'
    dropped = given.startswith('const ') and not own.startswith('const ') or own.startswith('const ') and own.endswith('**')
    return f'({cast}){"(unsigned long)" if dropped else ""}{text}'


def function(libc: LibcName, row: Row, shared: dict[str, str]) -> str:
    rest = [f'arg{n + 1}' for n in range(len(libc.args), len(row.args))] if libc.variadic else []
    parameters = [f'{type_}{"" if type_.endswith("*") else " "}{arg.name}' for arg in libc.args for type_ in [parameter(arg.type)]]
    parameters += [f'long {name}' for name in rest]
    values = [value(text, libc, row, n, shared) for n, text in enumerate([*libc.values, *rest])]
    result = f'{libc.result}{"" if libc.result.endswith("*") else " "}'
    # As an int first: modify_ldt returns its errors with the upper half zero (arch/x86/kernel/ldt.c).
    narrow = '(int)' if libc.result in ('int', 'pid_t') else ''
    call = f'linux_cerror({narrow}linux_{row.name}({", ".join(values)}))'
    cast = '' if libc.result == 'long' else f'({libc.result})'
    text = (f'static __inline__ {result}liblinux_libc_{libc.name}({", ".join(parameters) or "void"})\n'
            f'{{\n\treturn {cast}{call};\n}}\n# undef {libc.name}\n')
    if not libc.variadic:
        return text + f'# define {libc.name}(...) liblinux_libc_{libc.name}(__VA_ARGS__)\n'
    # One argument at least is left for the dots of the second macro.
    letters = [f'a{n + 1}' for n in range(len(row.args))]
    passed = letters[:len(libc.args)] + [f'(long)({letter})' for letter in letters[len(libc.args):]]
    return text + (f'# define {libc.name}(...) LIBLINUX_LIBC_{libc.name}(__VA_ARGS__{", 0" * len(row.args)})\n'
                   f'# define LIBLINUX_LIBC_{libc.name}({", ".join(letters)}, ...) liblinux_libc_{libc.name}({", ".join(passed)})\n')


def over_libc(libc: LibcName, shared: dict[str, str]) -> str:
    """The libc's own function, for a caller with whichever struct; nothing if it takes no such pointer."""
    if all(parameter(arg.type) == arg.type or 'struct' in arg.type and any(f'struct {tag} ' in arg.type for tag in shared) for arg in libc.args):
        return ''
    parameters = ', '.join(f'{type_}{"" if type_.endswith("*") else " "}{arg.name}' for arg in libc.args for type_ in [parameter(arg.type)])
    values = ', '.join(arg.name if parameter(arg.type) == arg.type else f'({arg.type}){arg.name}' for arg in libc.args)
    return (f'static __inline__ {libc.result} liblinux_libc_{libc.name}({parameters})\n{{\n\treturn {libc.name}({values});\n}}\n'
            f'# undef {libc.name}\n# define {libc.name}(...) liblinux_libc_{libc.name}(__VA_ARGS__)\n')


def given(libc: LibcName, note: call_notes.Note) -> str:
    """Whether the name is ours, and not the libc's, for the preprocessor."""
    release = note.libc.get('glibc') if libc.name == libc.call else None
    if not release:
        return ''
    major, minor = map(int, release.split('.')[:2])
    return f'LIBLINUX_LIBC_GLIBC < {major * 1000 + minor}'


def condition(libc: LibcName, row: Row, arches: list[Arch]) -> str:
    terms = [f'!defined(LIBLINUX_LIBC_NO_{libc.name})']
    if libc.library:
        terms.append(f'defined(LIBLINUX_LIBC_WITH_{libc.name})')
    if len(row.numbers) < len(arches):
        terms.append(f'defined(linux_{libc.call})')
    return ' && '.join(terms)


def header(names: dict[str, LibcName], table: Table, notes: dict[str, call_notes.Note], shared: dict[str, str],
           arches: list[Arch], origin: str) -> str:
    rows = {row.name: row for row in table.rows}
    text = origin + HEAD + '''\
#ifndef LIBLINUX_LIBC_H
#define LIBLINUX_LIBC_H

#include <liblinux/cerror.h>
#include <liblinux/syscalls.h>
#include <stdint.h>
#include <sys/types.h>

#if !defined(_GNU_SOURCE) || defined(__GLIBC__) && !defined(__USE_GNU)
# error "liblinux/libc.h: define _GNU_SOURCE before the first header, or the libc hides its own functions of these names"
#endif

/* What may declare one of the names below. */
'''
    for name in sorted({libc.header for libc in names.values()} - {''}):
        include = f'# include <{name}>\n'
        if name in C_LINKAGE_FORGOTTEN:
            include = f'# ifdef __cplusplus\nextern "C" {{\n{include}}}\n# else\n{include}# endif\n'
        text += f'#if __has_include(<{name}>)\n{include}#endif\n'
    text += '''
/* 2036 is glibc 2.36, 0 another libc. */
#ifdef __GLIBC__
# define LIBLINUX_LIBC_GLIBC (__GLIBC__ * 1000 + __GLIBC_MINOR__)
#else
# define LIBLINUX_LIBC_GLIBC 0
#endif

/* The pointers that the calls are declared with. */
#ifdef LIBLINUX_UAPI
# define LIBLINUX_LIBC_EITHER(own, kernel) kernel
#else
# define LIBLINUX_LIBC_EITHER(own, kernel) own
#endif

'''
    for libc in names.values():
        note, row = notes[libc.call], rows[libc.call]
        release = note.libc.get('glibc') if libc.name == libc.call else None
        said = [f'glibc {release}'] * bool(release) + [f'exported by {libc.library}'] * bool(libc.library)
        text += f'/* {", ".join(said)} */\n' if said else ''
        body, ours, own = function(libc, row, shared), given(libc, note), over_libc(libc, shared)
        if ours:
            otherwise = f'# else\n{own}' if own else ''
            body = f'# if {ours}\n{body}{otherwise}# endif\n'
        text += f'#if {condition(libc, row, arches)}\n{body}#endif\n\n'
    return text + '#undef LIBLINUX_LIBC_EITHER\n#undef LIBLINUX_LIBC_GLIBC\n\n#endif\n'


def given_by_glibc(release: str | None) -> str:
    if not release:
        return '0'
    major, minor = release.split('.')[:2]
    return f'defined(__GLIBC__) && (__GLIBC__ > {major} || __GLIBC__ == {major} && __GLIBC_MINOR__ >= {minor})'


def cases(names: dict[str, LibcName], table: Table, notes: dict[str, call_notes.Note], arch: str, origin: str) -> str:
    """Each name called with arguments of its own types, and what the system call must get."""
    rows = table.calls(arch)
    text = origin + ''.join(f'#define LIBLINUX_LIBC_WITH_{libc.name}\n' for libc in names.values() if libc.library)
    text += '\n#include <liblinux/libc.h>\n\n'
    entries = ''
    for libc in names.values():
        if libc.call not in rows:
            continue
        row = rows[libc.call]
        rest = len(row.args) - len(libc.args) if libc.variadic else 0
        passed = [f'({arg.type})argument({n})' for n, arg in enumerate(libc.args)]
        passed += [f'argument({n})' for n in range(len(libc.args), len(libc.args) + rest)]
        sources = {arg.name: (n, parameter(arg.type)) for n, arg in enumerate(libc.args)}
        expected = []
        for position, word in enumerate([*libc.values, *[f'.{n}' for n in range(len(libc.args), len(libc.args) + rest)]]):
            if word.startswith('.'):
                expected.append(f'ARGUMENT({word[1:]})')
            elif word.isdecimal():
                expected.append(word)
            else:
                n, given = sources[word]
                own = c_types.plain(row.args[position].type, {})
                own = 'void *' if own.endswith('*') else own
                expected.append(f'(long)({own}){"(unsigned long)" if own == "void *" and not given.endswith("*") else ""}({given})ARGUMENT({n})')
        text += f'static long call_{libc.name}(void)\n{{\n\treturn (long){libc.name}({", ".join(passed)});\n}}\n'
        release = notes[libc.call].libc.get('glibc') if libc.name == libc.call else None
        text += f'#if {given_by_glibc(release)}\n# define IS_OURS_{libc.name} 0\n#else\n# define IS_OURS_{libc.name} 1\n#endif\n'
        wide = int(libc.result not in ('int', 'pid_t'))
        entries += (f'\t{{"{libc.name}", IS_OURS_{libc.name}, {row.numbers[arch]}, {wide}, {len(expected)}, '
                    f'{{{", ".join(expected) or "0"}}}, call_{libc.name}}},\n')
    return text + f'\nstatic const struct libc_case cases[] = {{\n{entries}}};\n'
