# SPDX-License-Identifier: MIT
"""Read the system calls and errno values out of a kernel source tree.

A row of the architecture's table selects its SYSCALL_DEFINEn by the entry column.
Where a tree has several definitions of one entry, those that the preprocessor or
Kconfig surely leave out on this architecture are dropped; the rest must agree, with
each other and with the declaration in include/linux/syscalls.h.
"""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Optional

import c_types
from tables import TREE, Arch, Arg, Doubt, Row, Table, parse_args, version_key

OLDEST = '6.12.0'

Truth = Optional[bool]          # None: it depends
Lookup = Callable[[str], Truth]

# Directories whose C is not the kernel's. A kernel for user-mode Linux is another
# architecture, though its code stands under arch/x86.
NOT_KERNEL = {'Documentation', 'LICENSES', 'certs', 'rust', 'samples', 'scripts', 'tools', 'usr'}


def read(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8', errors='replace')
    except OSError as error:
        raise Doubt(path, 1, error.strerror or str(error)) from None


def unreadable(error: OSError) -> None:
    raise Doubt(error.filename, 1, error.strerror) from None


def strip_comments(text: str) -> str:
    """Blank comments out; every other character keeps its line."""
    def blank(match: re.Match) -> str:
        return match[0] if match[0][0] in '"\'' else ' ' + '\n' * match[0].count('\n')
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)


# Conditions, of the preprocessor and of Kconfig

def evaluate(expression: str, lookup: Lookup) -> Truth:
    """Three-valued value of A && !(B || C); None for anything with other operators."""
    expression = re.sub(r'\b(?:defined|IS_ENABLED)\s*(?:\(\s*(\w+)\s*\)|(\w+))', r'\1\2', expression)
    tokens = re.findall(r'&&|\|\||[!()]|\w+|\S', expression)
    position = 0

    class Other(Exception):
        pass

    def peek() -> str:
        return tokens[position] if position < len(tokens) else ''

    def take() -> str:
        nonlocal position
        position += 1
        return tokens[position - 1] if position <= len(tokens) else ''

    def unary() -> Truth:
        token = take()
        if token == '!':
            value = unary()
            return None if value is None else not value
        if token == '(':
            value = binary('||')
            if take() != ')':
                raise Other
            return value
        if not re.fullmatch(r'[A-Za-z0-9_]\w*', token):
            raise Other
        return lookup(token)

    def binary(operator: str) -> Truth:
        operand = (lambda: binary('&&')) if operator == '||' else unary
        decides = operator == '||'
        values = [operand()]
        while peek() == operator:
            take()
            values.append(operand())
        if decides in values:
            return decides
        return None if None in values else not decides

    try:
        value = binary('||')
        return value if position == len(tokens) else None
    except (Other, RecursionError):
        return None


@dataclass
class Option:
    """One `config` block."""
    line: str
    free: bool                          # a prompt or a default: a person may set it
    depends: list[str]
    selects: list[tuple[str, str]]      # symbol, condition


