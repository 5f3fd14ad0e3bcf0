# SPDX-License-Identifier: MIT
"""gen/notes.tbl: what no kernel file says about a call."""
from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import c_types
import tables
from tables import Doubt, Row, Table, columns, read_lines, release

# Marks of a call, and how a header and a page say them.
MARKS = {
    'noreturn': '',
    'libc-state': 'Changes state that a libc keeps a copy of or relies on.',
    'thread-credentials': 'Changes the calling thread only; a libc changes all threads.',
    'new-stack': 'A child on a new stack cannot return through C.',
    'kernel-only': "Works only from the kernel's own code in the process, a trampoline or a frame.",
    'cancellation': 'A cancellation point in a libc, not here.',
    'blocks': 'May wait without a limit.',
    'multiplexer': 'One argument decides what the others mean.',
    'obsolete': 'Obsolete.',
    'must-check': 'To ignore its result is always a bug.',
    'no-error': '',
}

CATEGORIES = {
    'file': 'opens, makes, names, describes and closes files',
    'directory': 'directories and paths',
    'io': 'moves data through descriptors',
    'poll': 'waits for descriptors',
    'mount': 'file systems and mounts',
    'memory': 'address space',
    'process': 'makes, ends and waits for processes and threads',
    'credentials': 'users, groups, capabilities',
    'namespace': 'namespaces',
    'signal': 'signals',
    'time': 'clocks and timers',
    'schedule': 'processors and scheduling',
    'sync': 'waits for memory to change',
    'network': 'sockets',
    'ipc': 'queues, semaphores, shared memory, pipes',
    'security': 'access rules, filters and keys',
    'trace': 'tracing, performance counters and bpf',
    'module': 'kernel modules and other kernels',
    'system': 'the machine as a whole',
}

# What a result that is no error is.
RETURNS = {
    'zero': '0',
    'fd': 'a file descriptor',
    'pid': 'a process or thread id',
    'id': 'an identifier of another kind',
    'bytes': 'a number of bytes',
    'count': 'a number of elements',
    'address': 'an address',
    'value': 'a value of its own kind',
    'varies': 'decided by another argument',
    'never': 'nothing, it does not return',
}

LIBCS = ('glibc', 'musl')
DIRECTIONS = ('in', 'out', 'inout', 'varies', 'address')
UNITS = ('bytes', 'elements', 'bits')
FLAGS = ('string', 'nullable', 'retained', 'fd', 'dirfd', 'closed', 'scatter')
ONLY = ('positive', 'interrupted', 'failure')
KEYS = ('summary', 'category', 'returns', 'config', 'capability', 'man', 'replaced-by', 'caveat')


@dataclass(frozen=True)
class Use:
    """What a call does with an argument."""
    direction: str = ''         # of DIRECTIONS, for a pointer
    unit: str = ''              # of UNITS
    count: str = ''             # an argument, *argument for what it points to, argument/page, argument-1, or a number
    written: str = ''           # 'result': it says how many units were written; .field of the object: how many bytes; or so many bytes
    flags: frozenset[str] = frozenset()
    header: int = 0             # bytes that come before what is counted
    only: str = ''              # of ONLY: the results with which it is written at all
    empty: bool = False         # nullable, but only if there is nothing to count

    @property
    def counter(self) -> str:
        """The argument that count is made of; digits stay what they are."""
        return re.sub(r'^\*|/page$|-1$', '', self.count)

    @property
    def by_result(self) -> bool:
        """The result says how many units were written, and all of them are counted."""
        return self.written == 'result' and not self.header


