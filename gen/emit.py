# SPDX-License-Identifier: MIT
"""One pure function for each generated file: facts in, text out."""
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

import call_notes
import c_types
import emit_command
import emit_libc
import emit_msan
import emit_man
import emit_table
import emit_uapi
import tables
import uapi_tables
from tables import Arch, Arg, Doubt, Function, LibcName, Row, Symbol, Table, newest, release


PARTS = ('start.h', 'syscall.h', 'vdso.h')                                           # in every src/arch/<arch>
TEMPLATES = tuple(tables.TOP / f'include/liblinux/{name}.in' for name in ('start.h', 'vdso.h'))


class Unknown(Exception):
    """The command line names something that does not exist."""


@dataclass(frozen=True)
class Facts:
    """All that the emitters know."""
    table: Table
    notes: dict[str, call_notes.Note]
    libc: dict[str, LibcName]
    errno: list[tuple[str, str]]
    shared: dict[str, str]
    version: tuple[str, str, str]
    arches: list[Arch]
    parts: dict[str, dict[str, str]]    # a file of src/arch/<arch> -> architecture -> its text
    templates: dict[str, str]           # a header -> its text, with @FILE@ where that file of an architecture belongs
    assembly: dict[str, set[str]]       # architecture -> calls that a .S file implements
    functions: list[Function]           # that are not calls
    abi: dict[str, tables.Abi]          # architecture -> the committed list
    arch: Arch                          # the one to emit for
    uapi: emit_uapi.Uapi

    def calls(self) -> dict[str, Row]:
        return self.table.calls(self.arch.name)

    def own_functions(self) -> list[Function]:
        return [function for function in self.functions if self.arch.name in function.sources]


def load(arch_name: str) -> Facts:
    """Read every table, and hold them against each other."""
    arches = tables.read_arches()
    arch = next((arch for arch in arches if arch.name == arch_name), None)
    if not arch:
        raise Unknown(f"no architecture '{arch_name}': there are {', '.join(arch.name for arch in arches)}")
    table = tables.read_syscalls()
    for one in arches:
        if one.name not in table.arches:
            raise Doubt(tables.SYSCALLS, 1, f'{one.name} is not in the table: run update')
    notes = call_notes.read_notes()
    call_notes.check_notes(table, notes)
    notes = call_notes.of_functions(table, notes)
    libc = tables.read_libc()
    emit_libc.check(libc, table, tables.LIBC)
    version = tables.read_version()
    if '.'.join(version[:2]) != table.release:
        raise Doubt(tables.VERSION, 1, f'{".".join(version)} is not of Linux {table.release}, the release of the table')
    shared = tables.read_shared()
    check_types(table, tables.SYSCALLS)
    for note in notes.values():
        call_notes.check_details([row for row in table.rows if row.name == note.name], note)
    table.rows[:] = [replace(row, args=tuple(refine(arg, notes[row.name]) for arg in row.args)) for row in table.rows]
    if tables.tree_of(tables.ERRNO) != table.tree:
        raise Doubt(tables.ERRNO, 1, f'is of Linux {tables.tree_of(tables.ERRNO)}, {tables.SYSCALLS.name} of {table.tree}')
    functions = tables.read_functions(arches)
    for function in functions:
        if any(function.name == f'linux_{row.name}' for row in table.rows):
            raise Doubt(tables.FUNCTIONS, function.line, f'{function.name} is a system call')
    assembly: dict[str, set[str]] = {}
    for one in arches:
        used = {function.sources.get(one.name) for function in functions}
        files = {path.stem: path for path in (tables.ARCH / one.name).glob('*.S') if f'arch/{one.name}/{path.name}' not in used}
        assembly[one.name] = set(files)
        for name, path in sorted(files.items()):
            if name not in table.calls(one.name):
                raise Doubt(path, 1, f'{name} is no call of {one.name}, and no function of {tables.FUNCTIONS.name}')
    abi = {one.name: tables.read_abi(tables.ARCH / one.name / 'abi.list') for one in arches}
    for one in arches:
        listed = next(reversed(abi[one.name].versions), '0.0.0')
        if tuple(map(int, listed.split('.'))) > tuple(map(int, version)):
            raise Doubt(tables.VERSION, 1, f'{".".join(version)} is older than {listed} of src/arch/{one.name}/abi.list')
        check_abi(table, functions, notes, shared, one.name, abi[one.name])
    return Facts(
        table, notes, libc, tables.read_errno(), shared, version, arches,
        {part: {one.name: read_part(tables.ARCH / one.name / part) for one in arches} for part in PARTS},
        {path.stem: read_part(path) for path in TEMPLATES},
        assembly,
        functions,
        abi,
        arch,
        load_uapi(arches, shared))


def refine(arg: Arg, note: call_notes.Note) -> Arg:
    """The argument as everything that is emitted has it."""
    use = note.uses.get(arg.name, call_notes.Use())
    return Arg(c_types.refined(arg.type, use.direction == 'in', use.unit == 'bytes' and 'string' not in use.flags), arg.name, arg.type)


