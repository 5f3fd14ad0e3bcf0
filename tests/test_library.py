# SPDX-License-Identifier: MIT
"""What the built library is, by readelf and nm: the part of the contract that its file shows.

LIBRARY, ARCHIVE and ARCH in the environment say which.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import arches               # noqa: E402
import emit                 # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402

LIBRARY = os.environ['LIBRARY']
ARCHIVE = os.environ['ARCHIVE']
ARCH = os.environ['ARCH']


PROTECTION = set(arches.read(ARCH).protection)


def protection(notes: str) -> set[str]:
    """What readelf -n says of one file; each note adds. binutils before 2.44 do not know GCS."""
    found = re.findall(r'(?:x86|AArch64) feature: (.*)', notes)
    return {word.replace('<unknown: 4>', 'GCS') for line in found for word in line.split(', ')}


def run(*command: str) -> str:
    return subprocess.run(command, text=True, capture_output=True, check=True, env={**os.environ, 'LC_ALL': 'C'}).stdout


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.facts = emit.load(ARCH)
        cls.wanted = emit.symbols(cls.facts)
        cls.dynamic = run('readelf', '-dW', LIBRARY)
        cls.sections = re.findall(r'^\s+\[\s*\d+\] (\S+)\s+(\S+)\s+\S+ \S+ (\S+) \S\S ([ A-Za-z]{3})', run('readelf', '-SW', LIBRARY), re.M)
        cls.segments = run('readelf', '-lW', LIBRARY)

    def test_table_is_what_is_exported(self) -> None:
        """Both ways, each with its version node."""
        exported = {}
        for line in run('nm', '-D', '--with-symbol-versions', LIBRARY).splitlines():
            words = line.split()
            if words[1] == 'A':         # a version node itself
                continue
            self.assertEqual(words[1], 'T', line)
            name, _, node = words[2].partition('@@')
            exported[name] = node
        self.assertEqual(exported, {name: symbol.node for name, symbol in self.wanted.items()})

    def test_committed_list(self) -> None:
        path = tables.ARCH / ARCH / 'abi.list'
        self.assertEqual(emit.abi_list(self.facts), path.read_text(), 'emit abi.list, and look at the difference')
        committed = {name: (symbol.node, symbol.declaration) for name, symbol in tables.read_abi(path).items()}
        self.assertEqual(committed, {name: (symbol.node, symbol.declaration) for name, symbol in self.wanted.items()})

    def test_archive(self) -> None:
        """One object per call and per source of functions, and none needs another."""
        objects: dict[str, set[str]] = {}
        for line in run('nm', '-A', ARCHIVE).splitlines():
            member, _, rest = line.rpartition(':')
            kind, name = rest.split()[-2:]
            if kind == 'U' and re.fullmatch('__(start|stop)_liblinux_pins', name):
                continue                # the linker's
            self.assertNotIn(kind, 'UCBDdbVvWw', line)
            if kind == 'T':
                objects.setdefault(member, set()).add(name)
        sources: dict[str, set[str]] = {}
        for function in self.facts.own_functions():
            sources.setdefault(function.sources[ARCH], set()).add(function.name)
        wanted = [{f'linux_{name}'} for name in self.facts.calls()] + list(sources.values())
        self.assertEqual(sorted(map(sorted, objects.values())), sorted(map(sorted, wanted)))

    def test_every_name_has_the_prefix(self) -> None:
        for path, flags in ((LIBRARY, '-D'), (ARCHIVE, '-g')):
            for line in run('nm', flags, path).splitlines():
                if len(line.split()) == 3:
                    self.assertRegex(line.split()[2], r'^(linux_|LINUX_|LIBLINUX_|liblinux_)')

    def test_soname(self) -> None:
        self.assertIn('Library soname: [liblinux.so.1]', self.dynamic)
        self.assertEqual(Path(LIBRARY).resolve().name, 'liblinux.so.1.' + '.'.join(self.facts.version))

    def test_needs_nothing(self) -> None:
        # GNU ld for riscv64 has these always, of no relocation.
        dynamic = re.sub(r'.*\(RELA\) +0x0\n.*\(RELASZ\) +0 \(bytes\)\n.*\(RELAENT\).*\n', '', self.dynamic)
        for word in ('NEEDED', 'RPATH', 'RUNPATH', 'INIT', 'FINI', 'TEXTREL', 'SYMBOLIC', 'REL', 'JMPREL', 'PLTGOT'):
            self.assertNotRegex(dynamic, rf'\({word}')
        self.assertRegex(self.dynamic, r'FLAGS_1.*NOW')
        self.assertIn('There are no relocations', run('readelf', '-rW', LIBRARY))
        for line in run('nm', '-D', LIBRARY).splitlines():
            self.assertNotRegex(line, r'^\s+U ')

    def test_no_writable_data(self) -> None:
        self.assertTrue(self.sections)
        writable = [name for name, kind, size, flags in self.sections if 'W' in flags and int(size, 16)]
        self.assertEqual(writable, ['.dynamic'])
        self.assertNotIn('TLS', self.segments)
        relro = re.search(r'GNU_RELRO\s+\S+ (\S+) \S+ \S+ (\S+)', self.segments)
        dynamic = re.search(r'DYNAMIC\s+\S+ (\S+) \S+ \S+ (\S+)', self.segments)
        start, size = (int(text, 16) for text in relro.groups())
        inner, length = (int(text, 16) for text in dynamic.groups())
        self.assertTrue(start <= inner and inner + length <= start + size)

    def test_stack_is_not_executable(self) -> None:
        self.assertRegex(self.segments, r'GNU_STACK\s.* RW +0')
        self.assertNotRegex(self.segments, r'LOAD.* RWE ')

    def test_segments_are_few(self) -> None:
        """Each is a mapping that every start of a program pays for."""
        flags = [text.strip() for text in re.findall(r'^  LOAD +(?:\S+ +){5}([RWE ]+) 0x', self.segments, re.M)]
        self.assertIn(flags, (['R', 'R E', 'RW'], ['R E', 'RW']))

    def test_protection_notes(self) -> None:
        if not PROTECTION:
            self.skipTest(f'compilers of Debian 12 make no landing pads for {ARCH}')
        self.assertEqual(protection(run('readelf', '-nW', LIBRARY)), PROTECTION)
        for text in re.split(r'^File: ', run('readelf', '-nW', ARCHIVE), flags=re.M)[1:]:
            self.assertEqual(protection(text), PROTECTION, text.splitlines()[0])

    def test_every_function_can_be_unwound(self) -> None:
        self.assertIn('GNU_EH_FRAME', self.segments)        # which is where the unwinders of libgcc and LLVM look
        frames = re.findall(r'FDE.*pc=(\w+)\.\.(\w+)', run('readelf', '--debug-dump=frames', LIBRARY))
        covered = [(int(start, 16), int(end, 16)) for start, end in frames]
        found = 0
        for line in run('readelf', '--dyn-syms', '-W', LIBRARY).splitlines():
            match = re.match(r'\s+\d+: (\w+)\s+(\d+) FUNC.* (\S+)$', line)
            if match:
                start, size = int(match[1], 16), int(match[2])
                if match[3].startswith('linux_restore_rt@'):
                    start, size = start - 1, size + 1   # its nop
                self.assertIn((start, start + size), covered, line)
                found += 1
        self.assertEqual(found, len(self.wanted))

    def test_no_bytecode(self) -> None:
        sections = run('readelf', '-SW', ARCHIVE)
        self.assertNotIn('.gnu.lto', sections)
        self.assertNotIn('.llvmbc', sections)


if __name__ == '__main__':
    tap.main()