@dataclass(frozen=True)
class Note:
    name: str
    since: dict[str, str]
    marks: frozenset[str]
    changed: tuple[str, ...]    # releases whose changed prototype is acknowledged
    line: int
    libc: dict[str, str] = field(default_factory=dict)      # of LIBCS -> its release that brought a function of the name
    summary: str = ''
    category: str = ''
    returns: str = ''
    config: tuple[str, ...] = ()        # Kconfig symbols without which the call is -ENOSYS
    capability: tuple[str, ...] = ()    # what it needs, always or for some arguments
    man: str = ''                       # page of section 2 of man-pages, or nothing
    caveat: tuple[str, ...] = ()        # sentences for the CAVEATS of its page
    uses: dict[str, Use] = field(default_factory=dict)      # argument -> use
    replaced_by: str = ''               # the call that does what this obsolete one does


def read_use(path: Path, n: int, text: str) -> Use:
    direction, unit, count, written, flags, header, only, empty = '', '', '', '', set(), 0, '', False
    for word in text.split():
        key, _, value = word.partition('=')
        if word in DIRECTIONS and not direction:
            direction = word
        elif key in UNITS and not unit and re.fullmatch(r'\*?\w+|\w+/page|\w+-1', value):
            unit, count = key, value
        elif key == 'written' and not written and re.fullmatch(r'result|\.\w+|[1-9][0-9]*', value):
            written = value
        elif key == 'header' and not header and re.fullmatch('[1-9][0-9]*', value):
            header = int(value)
        elif key == 'only' and not only and value in ONLY:
            only = value
        elif word in (*FLAGS, 'nullable=0') and key not in flags:
            flags.add(key)
            empty = empty or bool(value)
        else:
            raise Doubt(path, n, f"'{word}' says nothing about an argument")
    return Use(direction, unit, count, written, frozenset(flags), header, only, empty)


def read_head(path: Path, n: int, words: list[str], arches: list[str]) -> dict:
    if len(words) < 1 + len(arches) + len(LIBCS):
        raise Doubt(path, n, f'expected a call and {len(arches) + len(LIBCS)} releases')
    since = {}
    for arch, text in zip(arches, words[1:]):
        if text != '-':
            try:
                release(text)
            except ValueError as error:
                raise Doubt(path, n, str(error)) from None
            since[arch] = text
    libc = {}
    for name, text in zip(LIBCS, words[1 + len(arches):]):
        if not re.fullmatch(r'-|[0-9]+(\.[0-9]+){1,2}', text):
            raise Doubt(path, n, f"'{text}' is not a release of {name}")
        if text != '-':
            libc[name] = text
    marks, changed = set(), []
    for word in words[1 + len(arches) + len(LIBCS):]:
        if word in MARKS:
            marks.add(word)
        elif re.fullmatch(r'changed=\d+\.\d+', word):
            changed.append(word.partition('=')[2])
        else:
            raise Doubt(path, n, f"unknown mark '{word}'")
    return {'name': words[0], 'since': since, 'marks': frozenset(marks), 'changed': tuple(changed), 'line': n, 'libc': libc, 'uses': {}}


def read_detail(path: Path, n: int, note: dict, key: str, text: str) -> None:
    if key in note['uses'] or key in KEYS and key.replace('-', '_') in note and key != 'caveat':
        raise Doubt(path, n, f"{note['name']} has '{key}' already")
    if key == 'category' and text not in CATEGORIES or key == 'returns' and text not in RETURNS:
        raise Doubt(path, n, f"'{text}' is no {'category' if key == 'category' else 'kind of result'}")
    if key in ('config', 'capability'):
        note[key] = tuple(text.split())
    elif key == 'caveat':
        note[key] = (*note.get(key, ()), text)
    elif key in KEYS:
        note[key.replace('-', '_')] = text
    else:
        note['uses'][key] = read_use(path, n, text)