class Kconfig:
    """What is sure about an architecture's configuration."""

    def __init__(self, tree: Path, arch: Arch):
        self.options: dict[str, list[Option]] = {}
        self.selectors: dict[str, list[tuple[str, str]]] = {}
        self.known: dict[str, Truth] = {symbol: True for symbol in arch.config}
        for directory, folders, files in os.walk(tree, onerror=unreadable):
            relative = Path(directory).relative_to(tree).parts
            if relative == ('arch',):
                folders[:] = [folder for folder in folders if folder == arch.kernel]
            elif not relative:
                folders[:] = [folder for folder in folders if folder not in NOT_KERNEL]
            elif relative == ('arch', 'x86'):
                folders[:] = [folder for folder in folders if folder != 'um']
            for file in files:
                if file.startswith('Kconfig'):
                    self.parse(read(Path(directory) / file))
        for symbol, options in self.options.items():
            for option in options:
                for target, condition in option.selects:
                    self.selectors.setdefault(target, []).append((symbol, condition))

    def parse(self, text: str) -> None:
        option = None
        for line in text.replace('\\\n', ' ').splitlines():
            match = re.match(r'(?:menu)?config\s+(\w+)', line)
            if match:
                option = Option(line, False, [], [])
                self.options.setdefault(match[1], []).append(option)
            elif re.match(r'\S', line) and not line.startswith('#'):
                option = None
            elif option and re.match(r'\t(?:def_|default|prompt\b|(?:bool|tristate|int|hex|string)\s*")', line):
                option.free = True
            elif option and (match := re.match(r'\tdepends on (.*)', line)):
                option.depends.append(match[1])
            elif option and (match := re.match(r'\tselect (\w+)(?:\s+if\s+(.*))?', line)):
                option.selects.append((match[1], match[2] or 'y'))

    def lookup(self, symbol: str) -> Truth:
        if symbol in ('y', 'n'):
            return symbol == 'y'
        if symbol not in self.known:
            self.known[symbol] = None           # a cycle decides nothing
            self.known[symbol] = self.decide(symbol)
        return self.known[symbol]

    def decide(self, symbol: str) -> Truth:
        options = self.options.get(symbol)
        if not options:
            return None
        chosen: list[Truth] = []
        for selector, condition in self.selectors.get(symbol, []):
            chosen.append(evaluate(f'{selector} && ({condition})', self.lookup))
        if True in chosen:
            return True
        for option in options:
            out = any(evaluate(depends, self.lookup) is False for depends in option.depends)
            chosen.append(None if option.free and not out else False)
        return None if None in chosen else False

    def macro(self, name: str) -> Truth:
        """Is the macro defined when the kernel is compiled?"""
        return self.lookup(name[len('CONFIG_'):]) if name.startswith('CONFIG_') else None


def conditions(text: str, lookup: Lookup) -> Iterator[Truth]:
    """For each line: is it compiled?"""
    stack: list[list[Truth]] = []           # per #if: this branch, any earlier branch
    pending, count = '', 0

    def state() -> Truth:
        values = [branch for branch, _ in stack]
        return False if False in values else None if None in values else True

    for line in text.split('\n'):
        count += 1
        pending += line
        if pending.endswith('\\'):
            pending = pending[:-1] + ' '
            continue
        match = re.match(r'\s*#\s*(ifdef|ifndef|if|elif|else|endif)\b(.*)', pending)
        pending = ''
        if match:
            word, rest = match[1], match[2].strip()
            if word in ('ifdef', 'ifndef', 'if'):
                value = evaluate(f'!{rest}' if word == 'ifndef' else rest, lookup)
                stack.append([value, value])
            elif stack and word == 'endif':
                stack.pop()
            elif stack:
                before = stack[-1][1]
                value = True if word == 'else' else evaluate(rest, lookup)
                if before is True or value is False:
                    branch: Truth = False
                else:
                    branch = None if before is None or value is None else True
                after = True if True in (before, value) else None if None in (before, value) else False
                stack[-1] = [branch, after]
        yield from [state()] * count
        count = 0


# The table of an architecture

@dataclass(frozen=True)
class Entry:
    number: int
    name: str
    entry: str
    noreturn: bool
    path: Path
    line: int


def assignments(path: Path) -> list[tuple[str, str, int]]:
    """(variable, value, line) of each assignment in a makefile, target's ones with the target."""
    found = []
    for n, line in enumerate(read(path).splitlines(), 1):
        match = re.match(r'(?:(\S+):\s*)?(\w+)\s*(?::|\+)?=\s*(.*?)\s*$', line)
        if match:
            found.append((f'{match[1]}:{match[2]}' if match[1] else match[2], match[3], n))
    return found


def table_and_tags(tree: Path, arch: Arch) -> tuple[Path, set[str]]:
    """The table's file and the ABI tags of its rows, from the kernel's makefiles."""
    generic = tree / 'scripts/Makefile.asm-headers'
    own = tree / 'arch' / arch.kernel / 'kernel/Makefile.syscalls'
    for path in (tree / 'arch', tree / 'arch' / arch.kernel):
        if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
            raise Doubt(path, 1, 'no directory that can be read')
    special = tree / 'arch' / arch.kernel / 'entry/syscalls/Makefile'
    table, tags, source = '', set(), generic
    if own.exists():
        for makefile in (generic, own):
            for variable, value, _ in assignments(makefile):
                if variable == 'syscall_abis_64':
                    tags |= set(value.replace(',', ' ').split())
                elif variable == 'syscalltbl':
                    table, source = value.replace('%', '64').replace('$(srctree)/', ''), makefile
    elif special.exists():
        source = special
        for variable, value, _ in assignments(special):
            if variable == '$(uapi)/unistd_64.h:abis':
                tags = set(value.split(','))
            elif variable == 'syscall64':
                table = value.replace('$(src)', f'arch/{arch.kernel}/entry/syscalls')
    else:
        raise Doubt(own, 1, f'no such file, and no {special.relative_to(tree)}: unknown form of table')
    if not table or '$' in table or not tags:
        raise Doubt(source, 1, f'does not name the table and the ABI tags of {arch.kernel}')
    return tree / table, tags