def read_part(path: Path) -> str:
    """The text of a file that becomes a part of another, without the line of its licence."""
    lines = tables.read_lines(path)
    return '\n'.join(lines[lines[0].startswith('/* SPDX'):]) + '\n'


def check_types(table: Table, path: Path) -> None:
    for row in table.rows:
        try:
            prototype_types(row, {})
        except c_types.UnknownType as error:
            raise Doubt(path, row.line, str(error)) from None


def check_abi(table: Table, functions: list[Function], notes: dict[str, call_notes.Note], shared: dict[str, str], arch: str,
              abi: tables.Abi) -> None:
    """What is committed stays: every symbol, and the registers of its arguments."""
    path, calls = tables.ARCH / arch / 'abi.list', table.calls(arch)
    own = {function.name: function for function in functions if arch in function.sources}
    for name, frozen in abi.items():
        if frozen.node.startswith('LIBLINUX_'):
            if name not in own:
                raise Doubt(path, frozen.line, f'{name} is no function of {tables.FUNCTIONS.name} any more: a symbol stays for ever')
            if frozen.declaration != (declaration := function_prototype(own[name], shared)):
                raise Doubt(tables.FUNCTIONS, own[name].line, f'{declaration} is frozen as {frozen.declaration}')
            continue
        row = calls.get(name[len('linux_'):])
        if not row:
            raise Doubt(path, frozen.line, f'{name} is no call of {tables.SYSCALLS.name} any more: a symbol stays for ever')
        if frozen.declaration == abi_declaration(row, shared):
            continue
        kinds = [c_types.kind(part.strip()) for part in frozen.declaration.partition('(')[2].rstrip(')').split(',') if part.strip() != 'void']
        if kinds != prototype_kinds(row) or not notes[row.name].changed:
            raise Doubt(tables.SYSCALLS, row.line, f'{abi_declaration(row, shared)} is frozen as {frozen.declaration}')


def load_uapi(arches: list[Arch], shared: dict[str, str]) -> emit_uapi.Uapi:
    groups = uapi_tables.read_groups(uapi_tables.GROUPS)
    uapi_tables.read_extra(uapi_tables.EXTRA, groups)
    names = [arch.name for arch in arches]
    return emit_uapi.Uapi({name: uapi_tables.read(uapi_tables.FACTS / f'{name}.tbl', names) for name in groups},
                          shared, frozenset(tables.read_words(tables.MACRO_FIELDS)), tuple(arches))


# Pieces of C

def prototype_types(row: Row, shared: dict[str, str]) -> list[str]:
    return [c_types.plain(arg.type, shared) for arg in row.args]


def prototype_kinds(row: Row) -> list[str]:
    return [c_types.kind(c_type) for c_type in prototype_types(row, {})]


def kernel_prototype(row: Row) -> str:
    return f'{row.kernel_name}({", ".join(map(str, row.args)) or "void"})'


def declared(c_type: str, name: str) -> str:
    return f'{c_type}{"" if c_type.endswith("*") else " "}{name}'


def prototype(row: Row, shared: dict[str, str]) -> str:
    args = [declared(c_type, arg.name) for c_type, arg in zip(prototype_types(row, shared), row.args)]
    return f'long linux_{row.name}({", ".join(args) or "void"})'


def abi_declaration(row: Row, shared: dict[str, str]) -> str:
    return f'long linux_{row.name}({", ".join(prototype_types(row, shared)) or "void"})'


def function_prototype(function: Function, shared: dict[str, str]) -> str:
    return re.sub(r'\b(struct|union) (\w+)', lambda match: f'{match[1]} {c_types.tag_name(match[2], shared)}', function.prototype)


def zeros(row: Row, facts: Facts) -> int:
    """Registers that the call has come to use since the function was frozen."""
    forms = [one for one in facts.table.rows if one.kernel_name == row.kernel_name and one.numbers.keys() & row.numbers.keys()]
    return max(0, *(len(one.args) - len(row.args) for one in newest(forms))) if len(forms) > 1 else 0


def body(row: Row, facts: Facts) -> str:
    args = [f'(long){arg.name}' for arg in row.args] + ['0'] * zeros(row, facts)
    call = f'liblinux_syscall{len(args)}({", ".join([f"LINUX_NR_{row.name}", *args])});'
    noreturn = is_noreturn(row, facts)
    return f'\t{call}\n\t__builtin_trap();\n' if noreturn else f'\treturn {call}\n'


def is_noreturn(row: Row, facts: Facts) -> bool:
    return row.noreturn or 'noreturn' in facts.notes[row.name].marks


