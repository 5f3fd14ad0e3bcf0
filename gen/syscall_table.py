#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the table of system calls from a kernel tree, and everything else from the table."""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import call_notes
import emit
import kernel_tree
import tables
import uapi_headers
import uapi_tables
from tables import Arch, Doubt, Row, Table


def merge(previous: Table, tree: Table, notes: dict[str, call_notes.Note], path: Path) -> Table:
    """The next table: all that the tree has, and all that an earlier tree had."""
    if missing := [arch for arch in previous.arches if arch not in tree.arches]:
        raise Doubt(path, 1, f'{missing[0]} is in the table, but is no directory of src/arch')
    rows: list[Row] = []

    def add(row: Row, arch: str, number: int) -> None:
        for known in rows:
            if known.name == row.name and known.shape() == row.shape():
                known.numbers[arch] = number
                return
        rows.append(replace(row, numbers={arch: number}))

    for arch in tree.arches:
        now = tree.calls(arch)
        before = previous.forms(arch)
        owner = {row.numbers[arch]: row.name for row in now.values()}
        for name, forms in before.items():
            number = forms[-1].numbers[arch]
            if name in now:
                continue
            if number in owner:
                raise Doubt(path, forms[-1].line, f'{name} had number {number} on {arch}, which is {owner[number]} now')
            for old in forms:
                add(replace(old, removed=old.removed or tree.release), arch, number)
        for name, new in now.items():
            # On an architecture that comes later a call is what it is on the others.
            forms = before.get(name) or next((found[name] for other in previous.arches if name in (found := previous.forms(other))), [])
            for row in follow(forms, new, arch, name in before, notes, tree.release, path):
                add(row, arch, new.numbers[arch])
    return Table(tree.tree, tree.arches, rows)


def follow(forms: list[Row], new: Row, arch: str, here: bool, notes: dict[str, call_notes.Note], release: str, path: Path) -> list[Row]:
    """The functions of a call, which had these; what callers were compiled with stays."""
    if not forms or not here and len(forms) == 1:
        return [new]
    old = forms[-1]
    if here and old.numbers[arch] != new.numbers[arch]:
        raise Doubt(path, old.line, f'{new.name} changed its number on {arch}: {old.numbers[arch]}, now {new.numbers[arch]}')
    if old.noreturn and not new.noreturn:
        raise Doubt(path, old.line, f'{new.name} is noreturn, which no table of the kernel says now')
    earlier = [replace(form, noreturn=new.noreturn, removed='') for form in forms[:-1]]
    same = replace(new, name=old.name, call=old.call)
    if emit.prototype_types(old, {}) == emit.prototype_types(new, {}):
        return [*earlier, same]

    def text(row: Row) -> str:
        return f'({", ".join(emit.prototype_types(row, {})) or "void"})'
    said = f'{new.name}{text(old)} is now {text(new)}'
    registers = emit.prototype_kinds(old) != emit.prototype_kinds(new)
    own = f'{new.name}_{release.replace(".", "_")}'
    if new.name not in notes or release not in notes[new.name].changed:
        more = f': callers pass other registers, linux_{own} is for these, and linux_{old.name} stays' if registers else ''
        raise Doubt(path, old.line, f'{said}{more}: acknowledge it with changed={release} in its note')
    if not registers:
        return [*earlier, same]
    if own == old.name:
        raise Doubt(path, old.line, f'{said}, the second time in {release}: begin with the table of the release before')
    return [*earlier, replace(old, noreturn=new.noreturn, removed=''), replace(new, name=own, call=new.name)]


def types(tree: Path, version: str, arches: list[Arch], headers: Path | None) -> dict[Path, str]:
    """The files of gen/uapi."""
    groups = uapi_tables.read_groups(uapi_tables.GROUPS)
    extras = uapi_tables.read_extra(uapi_tables.EXTRA, groups)
    measured: dict[str, dict[str, list]] = {name: {} for name in groups}
    with tempfile.TemporaryDirectory() as directory:
        for arch in arches:
            root = headers or uapi_headers.install(tree, arch, Path(directory) / arch.name)
            uapi_headers.check_release(root, version)
            facts = uapi_headers.measure(tree, root, arch, groups, extras, uapi_tables.EXTRA)
            for name, found in facts.items():
                measured[name][arch.name] = found
    sources = {name: files + [extra.file for extra in extras if extra.header == name] for name, files in groups.items()}
    return {uapi_tables.FACTS / f'{name}.tbl': uapi_tables.write(version, list(dict.fromkeys(sources[name])), by_arch)
            for name, by_arch in measured.items()}


def update(tree: Path, path: Path, headers: Path | None = None) -> str:
    """Write the tables, and say what is other in that of the calls."""
    arches = tables.read_arches()
    version = kernel_tree.read_version(tree)
    previous = tables.read_syscalls(path) if path.exists() else None
    if previous and tables.version_key(version) < tables.version_key(previous.tree):
        raise Doubt(tree / 'Makefile', 1, f'Linux {version} is older than {path.name}, which is of {previous.tree}')
    table = kernel_tree.read_tree(tree, arches)
    errno = kernel_tree.read_errno(tree, arches)
    if previous:
        table = merge(previous, table, call_notes.read_notes(), path)
    errno_path = path.with_name('errno.tbl')
    if errno_path.is_file():
        check_errno(errno, errno_path, version)
    files = {path: tables.write_syscalls(table), errno_path: tables.write_errno(table.tree, errno)}
    if path == tables.SYSCALLS:
        files.update(types(tree, version, arches, headers))
    tables.write_files(files)
    return difference(previous, table) if previous else ''


