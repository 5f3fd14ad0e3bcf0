# SPDX-License-Identifier: MIT
"""Measure the types and constants of the kernel's UAPI headers with a compiler.

The headers are compiled, never copied: structs, unions and enums are read from the debugging
information that clang makes of them, the values of macros from what clang computes.
"""
from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import kernel_tree
from tables import TOP, Arch, Doubt
from uapi_tables import HANDLER, Enum, Extra, Field, Macro, Record

# Where what abi-extra.tbl takes from the tree is said to come from: this, our header, and the file.
EXTRA = '/extra/'

# What a few of the headers include, and an empty one for them.
LIBC_HEADER = '<sys/socket.h>'
STUBS = TOP / 'gen/libc'

CLANG = 'clang'
DWARFDUMP = 'llvm-dwarfdump'


# The headers

def install(tree: Path, arch: Arch, work: Path) -> Path:
    """The tree's own UAPI headers for an architecture; the tree stays as it is."""
    result = subprocess.run(['make', '-s', '-C', str(tree), f'O={work}', f'ARCH={arch.kernel}', 'headers'],
                            text=True, capture_output=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise Doubt(tree / 'Makefile', 1, f'make headers: {(result.stderr.strip().splitlines() or ["failed"])[-1]}')
    return work / 'usr/include'


def check_release(headers: Path, version: str) -> None:
    path = headers / 'linux/version.h'
    found = [re.search(rf'#define LINUX_VERSION_{part} (\d+)', kernel_tree.read(path)) for part in ('MAJOR', 'PATCHLEVEL')]
    if None in found or [match[1] for match in found] != version.split('.')[:2]:
        raise Doubt(path, 1, f'these are not the headers of Linux {version}')


# The compiler

class Compiler:
    """clang for one architecture, with one tree of installed headers."""

    def __init__(self, headers: Path, arch: Arch, groups: dict[str, list[str]], extra: str = ''):
        self.arch = arch
        self.target = f'{arch.name}-linux-gnu'
        own = headers / self.target
        if not (own / 'asm').is_dir():
            own = headers               # make headers_install has asm beside linux
        if not (headers / 'linux').is_dir() or not (own / 'asm').is_dir():
            raise Doubt(headers, 1, f'no directory of UAPI headers for {arch.name}: no linux/ and asm/')
        self.roots = [own.absolute(), headers.absolute()]
        self.present = [file for files in groups.values() for file in files
                        if any((root / file).exists() for root in self.roots)]
        self.flags = [f'--target={self.target}', '-nostdinc', '-ffreestanding', '-w',
                      *(word for root in [*self.roots, STUBS] for word in ('-isystem', str(root)))]
        for name, files in groups.items():
            if files and not any(file in self.present for file in files) and files[0].startswith('linux/'):
                raise Doubt(headers / files[0], 1, 'No such file or directory')
        # What includes a libc's header comes after what abi-extra.tbl has of it.
        late = [file for files in groups.values() if any(LIBC_HEADER in self.text(file) for file in files) for file in files]
        self.includes = self.include(file for file in self.present if file not in late) + extra
        if extra:
            self.includes += self.include(late)

    @staticmethod
    def include(files: Iterable[str]) -> str:
        return ''.join(f'#include <{file}>\n' for file in files if not file.startswith('asm-generic/'))

    def text(self, file: str) -> str:
        return next((kernel_tree.read(root / file) for root in self.roots if (root / file).exists()), '')

    def run(self, *arguments: str, text: str) -> subprocess.CompletedProcess:
        try:
            return subprocess.run([CLANG, *self.flags, *arguments, '-x', 'c', '-'], input=text, text=True, capture_output=True)
        except FileNotFoundError:
            raise Doubt(CLANG, 1, 'not installed; the importer of types needs it') from None

    def compile(self, *arguments: str, text: str) -> str:
        result = self.run(*arguments, text=text)
        if result.returncode:
            raise Doubt(self.roots[-1], 1, f'{self.arch.name}: {(result.stderr.splitlines() or ["clang failed"])[0]}')
        return result.stdout

    def relative(self, path: str) -> str:
        """The name of a header as it is included, or EXTRA and what follows it."""
        if path.startswith(EXTRA):
            return path
        for root in self.roots:
            try:
                return str(Path(os.path.abspath(path)).relative_to(root))
            except ValueError:
                pass
        return ''

    def macros(self) -> list[tuple[str, str, str, int]]:
        """(name, body, header, line) of each object-like macro that stays defined, in order."""
        found: dict[str, tuple[str, str, int]] = {}
        header, n = '', 0
        for line in self.compile('-E', '-dD', text=self.includes).splitlines():
            n += 1
            if match := re.match(r'# (\d+) "(.*?)"', line):
                header, n = self.relative(match[2]), int(match[1]) - 1
            elif match := re.match(r'#define (\w+)(?: (.*))?$', line):
                found.pop(match[1], None)
                found[match[1]] = (match[2] or '', header, n)
            elif match := re.match(r'#undef (\w+)', line):
                found.pop(match[1], None)
        return [(name, body, header, n) for name, (body, header, n) in found.items()
                if body and (header in self.present or header.startswith(EXTRA))]

    def survivors(self, lines: list[str], head: str, tail: str) -> list[int]:
        """Which of the lines compile, each alone among the others."""
        left = list(range(len(lines)))
        while left:
            text = head + '# 1 "<probe>"\n' + ''.join(lines[n] + '\n' for n in left) + tail
            result = self.run('-fsyntax-only', '-ferror-limit=0', '-fno-caret-diagnostics', text=text)
            if not result.returncode:
                return left
            # An error inside a macro is reported where the macro is used.
            bad = {int(n) - 1 for n in re.findall(r'<probe>:(\d+):\d+: error', result.stderr)}
            bad = {left[n] for n in bad if 0 <= n < len(left)}
            if not bad:
                raise Doubt(self.roots[-1], 1, f'{self.arch.name}: {result.stderr.splitlines()[0]}')
            left = [n for n in left if n not in bad]
        return left

    # Type -> the suffix of its constants, or the cast of a handler of signals.
    TYPES = {'int': '', 'unsigned int': 'u', 'long': 'l', 'unsigned long': 'ul', 'long long': 'll', 'unsigned long long': 'ull',
             'void (*)(int)': HANDLER}

    def evaluate(self, expressions: list[str]) -> dict[str, tuple[int, str]]:
        """Expression -> its value and the suffix or cast of its type, for those that are constants."""
        kinds = ', '.join(f'{name}: {n}' for n, name in enumerate(self.TYPES))
        head = self.includes + ('struct row { int type; unsigned long long value; };\n'
                                f'#define ROW(x) {{ _Generic((x), {kinds}), (unsigned long long)(x) }},\n'
                                'const struct row rows[] = {\n')
        lines = [f'ROW({expression})' for expression in expressions]
        left = self.survivors(lines, head, '};\n')
        text = head + ''.join(lines[n] + '\n' for n in left) + '};\n'
        said = self.compile('-S', '-emit-llvm', '-o', '-', text=text)
        match = re.search(r'^@rows = .*', said, re.M)
        pairs = re.findall(r'%struct\.row (?:\{ i32 (-?\d+), i64 (-?\d+) \}|(zeroinitializer))', match[0] if match else '')
        if len(pairs) != len(left):
            raise Doubt(self.roots[-1], 1, f'{self.arch.name}: clang computed {len(pairs)} values, not {len(left)}')
        suffixes = list(self.TYPES.values())
        values = {}
        for n, (kind, value, zero) in zip(left, pairs):
            suffix = suffixes[int(kind or 0)]
            number = int(value or 0) % 2**64
            if suffix in ('', 'l', 'll', HANDLER) and number >= 2**63:
                number -= 2**64
            values[expressions[n]] = (number, suffix)
        return values

    def strings(self, names: list[str]) -> dict[str, str]:
        """Name -> its text, for those that are strings of what may stand between quotes as it is."""
        # An empty macro has no size.
        lines = [f'const char string_{name}[sizeof({name})] = "" {name};' for name in names]
        left = self.survivors(lines, self.includes, '')
        said = self.compile('-S', '-emit-llvm', '-o', '-', text=self.includes + ''.join(lines[n] + '\n' for n in left))
        found = dict(re.findall(r'^@string_(\w+) = .*? c"([^"\\]*)\\00"', said, re.M))
        return found | dict.fromkeys(re.findall(r'^@string_(\w+) = .*? zeroinitializer', said, re.M), '')

    def debug_info(self) -> str:
        with tempfile.TemporaryDirectory() as directory:
            path = f'{directory}/all.o'
            self.compile('-g', '-gdwarf-4', '-fno-eliminate-unused-debug-types', '-c', '-o', path, text=self.includes)
            try:
                return subprocess.run([DWARFDUMP, path], text=True, capture_output=True, check=True).stdout
            except FileNotFoundError:
                raise Doubt(DWARFDUMP, 1, 'not installed; the importer of types needs it') from None


# The debugging information

@dataclass
class Die:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Die] = field(default_factory=list)

    def name(self) -> str:
        return self.attributes.get('name', '').strip('"')

    def number(self, attribute: str, default: int = 0) -> int:
        return int(self.attributes.get(attribute, str(default)), 0)