ACCESS = {'in': 'READS', 'out': 'WRITES', 'inout': 'READS_AND_WRITES'}
ATTRIBUTES = '''\
/*
 * The n-th argument, from 1: what is done with the memory that it points to, if it is not NULL;
 * counted: as many elements, or bytes of void, as that other argument says, which may be 0. It
 * lets a compiler warn, and optimise nothing. (fd_arg is not here: gcc 14's analyzer then warns
 * of a descriptor that was checked with linux_is_error(), or with < 0 as a long.)
 */
#ifdef __has_attribute
# if __has_attribute(__access__)
#  define LIBLINUX_READS(n) __attribute__((__access__(__read_only__, n)))
#  define LIBLINUX_READS_COUNTED(n, count) __attribute__((__access__(__read_only__, n, count)))
#  define LIBLINUX_WRITES(n) __attribute__((__access__(__write_only__, n)))
#  define LIBLINUX_READS_AND_WRITES(n) __attribute__((__access__(__read_write__, n)))
# endif
#endif
#ifndef LIBLINUX_READS
# define LIBLINUX_READS(n)
# define LIBLINUX_READS_COUNTED(n, count)
# define LIBLINUX_WRITES(n)
# define LIBLINUX_READS_AND_WRITES(n)
#endif
'''


def says_its_size(c_type: str, facts: Facts) -> bool:
    """Of a struct that grows: a caller who was compiled with an older kernel's has less of it."""
    tag = c_type.rstrip(' *').rpartition(' ')[2]
    records = [found[1] for arch in facts.arches if (found := facts.uapi.records(arch.name).get(tag))]
    return any(member.name == 'size' and member.type == 'unsigned int' for record in records for member in record.members)


def access(n: int, use: call_notes.Use, c_type: str, names: list[str], note: call_notes.Note, facts: Facts) -> str:
    """The attribute of the n-th argument, where it is true of every correct caller."""
    if use.direction not in ACCESS:
        return ''
    if use.unit and not use.count.isdecimal():
        # What is only read may have to be const, of which gcc takes all as read without this. NULL with a count it warns of.
        whole = use.unit == 'elements' or use.unit == 'bytes' and c_type.endswith(('char *', 'void *'))
        null = 'nullable' in use.flags and not use.empty
        counted = use.direction == 'in' and use.count in names and whole and not null
        return f' LIBLINUX_READS_COUNTED({n}, {names.index(use.count) + 1})' if counted else ''
    # Without the buffer its size is not read either.
    sizes = any(one.count == f'*{names[n - 1]}' and 'nullable' in one.flags for one in note.uses.values())
    return '' if sizes or says_its_size(c_type, facts) else f' LIBLINUX_{ACCESS[use.direction]}({n})'


def attributes(row: Row, facts: Facts) -> str:
    """What a compiler must know to call it, and what lets it warn a caller who is wrong."""
    text = ''
    if is_noreturn(row, facts):
        text += ' __attribute__((__noreturn__))'
    if row.name == 'vfork':
        text += ' __attribute__((__returns_twice__))'
    note = facts.notes[row.name]
    if 'must-check' in note.marks:
        text += ' __attribute__((__warn_unused_result__))'
    names = [arg.name for arg in row.args]
    for n, (name, c_type) in enumerate(zip(names, prototype_types(row, c_types.KernelTags())), 1):
        if use := note.uses.get(name):
            text += access(n, use, c_type, names, note, facts)
    return text


def origin(facts: Facts, what: str, source: str = 'gen/syscalls.tbl') -> str:
    return (f'/* Made from {source} (Linux {facts.table.tree}) by gen/syscall_table.py emit {what}.\n'
            ' * Do not edit. */\n/* SPDX-License-Identifier: MIT */\n')


def by_arch(facts: Facts, text: Callable[[Arch], str], otherwise: str = '') -> str:
    """#if for each architecture; one without text has no branch."""
    result = ''
    for arch in facts.arches:
        if piece := text(arch):
            result += f'#{"elif" if result else "if"} {arch.condition}\n{piece}'
    return result + (f'#else\n{otherwise}' if otherwise else '') + '#endif\n' if result else ''


def unsupported(facts: Facts) -> str:
    names = emit_man.enumerated(arch.name for arch in facts.arches)
    return f'# error "liblinux: this architecture is not supported: {names} are"\n'


def part(facts: Facts, name: str) -> str:
    """That file of every architecture."""
    return by_arch(facts, lambda arch: facts.parts[name][arch.name], unsupported(facts))


# Headers

def from_template(facts: Facts, name: str) -> str:
    text = re.sub(r'^@(\S+)@\n', lambda match: part(facts, match[1]), facts.templates[name], flags=re.M)
    return origin(facts, name, f'include/liblinux/{name}.in and src/arch') + text


def start_h(facts: Facts) -> str:
    return from_template(facts, 'start.h')


def vdso_h(facts: Facts) -> str:
    return from_template(facts, 'vdso.h')


def version_h(facts: Facts) -> str:
    major, minor, count = facts.version
    return origin(facts, 'version.h', 'VERSION') + f'''\
/*
 * The version of liblinux: the kernel release that it is bound to, and our own count of
 * versions for that release, from 0.
 */
#ifndef LIBLINUX_VERSION_H
#define LIBLINUX_VERSION_H

#define LIBLINUX_VERSION_MAJOR {major}
#define LIBLINUX_VERSION_MINOR {minor}
#define LIBLINUX_VERSION_COUNT {count}
#define LIBLINUX_VERSION "{major}.{minor}.{count}"

#endif
'''


