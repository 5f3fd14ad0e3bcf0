# SPDX-License-Identifier: MIT
"""The manual pages: one for each call, and those that people wrote whole."""
from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

import c_types
import emit_uapi
from call_notes import MARKS, RETURNS, Note, Use
from tables import PAGES, Arch, Doubt, Fragment, LibcName, Row, Table, release


@dataclass(frozen=True)
class Facts:
    """All that the pages say."""
    table: Table
    notes: dict[str, Note]
    libc: dict[str, LibcName]
    shared: dict[str, str]
    arches: list[Arch]
    uapi: emit_uapi.Uapi
    fragments: dict[str, Fragment]      # call -> what people wrote about it
    not_inline: set[str]                # calls that LIBLINUX_INLINE does not have
    version: str
    date: str
    shared_headers: dict[str, str] = field(default_factory=dict)    # a tag that a libc has too -> its header there

    @cached_property
    def headers(self) -> dict[str, list[str]]:
        """Each constant and 'struct linux_tag' -> the names of our headers that have it."""
        return emit_uapi.places(self.uapi)


# What groff puts before "Library Functions Manual" in the place of BSD; mandoc puts nothing there.
VOLUME = '.ds doc-volume-operating-system Linux\n'

HEAD = '''\
.\\" Made from gen/ and man/ (Linux {tree}) by gen/syscall_table.py emit man. Do not edit.
.\\" SPDX-License-Identifier: MIT
.Dd {date}
{volume}.Dt LINUX_{title} 3
.Os liblinux {version}
'''

# Functions of ours that are about certain calls.
HELPERS = {
    'linux_clone3_call': {'clone', 'clone3'},
    'linux_restore_rt': {'rt_sigaction', 'rt_sigreturn'},
    'linux_vdso': {'clock_getres', 'clock_gettime', 'getcpu', 'getrandom', 'gettimeofday', 'time'},
}

# Calls that no filter keeps back (seccomp_uprobe_exception() of kernel/seccomp.c).
UNFILTERED = {'uprobe', 'uretprobe'}

ONLY = {
    'positive': ['It is written only if the result is more than 0'],
    'interrupted': ['It is written only if the result is', '.Pf \\- Dv LINUX_EINTR'],
    'failure': ['It is written only if the call fails'],
}

READ_WRITTEN = {'in': 'read', 'out': 'written', 'inout': 'read and written', 'varies': 'another argument decides what for', 'address': 'no buffer'}


# Pieces of mdoc

def text(words: str) -> str:
    """Lines of text, a new one for each sentence, none of which a macro starts."""
    lines = [line for sentence in re.split(r'(?<=[.:]) (?=[A-Z(])', words.replace('\\', '\\e'))
             for line in textwrap.wrap(sentence, 76, break_long_words=False, break_on_hyphens=False)]
    return '\n'.join(f'\\&{line}' if line[0] in ".'" else line for line in lines)


def listed(macro: str, names: list[str], last: str, end: str = '') -> str:
    """.Dv A , .Dv B and .Dv C, then the punctuation, each on its line."""
    lines = []
    for n, name in enumerate(names):
        mark = f' {end}' if end and n == len(names) - 1 else ' ,' if n < len(names) - 2 else ''
        lines.append(f'.{macro} {name}{mark}')
        if n == len(names) - 2:
            lines.append(last)
    return '\n'.join(lines)


def lower_first(summary: str) -> str:
    """As the line of a NAME begins, but a name stays."""
    return summary[0].lower() + summary[1:] if summary[1:2].islower() or summary[1:2] == ' ' else summary


def amount(use: Use) -> list[str]:
    """What counts the memory of an argument: '.Fa count', 'bytes', or nothing for one object."""
    if not use.unit:
        return []
    unit = {'bytes': 'bytes', 'elements': 'elements', 'bits': 'bits'}[use.unit]
    if use.count.isdecimal():
        return [f'{use.count} {unit}']
    if use.count.endswith('-1'):
        return [f'.Fa {use.count[:-2]}', f'less 1 {unit}']
    return [f'.Fa {use.count}', unit]


def enumerated(words: Iterable[str]) -> str:
    """x86_64, aarch64 and riscv64"""
    *most, last = words
    return f'{", ".join(most)} and {last}' if most else last


