# SPDX-License-Identifier: MIT
"""New kernels by the book: the sections of CONTRIBUTING.md, followed in a copy of the project.

The kernel before the table's and the table's own are Debian's source packages, fetched and kept in
the cache; the one after it is made up from the latter.
"""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from unittest import mock

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests'), str(TOP / 'tests/vm')]

import arches               # noqa: E402
import call_notes           # noqa: E402
import debian_fetch         # noqa: E402
import kernel_tree          # noqa: E402
import matrix               # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import test_abi             # noqa: E402

# The calls that releases of the kernel brought on x86_64, by its own tables: what the notes are held against.
KNOWN = {
    '6.15': {'open_tree_attr': 467}, '6.16': {}, '6.17': {'file_getattr': 468, 'file_setattr': 469}, '6.18': {'uprobe': 336},
    '6.19': {'listns': 470}, '7.0': {'rseq_slice_yield': 471}, '7.1': {}, '7.2': {}, '7.3': {'fchroot': 472},
}


def release_before(release: str) -> str:
    """Before the first of a major, the last of the one before that Debian's list has; '' if it has none."""
    major, minor = tables.release(release)
    if minor:
        return f'{major}.{minor - 1}'
    return max((one for one in debian_fetch.SUITES if tables.release(one)[0] == major - 1), key=tables.release, default='')


def release_after(release: str) -> str:
    major, minor = tables.release(release)
    return f'{major}.{minor + 1}'


def prototype(row: tables.Row) -> str:
    return f'{row.kernel_name}({", ".join(map(str, row.args)) or "void"})'


def where(row: tables.Row) -> list[str]:
    return [f'{arch} {number}' for arch, number in row.numbers.items()]


TABLE, NOTES = tables.read_syscalls(), call_notes.read_notes()
NOW = TABLE.release
BEFORE, NEXT = release_before(NOW), release_after(NOW)
# Of the made-up kernel: what it drops, what takes an argument more, and what is new.
DROPPED = test_abi.DROPPED
GROWN = tables.newest([row for row in TABLE.rows if row.kernel_name == 'fchroot'])[0]
GROWN_NAME = f'fchroot_{NEXT.replace(".", "_")}'
NUMBER = 1 + max(number for row in TABLE.rows for number in row.numbers.values())
SAID = f'''\
* Added: late ({", ".join(f"{arch} {NUMBER}" for arch in TABLE.arches)})
    late(struct late_args *args, size_t usize, unsigned int flags)
* Removed: {DROPPED.name} ({", ".join(where(DROPPED))})
    {prototype(DROPPED)}
* Changed: fchroot ({", ".join(where(GROWN))})
    was {prototype(GROWN)}
    now {prototype(GROWN)[:-1]}, unsigned long more)
'''
LATE = f'''late {" ".join([NEXT] * len(TABLE.arches))} - -
	summary: Be late on purpose
	category: time
	returns: zero
	man: -
	args: in bytes=usize
'''


def earlier() -> list[tables.Row]:
    """Rows that no tree of the release before tells of: calls that were dropped by then, and functions beside newer ones."""
    forms = {row.kernel_name for row in TABLE.rows if row.call}
    return [replace(row, removed='' if row.removed == NOW else row.removed) for row in TABLE.rows
            if row.name != f'{row.call}_{NOW.replace(".", "_")}' and (row.kernel_name in forms or row.removed not in ('', NOW))]


def came(release: str) -> dict[str, dict[str, int]]:
    """What the notes say that came with a release, and where to."""
    return {name: found for name, note in NOTES.items()
            if (found := {arch: TABLE.forms(arch)[name][0].numbers[arch] for arch, since in note.since.items() if since == release})}


def edit(path: Path, old: str, new: str) -> None:
    """In a tree of hard links: only its own file changes."""
    text = path.read_text()
    assert text.count(old) == 1, f'{old!r} is {text.count(old)} times in {path}'
    path.unlink()
    path.write_text(text.replace(old, new))