def parse_dwarf(text: str) -> tuple[dict[str, Die], list[Die]]:
    """All entries by address, and those at the top, in order."""
    entries: dict[str, Die] = {}
    stack: list[tuple[int, Die]] = []
    top: list[Die] = []
    current = None
    for line in text.splitlines():
        if match := re.match(r'(0x\w+):(\s+)DW_TAG_(\w+)', line):
            depth = len(match[2])
            current = Die(match[3])
            entries[match[1]] = current
            while stack and stack[-1][0] >= depth:
                stack.pop()
            if len(stack) > 1:
                stack[-1][1].children.append(current)
            elif stack:
                top.append(current)
            stack.append((depth, current))
        elif current and (match := re.match(r'\s+DW_AT_(\w+)\s+\((.*)\)$', line)):
            current.attributes[match[1]] = match[2]
    return entries, top


SPELLING = {'long int': 'long', 'long unsigned int': 'unsigned long', 'long long int': 'long long',
            'long long unsigned int': 'unsigned long long', 'short int': 'short', 'short unsigned int': 'unsigned short',
            '__int128 unsigned': 'unsigned __int128'}


class Types:
    """Records and enums of one architecture."""

    def __init__(self, compiler: Compiler):
        self.compiler = compiler
        self.entries, top = parse_dwarf(compiler.debug_info())
        self.typedefs: dict[int, str] = {}          # id of an untagged entry -> the typedef's name
        for die in top:
            if die.tag == 'typedef' and (target := self.target(die)) and not target.name():
                if target.tag in ('structure_type', 'union_type', 'enumeration_type'):
                    self.typedefs.setdefault(id(target), die.name())
        self.top = [die for die in top if die.tag in ('structure_type', 'union_type', 'enumeration_type')
                    and 'declaration' not in die.attributes]

    def target(self, die: Die) -> Die | None:
        reference = die.attributes.get('type', '').split()
        return self.entries[reference[0]] if reference else None

    def header(self, die: Die) -> str:
        return self.compiler.relative(die.attributes.get('decl_file', '').strip('"'))

    def tag(self, die: Die) -> str:
        return die.name() or re.sub(r'_t$', '', self.typedefs.get(id(die), ''))

    def spell(self, die: Die | None) -> str:
        """A type in plain C; the dimensions of arrays are the caller's."""
        if die is None:
            return 'void'
        if die.tag == 'base_type':
            return SPELLING.get(die.name(), die.name())
        if die.tag in ('typedef', 'volatile_type', 'restrict_type'):
            return self.spell(self.target(die))
        if die.tag == 'const_type':
            inner = self.spell(self.target(die))
            return inner if inner.endswith(('*', ')')) else f'const {inner}'
        if die.tag == 'enumeration_type':
            return 'unsigned int' if 'unsigned' in self.spell(self.target(die)) else 'int'
        if die.tag in ('structure_type', 'union_type'):
            return f'{"struct" if die.tag[0] == "s" else "union"} {self.tag(die)}'.strip()
        if die.tag == 'pointer_type':
            inner = self.target(die)
            while inner is not None and inner.tag == 'typedef':
                inner = self.target(inner)
            if inner is not None and inner.tag == 'subroutine_type':
                arguments = [self.spell(self.target(child)) for child in inner.children if child.tag == 'formal_parameter']
                return f'{self.spell(self.target(inner))} (*)({", ".join(arguments) or "void"})'
            spelled = self.spell(inner)
            return spelled + ('*' if spelled.endswith('*') else ' *')
        raise ValueError(f'a type of the kind {die.tag}')

    def array(self, die: Die | None) -> tuple[Die | None, tuple[int, ...]]:
        """The element, and the dimensions."""
        bare = die
        while bare is not None and bare.tag in ('typedef', 'const_type', 'volatile_type'):
            bare = self.target(bare)
        if bare is None or bare.tag != 'array_type':
            return die, ()
        # clang counts, gcc has the last index; a flexible array has neither.
        dims = tuple(child.number('count') if 'count' in child.attributes else child.number('upper_bound', -1) + 1
                     for child in bare.children if child.tag == 'subrange_type')
        element, inner = self.array(self.target(bare))
        return element, dims + inner

    def members(self, record: Die) -> tuple[Field, ...]:
        result = []
        for die in record.children:
            if die.tag != 'member':
                continue
            element, dims = self.array(self.target(die))
            bare = element
            while bare is not None and bare.tag in ('const_type', 'volatile_type'):
                bare = self.target(bare)
            inner: tuple[Field, ...] = ()
            size = 0
            if bare is not None and bare.tag in ('structure_type', 'union_type') and not self.tag(bare):
                inner, size = self.members(bare), bare.number('byte_size')
                spelled = 'struct' if bare.tag[0] == 's' else 'union'
            else:
                spelled = self.spell(element)
            bits = die.number('bit_size')
            offset = die.number('data_member_location')
            if bits and 'data_bit_offset' in die.attributes:
                offset = die.number('data_bit_offset')
            elif bits:          # counted from the other end of the storage unit
                offset = (offset + die.number('byte_size')) * 8 - die.number('bit_offset') - bits
            result.append(Field(offset, spelled, die.name(), dims, bits, inner, size))
        return tuple(result)


