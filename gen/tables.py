# SPDX-License-Identifier: MIT
"""The tables under gen/ and src/arch/ as Python objects: read, checked, written.

Every reader raises Doubt, which prints as `file:line: reason`, at the first thing
it does not understand.
"""
from __future__ import annotations

import configparser
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict

TOP = Path(__file__).resolve().parent.parent
SYSCALLS = TOP / 'gen/syscalls.tbl'
NOTES = TOP / 'gen/notes.tbl'
LIBC = TOP / 'gen/libc.tbl'
ERRNO = TOP / 'gen/errno.tbl'
SHARED = TOP / 'gen/shared.tbl'
MACRO_FIELDS = TOP / 'gen/macro-fields.tbl'
FUNCTIONS = TOP / 'gen/functions.ini'
VERSION = TOP / 'VERSION'
NEWS = TOP / 'NEWS'
PAGES = TOP / 'man'
SOURCES = TOP / 'src'
ARCH = SOURCES / 'arch'


class Doubt(Exception):
    """A reason to stop: what is wrong and where, in one line; what cannot be seen is a question mark."""

    def __init__(self, path: Path | str, line: int, reason: str):
        super().__init__(f'{path}:{line}: ' + ''.join(character if character.isprintable() else '?' for character in reason))


Release = tuple[int, int]


def release(text: str) -> tuple[int, ...]:
    """'6.18' -> (6, 18), '2.6.39' -> (2, 6, 39); from 3.0 on a release has two numbers."""
    numbers = tuple(map(int, text.split('.'))) if re.fullmatch(r'[0-9]{1,9}(\.[0-9]{1,9}){1,2}', text) else ()
    if not numbers or numbers[0] >= 3 and len(numbers) != 2:
        raise ValueError(f"'{text}' is not a kernel release")
    return numbers


@dataclass(frozen=True)
class Arch:
    name: str                   # a directory of src/arch, and Meson's cpu_family
    condition: str              # of the C preprocessor
    kernel: str                 # a directory of the kernel's arch/
    config: tuple[str, ...]     # Kconfig symbols that are true
    floor: str                  # the release of the oldest version node
    audit: str                  # the macro of linux/audit.h that stands for it


def read_arches(directory: Path = ARCH) -> list[Arch]:
    """All architectures, x86_64 first, then by name."""
    arches = []
    for path in directory.glob('*/arch.ini'):
        ini = configparser.ConfigParser(interpolation=None)
        try:
            ini.read_string('\n'.join(read_lines(path)), str(path))
            section = ini['arch']
            arches.append(Arch(path.parent.name, section['condition'], section['kernel'],
                               tuple(section['config'].split()), section['floor'], section['audit']))
            release(section['floor'])
        except (configparser.Error, KeyError, ValueError) as error:
            raise Doubt(path, getattr(error, 'lineno', 1), ' '.join(str(error).split())) from None
    if not arches:
        raise Doubt(directory, 1, 'no architecture: no */arch.ini')
    return sorted(arches, key=lambda arch: (arch.name != 'x86_64', arch.name))


@dataclass(frozen=True)
class Arg:
    type: str                   # the kernel's: 'size_t', 'struct stat *'; of Facts, as prototypes have it (c_types.refined)
    name: str
    kernel_type: str = field(default='', compare=False)     # of Facts, the kernel's

    def __str__(self) -> str:
        return f'{self.type}{"" if self.type.endswith("*") else " "}{self.name}'


@dataclass(frozen=True)
class Row:
    """One function of one call with one prototype, on the architectures that share it."""
    name: str
    numbers: dict[str, int]
    args: tuple[Arg, ...]
    noreturn: bool = False
    removed: str = ''           # the release that dropped it
    line: int = 0
    call: str = ''              # foo, if this is foo_7_4: what foo takes since Linux 7.4

    @property
    def kernel_name(self) -> str:
        return self.call or self.name

    @property
    def order(self) -> tuple[int, ...]:
        """Of the functions of a call, oldest first."""
        return tuple(map(int, self.name[len(self.call) + 1:].split('_'))) if self.call else ()

    def marks(self) -> str:
        marks = ['noreturn'] * self.noreturn + [f'removed={self.removed}'] * bool(self.removed) + [f'call={self.call}'] * bool(self.call)
        return ','.join(marks) or '-'

    def shape(self) -> tuple:
        """What two architectures must agree on to stand in one row."""
        return self.args, self.noreturn, self.removed, self.call