def argument(c_type: str, use: Use) -> list[str]:
    """What the notes say of an argument: lines of mdoc, or none."""
    said: list[list[str]] = []
    size = amount(use)
    if use.direction == 'in' and 'string' in use.flags and not size:
        said.append(['A string'])
    elif use.direction == 'address':
        said.append(['An address, from which on', *size, 'count'] if size else ['An address'])
    elif use.direction:
        what = READ_WRITTEN[use.direction].capitalize()
        if 'string' in use.flags:
            what += ', a string'
        if size:
            what += ':' if use.direction in ('in', 'varies') or use.count.isdecimal() else ': up to'
        said.append([what, *size])
    elif 'dirfd' in use.flags:
        said.append(['A descriptor of a directory, or', '.Dv LINUX_AT_FDCWD'])
    elif 'fd' in use.flags:
        said.append(['An open descriptor, which the call closes' if 'closed' in use.flags else 'An open descriptor'])
    if use.written == 'result':
        said.append([f'The result says how many {use.unit} were written'])
    elif use.written.startswith('.'):
        said.append(['Its field', f'.Fa {use.written[1:]}', 'says how many bytes were written'])
    elif use.written:
        said.append([f'Only its first {use.written} bytes are written'])
    if use.header:
        said.append([f'These come after a header of {use.header} bytes'])
    if use.only:
        said.append(ONLY[use.only])
    if use.empty:
        said.append(['May be', '.Dv NULL', 'if that is 0'])
    elif 'nullable' in use.flags:
        said.append(['May be', '.Dv NULL'] if c_type.endswith('*') else ['May be 0'])
    if 'retained' in use.flags:
        said.append(['The kernel keeps the address after the call'])
    return [line for sentence in said for line in stopped(sentence)]


def stopped(sentence: list[str]) -> list[str]:
    """A sentence over several lines, with its full stop."""
    *rest, last = sentence
    return [*rest, f'{last} .' if last.startswith('.') else f'{last}.']


# Sections

def includes(types: list[str], said: str, facts: Facts) -> str:
    """The headers with all that a prototype and the description name: types complete, and constants."""
    tags = [tag for c_type in types for tag in re.findall(r'\b(?:struct|union) \w+', c_type)]
    libc = dict.fromkeys(facts.shared_headers[name] for tag in tags for name in [tag.partition(' ')[2]] if name in facts.shared_headers)
    names = dict.fromkeys(tags + re.findall(r'\b(?:struct|union) linux_\w+|\bLINUX_[\w*]+', said.replace('\\e', ' ')))
    own: dict[str, None] = {}
    error = False
    for name in names:
        if '*' in name:             # several constants: if one header has them all
            found = list(dict.fromkeys(place for known, places in facts.headers.items() if fnmatchcase(known, name) for place in places))
            found = found if len(found) == 1 else []
        else:
            found = facts.headers.get(name, [])
            error |= not found and re.fullmatch('LINUX_E[A-Z0-9]+', name) is not None
        if found and not own.keys() & set(found):
            own[found[0]] = None
    out = '.Fd #define _GNU_SOURCE\n' if 'struct file_handle' in tags else ''
    out += ''.join(f'.In {header}\n' for header in libc) + '.In liblinux/syscalls.h\n' + '.In liblinux/error.h\n' * error
    return out + ''.join(f'.In liblinux/uapi/{name}.h\n' for name in own)


def synopsis(rows: list[Row], said: str, facts: Facts) -> str:
    types = [c_types.plain(arg.type, facts.shared) for row in rows for arg in row.args]
    out = includes(types, said, facts)
    for row in rows:
        if len(rows) > 1:
            out += f'.Pp\nOn {enumerated(row.numbers)}:\n.Pp\n'
        args = [f'{c_type}{"" if c_type.endswith("*") else " "}{arg.name}'
                for c_type, arg in zip((c_types.plain(arg.type, facts.shared) for arg in row.args), row.args)]
        out += f'.Ft long\n.Fo linux_{row.name}\n' + ''.join(f'.Fa "{arg}"\n' for arg in args or ['void']) + '.Fc\n'
    return out


def arguments(rows: list[Row], note: Note) -> str:
    items = {}
    for row in rows:
        for arg in row.args:
            lines = argument(c_types.plain(arg.type, {}), note.uses.get(arg.name, Use()))
            if lines:
                items.setdefault(arg.name, '\n'.join(lines))
    if not items:
        return ''
    return '.Ss Arguments\n.Bl -tag -width Ds\n' + ''.join(f'.It Fa {name}\n{said}\n' for name, said in items.items()) + '.El\n'