# What no header has

# Types that the kernel's own code may use.
KERNEL_TYPES = '\n'.join(f'typedef __{name} {name};' for name in ('u8', 'u16', 'u32', 'u64', 's8', 's16', 's32', 's64')) + '''
typedef __kernel_sa_family_t sa_family_t;
typedef __kernel_size_t size_t;
#define __user
#define __counted_by(count)
'''


def extract(tree: Path, extra: Extra, table: Path, kconfig: kernel_tree.Kconfig) -> str:
    """The definitions that a row of abi-extra.tbl asks for, as C."""
    path = tree / extra.file
    text = kernel_tree.strip_comments(kernel_tree.read(path))
    states = list(kernel_tree.conditions(text, kconfig.macro))
    lines = text.split('\n')
    text = '\n'.join('' if state is False or re.match(r'\s*#\s*(if|el|endif)', line) else line
                     for line, state in zip(lines, states))
    # What continues is put on its first line; what follows keeps its own.
    text = re.sub(r'(?:.*\\\n)+.*', lambda match: match[0].replace('\\\n', ' ') + '\n' * match[0].count('\\\n'), text)
    result = ''

    def at(position: int) -> str:
        return f'# {text.count(chr(10), 0, position) + 1} "{EXTRA}{extra.header}/{extra.file}"\n'
    for item in extra.items:
        kind, _, name = item.rpartition(':')
        ours, _, theirs = name.partition('=')
        found = []
        if kind == 'typedef':
            ours, theirs = theirs, ours
            if match := re.search(rf'^typedef (struct|union) (\{{[^}}]*\}}) {theirs};', text, re.M):
                found.append(f'{at(match.start())}{match[1]} {ours} {match[2]};')
        elif kind:
            if match := re.search(rf'^{kind} {name} (\{{[^}}]*\}})', text, re.M):
                found.append(f'{at(match.start())}{kind} {name} {match[1]};')
        else:
            pattern = (theirs or ours).replace('*', r'\w*')
            for match in re.finditer(rf'^\s*#\s*define\s+({pattern})\s+(\S.*)', text, re.M):
                define = ours if theirs else match[1]
                found.append(f'#undef {define}\n{at(match.start(1))}#define {define} {match[2]}')
        if not found:
            raise Doubt(table, extra.line, f'{extra.file} has no {theirs or name}')
        result += ''.join(f'{one}\n' for one in found)
    return result