def newest(rows: list[Row]) -> list[Row]:
    """Of each call on each architecture the function that passes all that the call takes now."""
    return [row for row in rows if not any(one.kernel_name == row.kernel_name and one.order > row.order and one.numbers.keys() & row.numbers.keys()
                                           for one in rows)]


@dataclass
class Table:
    tree: str                   # '7.3.4'
    arches: list[str]
    rows: list[Row] = field(default_factory=list)

    @property
    def release(self) -> str:
        return '.'.join(self.tree.split('-')[0].split('.')[:2])

    def calls(self, arch: str) -> dict[str, Row]:
        return {row.name: row for row in self.rows if arch in row.numbers}

    def forms(self, arch: str) -> dict[str, list[Row]]:
        """The functions of each call, oldest first."""
        found: dict[str, list[Row]] = {}
        for row in sorted(self.calls(arch).values(), key=lambda row: row.order):
            found.setdefault(row.kernel_name, []).append(row)
        return found


def version_key(tree: str) -> tuple:
    """Order of trees: 7.3.0-rc2 < 7.3.0 < 7.3.4."""
    numbers, _, rc = tree.partition('-rc')
    return tuple(map(int, numbers.split('.'))), int(rc or 10**6)


TREE = r'[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(-rc[0-9]{1,9})?'

SYSCALLS_HEAD = '''\
# Linux {tree}
# SPDX-License-Identifier: MIT
# The system calls of that tree: made by `gen/syscall_table.py update`; do not edit.
# A row is a call, its number per architecture, its marks and its prototype with the
# kernel's names and types. A call whose prototype depends on the architecture has a
# row for each. Marks: noreturn; removed=R, dropped by release R and kept here; call=NAME, of
# NAME_<major>_<minor>: what the call takes since that release, beside NAME as it was before.
#
'''


def columns(path: Path, head: str, last: str, lineno: int, line: str) -> list[str]:
    """The architectures that a line '#call ARCH... <last>' names."""
    words, after = line.split(), last.split()
    if words[:1] != [head] or words[-len(after):] != after or len(words) < 2 + len(after):
        raise Doubt(path, lineno, f"expected the line of columns, '{head} ARCH ... {last}'")
    return words[1:-len(after)]


