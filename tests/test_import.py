# SPDX-License-Identifier: MIT
"""The committed table is what update makes of the kernel's own tree.

Debian's source packages of the kernel are fetched and kept in the cache.
"""
from __future__ import annotations

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import debian_fetch         # noqa: E402
import kernel_tree          # noqa: E402
import syscall_table        # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import uapi_tables          # noqa: E402


class Import(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)

    def tree(self, release: str) -> Path:
        try:
            return debian_fetch.kernel_source(release)
        except debian_fetch.Unavailable as reason:
            self.skipTest(f'no source of Linux {release}: {reason}')

    def test_committed_tables(self) -> None:
        committed = tables.read_syscalls()
        tree = self.tree(committed.release)
        version = kernel_tree.read_version(tree)
        if version != committed.tree:
            self.skipTest(f'Debian has Linux {version} now, the table is of {committed.tree}')
        fresh = self.directory / 'fresh/syscalls.tbl'
        fresh.parent.mkdir()
        syscall_table.update(tree, fresh)
        again = self.directory / 'syscalls.tbl'
        shutil.copy(tables.SYSCALLS, again)
        syscall_table.update(tree, again)
        for path in (fresh, again):
            self.assertEqual(path.read_text(), tables.SYSCALLS.read_text())
            self.assertEqual(path.with_name('errno.tbl').read_text(), tables.ERRNO.read_text())

    def test_committed_types(self) -> None:
        committed = tables.read_syscalls()
        tree = self.tree(committed.release)
        if kernel_tree.read_version(tree) != committed.tree:
            self.skipTest(f'Debian has another tree now, the table is of {committed.tree}')
        if not shutil.which('make'):
            self.skipTest('make is not installed')
        files = syscall_table.types(tree, committed.tree, tables.read_arches(), None)
        self.assertEqual({path.name for path in files}, {path.name for path in (TOP / 'gen/uapi').glob('*.tbl')})
        for path, text in files.items():
            self.assertEqual(path.read_text(), text, path.name)

    def test_sources(self) -> None:
        """The line that a fact names has it, under the tree's own name."""
        committed = tables.read_syscalls()
        tree = self.tree(committed.release)
        if kernel_tree.read_version(tree) != committed.tree:
            self.skipTest(f'Debian has another tree now, the table is of {committed.tree}')
        groups = uapi_tables.read_groups(uapi_tables.GROUPS)
        theirs = {}                     # our name -> the tree's
        for extra in uapi_tables.read_extra(uapi_tables.EXTRA, groups):
            for item in extra.items:
                kind, _, name = item.rpartition(':')
                one, _, other = name.partition('=')
                theirs.update({other: one} if kind == 'typedef' else {one: other} if other else {})
        arches = [arch.name for arch in tables.read_arches()]
        for name in groups:
            for _, fact in uapi_tables.read(uapi_tables.FACTS / f'{name}.tbl', arches):
                if not fact.source:
                    continue
                path, _, line = fact.source.rpartition(':')
                there = theirs.get(uapi_tables.key(fact)[1], uapi_tables.key(fact)[1])
                text = (tree / path).read_text().splitlines()[int(line) - 1:]
                said = text[0] if not text[0].startswith('typedef') else ' '.join(text).partition(';\n')[0]
                with self.subTest(fact.source):
                    self.assertRegex(said, rf'\b{there}\b')

    def test_oldest_tree(self) -> None:
        tree = self.tree('6.12')
        path = self.directory / 'syscalls.tbl'
        syscall_table.update(tree, path)
        table = tables.read_syscalls(path)
        self.assertEqual(table.release, '6.12')
        self.assertEqual([len(table.calls(arch)) for arch in ('x86_64', 'aarch64')], [358, 316])
        said = syscall_table.difference(table, tables.read_syscalls())
        for text in ('Added: listns (x86_64 470, aarch64 470, riscv64 470)', 'Added: uprobe (x86_64 336)', 'Changed: bpf (x86_64 321, aarch64 280, riscv64 280)'):
            self.assertIn(text, said)
        with self.assertRaisesRegex(tables.Doubt, r'Makefile:1: Linux 6\.12\.\d+ is older than syscalls\.tbl'):
            syscall_table.update(tree, tables.SYSCALLS)


if __name__ == '__main__':
    tap.main()