def error_h(facts: Facts) -> str:
    values = ''.join(f'#define LINUX_{name} {value if value.isdecimal() else "LINUX_" + value}\n'
                     for name, value in facts.errno)
    return origin(facts, 'error.h', 'gen/errno.tbl') + f'''\
/*
 * The errors of system calls. A call that fails returns the negated errno, -4095 to -1;
 * every other result is a success, also one that is negative as a long (an address, a
 * file offset).
 */
#ifndef LIBLINUX_ERROR_H
#define LIBLINUX_ERROR_H

/* errno values: include/uapi/asm-generic/errno.h and errno-base.h of the tree. */
{values}
#ifndef __ASSEMBLER__
/* Is the result of a system call an error? Its errno is then -ret. */
static __inline__ int linux_is_error(long ret)
{{
	return (unsigned long)ret >= (unsigned long)-4095L;
}}
#endif

#endif
'''


def arch_h(facts: Facts) -> str:
    return origin(facts, 'arch.h', 'src/arch') + f'''\
/*
 * One system call, by its number: liblinux_syscall0() to liblinux_syscall6(). They are what
 * the wrappers are made of, in the library and with LIBLINUX_INLINE; the result is the
 * kernel's. Functions, with arguments that are long before they meet a register: no
 * expression of the caller is evaluated while a register holds an argument.
 */
#ifndef LIBLINUX_ARCH_H
#define LIBLINUX_ARCH_H

/* -finstrument-functions and -pg leave these alone: clang has no flag that says so. */
#define LIBLINUX_NO_INSTRUMENT __attribute__((__no_instrument_function__))

/* The instruction, of which the library's own build also notes where it is. */
#ifndef LIBLINUX_PINNED
# define LIBLINUX_PINNED(instruction) instruction
#endif

{part(facts, 'syscall.h')}
#endif
'''


SYSCALLS_H = '''\
/*
 * Every system call of Linux {release}: long linux_<name>(...), under the kernel's name, with
 * the kernel's arguments, const where the call only reads and void for counted bytes.
 *
 * The result is what the kernel returned: -4095 to -1 is a negated errno, all else success
 * (linux_is_error() of <liblinux/error.h>). There is no errno variable, no retry, no default
 * and no check: one function is one system call. Pointers may be NULL or bad, the kernel says
 * what it thinks of them. Sizes are in bytes unless the call's manual page says otherwise,
 * sigsetsize is always 8, and memory stays the caller's.
 *
 * A call that the architecture lacks is not declared. #ifdef linux_statmount asks whether
 * this header has statmount; whether the running kernel has it, only a call tells (-ENOSYS;
 * behind a filter of system calls perhaps -EPERM).
 *
 * Define LIBLINUX_INLINE before the first inclusion to have the calls inline, without the
 * library. vfork and rt_sigreturn cannot be inlined and are not declared then. Define
 * LIBLINUX_UAPI before it to have the kernel's own tags in the prototypes (struct statmount),
 * for use with the kernel's headers instead of <liblinux/uapi.h>.
 *
 * Assembly files may include this header for the numbers, LINUX_NR_<name>.
 */
'''


def tags(facts: Facts, shared: dict[str, str]) -> list[str]:
    """'struct x' and 'union x' that the prototypes point to."""
    texts = [c_type for row in facts.table.rows for c_type in prototype_types(row, shared)]
    texts += [function_prototype(function, shared) for function in facts.functions]
    return sorted({match for text in texts for match in re.findall(r'(?:struct|union) \w+', text)})


def remark(row: Row, facts: Facts) -> str:
    """The comment above a prototype: since when, and what to beware of."""
    note = facts.notes[row.name]
    since = {arch: note.since[arch] for arch in row.numbers}
    if len(set(since.values())) == 1 or all(
            release(since[arch.name]) <= release(arch.floor) for arch in facts.arches if arch.name in since):
        text = '' if all(release(since[arch.name]) <= release(arch.floor)
                         for arch in facts.arches if arch.name in since) else f'Linux {next(iter(since.values()))}.'
    else:
        text = ', '.join(f'{arch} Linux {value}' for arch, value in since.items()) + '.'
    parts = [text, f'Removed in Linux {row.removed}.' if row.removed else '']
    parts += [call_notes.MARKS[mark] for mark in call_notes.MARKS if mark in note.marks]
    parts += [f'linux_{note.replaced_by} takes its place.'] if note.replaced_by else []
    line = ' '.join(part for part in parts if part)
    return f'/* {line} */\n' if line else ''


