#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damaged tables and trees for the generator's readers: each is read, or raises Doubt with its file and a line.

Deterministic: a target, a seed and a number give one input. What breaks a reader is left in the folder FINDINGS.
"""
from __future__ import annotations

import argparse
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Callable, Iterator

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / 'gen'))

import call_notes           # noqa: E402
import emit                 # noqa: E402
import emit_command         # noqa: E402
import kernel_tree          # noqa: E402
import tables               # noqa: E402
import uapi_tables          # noqa: E402

CORPUS = TOP / 'tests/fuzz/corpus/generator'
MINI = TOP / 'tests/mini'
LIMIT = 20                      # seconds that an input may take; most take a thousandth of one
LINES = 30                      # of a table that are damaged at once

ARCHES = [arch for arch in tables.read_arches() if arch.name in ('x86_64', 'aarch64')]
TABLE = tables.read_syscalls()
CALLS = {row.name for row in TABLE.rows}


class Broken(Exception):
    """A reader did what it may not."""


# What reads a file, and holds what it read against itself.

def read_syscalls(path: Path) -> None:
    table = tables.read_syscalls(path)
    emit.check_types(table, path)
    text = tables.write_syscalls(table)
    path.write_text(text, encoding='utf-8')
    again = tables.read_syscalls(path)
    if tables.write_syscalls(again) != text:
        raise Broken('what was written is read as something else')


def read_notes(path: Path) -> None:
    notes = call_notes.read_notes(path)
    rows = [row for row in TABLE.rows if row.name in notes]
    call_notes.check_notes(tables.Table(TABLE.tree, TABLE.arches, rows), notes, path=path)
    for note in notes.values():
        call_notes.check_details([row for row in rows if row.name == note.name], note, path)


def read_uapi(path: Path) -> None:
    names = [arch.name for arch in ARCHES]
    facts = uapi_tables.read(path, names)
    for _, fact in facts:
        uapi_tables.key(fact)
    text = '\n'.join(line for arch, fact in facts for line in uapi_tables.write_fact(fact, arch))
    path.write_text(text, encoding='utf-8')
    if uapi_tables.read(path, names) != facts:
        raise Broken('what was written is read as something else')


def read_errno(path: Path) -> None:
    tree, rows = tables.tree_of(path), tables.read_errno(path)
    tables.version_key(tree)
    path.write_text(tables.write_errno(tree, rows), encoding='utf-8')
    if tables.read_errno(path) != rows:
        raise Broken('what was written is read as something else')


def read_arch(path: Path) -> None:
    directory = path.with_name('arch')
    (directory / 'x86_64').mkdir(parents=True, exist_ok=True)
    shutil.move(str(path), str(directory / 'x86_64/arch.ini'))
    tables.read_arches(directory)


def read_tree(tree: Path) -> None:
    table = kernel_tree.read_tree(tree, ARCHES)
    errno = kernel_tree.read_errno(tree, ARCHES)
    path = tree.with_name('syscalls.tbl')
    path.write_text(tables.write_syscalls(table), encoding='utf-8')
    try:
        again = tables.read_syscalls(path)
        emit.check_types(again, path)
    except tables.Doubt as doubt:
        raise Broken(f'the tree is read, but the table that is made of it is not: {doubt}') from None
    if tables.write_syscalls(again) != path.read_text(encoding='utf-8'):
        raise Broken('what was written is read as something else')
    path.write_text(tables.write_errno(table.tree, errno), encoding='utf-8')
    try:
        if tables.read_errno(path) != errno:
            raise Broken('what was written is read as something else')
    except tables.Doubt as doubt:
        raise Broken(f'the tree is read, but the table that is made of it is not: {doubt}') from None


TARGETS: dict[str, tuple[Callable[[Path], object], list[Path]]] = {
    'syscalls.tbl': (read_syscalls, [tables.SYSCALLS]),
    'notes.tbl': (read_notes, [tables.NOTES]),
    'uapi-facts.tbl': (read_uapi, sorted(uapi_tables.FACTS.glob('*.tbl'))),
    'uapi.tbl': (uapi_tables.read_groups, [uapi_tables.GROUPS]),
    'abi-extra.tbl': (lambda path: uapi_tables.read_extra(path, {}), [uapi_tables.EXTRA]),
    'libc.tbl': (tables.read_libc, [tables.LIBC]),
    'errno.tbl': (read_errno, [tables.ERRNO]),
    'shared.tbl': (tables.read_shared, [tables.SHARED]),
    'probes.tbl': (lambda path: emit_command.read_probes(TABLE, path), [emit_command.PROBES]),
    'abi.list': (tables.read_abi, [tables.ARCH / arch.name / 'abi.list' for arch in ARCHES]),
    'functions.ini': (lambda path: tables.read_functions(ARCHES, path), [tables.FUNCTIONS]),
    'arch.ini': (read_arch, [tables.ARCH / arch.name / 'arch.ini' for arch in ARCHES]),
    'VERSION': (tables.read_version, [tables.VERSION]),
    'NEWS': (lambda path: tables.read_date(tables.read_version(), path), [tables.NEWS]),
    'read.mdoc': (lambda path: tables.read_fragment(path, CALLS), sorted((tables.PAGES / 'calls').glob('*.mdoc'))),
    'tree': (read_tree, sorted(path for path in MINI.rglob('*') if path.is_file() and not path.is_symlink())),
}


# How an input is damaged.

ODD = ['\0', '\t', '\r', '\v', '\f', '\x1c', '\x85', '\u2028', '\ufeff', '\xe9', '\u0663', '\xb2', '\udcff', '"', "'", '\\', '/*', '*/', '//',
       '#', '=', ':', ',', ';', '-', '*', '%', '$', '(', ')', '[', ']', '{', '}', '<', '@', '|', '&&', '||', '!', '\\\n', ' ', '\n']
WORDS = ['0', '1', '-1', '6', '7', '64', '007', '0x10', '4294967296', '9' * 30, '9' * 5000, '7.3', '7.3.4', '7.3.4-rc1', '0.0', '99.99',
         '-', '*', 'void', 'const', 'struct', 'union', 'enum', 'macro', 'struct x', '__user', 'char *', 'unsigned', 'int', 'u64', 'new', 'removed=7.3',
         'noreturn', 'x86_64', 'aarch64', 'in', 'out', 'inout', 'bytes=count', 'elements=*n', 'string', 'written=result', 'common', '64', 'x32',
         'sys_read', 'sys_ni_syscall', 'SYSCALL_DEFINE1(', 'SYSCALL_DEFINE6(read, int, a, int, b, int, c, int, d, int, e, int, f)',
         '#if CONFIG_X', '#ifdef', '#else', '#elif', '#endif', '#define', 'asmlinkage long sys_read(', 'config A', '\tdepends on A && !A', '\tselect A if A',
         '\tbool "a"', '[DEFAULT]', '[linux_x]', '[ linux_x]', '%(a)s', '\u0663', 'E2BIG', '= x(1)', '(*)(int)', '.Sh ERRORS', '.Sh DESCRIPTION',
         '(' * 3000, '!' * 3000, '/*' * 300, '* ' * 300, 'a ' * 300]


def damage(lot: random.Random, text: str) -> str:
    lines = text.split('\n')
    for _ in range(lot.choice((1, 1, 1, 2, 3, 5))):
        at = lot.randrange(len(lines))
        line = lines[at]
        spot = lot.randint(0, len(line))
        kind = lot.randrange(12)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(lot.randint(0, len(lines)), line)
        elif kind == 2:
            other = lot.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 3:
            lines[at] = line[:spot]
        elif kind == 4:
            lines[at] = line[:spot] + lot.choice(ODD) + line[spot:]
        elif kind == 5:
            end = min(len(line), spot + lot.randint(1, 4))
            lines[at] = line[:spot] + line[end:]
        elif kind == 6:
            lines[at] = line[:spot] + lot.choice(WORDS) + line[spot:]
        elif kind in (7, 8, 9):
            words = list(re.finditer(r'\w+', line))
            if words:
                word = lot.choice(words)
                elsewhere = re.findall(r'\w+', lot.choice(lines)) or ['']
                lines[at] = line[:word.start()] + lot.choice([lot.choice(WORDS), lot.choice(elsewhere)]) + line[word.end():]
        elif kind == 10:
            lines[at] = lot.choice(('\t', ' ', '\t' * 2000)) + line if lot.random() < 0.8 else line.lstrip()
        elif lot.random() < 0.5:
            # Each line within the one before it.
            lines[at:at + 1] = ['\t' * n + line for n in range(lot.choice((3, 1500)))]
        else:
            lines[at:at + 2] = [' '.join(lines[at:at + 2])]
        if not lines:
            lines = ['']
    return '\n'.join(lines)


def part(lot: random.Random, text: str) -> str:
    """A few lines of a table, below what all of it begins with; half of the time its first ones."""
    lines = text.split('\n')
    head = next((n for n, line in enumerate(lines) if line and not re.match(r'#( |$)', line)), 0) + 1
    start = head if lot.random() < 0.5 else lot.randrange(len(lines))
    return '\n'.join(lines[:head] + lines[max(start, head):][:LINES])


# One input of the tree is a file of it: its name, and what it has.

def split(data: bytes) -> tuple[str, bytes]:
    name, _, rest = data.partition(b'\n')
    return name.decode(), rest


def make(target: str, seed: int, number: int) -> bytes:
    lot = random.Random(f'{target} {seed} {number}')
    source = lot.choice(TARGETS[target][1])
    text = source.read_text(encoding='utf-8')
    whole = target in ('tree', 'functions.ini', 'arch.ini', 'read.mdoc')
    text = damage(lot, text if whole else part(lot, text))
    data = text.encode('utf-8', 'surrogateescape')
    return f'{source.relative_to(MINI)}\n'.encode() + data if target == 'tree' else data


class TooLong(BaseException):
    pass


def too_long(signum: int, frame: object) -> None:
    raise TooLong


def attempt(target: str, data: bytes, directory: Path) -> str:
    """'' if the reader did as it must, else what it did."""
    path = directory / target
    if target == 'tree':
        if not path.exists():
            shutil.copytree(MINI, path, symlinks=True)
        name, content = split(data)
        changed = path / name
        changed.write_bytes(content)
    else:
        path.write_bytes(data)
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LIMIT)
    try:
        TARGETS[target][0](path)
    except tables.Doubt as doubt:
        if not re.fullmatch(r'[^\n]+?:[1-9]\d*: [^\n]+', str(doubt)):
            return f'no line that names a file and a line: {str(doubt)!r}'
        if str(directory) not in str(doubt):
            return f'it names another file: {str(doubt)!r}'
    except TooLong:
        return f'it took more than {LIMIT} seconds'
    except Broken as reason:
        return str(reason)
    except Exception:
        return traceback.format_exc()
    finally:
        signal.alarm(0)
        if target == 'tree':
            shutil.copy(MINI / name, changed)
    return ''


def kept(target: str) -> Iterator[tuple[Path, bytes]]:
    """The inputs that once broke it."""
    folder = CORPUS / target
    for path in sorted(folder.iterdir()) if folder.exists() else []:
        yield path, path.read_bytes()


def fuzz(target: str, seed: int, runs: int, seconds: float, findings: Path, most: int = 1) -> list[str]:
    """What was found, until there are that many; and how many inputs that took, on standard output."""
    found: list[str] = []
    seen: set[str] = set()
    began, number = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix='liblinux-') as directory:
        while number < runs and time.monotonic() - began < seconds and len(found) < most:
            data = make(target, seed, number)
            number += 1
            said = attempt(target, data, Path(directory))
            place = '\n'.join(re.findall(r'line \d+, in \w+', said)) or re.sub(r'\d+|\'.*?\'', '', said)
            if said and place not in seen:
                seen.add(place)
                findings.mkdir(parents=True, exist_ok=True)
                path = findings / f'{target}-{seed}-{number - 1}'
                path.write_bytes(data)
                found.append(f'{path}: {said}')
    print(f'# {target}: seed {seed}, {number} inputs', flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('targets', nargs='*', metavar='TARGET', help=f'of {", ".join(TARGETS)}; all if there is none')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--runs', type=int, default=10**9)
    parser.add_argument('--seconds', type=float, default=60, help='for each target')
    parser.add_argument('--findings', type=Path, default=TOP / 'build/fuzz')
    options = parser.parse_args()
    if wrong := [target for target in options.targets if target not in TARGETS]:
        parser.error(f"no target '{wrong[0]}'")
    status = 0
    for target in options.targets or TARGETS:
        for text in fuzz(target, options.seed, options.runs, options.seconds, options.findings, 20):
            print(text)
            status = 1
    return status


if __name__ == '__main__':
    sys.exit(main())