def check_errno(rows: list[tuple[str, str]], path: Path, version: str) -> None:
    """Values that programs were compiled with do not change."""
    if tables.version_key(version) < tables.version_key(tables.tree_of(path)):
        raise Doubt(path, 1, f'is of Linux {tables.tree_of(path)}, newer than {version}: give --table another directory')
    now = dict(rows)
    for name, value in tables.read_errno(path):
        if now.get(name) != value:
            raise Doubt(path, 1, f'{name} was {value}, and is {now.get(name, "gone")} in Linux {version}')


def load(path: Path) -> Table:
    """A table, or the table that a tree would make."""
    if path.is_dir():
        return kernel_tree.read_tree(path, tables.read_arches())
    table = tables.read_syscalls(path)
    emit.check_types(table, path)
    return table


def difference(before: Table, after: Table) -> str:
    """What a release announcement says of the calls, as NEWS has it."""
    lines: list[str] = []

    def calls(table: Table) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in table.rows:
            if not row.removed:
                found.setdefault(row.kernel_name, []).append(row)
        # What the kernel takes now, whatever it took before.
        return {name: tables.newest(rows) for name, rows in found.items()}

    def numbers(rows: list[Row]) -> str:
        return ', '.join(f'{arch} {nr}' for row in rows for arch, nr in row.numbers.items())

    old, new = calls(before), calls(after)
    for title, names, side in (('Added', new.keys() - old.keys(), new), ('Removed', old.keys() - new.keys(), old)):
        for name in sorted(names):
            lines.append(f'* {title}: {name} ({numbers(side[name])})')
            lines += [f'    {emit.kernel_prototype(row)}' for row in side[name]]
    for name in sorted(old.keys() & new.keys()):
        found: dict[tuple[str, ...], list[str]] = {}        # what is to be said -> of which architectures
        for arch in dict.fromkeys(before.arches + after.arches):
            one, two = (next((row for row in side[name] if arch in row.numbers), None) for side in (old, new))
            if not one or not two:
                if one or two:
                    found.setdefault(('Added',) if two else ('Removed',), []).append(f'{arch} {(one or two).numbers[arch]}')
            elif one.numbers[arch] != two.numbers[arch]:
                found.setdefault(('Changed',), []).append(f'{arch} {one.numbers[arch]}, now {two.numbers[arch]}')
            elif one.noreturn != two.noreturn:
                found.setdefault(('Changed', '    never returns' if two.noreturn else '    returns'), []).append(f'{arch} {one.numbers[arch]}')
            elif emit.prototype_types(one, {}) != emit.prototype_types(two, {}):
                text = ('Changed', f'    was {emit.kernel_prototype(one)}', f'    now {emit.kernel_prototype(two)}')
                found.setdefault(text, []).append(f'{arch} {one.numbers[arch]}')
        for (title, *rest), where in found.items():
            lines += [f'* {title}: {name} ({", ".join(where)})', *rest]
    head = f'System calls, Linux {before.tree} to {after.tree}:'
    return f'{head}\n\n' + '\n'.join(lines) + '\n' if lines else f'{head} no change\n'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    command = commands.add_parser('update', help='read a kernel tree, write the tables of calls and of errnos')
    command.add_argument('tree', type=Path)
    command.add_argument('--table', type=Path, default=tables.SYSCALLS, metavar='FILE',
                         help='another table than gen/syscalls.tbl: errno.tbl is written beside it, and no types')
    command.add_argument('--headers', type=Path, metavar='DIR',
                         help='UAPI headers of that release, as linux-libc-dev has them (usr/include); '
                         'without it, make headers is run on the tree')
    command = commands.add_parser('emit', help='write a generated file; - is standard output')
    command.add_argument('name', help=f'one of {", ".join([*emit.OUTPUTS, *emit.DIRECTORIES])}, or CALL.c for the wrapper of a call')
    command.add_argument('arch')
    command.add_argument('file', help=f'for {" and ".join(emit.DIRECTORIES)}, a directory')
    command = commands.add_parser('diff', help='calls added, removed and changed from A to B, tables or trees')
    command.add_argument('a', type=Path)
    command.add_argument('b', type=Path)
    options = parser.parse_args()
    try:
        if options.command == 'update':
            sys.stdout.write(update(options.tree, options.table, options.headers))
        elif options.command == 'diff':
            sys.stdout.write(difference(load(options.a), load(options.b)))
        else:
            facts = emit.load(options.arch)
            if options.name in emit.DIRECTORIES:
                files = emit.DIRECTORIES[options.name](facts)
                tables.write_files({Path(options.file) / name: text for name, text in files.items()})
            else:
                text = emit.output(options.name, facts)
                if options.file == '-' and not sys.stdout:
                    raise OSError(9, 'is closed')
                if options.file == '-':
                    sys.stdout.write(text)
                else:
                    tables.write_files({Path(options.file): text})
        if sys.stdout:
            sys.stdout.flush()
    except Doubt as doubt:
        print(doubt, file=sys.stderr)
        return 1
    except OSError as error:
        print(f'{error.filename or "standard output"}:1: {error.strerror}', file=sys.stderr)
        os._exit(1)         # what is left in a broken standard output is nobody's
    except emit.Unknown as error:
        print(f'syscall_table.py: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