def sections(facts: Facts, text: Callable[[Row, str], str]) -> str:
    """Text for every row: first what all architectures share, then what each has alone."""
    everywhere = set(facts.table.arches)
    result = ''.join(text(row, '') for row in facts.table.rows if set(row.numbers) == everywhere)

    def alone(arch: Arch) -> str:
        return ''.join(text(row, arch.name) for row in facts.table.rows
                       if arch.name in row.numbers and set(row.numbers) != everywhere)
    return result + '\n' + by_arch(facts, alone)


def function_declarations(facts: Facts, shared: dict[str, str]) -> str:
    """What is not a call: as sections() orders the calls."""
    functions = [function for function in facts.functions if function.header == 'syscalls.h']
    everywhere = {arch.name for arch in facts.arches}

    def text(function: Function) -> str:
        comment = function.comment.replace('\n', '\n * ')
        return (f'/*\n * {comment}\n */\n{function_prototype(function, shared)};\n'
                f'#define {function.name} {function.name}\n\n')

    def alone(arch: Arch) -> str:
        return ''.join(text(function) for function in functions if arch.name in function.sources and set(function.sources) != everywhere)
    return ''.join(text(function) for function in functions if set(function.sources) == everywhere) + by_arch(facts, alone)


def declarations(facts: Facts, shared: dict[str, str]) -> str:
    """Every call, declared or inline, with the tags that `shared` decides."""
    def declaration(row: Row, arch: str) -> str:
        return (f'{remark(row, facts)}{prototype(row, shared)}{attributes(row, facts)};\n'
                f'#define linux_{row.name} linux_{row.name}\n')

    def inline(row: Row, arch: str) -> str:
        if row.name in NOT_INLINE:
            return ''
        return (f'static __inline__{attributes(row, facts)} {prototype(row, shared)}\n'
                f'{{\n{body(row, facts)}}}\n#define linux_{row.name} linux_{row.name}\n\n')

    return f'''\
{''.join(f'{tag};{chr(10)}' for tag in tags(facts, shared))}
#ifdef __cplusplus
extern "C" {{
# if defined(__GNUC__) && !defined(__clang__)
/* linux_statx is a function and a struct, as stat is in C. */
#  pragma GCC diagnostic push
#  pragma GCC diagnostic ignored "-Wshadow"
# endif
#endif

#ifndef LIBLINUX_INLINE

{sections(facts, declaration)}
{function_declarations(facts, shared)}
#else /* LIBLINUX_INLINE */

{sections(facts, inline)}
#endif /* LIBLINUX_INLINE */

#ifdef __cplusplus
# if defined(__GNUC__) && !defined(__clang__)
#  pragma GCC diagnostic pop
# endif
}}
#endif
'''


def syscalls_h(facts: Facts) -> str:
    def numbers(arch: Arch) -> str:
        return ''.join(f'# define LINUX_NR_{row.name} {row.numbers[arch.name]}\n'
                       for row in facts.table.rows if arch.name in row.numbers)

    return origin(facts, 'syscalls.h') + SYSCALLS_H.format(release=facts.table.release) + f'''\
#ifndef LIBLINUX_SYSCALLS_H
#define LIBLINUX_SYSCALLS_H

{by_arch(facts, numbers, unsupported(facts))}
#ifndef __ASSEMBLER__

{ATTRIBUTES}
#ifdef LIBLINUX_INLINE
# define LIBLINUX_SYSCALLS_ARE_INLINE
# include <liblinux/arch.h>
#endif

#ifdef LIBLINUX_UAPI
# define LIBLINUX_SYSCALLS_ARE_UAPI
# include <liblinux/syscalls-uapi.h>
#else

{declarations(facts, facts.shared)}
#endif /* LIBLINUX_UAPI */

#ifdef __has_feature
# if __has_feature(memory_sanitizer)
#  include <liblinux/msan.h>
# endif
#endif

#endif /* __ASSEMBLER__ */
#endif /* LIBLINUX_SYSCALLS_H */

#ifndef __ASSEMBLER__
# if defined(LIBLINUX_INLINE) != defined(LIBLINUX_SYSCALLS_ARE_INLINE)
#  error "liblinux: LIBLINUX_INLINE must be set the same way before every inclusion"
# endif
# if defined(LIBLINUX_UAPI) != defined(LIBLINUX_SYSCALLS_ARE_UAPI)
#  error "liblinux: LIBLINUX_UAPI must be set the same way before every inclusion"
# endif
#endif
'''


def syscalls_uapi_h(facts: Facts) -> str:
    return origin(facts, 'syscalls-uapi.h') + f'''\
/* The calls of <liblinux/syscalls.h> with the kernel's own tags; define LIBLINUX_UAPI and include that. */
#ifndef LIBLINUX_UAPI
# define LIBLINUX_UAPI
#endif
#include <liblinux/syscalls.h>

#ifndef LIBLINUX_SYSCALLS_UAPI_H
#define LIBLINUX_SYSCALLS_UAPI_H

{declarations(facts, c_types.KernelTags())}
#endif
'''


# A child of vfork returns on its parent's stack, and rt_sigreturn reads the frame that the
# stack pointer points to: neither survives being part of another function.
NOT_INLINE = {'vfork', 'rt_sigreturn'}