def read_table(tree: Path, arch: Arch) -> list[Entry]:
    path, tags = table_and_tags(tree, arch)
    entries: list[Entry] = []
    numbers: dict[int, int] = {}
    names: dict[str, int] = {}
    for n, line in enumerate(read(path).splitlines(), 1):
        words = line.partition('#')[0].split()
        if not words:
            continue
        if not re.fullmatch(r'[0-9]{1,9}', words[0]) or not 3 <= len(words) <= 6 or not re.fullmatch(r'\w+', words[2]):
            raise Doubt(path, n, f"not a row: '{line.strip()}'")
        if words[1] not in tags:
            continue
        number, name = int(words[0]), words[2]
        for key, seen in ((number, numbers), (name, names)):
            if key in seen:
                raise Doubt(path, n, f'{key} stands in line {seen[key]} already')
            seen[key] = n
        if len(words) == 6 and words[5] != 'noreturn':
            raise Doubt(path, n, f"unknown mark '{words[5]}'")
        if len(words) > 3 and words[3] not in ('-', 'sys_ni_syscall'):
            if not re.fullmatch(r'sys_\w+', words[3]):
                raise Doubt(path, n, f"the entry point '{words[3]}' is not sys_*")
            entries.append(Entry(number, name, words[3], len(words) == 6, path, n))
    if not entries:
        raise Doubt(path, 1, f'no row for {arch.name}')
    return entries


# Definitions and declarations

@dataclass(frozen=True)
class Prototype:
    args: tuple[Arg, ...]
    path: Path
    line: int

    def types(self) -> list[str]:
        try:
            return [c_types.plain(arg.type, {}) for arg in self.args]
        except c_types.UnknownType as error:
            raise Doubt(self.path, self.line, str(error)) from None


def balanced(text: str, start: int) -> Optional[str]:
    """What stands between the parenthesis at start and its partner, if no statement ends before that."""
    depth = 0
    for match in re.compile('[(){};]').finditer(text, start):
        if match[0] not in '()':
            break
        depth += 1 if match[0] == '(' else -1
        if not depth:
            return text[start + 1:match.start()]
    return None


def tidy(kernel_type: str) -> str:
    """The type without __user, without a const of the argument itself, evenly spaced."""
    words = [word for word in re.findall(r'\w+|\*', kernel_type) if word != '__user']
    if words and words[-1] == 'const':
        words.pop()
    if '*' not in words:
        words = [word for word in words if word != 'const']
    text = ''
    for word in words:
        text += word if not text or text.endswith('*') else f' {word}'
    return text


