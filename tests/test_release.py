# SPDX-License-Identifier: MIT
"""New kernels by the book: the sections of CONTRIBUTING.md, followed in a copy of the project.

The kernel before the table's and the table's own are Debian's source packages, fetched and kept in
the cache; the one after it is made up from the latter.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests'), str(TOP / 'tests/vm')]

import arches               # noqa: E402
import debian_fetch         # noqa: E402
import kernel_tree          # noqa: E402
import matrix               # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import test_abi             # noqa: E402

BEFORE, NOW, NEXT = '7.2', '7.3', '7.4'
NEW = {NOW: 'fchroot', NEXT: 'late'}
ON = ', '.join(f'{arch} {{0}}' for arch in test_abi.ARCHES)
SAID = {NOW: f'''\
* Added: fchroot ({ON.format(472)})
    fchroot(int fd, unsigned int flags)
''', NEXT: f'''\
* Added: late ({ON.format(473)})
    late(struct late_args *args, size_t usize, unsigned int flags)
* Removed: ustat (x86_64 136)
    ustat(unsigned dev, struct ustat *ubuf)
* Changed: fchroot ({ON.format(472)})
    was fchroot(int fd, unsigned int flags)
    now fchroot(int fd, unsigned int flags, unsigned long mask)
'''}
LATE = f'''
late {'7.4 ' * len(test_abi.ARCHES)} - -
	summary: Be late on purpose
	category: time
	returns: zero
	man: -
	args: in bytes=usize
'''


def edit(path: Path, old: str, new: str) -> None:
    """In a tree of hard links: only its own file changes."""
    text = path.read_text()
    assert text.count(old) == 1, f'{old!r} is {text.count(old)} times in {path}'
    path.unlink()
    path.write_text(text.replace(old, new))


def next_tree(tree: Path) -> None:
    """A call with a header of its own, a call that is dropped and one that takes more."""
    edit(tree / 'Makefile', re.search(r'PATCHLEVEL = 3\nSUBLEVEL = \d+\n', (tree / 'Makefile').read_text())[0], 'PATCHLEVEL = 4\nSUBLEVEL = 0\n')
    for name in ('arch/x86/entry/syscalls/syscall_64.tbl', 'scripts/syscall.tbl'):
        line = re.search(r'472\tcommon\tfchroot\t+sys_fchroot\n', (tree / name).read_text())[0]
        edit(tree / name, line, f'{line}473\tcommon\tlate\tsys_late\n')
    edit(tree / 'arch/x86/entry/syscalls/syscall_64.tbl', '136\tcommon\tustat\t\t\tsys_ustat\n', '')
    edit(tree / 'fs/open.c', 'SYSCALL_DEFINE2(fchroot, int, fd, unsigned int, flags)',
         'SYSCALL_DEFINE3(late, struct late_args __user *, args, size_t, usize, unsigned int, flags)\n{\n\treturn 0;\n}\n\n'
         'SYSCALL_DEFINE3(fchroot, int, fd, unsigned int, flags, unsigned long, mask)')
    edit(tree / 'include/linux/syscalls.h', 'sys_fchroot(int fd, unsigned int flags);', 'sys_fchroot(int fd, unsigned int flags, unsigned long mask);\n'
         'struct late_args;\nasmlinkage long sys_late(struct late_args __user *args, size_t usize, unsigned int flags);')
    (tree / 'include/uapi/linux/late.h').write_text('#define LATE_FAST 1\nstruct late_args {\n\tunsigned int when;\n\tunsigned int spare;\n};\n')


class ByTheBook(test_abi.Case):
    def setUp(self) -> None:
        if tables.read_syscalls().release != NOW:
            self.skipTest(f'the table is not of Linux {NOW}: give this test the kernels of its release')
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

    def without(self, name: str) -> None:
        """What people write of a call is not there yet."""
        notes, libc = self.project / 'gen/notes.tbl', self.project / 'gen/libc.tbl'
        notes.write_text(re.sub(rf'(?m)^{name} .*\n(\t.*\n)*', '', notes.read_text()))
        libc.write_text(re.sub(rf'(?m)^.*\b{name}\(.*\n', '', libc.read_text()))
        (self.project / 'man/calls' / f'{name}.mdoc').unlink()

    def version(self, release: str, said: str) -> Path:
        """VERSION, NEWS and abi.list, and the library."""
        (self.project / 'VERSION').write_text(f'{release}.0\n')
        news = self.project / 'NEWS'
        news.write_text(f'liblinux {release}.0 for Linux {release}, November 21, 2026\n\n{said}\n{news.read_text()}')
        for arch in test_abi.ARCHES:
            self.tool('emit', 'abi.list', arch, self.project / 'src/arch' / arch / 'abi.list')
        (self.project / 'pages').mkdir(exist_ok=True)
        self.tool('emit', 'man', 'x86_64', self.project / 'pages')
        self.assertIn(f'liblinux {release}.0', (self.project / f'pages/linux_{NEW.get(release, "read")}.3').read_text())
        self.assertEqual(test_abi.unsaid(self.project), [])
        library = self.library('x86_64', self.project)
        (self.directory / 'x86_64-project').rename(self.directory / f'x86_64-{release}')
        return library.rename(self.directory / f'{release}.so')

    def added(self, before: Path, after: Path) -> list[str]:
        self.same(before, after)
        return re.findall(r'\[A\] .*?\b(linux_\w+)\(', self.abidiff(before, after)[1])

    def test_two_kernels(self) -> None:
        trees = {release: self.tree(release) for release in (BEFORE, NOW)}
        if kernel_tree.read_version(trees[NOW]) != tables.read_syscalls().tree:
            self.skipTest(f'Debian has another tree now, the table is of {tables.read_syscalls().tree}')
        self.project = self.directory / 'project'
        for name in ('gen', 'include', 'src', 'man'):
            shutil.copytree(TOP / name, self.project / name, ignore=shutil.ignore_patterns('__pycache__'))

        # The first version, of the kernel before.
        self.without(NEW[NOW])
        for path in (*self.project.glob('gen/syscalls.tbl'), *self.project.glob('gen/errno.tbl'), *self.project.glob('src/arch/*/abi.list')):
            path.unlink()
        (self.project / 'NEWS').touch()
        self.assertEqual(self.tool('update', trees[BEFORE]), '')
        libraries = {BEFORE: self.version(BEFORE, '* The first version.\n')}
        first = self.lists()

        # The kernel of the table: all is as it is committed.
        said = self.tool('update', trees[NOW])
        self.assertRegex(said, rf'\ASystem calls, Linux {BEFORE}\.\d+ to {tables.read_syscalls().tree}:\n\n')
        said = said.partition('\n\n')[2]
        self.assertEqual(said, SAID[NOW])
        self.tool('emit', 'syscalls.h', 'x86_64', '-', fails=rf'syscalls\.tbl:\d+: {NEW[NOW]} has no note')
        for path in (TOP / 'gen').rglob('*.tbl'):
            if path.name in ('notes.tbl', 'libc.tbl'):
                shutil.copy(path, self.project / path.relative_to(TOP))
            self.assertEqual((self.project / path.relative_to(TOP)).read_text(), path.read_text(), path.name)
        shutil.copy(TOP / f'man/calls/{NEW[NOW]}.mdoc', self.project / 'man/calls')
        self.tool('emit', 'syscalls.h', 'x86_64', '-', fails=rf'VERSION:1: {BEFORE}\.0 is not of Linux {NOW}')
        libraries[NOW] = self.version(NOW, said)
        second = self.lists()
        for arch in test_abi.ARCHES:
            self.assertEqual(second[arch], [*first[arch], f'LINUX_{NOW} long linux_fchroot(int, unsigned int)'])
        self.assertEqual(self.added(libraries[BEFORE], libraries[NOW]), ['linux_fchroot'])

        # One that nobody has seen.
        place = Path(tempfile.mkdtemp(dir=trees[NOW].parent))       # hard links need the file system
        self.addCleanup(shutil.rmtree, place)
        test_abi.run('cp', '-al', trees[NOW], place / 'tree')
        next_tree(place / 'tree')
        before = (self.project / 'gen/syscalls.tbl').read_text()
        self.tool('update', place / 'tree', fails=r'fchroot\(int, unsigned int\) is now .* acknowledge it with changed=7\.4 in its note\n\Z')
        self.assertEqual((self.project / 'gen/syscalls.tbl').read_text(), before)
        notes, uapi = self.project / 'gen/notes.tbl', self.project / 'gen/uapi.tbl'
        notes.write_text(re.sub(r'(?m)^fchroot .*', r'\g<0> changed=7.4', notes.read_text()) + LATE)
        uapi.write_text(f'{uapi.read_text()}late linux/late.h\n')
        said = self.tool('update', place / 'tree').partition('\n\n')[2]
        self.assertEqual(said, SAID[NEXT])
        libraries[NEXT] = self.version(NEXT, said)
        for arch, lines in self.lists().items():
            self.assertEqual(lines, [*second[arch], f'LINUX_{NEXT} long linux_fchroot_7_4(int, unsigned int, unsigned long)',
                                     f'LINUX_{NEXT} long linux_late(const struct linux_late_args *, unsigned long, unsigned int)'])
        self.assertEqual(self.added(libraries[NOW], libraries[NEXT]), ['linux_fchroot_7_4', 'linux_late'])
        self.assertEqual(self.added(libraries[BEFORE], libraries[NEXT]), ['linux_fchroot', 'linux_fchroot_7_4', 'linux_late'])


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