# Programs define these two structs themselves, so only who asks gets them.
NOT_IN_UMBRELLA = {'dirent'}


def uapi_h(facts: Facts) -> str:
    includes = ''.join(f'#include <liblinux/uapi/{name}.h>\n' for name in facts.uapi.groups if name not in NOT_IN_UMBRELLA)
    return origin(facts, 'uapi.h', 'gen/uapi') + f'''\
/*
 * The types and constants that the system calls of Linux {facts.table.release} take, under names of
 * our own: struct linux_statmount, LINUX_STATMOUNT_SB_BASIC. Layouts and values were measured on the
 * kernel's headers; a field that is a macro somewhere has a _ behind its name
 * (linux_sigaction.sa_handler_). struct linux_dirent and linux_dirent64 are in
 * <liblinux/uapi/dirent.h> only, since programs define those themselves.
 */
#ifndef LIBLINUX_UAPI_H
#define LIBLINUX_UAPI_H

{includes}
#endif
'''


def liblinux_h(facts: Facts) -> str:
    return origin(facts, 'liblinux.h', 'gen') + '''\
/* All of liblinux: calls, errors, types and constants. */
#ifndef LIBLINUX_LIBLINUX_H
#define LIBLINUX_LIBLINUX_H

#include <liblinux/error.h>
#include <liblinux/syscalls.h>
#include <liblinux/uapi.h>
#include <liblinux/version.h>

#endif
'''


def posix_h(facts: Facts) -> str:
    return emit_uapi.posix(facts.uapi, origin(facts, 'posix.h', 'gen/uapi and gen/shared.tbl'))


def libc_h(facts: Facts) -> str:
    return emit_libc.header(facts.libc, facts.table, facts.notes, facts.shared, facts.arches, origin(facts, 'libc.h', 'gen/libc.tbl'))


def uapi_headers(facts: Facts) -> dict[str, str]:
    """Every header of liblinux/uapi."""
    files = {}
    for name in facts.uapi.groups:
        try:
            files[f'{name}.h'] = emit_uapi.header(facts.uapi, name, origin(facts, 'uapi', f'gen/uapi/{name}.tbl'))
        except emit_uapi.Impossible as error:
            raise Doubt(uapi_tables.FACTS / f'{name}.tbl', 1, str(error)) from None
    return files


def layout_test(facts: Facts) -> str:
    groups = uapi_tables.read_groups(uapi_tables.GROUPS)
    headers = [header for files in groups.values() for header in files]
    return emit_uapi.layout_test(facts.uapi, facts.arch.name, origin(facts, f'layout.c {facts.arch.name}', 'gen/uapi'), headers)


# The library

def wrapper(row: Row, facts: Facts) -> str:
    return origin(facts, f'{row.name}.c {facts.arch.name}') + f'''\
#define LIBLINUX_NUMBER LINUX_NR_{row.name}
#include "wrapper.h"

LIBLINUX_CALL {prototype(row, facts.shared)}
{{
{body(row, facts)}}}
'''


def calls_h(facts: Facts) -> str:
    def calls_of(arch: Arch) -> str:
        return ''.join(f'LINUX_CALL({name}, {forms[0].numbers[arch.name]}, {len(forms[-1].args)}, "{facts.notes[name].since[arch.name]}")\n'
                       for name, forms in sorted(facts.table.forms(arch.name).items(), key=lambda item: item[1][0].numbers[arch.name]))
    return origin(facts, 'calls.h', 'gen') + f'''\
/*
 * Every system call of the architecture, in the order of the numbers, for what a program makes
 * of them all. Define LINUX_CALL(name, number, arguments, since) and include this, as often as
 * is useful; it is undefined behind.
 *
 *	#define LINUX_CALL(name, number, arguments, since) [number] = #name,
 *	static const char *const names[] = {{
 *	#include <liblinux/calls.h>
 *	}};
 */
#ifndef LINUX_CALL
# define LINUX_CALL(name, number, arguments, since)
#endif
{by_arch(facts, calls_of, unsupported(facts))}#undef LINUX_CALL
'''


def msan_h(facts: Facts) -> str:
    def functions(arch: Arch) -> str:
        text = ''
        for name, row in facts.table.calls(arch.name).items():
            try:
                text += emit_msan.function(row, facts.notes[name], arch, facts.uapi)
            except emit_uapi.Impossible as error:
                raise Doubt(tables.NOTES, facts.notes[name].line, str(error)) from None
        return text
    return origin(facts, 'msan.h', 'gen') + emit_msan.HEAD + by_arch(facts, functions) + emit_msan.TAIL


def audit_arches(facts: Facts) -> dict[str, int]:
    macros = {macro.name: macro for _, macro in facts.uapi.groups['audit'] if isinstance(macro, uapi_tables.Macro)}
    for arch in facts.arches:
        if arch.audit not in macros:
            raise Doubt(tables.ARCH / arch.name / 'arch.ini', 1, f'{arch.audit} is no macro of gen/uapi/audit.tbl')
    return {arch.name: int(macros[arch.audit].value.rstrip('u'), 0) for arch in facts.arches}