def read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding='utf-8').splitlines()
    except OSError as error:
        raise Doubt(path, 1, error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise Doubt(path, 1, f'not UTF-8 text: {error.reason}') from None


C_WORDS = set('auto bool break case char class const continue default delete do double else enum export extern false float '
              'for friend goto if inline int long namespace new operator private protected public register restrict return '
              'short signed sizeof static struct switch template this throw true try typedef union unsigned using virtual '
              'void volatile while'.split())


def parse_args(path: Path, line: int, text: str) -> tuple[Arg, ...]:
    if text == 'void':
        return ()
    args = []
    for part in text.split(','):
        match = re.fullmatch(r'\s*((?:\w+\s+)+|(?:\w+\s+)+(?:\*|const\b|\s)*\*\s*)(\w+)\s*', part)
        if not match:
            raise Doubt(path, line, f"not an argument: '{part.strip()}'")
        args.append(Arg(match[1].strip(), match[2]))
    names = [arg.name for arg in args]
    if len(args) > 6:
        raise Doubt(path, line, f'{len(args)} arguments: a system call has 6 at most')
    for name in names:
        if names.count(name) > 1 or name in C_WORDS:
            raise Doubt(path, line, f"'{name}' cannot be the name of an argument here")
    return tuple(args)


def read_syscalls(path: Path = SYSCALLS) -> Table:
    lines = read_lines(path)
    tree = tree_of(path)
    body = [(n, line) for n, line in enumerate(lines, 1) if line and not line.startswith('# ') and line != '#']
    if not body:
        raise Doubt(path, len(lines), 'no line of columns')
    arches = columns(path, '#call', 'prototype', body[0][0], body[0][1].replace('\tmarks', ''))
    table = Table(tree, arches)
    seen: dict[tuple, int] = {}
    for n, line in body[1:]:
        parts = line.split('\t')
        if len(parts) != len(arches) + 3:
            raise Doubt(path, n, f'{len(parts)} columns, not {len(arches) + 3}')
        name, marks, prototype = parts[0], parts[-2], parts[-1]
        if not re.fullmatch(r'\w+', name):
            raise Doubt(path, n, f"not a call's name: '{name}'")
        numbers = {}
        for arch, text in zip(arches, parts[1:-2]):
            if text == '-':
                continue
            if not re.fullmatch(r'[0-9]{1,9}', text):
                raise Doubt(path, n, f"not a number: '{text}'")
            numbers[arch] = int(text)
            for key in ((arch, name), *([(arch, int(text))] if 'call=' not in marks else [])):
                if key in seen:
                    raise Doubt(path, n, f'{key[1]} stands in line {seen[key]} already for {arch}')
                seen[key] = n
        if not numbers:
            raise Doubt(path, n, f'{name} has no number')
        noreturn, removed, call = False, '', ''
        for mark in [] if marks == '-' else marks.split(','):
            if mark == 'noreturn':
                noreturn = True
            elif re.fullmatch(r'removed=\d+\.\d+', mark):
                removed = mark.partition('=')[2]
            elif mark.startswith('call='):
                call = mark.partition('=')[2]
                if not re.fullmatch(rf'{re.escape(call)}_\d+_\d+', name):
                    raise Doubt(path, n, f'{name} is not named {call}_<major>_<minor>')
                for arch, number in numbers.items():
                    if call not in (calls := table.calls(arch)) or calls[call].numbers[arch] != number:
                        raise Doubt(path, n, f'{call} with number {number} on {arch} does not stand above')
            else:
                raise Doubt(path, n, f"unknown mark '{mark}'")
        table.rows.append(Row(name, numbers, parse_args(path, n, prototype), noreturn, removed, n, call))
    names = [(row.name, [row.numbers.get(arch, -1) for arch in arches]) for row in table.rows]
    for row, name, before in zip(table.rows[1:], names[1:], names):
        if name[0] < before[0]:
            raise Doubt(path, row.line, f'{name[0]} is not in order, it follows {before[0]}')
    return table


def write_syscalls(table: Table) -> str:
    text = SYSCALLS_HEAD.format(tree=table.tree)
    text += '\t'.join(['#call', *table.arches, 'marks', 'prototype']) + '\n'
    order = {arch: n for n, arch in enumerate(table.arches)}
    for row in sorted(table.rows, key=lambda row: (row.name, min(order[a] for a in row.numbers))):
        numbers = [str(row.numbers.get(arch, '-')) for arch in table.arches]
        text += '\t'.join([row.name, *numbers, row.marks(), ', '.join(map(str, row.args)) or 'void']) + '\n'
    return text


@dataclass(frozen=True)
class LibcName:
    """A system call under the name and with the prototype that a libc has."""
    name: str
    header: str                 # of a libc, or nothing
    library: str                # another library that exports it, or nothing
    result: str
    args: tuple[Arg, ...]
    variadic: bool              # what is left of the call's arguments may follow
    call: str
    values: tuple[str, ...]     # what the call is given: names of args, or numbers
    line: int


def read_libc(path: Path = LIBC) -> dict[str, LibcName]:
    names: dict[str, LibcName] = {}
    for n, line in enumerate(read_lines(path), 1):
        if not line.strip() or line.startswith('#'):
            continue
        match = re.fullmatch(r'(\S+)\s+(\S+)\s+(\w+(?: \w+)* (?:\*\s*)?)(\w+)\(([^()]*)\)(?: = (\w+)\(([^()]*)\))?', line)
        if not match:
            raise Doubt(path, n, f"not a header, a library and a prototype: '{line.strip()}'")
        header, library, result, name, text, call, values = match.groups()
        variadic = text.endswith(', ...')
        args = parse_args(path, n, text[:-len(', ...')] if variadic else text)
        if name in names:
            raise Doubt(path, n, f'{name} stands in line {names[name].line} already')
        if next(reversed(names), '') > name:
            raise Doubt(path, n, f'{name} is not in order, it follows {next(reversed(names))}')
        passed = tuple(arg.name for arg in args) if values is None else tuple(re.split(r',\s*', values))
        for value in passed:
            if not value.isdecimal() and value not in [arg.name for arg in args]:
                raise Doubt(path, n, f"{name} passes on '{value}', which is no argument and no number")
        names[name] = LibcName(name, header.lstrip('-'), library.lstrip('-'), result.strip(), args, variadic, call or name, passed, n)
    return names


ERRNO_HEAD = '''\
# Linux {tree}
# SPDX-License-Identifier: MIT
# Its errno names and values: made by `gen/syscall_table.py update`; do not edit.
# An alias has the name of the other instead of a value.
#
#errno	value
'''


def tree_of(path: Path) -> str:
    """The version of the tree that a machine-written table is of."""
    lines = read_lines(path)
    match = re.fullmatch(rf'# Linux ({TREE})', lines[0] if lines else '')
    if not match:
        raise Doubt(path, 1, "the first line is not '# Linux <version of the tree>'")
    return match[1]


def read_errno(path: Path = ERRNO) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    values = {}
    for n, line in enumerate(read_lines(path), 1):
        if line.startswith('#'):
            continue
        match = re.fullmatch(r'(E\w+)\t([0-9]{1,9}|E\w+)', line)
        if not match:
            raise Doubt(path, n, f"not an errno and its value: '{line}'")
        if match[1] in values:
            raise Doubt(path, n, f'{match[1]} is there already')
        if not match[2].isdecimal() and match[2] not in values:
            raise Doubt(path, n, f'{match[1]} is {match[2]}, which is not above it')
        values[match[1]] = match[2]
        rows.append((match[1], match[2]))
    return rows


def write_errno(tree: str, rows: list[tuple[str, str]]) -> str:
    return ERRNO_HEAD.format(tree=tree) + ''.join(f'{name}\t{value}\n' for name, value in rows)


def shared_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of gen/shared.tbl: a tag, the libc's header with it, other tags of the kernel."""
    for n, line in enumerate(read_lines(path), 1):
        words = line.split()
        if not words or words[0].startswith('#'):
            continue
        if len(words) < 2 or not re.fullmatch(r'[\w/]+\.h', words[1]) or not all(re.fullmatch(r'\w+', word) for word in [words[0], *words[2:]]):
            raise Doubt(path, n, f"not a tag, a header and its names in the kernel: '{line.strip()}'")
        yield n, words


def read_shared(path: Path = SHARED) -> dict[str, str]:
    """The kernel's tag -> the tag that the libc has too."""
    shared = {}
    for n, (tag, _, *others) in shared_lines(path):
        for word in (tag, *others):
            if word in shared:
                raise Doubt(path, n, f'{word} is there already')
            shared[word] = tag
    return shared


def read_shared_headers(path: Path = SHARED) -> dict[str, str]:
    """A shared tag -> the libc's header that has it."""
    return {tag: header for _, (tag, header, *_) in shared_lines(path)}


def read_words(path: Path) -> set[str]:
    """The first word of each line."""
    return {line.split()[0] for line in read_lines(path) if line.split() and not line.startswith('#')}


@dataclass(frozen=True)
class Symbol:
    node: str
    declaration: str
    line: int

    def __str__(self) -> str:
        return f'{self.node} {self.declaration}'


class Abi(Dict[str, Symbol]):
    """The committed symbols of an architecture, in the order of the file."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, list[str]] = {}        # of liblinux -> the symbols that it brought, oldest version first

    def seal(self) -> str:
        """What the head of the next version says of all that is there."""
        text = ''.join(f'{symbol}\n' for symbol in self.values())
        return f'after {len(self)} symbols, sha256 {hashlib.sha256(text.encode()).hexdigest()}'


def abi_head(version: str, before: Abi) -> str:
    return f'# liblinux {version}' + (f', {before.seal()}' if before.versions else '')


def read_abi(path: Path) -> Abi:
    """An architecture's first build has none."""
    abi = Abi()
    for n, line in enumerate(read_lines(path) if path.exists() else [], 1):
        if head := re.fullmatch(r'# liblinux ((\d+)\.(\d+)\.(\d+))(, .*)?', line):
            newest = next(reversed(abi.versions), '0.0.0')
            if tuple(map(int, head.groups()[1:4])) <= tuple(map(int, newest.split('.'))):
                raise Doubt(path, n, f'{head[1]} is not newer than {newest}')
            if line != (right := abi_head(head[1], abi)):
                raise Doubt(path, n, f"the symbols above are not those that were released: that would be '{right}'")
            abi.versions[head[1]] = []
        if not line or line.startswith('#'):
            continue
        match = re.fullmatch(r'((?:LIB)?LINUX_[0-9]+\.[0-9]+) (.*?\b(\w+)\(.*\))', line)
        if not match:
            raise Doubt(path, n, f"not a node and a declaration: '{line}'")
        if not abi.versions:
            raise Doubt(path, n, "a symbol above the first '# liblinux <version>'")
        if match[3] in abi:
            raise Doubt(path, n, f'{match[3]} is there already')
        abi[match[3]] = Symbol(match[1], match[2], n)
        abi.versions[next(reversed(abi.versions))].append(match[3])
    return abi


@dataclass(frozen=True)
class Function:
    """A function of the library that is not a system call."""
    name: str
    prototype: str              # C, with the kernel's tags
    header: str                 # of liblinux/, that declares it
    sources: dict[str, str]     # architecture -> its file below src/
    comment: str
    line: int


def read_functions(arches: list[Arch], path: Path = FUNCTIONS, directory: Path = SOURCES) -> list[Function]:
    ini = configparser.ConfigParser(interpolation=None)
    lines = read_lines(path)
    try:
        ini.read_string('\n'.join(lines), str(path))
    except configparser.Error as error:
        first = getattr(error, 'errors', [(1, '')])[0][0]
        raise Doubt(path, getattr(error, 'lineno', first), ' '.join(str(error).split())) from None
    functions = []
    for name in ini.sections():
        section, line = ini[name], next(n for n, text in enumerate(lines, 1) if text.strip().startswith(f'[{name}]'))
        if wrong := set(section) ^ {'source', 'header', 'prototype', 'comment'}:
            raise Doubt(path, line, f'{name}: {min(wrong)} is missing or unknown')
        if not re.fullmatch(rf'[\w *]+\b{re.escape(name)}\(.+\)', section['prototype']) or not re.fullmatch(r'linux_\w+', name):
            raise Doubt(path, line, f"not a prototype of {name}: '{section['prototype']}'")
        source = section['source']
        is_name = re.fullmatch(r'[\w-]{1,80}\.[cS]', source)
        places = {arch.name: [place for place in (source, f'arch/{arch.name}/{source}') if is_name and (directory / place).is_file()]
                  for arch in arches}
        sources = {arch: found[0] for arch, found in places.items() if found}
        if not sources:
            raise Doubt(path, line, f"{name}: no {source} in src or a directory of src/arch")
        functions.append(Function(name, section['prototype'], section['header'], sources, section['comment'].strip(), line))
    return functions


def read_version(path: Path = VERSION) -> tuple[str, str, str]:
    """Release major, release minor, our own count."""
    text = '\n'.join(read_lines(path))
    match = re.fullmatch(r'(\d+)\.(\d+)\.(\d+)', text)
    if not match:
        raise Doubt(path, 1, f"'{text}' is not <release>.<count>")
    return match[1], match[2], match[3]


def read_date(version: tuple[str, str, str], path: Path = NEWS) -> str:
    """When this version was made, as its head in NEWS says: no clock decides about a page."""
    head = next(iter(read_lines(path)), '')
    match = re.fullmatch(r'liblinux (\d+\.\d+\.\d+) for Linux (\d+\.\d+), ([A-Z][a-z]+ \d{1,2}, \d{4})', head)
    if not match or match[1] != '.'.join(version) or match[2] != '.'.join(version[:2]):
        raise Doubt(path, 1, f"the first line is not 'liblinux {'.'.join(version)} for Linux {'.'.join(version[:2])}, <Month day, year>'")
    return match[3]


@dataclass(frozen=True)
class Fragment:
    """What people wrote about a call, by section of its page."""
    sections: dict[str, str]
    related: tuple[str, ...]                # calls to see also
    see_also: tuple[tuple[str, str], ...]   # other pages: section, name


FRAGMENT_SECTIONS = ['DESCRIPTION', 'RETURN VALUES', 'ERRORS', 'EXAMPLES', 'CAVEATS']


def read_fragment(path: Path, calls: set[str]) -> Fragment:
    if path.stem not in calls:
        raise Doubt(path, 1, f'{path.stem} is no call of {SYSCALLS.name}')
    sections: dict[str, str] = {}
    related: list[str] = []
    others: list[tuple[str, str]] = []
    title = ''
    for n, line in enumerate(read_lines(path), 1):
        if line.startswith('.\\" see-also:'):
            for word in line.partition(':')[2].split():
                page = re.fullmatch(r'(\w+)\((\w+)\)', word)
                if page:
                    others.append((page[2], page[1]))
                elif word.startswith('linux_') and word[len('linux_'):] in calls:
                    related.append(word[len('linux_'):])
                else:
                    raise Doubt(path, n, f"'{word}' is no call and no page")
        elif line.startswith('.Sh '):
            title = line[len('.Sh '):].strip()
            if title not in FRAGMENT_SECTIONS:
                raise Doubt(path, n, f"'{title}' is no section of a call: {', '.join(FRAGMENT_SECTIONS)} are")
            if sections and FRAGMENT_SECTIONS.index(title) <= FRAGMENT_SECTIONS.index(next(reversed(sections))):
                raise Doubt(path, n, f'{title} is not in order, it follows {next(reversed(sections))}')
            sections[title] = ''
        elif line.startswith('.\\"'):
            pass
        elif not title:
            raise Doubt(path, n, f"text before the first section: '{line}'")
        else:
            sections[title] += f'{line}\n'
    if next(iter(sections), '') != 'DESCRIPTION':
        raise Doubt(path, 1, 'no DESCRIPTION')
    return Fragment(sections, tuple(related), tuple(others))


def read_fragments(calls: set[str], directory: Path = PAGES / 'calls') -> dict[str, Fragment]:
    return {path.stem: read_fragment(path, calls) for path in sorted(directory.glob('*.mdoc'))}


def read_pages(directory: Path = PAGES) -> dict[str, str]:
    """The pages that people wrote whole: name.section -> mdoc."""
    return {path.name: '\n'.join(read_lines(path)) + '\n' for path in sorted(directory.glob('*.[137]'))}


def write_files(files: dict[Path, str]) -> None:
    """All of them or none: nothing is renamed into place before all are on disk.

    A file that has the text already stays as it is, so that nothing is built again. What is
    no regular file, a device say, is written to, not replaced.
    """
    made: list[tuple[str, Path]] = []
    special: list[tuple[Path, str]] = []
    umask = os.umask(0)
    os.umask(umask)
    path = Path()
    try:
        for path, text in files.items():
            target = path.resolve()
            if target.is_dir():
                raise IsADirectoryError(21, 'is a directory')
            if target.exists() and not target.is_file():
                special.append((target, text))
            elif not target.exists() or target.read_bytes() != text.encode():
                descriptor, name = tempfile.mkstemp(prefix=f'.{target.name}.', dir=target.parent)
                made.append((name, target))
                with os.fdopen(descriptor, 'w', encoding='utf-8') as file:
                    file.write(text)
                os.chmod(name, 0o666 & ~umask)
        for path, text in special:
            path.write_text(text, encoding='utf-8')
        for name, path in made:
            os.replace(name, path)
        made.clear()
    except OSError as error:
        raise Doubt(path, 1, f'cannot write: {error.strerror}') from None
    finally:
        for name, _ in made:
            if os.path.exists(name):
                os.unlink(name)