class Sources:
    """The parts of a tree that define system calls."""

    def __init__(self, tree: Path, arches: list[Arch]):
        self.tree = tree
        self.definitions: dict[str, list[tuple[Path, int, str, int]]] = {}
        self.texts: dict[Path, str] = {}
        self.aliases: dict[tuple[str, str], str] = {}
        kernels = {arch.kernel for arch in arches}
        for directory, folders, files in os.walk(tree, onerror=unreadable):
            relative = Path(directory).relative_to(tree).parts
            folders.sort()
            if not relative:
                folders[:] = [folder for folder in folders if folder not in NOT_KERNEL]
            elif relative == ('arch',):
                folders[:] = [folder for folder in folders if folder in kernels]
            elif relative == ('arch', 'x86'):
                folders[:] = [folder for folder in folders if folder != 'um']
            for file in sorted(files):
                if file.endswith('.c'):
                    self.scan(Path(directory) / file, relative)

    def scan(self, path: Path, relative: tuple[str, ...]) -> None:
        if path.is_symlink():
            return
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Doubt(path, 1, error.strerror or str(error)) from None
        if relative[:1] == ('arch',) and b'_sys_' in data:
            # A table may be built with another entry in place of the one it names.
            for match in re.finditer(rb'^#define\s+(__\w+?)_sys_(\w+)\s+\1_sys_(\w+)\s*$', data, re.M):
                self.aliases[relative[1], match[2].decode()] = match[3].decode()
        if b'SYSCALL_DEFINE' not in data:
            return
        text = strip_comments(data.decode('utf-8', 'replace'))
        for match in re.finditer(r'(?<!\w)SYSCALL_DEFINE(\d)\s*(?=\(\s*(\w+))', text):
            self.definitions.setdefault(match[2], []).append(
                (path, text.count('\n', 0, match.start()) + 1, match[1], match.end()))
            self.texts[path] = text

    def definition(self, place: tuple[Path, int, str, int]) -> Prototype:
        path, line, count, start = place
        inner = balanced(self.texts[path], start)
        parts = [part.strip() for part in (inner or '').split(',')]
        if inner is None or len(parts) != 1 + 2 * int(count):
            raise Doubt(path, line, f'SYSCALL_DEFINE{count} has {len(parts)} parts, not {1 + 2 * int(count)}')
        args = tuple(Arg(tidy(parts[n]), parts[n + 1]) for n in range(1, len(parts), 2))
        for arg in args:
            if not re.fullmatch(r'[A-Za-z_]\w*', arg.name):
                raise Doubt(path, line, f"not a name of an argument: '{arg.name}'")
        parse_args(path, line, ', '.join(map(str, args)) or 'void')     # as it will be read again
        prototype = Prototype(args, path, line)
        prototype.types()
        return prototype


class Reader:
    """The prototypes of one architecture."""

    def __init__(self, tree: Path, arch: Arch, sources: Sources):
        self.tree, self.arch, self.sources = tree, arch, sources
        self.kconfig = Kconfig(tree, arch)
        self.states: dict[Path, list[Truth]] = {}
        self.header = tree / 'include/linux/syscalls.h'
        self.header_text = strip_comments(read(self.header))
        self.declared: dict[str, list[tuple[int, str]]] = {}
        for match in re.finditer(r'\basmlinkage\s+long\s+sys_(\w+)\s*(?=\()', self.header_text):
            line = self.header_text.count('\n', 0, match.start()) + 1
            inner = balanced(self.header_text, match.end())
            if inner is None:
                raise Doubt(self.header, line, f'the declaration of sys_{match[1]} has no end')
            self.declared.setdefault(match[1], []).append((line, inner))

    def macro(self, name: str) -> Truth:
        # Architectures with wrappers of their own compile no declaration of the header;
        # it says what their wrappers call all the same.
        return None if name == 'CONFIG_ARCH_HAS_SYSCALL_WRAPPER' else self.kconfig.macro(name)

    def compiled(self, path: Path, line: int, text: str) -> bool:
        if path not in self.states:
            self.states[path] = list(conditions(text, self.macro))
        return self.states[path][line - 1] is not False

    def prototype(self, entry: Entry) -> Prototype:
        name = entry.entry[len('sys_'):]
        name = self.sources.aliases.get((self.arch.kernel, name), name)
        everywhere = self.sources.definitions.get(name, [])
        here = [place for place in everywhere
                if place[0].relative_to(self.tree).parts[:2] == ('arch', self.arch.kernel)
                or place[0].relative_to(self.tree).parts[0] != 'arch']
        live = [place for place in here if self.compiled(place[0], place[1], self.sources.texts[place[0]])]
        # A call may have a row on an architecture that does not have the call, whatever the
        # configuration: its entry is kernel/sys_ni.c's, its prototype is what others have.
        found = [self.sources.definition(place) for place in live or here or everywhere]
        if not found:
            raise Doubt(entry.path, entry.line, f'{entry.name}: no SYSCALL_DEFINEn({name}) in the tree')
        for other in found[1:]:
            if other.args != found[0].args:
                raise Doubt(other.path, other.line, f'a second definition of {name} differs from '
                            f'{found[0].path.relative_to(self.tree)}:{found[0].line}')
        self.witness(name, found[0])
        return found[0]

    def witness(self, name: str, prototype: Prototype) -> None:
        """Hold the definition against the declarations that are compiled here."""
        declared = [(line, text) for line, text in self.declared.get(name, [])
                    if self.compiled(self.header, line, self.header_text)]
        if not declared:
            if prototype.path.relative_to(self.tree).parts[0] == 'arch':
                return              # an architecture's own call needs no common declaration
            raise Doubt(prototype.path, prototype.line, f'{name} is not declared in include/linux/syscalls.h')
        for line, text in declared:
            witness = []
            for part in [] if text.strip() in ('', 'void') else text.split(','):
                witness.append(self.declared_type(line, part))
            if witness != prototype.types():
                raise Doubt(self.header, line, f'{name}({", ".join(witness)}) is defined as '
                            f'({", ".join(prototype.types())}) in '
                            f'{prototype.path.relative_to(self.tree)}:{prototype.line}')

    def declared_type(self, line: int, part: str) -> str:
        """The type of a declared argument, which may have a name or not."""
        part = re.sub(r'\[\d*\]\s*$', '', part.strip())
        errors = []
        for text in (part, re.sub(r'\b\w+\s*$', '', part)):
            try:
                return c_types.plain(text, {})
            except c_types.UnknownType as error:
                errors.append(str(error))
        raise Doubt(self.header, line, errors[0])