def table_data(facts: Facts) -> str:
    return emit_table.data(facts.table, facts.notes, facts.shared, facts.arches, audit_arches(facts), facts.arch.name,
                           origin(facts, f'table_data.h {facts.arch.name}', 'gen'))


def table_json(facts: Facts) -> str:
    return emit_table.json_text(facts.table, facts.notes, facts.shared, audit_arches(facts), '.'.join(facts.version))


def table_csv(facts: Facts) -> str:
    return emit_table.csv_text(facts.table, facts.notes, facts.shared)


def table_schema(facts: Facts) -> str:
    return emit_table.schema(facts.table)


def command_data(facts: Facts) -> str:
    probes = emit_command.read_probes(facts.table)
    return emit_command.data(facts.table, facts.notes, probes, facts.errno, facts.uapi,
                             emit_table.entries(facts.table, facts.notes, facts.shared), audit_arches(facts), facts.arches, facts.arch,
                             origin(facts, f'command_data.h {facts.arch.name}', 'gen'))


def wrappers(facts: Facts) -> dict[str, str]:
    """The C file of every call that has no file in assembly."""
    return {f'{name}.c': wrapper(row, facts) for name, row in facts.calls().items()
            if name not in facts.assembly[facts.arch.name]}


def calls(facts: Facts) -> str:
    """The files of the library, one per line, for the build system: those of src/ by path, those to generate by name."""
    arch = facts.arch.name
    files = [f'src/arch/{arch}/{name}.S' if name in facts.assembly[arch] else f'{name}.c' for name in facts.calls()]
    files += dict.fromkeys(f'src/{function.sources[arch]}' for function in facts.own_functions())
    return ''.join(f'{file}\n' for file in files)


def symbol(row: Row, facts: Facts) -> Symbol:
    """Node and declaration; what the committed list has stays as it is, whatever a note or the kernel says now."""
    if frozen := facts.abi[facts.arch.name].get(f'linux_{row.name}'):
        return frozen
    since, floor = facts.notes[row.name].since[facts.arch.name], facts.arch.floor
    node = since if release(since) > release(floor) else floor
    return Symbol(f'LINUX_{node}', abi_declaration(row, facts.shared), row.line)


def symbols(facts: Facts) -> dict[str, Symbol]:
    """All that the library exports. A function that the committed list does not have comes with this release."""
    found = {f'linux_{row.name}': symbol(row, facts) for row in facts.calls().values()}
    for function in facts.own_functions():
        frozen = facts.abi[facts.arch.name].get(function.name)
        node = frozen.node if frozen else f'LIBLINUX_{facts.table.release}'
        found[function.name] = Symbol(node, function_prototype(function, facts.shared), function.line)
    return found


def acknowledged(facts: Facts) -> list[str]:
    """Symbols whose prototype followed the kernel's in what a pointer points to: check_abi() lets nothing else pass."""
    return [name for name, frozen in facts.abi[facts.arch.name].items() if name[len('linux_'):] in facts.calls()
            and frozen.declaration != abi_declaration(facts.calls()[name[len('linux_'):]], facts.shared)]


def nodes(facts: Facts) -> dict[str, list[str]]:
    """Version node -> its symbols, oldest node first."""
    found: dict[str, list[str]] = {}
    for name, one in symbols(facts).items():
        found.setdefault(one.node, []).append(name)

    def order(node: str) -> tuple:
        return release(node.partition('_')[2]), node.startswith('LIBLINUX_')
    return {node: found[node] for node in sorted(found, key=order)}


def map_file(facts: Facts) -> str:
    text, before = origin(facts, f'liblinux.map {facts.arch.name}'), ''
    for node, names in nodes(facts).items():
        last = '' if before else '\nlocal:\n\t*;'
        text += f'\n{node} {{\nglobal:\n' + ''.join(f'\t{name};\n' for name in names).rstrip('\n')
        text += f'{last}\n}}{before and " " + before};\n'
        before = node
    return text


def abi_list(facts: Facts) -> str:
    """The list to commit: what is frozen, and what is new."""
    abi, version, every = facts.abi[facts.arch.name], '.'.join(facts.version), symbols(facts)
    text = (f'# The ABI of liblinux.so.1 on {facts.arch.name}: version node and declaration of every symbol, by the\n'
            '# version of liblinux that brought it, as that version declared it. Made by `gen/syscall_table.py\n'
            '# emit abi.list`, which adds lines; a line that was released never changes.\n'
            '# SPDX-License-Identifier: MIT\n')
    written = tables.Abi()
    for one in dict.fromkeys((*abi.versions, version)):
        text += f'\n{tables.abi_head(one, written)}\n'
        new = sorted(every.keys() - abi.keys()) if one == version else []
        for name in new:
            # An older library has the node already, and would be accepted by programs that call what it lacks.
            if abi.versions.keys() - {version} and (every[name].node.partition('_')[2] != '.'.join(facts.version[:2]) or facts.version[2] != '0'):
                raise Doubt(tables.ARCH / facts.arch.name / 'abi.list', 1,
                            f'{name} cannot come with liblinux {version}: {every[name].node} was released without it')
        written.versions[one] = sorted(abi.versions.get(one, []) + new)
        for name in written.versions[one]:
            written[name] = abi.get(name, every.get(name))
            text += f'{written[name]}\n'
    return text