def description(rows: list[Row], note: Note, fragment: Fragment | None) -> str:
    if fragment:
        return fragment.sections['DESCRIPTION'] + arguments(rows, note)
    out = f'{text(note.summary)}.\n'
    if note.man:
        out += (f'.Xr {note.man} 2\nhas the details; arguments and result there may be those of a libc,\n'
                "here they are the kernel's.\n")
    if note.capability:
        out += f'.Pp\nAll or some of what it does needs\n{listed("Dv", list(note.capability), "or", ".")}\n'
    return out + arguments(rows, note)


def return_values(note: Note, never: bool, fragment: Fragment | None) -> str:
    if never:
        return 'It does not return.\n'
    own = fragment.sections.get('RETURN VALUES') if fragment else ''
    if 'no-error' in note.marks:
        return own or f'The result is {RETURNS[note.returns]}, and never an error of the call.\n'
    return (own or f'On success the result is {RETURNS[note.returns]}.\n') + (
        'A result from \\-4095 to \\-1 is a negated errno, which\n.Xr linux_is_error 3\ntells.\n')


def errors(rows: list[Row], note: Note, facts: Facts, fragment: Fragment | None) -> str:
    if fragment and 'ERRORS' in fragment.sections:
        out = fragment.sections['ERRORS'] + '.Pp\n'
    elif 'no-error' in note.marks:
        out = 'None.\n.Pp\n'
    elif note.man:
        out = f'Those of\n.Xr {note.man} 2 ,\nnegated.\n.Pp\n'
    else:
        out = ''
    since = {arch: value for row in rows for arch in row.numbers for value in [note.since[arch]]}
    floors = {arch.name: arch.floor for arch in facts.arches}
    young: dict[str, list[str]] = {}
    for arch, value in since.items():
        if release(value) > release(floors[arch]):
            young.setdefault(value, []).append(arch)
    if list(young.values()) == [list(since)]:
        reasons = [f'older than Linux {value}' for value in young]
    else:
        reasons = [f'older than Linux {value} on {enumerated(arches)}' for value, arches in young.items()]
    if note.config:
        reasons.append('built without ' + ' and '.join(f'CONFIG_{name}' for name in note.config))
    if reasons:
        out += text(f'A kernel that is {", or ".join(reasons)}{"," * (len(reasons) > 1)} returns') + '\n.Pf \\- Dv LINUX_ENOSYS .\n'
    if note.name in UNFILTERED:
        return out.removesuffix('.Pp\n')
    return out + 'Behind a filter of system calls, in a container say, the result may be\n.Pf \\- Dv LINUX_EPERM\nthough the kernel has the call.\n'


def history(rows: list[Row], note: Note, facts: Facts) -> str:
    numbers = {arch: number for row in rows for arch, number in row.numbers.items()}
    by_fact: dict[str, dict[int, list[str]]] = {}
    for arch in (arch.name for arch in facts.arches):
        if arch in numbers:
            by_fact.setdefault(note.since[arch], {}).setdefault(numbers[arch], []).append(arch)
    # The release may be older than the architecture, as liblinux(7) says: only the number is the architecture's.
    said = [f'Linux {since}, as ' + ' and '.join(f'number {number} on {enumerated(arches)}' for number, arches in by_number.items())
            for since, by_number in by_fact.items()]
    out = text(f'It came with {", and with ".join(said)}.') + '\n'
    if missing := [arch.name for arch in facts.arches if arch.name not in numbers]:
        out += f'It does not exist on {enumerated(missing)}, where it is not declared.\n'
    if removed := {row.removed for row in rows if row.removed}:
        out += f'Linux {min(removed)} has it no more.\n'
    name = rows[0].name
    for other in {row.name: row for row in facts.table.rows if row.kernel_name == rows[0].kernel_name and row.name != name}.values():
        if other.order > rows[0].order:
            out += f'Since Linux {".".join(map(str, other.order))} the call takes what\n.Xr linux_{other.name} 3\npasses; here that is 0.\n'
        else:
            out += f'.Xr linux_{other.name} 3\nis what it was before.\n'
    libcs = [f'{libc} {value}' for libc, value in note.libc.items()]
    out += f'{" and ".join(libcs)} brought a function of its name.\n' if libcs else 'Neither glibc nor musl has a function of its name.\n'
    for libc in facts.libc.values():
        if libc.call == name and not libc.library:
            out += f'.In liblinux/libc.h\nhas it as\n.Fn {libc.name} .\n'
    return out