# The whole of it

def read_version(tree: Path) -> str:
    path = tree / 'Makefile'
    values = {name: (value, line) for name, value, line in reversed(assignments(path))}
    for name in ('VERSION', 'PATCHLEVEL', 'SUBLEVEL', 'EXTRAVERSION'):
        if name not in values:
            raise Doubt(path, 1, f'no {name}: not the top of a kernel tree')
    version = '.'.join(values[name][0] for name in ('VERSION', 'PATCHLEVEL', 'SUBLEVEL'))
    extra, line = values['EXTRAVERSION']
    if re.fullmatch(r'-rc\d+', extra):
        version += extra
    if not re.fullmatch(TREE, version):
        raise Doubt(path, line, f"'{version}' is not a kernel version")
    if version_key(version) < version_key(OLDEST):
        raise Doubt(path, values['PATCHLEVEL'][1], f'Linux {version} is older than {OLDEST[:-2]}, the oldest tree that can be read')
    return version


def read_tree(tree: Path, arches: list[Arch]) -> Table:
    version = read_version(tree)
    tables = {arch.name: read_table(tree, arch) for arch in arches}
    # One architecture's table is enough to say that an entry never returns.
    noreturn = {entry.entry for entries in tables.values() for entry in entries if entry.noreturn}
    sources = Sources(tree, arches)
    merged: dict[str, list[Row]] = {}
    for arch in arches:
        reader = Reader(tree, arch, sources)
        for entry in tables[arch.name]:
            row = Row(entry.name, {arch.name: entry.number}, reader.prototype(entry).args, entry.entry in noreturn)
            rows = merged.setdefault(row.name, [])
            for known in rows:
                if known.shape() == row.shape():
                    known.numbers.update(row.numbers)
                    break
            else:
                rows.append(row)
    return Table(version, [arch.name for arch in arches], [row for rows in merged.values() for row in rows])


def read_errno(tree: Path, arches: list[Arch]) -> list[tuple[str, str]]:
    """(name, value or the name it stands for), in the kernel's order."""
    for arch in arches:
        own = tree / 'arch' / arch.kernel / 'include/uapi/asm/errno.h'
        if own.exists():
            raise Doubt(own, 1, f'{arch.name} has errno values of its own')
    rows: list[tuple[str, str]] = []
    for file in ('errno-base.h', 'errno.h'):
        path = tree / 'include/uapi/asm-generic' / file
        for n, line in enumerate(strip_comments(read(path)).split('\n'), 1):
            match = re.match(r'\s*#\s*define\s+(E\w+)\s+(.*?)\s*$', line)
            if match and not re.fullmatch(r'[0-9]{1,9}|E\w+', match[2]):
                raise Doubt(path, n, f"{match[1]} is '{match[2]}', neither a number nor an errno")
            if match:
                if match[1] in dict(rows):
                    raise Doubt(path, n, f'{match[1]} is defined twice')
                if not match[2].isdecimal() and match[2] not in dict(rows):
                    raise Doubt(path, n, f'{match[1]} is {match[2]}, which is not above it')
                rows.append((match[1], match[2]))
    if not rows:
        raise Doubt(tree / 'include/uapi/asm-generic/errno-base.h', 1, 'no errno')
    return rows