FIRST_RELEASE = '7.3'                   # of the library


def deb_symbols(facts: Facts) -> str:
    """For dpkg-gensymbols: each symbol, and the first version of the package that has it. cerror.map has those of the second library."""
    def lines(library: str, found: dict[str, list[str]]) -> str:
        text = f'{library} liblinux1 #MINVER#\n* Build-Depends-Package: liblinux-dev\n'
        for node, names in found.items():
            first = max(node.partition('_')[2], FIRST_RELEASE, key=release)
            text += ''.join(f' {name}@{node} {first}.0\n' for name in [node, *names])
        return text
    return (lines('liblinux-cerror.so.1', {f'LIBLINUX_{FIRST_RELEASE}': ['linux_cerror', 'linux_cerror_to']})
            + lines('liblinux.so.1', nodes(facts)))


# Tests

def cases(facts: Facts) -> str:
    """Each call with arguments of its own types, as C expressions that are function calls."""
    functions, rows = '', ''
    for row in facts.calls().values():
        types = prototype_types(row, facts.shared)
        args = ', '.join(f'({c_type})argument({n})' for n, c_type in enumerate(types))
        kinds = ', '.join([f'KIND_{c_types.kind(c_type).upper()}' for c_type in types] + ['KIND_ZERO'] * zeros(row, facts))
        functions += (f'#ifdef linux_{row.name}\nstatic long call_{row.name}(void)\n{{\n\treturn linux_{row.name}({args});\n}}\n#endif\n')
        noreturn = int(is_noreturn(row, facts))
        rows += (f'#ifdef linux_{row.name}\n\t{{"{row.name}", {row.numbers[facts.arch.name]}, {noreturn}, {len(types) + zeros(row, facts)}, '
                 f'{{{kinds or "0"}}}, call_{row.name}, (void (*)(void))linux_{row.name}}},\n#endif\n')
    return origin(facts, f'test_cases.h {facts.arch.name}') + f'\n{functions}\nstatic const struct test_case cases[] = {{\n{rows}}};\n'


def libc_cases(facts: Facts) -> str:
    return emit_libc.cases(facts.libc, facts.table, facts.notes, facts.arch.name, origin(facts, f'libc_cases.h {facts.arch.name}', 'gen/libc.tbl'))


# Manual pages

def man(facts: Facts) -> dict[str, str]:
    date, version = tables.read_date(facts.version), '.'.join(facts.version)
    fragments = tables.read_fragments({row.name for row in facts.table.rows})
    about = emit_man.Facts(facts.table, facts.notes, facts.libc, facts.shared, facts.arches, facts.uapi, fragments, NOT_INLINE, version, date,
                          tables.read_shared_headers())
    return {**emit_man.calls(about), **emit_man.written(tables.read_pages(), about)}


def pages(facts: Facts) -> str:
    """The names of the manual pages, one per line, for the build system."""
    return ''.join(f'{name}\n' for name in man(facts))


# What is more than one file: into a directory.
DIRECTORIES: dict[str, Callable[[Facts], dict[str, str]]] = {'uapi': uapi_headers, 'wrappers': wrappers, 'man': man}

OUTPUTS: dict[str, Callable[[Facts], str]] = {
    'syscalls.h': syscalls_h,
    'syscalls-uapi.h': syscalls_uapi_h,
    'arch.h': arch_h,
    'start.h': start_h,
    'vdso.h': vdso_h,
    'error.h': error_h,
    'version.h': version_h,
    'uapi.h': uapi_h,
    'liblinux.h': liblinux_h,
    'posix.h': posix_h,
    'libc.h': libc_h,
    'calls.h': calls_h,
    'msan.h': msan_h,
    'calls': calls,
    'pages': pages,
    'table_data.h': table_data,
    'command_data.h': command_data,
    'liblinux.json': table_json,
    'liblinux.csv': table_csv,
    'liblinux.schema.json': table_schema,
    'liblinux.map': map_file,
    'abi.list': abi_list,
    'liblinux1.symbols': deb_symbols,
    'test_cases.h': cases,
    'layout.c': layout_test,
    'libc_cases.h': libc_cases,
}


def output(name: str, facts: Facts) -> str:
    if name in OUTPUTS:
        return OUTPUTS[name](facts)
    if name in (files := wrappers(facts)):
        return files[name]
    raise Unknown(f"no output '{name}': there are {', '.join([*OUTPUTS, *DIRECTORIES])} and CALL.c")