def edit_match(path: Path, pattern: str, new: str) -> None:
    text = path.read_text()
    found, = re.finditer(pattern, text)
    edit(path, found[0], found.expand(new))


def next_tree(tree: Path) -> None:
    """A call with a header of its own, a call that is dropped and one that takes more."""
    edit_match(tree / 'Makefile', r'\nPATCHLEVEL = \d+\nSUBLEVEL = \d+\n', rf'\nPATCHLEVEL = {NEXT.partition(".")[2]}\nSUBLEVEL = 0\n')
    for name in ('arch/x86/entry/syscalls/syscall_64.tbl', 'scripts/syscall.tbl'):
        last = max(re.findall(r'(?m)^\d+\tcommon\t.*\n', (tree / name).read_text()), key=lambda line: int(line.split()[0]))
        edit(tree / name, last, f'{last}{NUMBER}\tcommon\tlate\tsys_late\n')
    edit_match(tree / 'arch/x86/entry/syscalls/syscall_64.tbl', rf'(?m)^{DROPPED.numbers["x86_64"]}\t\w+\t{DROPPED.name}\t+\w+\n', '')
    edit_match(tree / 'fs/open.c', r'SYSCALL_DEFINE\d\((fchroot, [^)]*)\)',
               'SYSCALL_DEFINE3(late, struct late_args __user *, args, size_t, usize, unsigned int, flags)\n{\n\treturn 0;\n}\n\n'
               rf'SYSCALL_DEFINE{len(GROWN.args) + 1}(\1, unsigned long, more)')
    edit_match(tree / 'include/linux/syscalls.h', r'(sys_fchroot\([^)]*)\);', r'\1, unsigned long more);\nstruct late_args;\n'
               'asmlinkage long sys_late(struct late_args __user *args, size_t usize, unsigned int flags);')
    (tree / 'include/uapi/linux/late.h').write_text('#define LATE_FAST 1\nstruct late_args {\n\tunsigned int when;\n\tunsigned int spare;\n};\n')


class Notes(unittest.TestCase):
    def test_known_releases(self) -> None:
        for release, calls in KNOWN.items():
            found = {name: on['x86_64'] for name, on in came(release).items() if 'x86_64' in on}
            self.assertEqual(found, calls, release)

    def test_releases_around(self) -> None:
        suites = dict.fromkeys(('6.9', '6.19', '7.0', '7.9', '7.10'), '')
        with mock.patch.object(debian_fetch, 'SUITES', suites):
            self.assertEqual([release_before(one) for one in ('6.0', '7.0', '7.3', '7.10', '8.0')], ['', '6.19', '7.2', '7.9', '7.10'])
        self.assertEqual([release_after(one) for one in ('7.0', '7.9')], ['7.1', '7.10'])