def measure(tree: Path, headers: Path, arch: Arch, groups: dict[str, list[str]], extras: list[Extra],
            table: Path) -> dict[str, list]:
    """Name of our header -> its facts, in the order of the kernel's headers."""
    kconfig = kernel_tree.Kconfig(tree, arch)
    text = ''.join(extract(tree, extra, table, kconfig) for extra in extras
                   if extra.file.split('/')[0] != 'arch' or extra.file.split('/')[1] == arch.kernel)
    # The types come in the name of no header of ours.
    compiler = Compiler(headers, arch, groups, f'# 1 "/kernel-types"\n{KERNEL_TYPES}{text}# 1 "<stdin>"\n')
    owner = {file: name for name, files in groups.items() for file in files}
    owner.update({f'{EXTRA}{extra.header}/{extra.file}': extra.header for extra in extras})
    types = Types(compiler)
    facts: dict[str, list] = {name: [] for name in groups}
    wanted = [die for die in types.top if types.header(die) in owner]
    records = [die for die in wanted if die.tag != 'enumeration_type' and types.tag(die)]

    def expression(die: Die) -> str:
        typedef = types.typedefs.get(id(die))
        return f'(unsigned long)_Alignof({typedef or types.spell(die)})'

    def source(header: str, line: int) -> str:
        return f'{header[len(EXTRA):].partition("/")[2]}:{line}' if header.startswith(EXTRA) else ''
    aligns = compiler.evaluate([expression(die) for die in records])
    enumerators: dict[str, int] = {}
    for die in wanted:
        group = facts[owner[types.header(die)]]
        where = source(types.header(die), die.number('decl_line'))
        if die.tag == 'enumeration_type':
            values = tuple((child.name(), int(child.attributes['const_value'], 0)) for child in die.children
                           if child.tag == 'enumerator')
            enumerators.update(values)
            group.append(Enum(types.tag(die), values, where))
        elif types.tag(die):
            align = aligns[expression(die)][0]
            try:
                group.append(Record('struct' if die.tag[0] == 's' else 'union', types.tag(die),
                                    die.number('byte_size'), align, types.members(die), types.typedefs.get(id(die), ''), where))
            except ValueError as error:
                raise Doubt(headers / types.header(die), die.number('decl_line'), f'{types.tag(die)}: {error}') from None
    macros = [(name, body, header, line) for name, body, header, line in compiler.macros()
              if name not in enumerators and not name.startswith('__NR_')]
    values = compiler.evaluate([name for name, _, _, _ in macros])
    strings = compiler.strings([name for name, _, _, _ in macros if name not in values])
    for name, body, header, line in macros:
        if name in values:
            number, suffix = values[name]
            # As a person wrote it, where one did; large values of expressions in hexadecimal.
            hexadecimal = number >= 10 and re.search(r'0[xX]|<<', body) or number >= 4096 and not re.fullmatch(r'\(?\d+[uUlL]*\)?', body)
            text = f'{hex(number) if hexadecimal else number}'
            text = suffix + text if suffix == HANDLER else text + suffix
            # A name that is ours too stays the same token, which a program may see twice.
            if name.startswith('LINUX_') and re.fullmatch(r'0[xX]\w+|\d+', body):
                text = body
            facts[owner[header]].append(Macro(name, text, source(header, line)))
        elif name in strings:
            facts[owner[header]].append(Macro(name, f'"{strings[name]}"', source(header, line)))
    return facts