def read_notes(path: Path = tables.NOTES) -> dict[str, Note]:
    found: dict[str, dict] = {}
    arches: list[str] = []
    note: dict = {}
    for n, line in enumerate(read_lines(path), 1):
        if not line.strip() or line == '#' or line.startswith('# '):
            continue
        if not arches:
            arches = columns(path, '#call', ' '.join((*LIBCS, 'marks')), n, line)
        elif line[0] in ' \t':
            match = re.fullmatch(r'\s+([\w-]+): (\S.*)', line)
            if not match or not note:
                raise Doubt(path, n, f"not 'key: value' about a call: '{line.strip()}'")
            read_detail(path, n, note, match[1], match[2])
        else:
            note = read_head(path, n, line.split(), arches)
            if note['name'] in found:
                raise Doubt(path, n, f"{note['name']} has a note in line {found[note['name']]['line']} already")
            if found and note['name'] < (last := next(reversed(found))):
                raise Doubt(path, n, f"{note['name']} is not in order, it follows {last}")
            found[note['name']] = note
    if not arches:
        raise Doubt(path, 1, 'no line of columns')
    for note in found.values():
        man = note.get('man', note['name'])
        note['man'] = '' if man == '-' else man
    return {name: Note(**note) for name, note in found.items()}


def check_notes(table: Table, notes: dict[str, Note], table_path: Path = tables.SYSCALLS, path: Path = tables.NOTES) -> None:
    """A call without a note, a note without a call, and facts that cannot be."""
    have = {arch: table.calls(arch) for arch in table.arches}
    for row in table.rows:
        note = notes.get(row.kernel_name)
        if not note:
            raise Doubt(table_path, row.line, f'{row.name} has no note in {path.name}')
        for arch in row.numbers:
            if arch not in note.since:
                raise Doubt(path, note.line, f'{row.name} has no release for {arch}')
            if release(note.since[arch]) > release(table.release):
                raise Doubt(path, note.line, f'{row.name} since {note.since[arch]}: the table is of {table.release}')
    for name, note in notes.items():
        if any(name == row.name and row.call for row in table.rows):
            raise Doubt(path, note.line, f'{name} is not a call of its own: the note is that of the call')
        if not any(name in calls for calls in have.values()):
            raise Doubt(path, note.line, f'{name} is no call of {table_path.name}')
        for arch in note.since:
            if name not in have.get(arch, {}):
                raise Doubt(path, note.line, f'{name} is no call of {arch}')
            if note.replaced_by and note.replaced_by not in have[arch]:
                raise Doubt(path, note.line, f"{name} is replaced by '{note.replaced_by}', which is no call of {arch}")


def of_functions(table: Table, notes: dict[str, Note]) -> dict[str, Note]:
    """A note for each function: a call that takes more since some release has two, and one note."""
    found = dict(notes)
    for call in {row.call for row in table.rows if row.call}:
        note, functions = notes[call], [row for row in table.rows if row.kernel_name == call]
        every = {arg.name for row in functions for arg in row.args}
        for name in {row.name for row in functions}:
            rows = [row for row in functions if row.name == name]
            missing = every - {arg.name for row in rows for arg in row.args}
            uses = {arg: Use('varies' if use.direction else '', flags=use.flags) if use.counter in missing else use
                    for arg, use in note.uses.items() if arg not in missing}
            since, libc = note.since, note.libc
            if rows[0].call:
                own = '.'.join(map(str, rows[0].order))
                since, libc = {arch: max(own, note.since[arch], key=release) for row in rows for arch in row.numbers}, {}
            found[name] = replace(note, name=name, since=since, libc=libc, uses=uses)
    return found