class ByTheBook(test_abi.Case):
    def setUp(self) -> None:
        if not BEFORE:
            self.skipTest(f'no release before {NOW} is in SUITES of tests/debian_fetch.py')
        for tool in ('make', 'clang'):
            if not shutil.which(tool):
                self.skipTest(f'{tool} is not installed')

    def tree(self, release: str) -> Path:
        try:
            return debian_fetch.kernel_source(release)
        except debian_fetch.Unavailable as reason:
            self.skipTest(f'no source of Linux {release}: {reason}')

    def tool(self, *arguments: str | Path, fails: str = '') -> str:
        result = subprocess.run([sys.executable, str(self.project / 'gen/syscall_table.py'), *map(str, arguments)], text=True, timeout=900,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, int(bool(fails)), result.stderr)
        self.assertRegex(result.stderr, fails or r'\A\Z')
        return result.stdout

    def lists(self) -> dict[str, list[str]]:
        return {arch: test_abi.lines((self.project / 'src/arch' / arch / 'abi.list').read_text()) for arch in test_abi.ARCHES}

    def without(self, before: tables.Table, tree: Path) -> None:
        """What people write of what is new is not there yet: as it was for the calls of that table, and for the headers of that tree."""
        def change(name: str, pattern: str, new: str | Callable[[re.Match[str]], str]) -> None:
            path = self.project / name
            path.write_text(re.sub(rf'(?m){pattern}', new, path.read_text()))

        rows = {arch: before.forms(arch) for arch in TABLE.arches}
        for name, note in NOTES.items():
            if not any(name in rows[arch] for arch in TABLE.arches):
                change('gen/notes.tbl', rf'^{name} .*\n(\t.*\n)*', '')
                change('gen/notes.tbl', rf'^\treplaced-by: {name}\n', '')
                change('gen/libc.tbl', rf'^.*\b{name}\(.*\n', '')
                change('gen/probes.tbl', rf'^(args|none) {name}\b.*\n', '')
                change('gen/probes.tbl', rf'^(eperm.*) {name}\b', r'\1')
                for path in [*self.project.glob(f'src/arch/*/{name}.S'), *self.project.glob(f'man/calls/{name}.mdoc')]:
                    path.unlink()
                for path in self.project.glob('man/calls/*.mdoc'):
                    change(str(path), rf'^(\.\\" see-also:.*) linux_{name}\b', r'\1')
                continue
            since = [note.since[arch] if name in rows[arch] else '-' for arch in TABLE.arches]
            if len(note.since) != len(since) - since.count('-'):
                change('gen/notes.tbl', rf'^{name}(?: +[\d.-]+){{{len(since)}}}(?= )', f'{name} {" ".join(since)}')
            if NOW in note.changed:
                taken = {arg.name for arch in TABLE.arches for row in rows[arch].get(name, []) for arg in row.args}
                change('gen/notes.tbl', rf'^({name} .*) changed={re.escape(NOW)}\b', r'\1')
                for arg in note.uses.keys() - taken:
                    change('gen/notes.tbl', rf'^({name} .*\n(?:\t.*\n)*?)\t{arg}: .*\n', r'\1')
                for path in self.project.glob(f'man/calls/{name}_{NOW.replace(".", "_")}.mdoc'):
                    path.unlink()

        # Headers, and what is taken from others, that the tree has.
        def there(match: re.Match[str]) -> str:
            text = (tree / match[2]).read_text() if (tree / match[2]).exists() else ''
            names = [name for name in match[3].split() if any(part in text for part in re.findall(r'\w+(?![\w:])', name))]
            return f'{match[1]} {match[2]} {" ".join(names)}\n' if names else ''

        change('gen/uapi.tbl', r'[ \t](linux/\S+)', lambda match: match[0] if (tree / 'include/uapi' / match[1]).exists() else ' ')
        change('gen/uapi.tbl', r'^\w+\s+\n', '')
        change('gen/abi-extra.tbl', r'^(\w+)\s+(\S+)\s+(.*)\n', there)

    def with_all(self) -> None:
        """What people write, as it is committed."""
        for name in ('gen/notes.tbl', 'gen/libc.tbl', 'gen/probes.tbl', *(str(path.relative_to(TOP)) for path in TOP.glob('src/arch/*/*.S'))):
            shutil.copy(TOP / name, self.project / name)
        shutil.copytree(TOP / 'man', self.project / 'man', dirs_exist_ok=True)

    def version(self, release: str, said: str, brought: Iterable[str] = ('linux_read',)) -> Path:
        """VERSION, NEWS and abi.list, pages of what it brought, and the library."""
        (self.project / 'VERSION').write_text(f'{release}.0\n')
        news = self.project / 'NEWS'
        news.write_text(f'liblinux {release}.0 for Linux {release}, November 21, 2026\n\n{said}\n{news.read_text()}')
        for arch in test_abi.ARCHES:
            self.tool('emit', 'abi.list', arch, self.project / 'src/arch' / arch / 'abi.list')
        (self.project / 'pages').mkdir(exist_ok=True)
        self.tool('emit', 'man', 'x86_64', self.project / 'pages')
        for name in brought:
            self.assertIn(f'liblinux {release}.0', (self.project / f'pages/{name}.3').read_text())
        self.assertEqual(test_abi.unsaid(self.project), [])
        library = self.library('x86_64', self.project)
        (self.directory / 'x86_64-project').rename(self.directory / f'x86_64-{release}')
        return library.rename(self.directory / f'{release}.so')

    def added(self, before: Path, after: Path) -> list[str]:
        self.same(before, after, '--no-added-syms')
        return sorted(re.findall(r'\[A\] .*?\b(linux_\w+)\(', self.abidiff(before, after)[1]))

    def check_said(self, said: str) -> None:
        """Of the kernel of the table: what the notes and the marks of the table say."""
        heads = {(title, name, one) for title, name, on in re.findall(r'(?m)^\* (\w+): (\w+) \((.*)\)$', said) for one in on.split(', ')}
        expected = {('Added', name, f'{arch} {number}') for name, on in came(NOW).items() for arch, number in on.items()}
        expected |= {('Removed', row.kernel_name, one) for row in TABLE.rows if row.removed == NOW for one in where(row)}
        self.assertEqual({head for head in heads if head[0] != 'Changed'}, expected)
        self.assertEqual({name for title, name, _ in heads if title == 'Changed'}, {name for name, note in NOTES.items() if NOW in note.changed})
        for row in TABLE.rows:
            if row.name in NOTES and set(NOTES[row.name].since.values()) == {NOW}:
                self.assertIn(f'\n    {prototype(row)}\n', f'\n{said}')

    def test_two_kernels(self) -> None:
        trees = {release: self.tree(release) for release in (BEFORE, NOW)}
        if kernel_tree.read_version(trees[NOW]) != TABLE.tree:
            self.skipTest(f'Debian has another tree now, the table is of {TABLE.tree}')
        self.project = self.directory / 'project'
        for name in ('gen', 'include', 'src', 'man'):
            shutil.copytree(TOP / name, self.project / name, ignore=shutil.ignore_patterns('__pycache__'))
        (self.project / 'tests').mkdir()
        shutil.copy(TOP / 'tests/library_sources.py', self.project / 'tests')

        # The first version, of the kernel before.
        before = kernel_tree.read_tree(trees[BEFORE], tables.read_arches())
        names = {row.name for row in earlier()}
        before.rows = [row for row in before.rows if row.name not in names] + earlier()
        self.without(before, trees[BEFORE])
        for pattern in ('gen/syscalls.tbl', 'gen/errno.tbl', 'gen/uapi/*.tbl', 'src/arch/*/abi.list'):
            for path in self.project.glob(pattern):
                path.unlink()
        (self.project / 'NEWS').touch()
        if earlier():
            (self.project / 'gen/syscalls.tbl').write_text(tables.write_syscalls(tables.Table(before.tree, before.arches, earlier())))
        self.assertEqual(bool(self.tool('update', trees[BEFORE])), bool(earlier()))
        libraries = {BEFORE: self.version(BEFORE, '* The first version.\n')}
        first = self.lists()

        # The kernel of the table: all is as it is committed.
        for name in ('gen/uapi.tbl', 'gen/abi-extra.tbl'):
            shutil.copy(TOP / name, self.project / name)
        if changed := [name for name, note in NOTES.items() if NOW in note.changed]:
            self.tool('update', trees[NOW], fails=rf'({"|".join(changed)})\(.*\) is now .* acknowledge it with changed={re.escape(NOW)} in its note\n')
            notes = self.project / 'gen/notes.tbl'
            notes.write_text(re.sub(rf'(?m)^({"|".join(changed)}) .*', rf'\g<0> changed={NOW}', notes.read_text()))
        said = self.tool('update', trees[NOW])
        self.assertRegex(said, rf'\ASystem calls, Linux {re.escape(BEFORE)}\.\d+ to {re.escape(TABLE.tree)}:(\n\n| no change\n\Z)')
        said = said.partition('\n\n')[2]
        self.check_said(said)
        if new := came(NOW):
            self.tool('emit', 'syscalls.h', 'x86_64', '-', fails=rf'(syscalls|notes)\.tbl:\d+: ({"|".join(new)}) has no (note|release)')
        self.with_all()
        for path in (TOP / 'gen').rglob('*.tbl'):
            self.assertEqual((self.project / path.relative_to(TOP)).read_text(), path.read_text(), path.name)
        self.tool('emit', 'syscalls.h', 'x86_64', '-', fails=rf'VERSION:1: {re.escape(BEFORE)}\.0 is not of Linux {re.escape(NOW)}')
        brought = {arch: [line for line in test_abi.lines((TOP / 'src/arch' / arch / 'abi.list').read_text()) if line.startswith(f'LINUX_{NOW} ')]
                   for arch in test_abi.ARCHES}
        names = sorted(re.search(r'(\w+)\(', line)[1] for line in brought['x86_64'])
        libraries[NOW] = self.version(NOW, said, names)
        second = self.lists()
        for arch in test_abi.ARCHES:
            self.assertEqual(second[arch], [*first[arch], *brought[arch]])
        self.assertEqual(self.added(libraries[BEFORE], libraries[NOW]), names)

        # One that nobody has seen.
        place = Path(tempfile.mkdtemp(dir=trees[NOW].parent))       # hard links need the file system
        self.addCleanup(shutil.rmtree, place)
        test_abi.run('cp', '-al', trees[NOW], place / 'tree')
        next_tree(place / 'tree')
        before = (self.project / 'gen/syscalls.tbl').read_text()
        self.tool('update', place / 'tree', fails=rf'fchroot\(.*\) is now .* acknowledge it with changed={re.escape(NEXT)} in its note\n\Z')
        self.assertEqual((self.project / 'gen/syscalls.tbl').read_text(), before)
        notes, uapi = self.project / 'gen/notes.tbl', self.project / 'gen/uapi.tbl'
        notes.write_text(re.sub(r'(?m)^fchroot .*', rf'\g<0> changed={NEXT}', notes.read_text()))
        edit_match(notes, r'(?m)^lchown .*\n', rf'{LATE}\g<0>')
        uapi.write_text(f'{uapi.read_text()}late linux/late.h\n')
        said = self.tool('update', place / 'tree').partition('\n\n')[2]
        self.assertEqual(said, SAID)
        late = [f'linux_{GROWN_NAME}', 'linux_late']
        libraries[NEXT] = self.version(NEXT, said, late)
        for arch, lines in self.lists().items():
            args, = (found[1] for line in second[arch] if (found := re.search(rf' linux_{GROWN.name}\((.*)\)$', line)))
            self.assertEqual(lines, [*second[arch], f'LINUX_{NEXT} long linux_{GROWN_NAME}({args}, unsigned long)',
                                     f'LINUX_{NEXT} long linux_late(const struct linux_late_args *, unsigned long, unsigned int)'])
        self.assertEqual(self.added(libraries[NOW], libraries[NEXT]), late)
        self.assertEqual(self.added(libraries[BEFORE], libraries[NEXT]), sorted([*names, *late]))


class Suites(unittest.TestCase):
    """Debian's suites of the kernels that are booted."""

    def test_every_kernel_has_one(self) -> None:
        for arch in arches.every():
            for release in arch.kernels:
                self.assertIn(release, debian_fetch.SUITES, f'src/arch/{arch.name}/test/test.ini')

    def test_a_kernel_without(self) -> None:
        """Is not run, and says what is missing."""
        arch = replace(arches.every()[0], kernels=('99.9',))
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(matrix.arches, 'every', return_value=[arch]), \
                mock.patch.object(matrix.shutil, 'which', return_value='qemu'):
            report, = matrix.run_all({arch.name: Path(folder)}, Path(folder), False, ['99.9'])
        self.assertEqual(report.unavailable, 'no suite of Debian is known for Linux 99.9: SUITES in tests/debian_fetch.py has no line for it')


if __name__ == '__main__':
    tap.main()