def see_also(note: Note, fragment: Fragment | None) -> str:
    pages = {('2', note.man)} if note.man else set()
    pages |= {('3', 'linux_is_error'), ('3', 'linux_cerror'), ('7', 'liblinux')}
    pages |= {('3', function) for function, calls in HELPERS.items() if note.name in calls}
    pages |= {('3', f'linux_{name}') for name in (fragment.related if fragment else ())}
    pages |= set(fragment.see_also if fragment else ())
    lines = [f'.Xr {name} {section}' for section, name in sorted(pages)]
    return ' ,\n'.join(lines) + '\n'


def caveats(note: Note, facts: Facts, fragment: Fragment | None) -> str:
    said = [MARKS[mark] for mark in MARKS if mark in note.marks and MARKS[mark]]
    place = f'.Xr linux_{note.replaced_by} 3\ntakes its place.\n' if note.replaced_by else ''
    said += ['It has no inline form: LIBLINUX_INLINE leaves it out.'] if note.name in facts.not_inline else []
    said += note.caveat
    own = fragment.sections.get('CAVEATS', '') if fragment else ''
    return own + ('.Pp\n' if own and said else '') + ''.join(f'{text(one)}\n{place * (one == MARKS["obsolete"])}' for one in said)


def call(rows: list[Row], facts: Facts) -> str:
    name = rows[0].name
    note, fragment = facts.notes[name], facts.fragments.get(name)
    never = 'noreturn' in note.marks or all(row.noreturn for row in rows)
    said = description(rows, note, fragment)
    sections = {
        'NAME': f'.Nm linux_{name}\n.Nd {text(lower_first(note.summary))}\n',
        'LIBRARY': 'liblinux, \\-llinux; liblinux.pc\n',
        'SYNOPSIS': synopsis(rows, said, facts),
        'DESCRIPTION': said,
        'RETURN VALUES': return_values(note, never, fragment),
        'EXAMPLES': fragment.sections.get('EXAMPLES', '') if fragment else '',
        'ERRORS': '' if never else errors(rows, note, facts, fragment),
        'SEE ALSO': see_also(note, fragment),
        'HISTORY': history(rows, note, facts),
        'CAVEATS': caveats(note, facts, fragment),
    }
    return HEAD.format(volume=VOLUME, tree=facts.table.tree, date=facts.date, title=name.upper(), version=facts.version) + ''.join(
        f'.Sh {title}\n{body}' for title, body in sections.items() if body)


def calls(facts: Facts) -> dict[str, str]:
    rows: dict[str, list[Row]] = {}
    for row in facts.table.rows:
        rows.setdefault(row.name, []).append(row)
    return {f'linux_{name}.3': call(of_name, facts) for name, of_name in rows.items()}


def written(sources: dict[str, str], facts: Facts) -> dict[str, str]:
    """The pages that people wrote whole, with their @WORDS@ filled in, and for each other name one that leads there."""
    libc = facts.libc.values()
    words = {'DATE': facts.date, 'VERSION': facts.version,
             'LIBC': listed('Fn', [one.name for one in libc if not one.library], 'and', '.'),
             'LIBC_WITH': listed('Fn', [f'{one.name} Pq {one.library}' for one in libc if one.library], 'and', '.')}
    pages = {}
    for file, source in sources.items():
        section = file.rpartition('.')[2]
        for n, line in enumerate(source.splitlines(), 1):
            if unknown := [word for word in re.findall('@([A-Z_]+)@', line) if word not in words]:
                raise Doubt(PAGES / file, n, f"'@{unknown[0]}@' is none of {', '.join(words)}")
        text = re.sub('@([A-Z_]+)@', lambda match: words[match[1]], source)
        pages[file] = re.sub(r'^\.Dt ', f'{VOLUME}.Dt ', text, count=1, flags=re.M)
        for name in re.findall(r'^\.Nm (\w+) ,$', source, re.M) + re.findall(r'^\.Nm (\w+)\n\.Nd', source, re.M):
            pages.setdefault(f'{name}.{section}', f'.so man{section}/{file}\n')
    return pages