def check_details(rows: list[Row], note: Note, path: Path = tables.NOTES) -> None:
    """What is said of a call is complete, and can be."""
    def doubt(reason: str) -> Doubt:
        return Doubt(path, note.line, f'{note.name}: {reason}')

    for key in ('summary', 'category', 'returns'):
        if not getattr(note, key):
            raise doubt(f'no {key}')
    if note.summary.endswith('.') or not note.summary[0].isupper() or len(note.summary) > 90:
        raise doubt('a summary begins with a capital, has no full stop and 90 characters at most')
    if (note.returns == 'never') != ('noreturn' in note.marks or all(row.noreturn for row in rows)):
        raise doubt('what never returns is noreturn, and only that')
    if 'no-error' in note.marks and note.returns == 'never':
        raise doubt('what never returns has no result to be an error')
    if note.replaced_by and ('obsolete' not in note.marks or note.replaced_by == note.name):
        raise doubt('only another call replaces one, and that is obsolete')
    if f'{note.replaced_by} has taken its place.' in note.caveat:
        raise doubt('replaced-by says that already')
    if wrong := [one for one in note.caveat if not one.endswith('.')]:
        raise doubt(f"a caveat is a sentence: '{wrong[0]}'")
    for names, shape in ((note.config, r'[A-Z0-9_]+'), (note.capability, r'CAP_[A-Z_]+')):
        if wrong := [name for name in names if not re.fullmatch(shape, name)]:
            raise doubt(f"'{wrong[0]}' is no name of that kind")
    everywhere = {arg.name for row in rows for arg in row.args}
    if unknown := [name for name in note.uses if name not in everywhere]:
        raise doubt(f"'{unknown[0]}' is no argument")
    for row in rows:
        types = {arg.name: c_types.plain(arg.type, {}) for arg in row.args}
        for name, c_type in types.items():
            if name in KEYS:
                raise doubt(f"'{name}' is a key of notes, and an argument")
            check_use(name, c_type, note.uses.get(name, Use()), types, note, doubt)


def check_use(name: str, c_type: str, use: Use, types: dict[str, str], note: Note, doubt) -> None:
    pointer = c_type.endswith('*')
    wide = c_type in ('long', 'unsigned long', 'unsigned long long')     # an integer may hold an address
    if pointer and not use.direction:
        raise doubt(f"'{name}' is a pointer without a direction")
    if use.direction and not pointer and not wide:
        raise doubt(f"'{name}' is {c_type}, which has no direction")
    if c_type.startswith('const ') and c_type.count('*') == 1 and use.direction in ('out', 'inout'):
        raise doubt(f"'{name}' is const, and {use.direction}")
    if use.unit and use.direction not in ('in', 'out', 'inout', 'varies', 'address'):
        raise doubt(f"'{name}' has a size and no direction")
    if use.count and not use.count.isdecimal():
        if use.counter not in types or use.counter == name:
            raise doubt(f"'{name}' is counted by '{use.counter}', which is no other argument")
        if use.count.startswith('*') != types[use.counter].endswith('*'):
            raise doubt(f"'{name}' is counted by '{use.count}', which is {types[use.counter]}")
    if use.written == 'result' and (use.direction not in ('out', 'inout') or note.returns not in ('bytes', 'count')):
        raise doubt(f"'{name}' is written as the result says, which it does not say")
    if (use.written or use.only) and use.direction not in ('out', 'inout'):
        raise doubt(f"'{name}' is not written")
    if use.header and not use.unit and not use.written.startswith('.'):
        raise doubt(f"'{name}' has a header, and nothing is counted after it")
    if re.fullmatch(r'(const )?void \*', c_type) and use.direction in ('in', 'out', 'inout') and not use.unit and 'string' not in use.flags:
        raise doubt(f"'{name}' is void *, and nothing says how much")
    if re.fullmatch(r'(const )?char \*', c_type) and use.direction in ('in', 'out', 'inout') and not use.unit and 'string' not in use.flags:
        raise doubt(f"'{name}' is char *, neither a string nor counted")
    if use.flags & {'string', 'nullable', 'retained'} and not use.direction:
        raise doubt(f"'{name}' is no pointer")
    if use.empty and not use.unit:
        raise doubt(f"'{name}' may be NULL if its count is 0, and has none")
    if 'scatter' in use.flags and not re.search(r'struct \w*(iovec|msghdr) \*$', c_type):
        raise doubt(f"'{name}' is {c_type}, which says of no other memory")
    if use.flags & {'fd', 'dirfd', 'closed'} and (use.direction or c_type not in ('int', 'unsigned int', 'unsigned long')):
        raise doubt(f"'{name}' is {c_type}, no descriptor")
