# SPDX-License-Identifier: MIT
"""Both libraries and the command by readelf: protection of branches and returns, RELRO, stack, segments.

LIBRARY, ARCHIVE, CERROR, COMMAND, ARCH, CC and INCLUDES in the environment say which.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

import arches
import tap
from test_library import ARCH, ARCHIVE, LIBRARY, PROTECTION, protection, run

FILES = {'liblinux.so': LIBRARY, 'liblinux-cerror.so': os.environ['CERROR'], 'liblinux': os.environ['COMMAND']}
CC = os.environ['CC'].split()
INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]


@dataclass(frozen=True)
class Place:
    """A section or segment in memory."""
    name: str
    start: int
    size: int
    flags: str

    def within(self, other: Place) -> bool:
        return other.start <= self.start and self.start + self.size <= other.start + other.size


def sections(path: str) -> list[Place]:
    """Those that are loaded."""
    lines = re.findall(r'^\s+\[\s*\d+\] (\S+)\s+\S+\s+(\S+) \S+ (\S+) \S\S ([ A-Za-z]{3})', run('readelf', '-SW', path), re.M)
    return [Place(name, int(start, 16), int(size, 16), flags) for name, start, size, flags in lines if 'A' in flags]


def segments(path: str) -> list[Place]:
    lines = re.findall(r'^  (\w+) +0x\w+ (0x\w+) 0x\w+ 0x\w+ (0x\w+) ([RWE ]{3})', run('readelf', '-lW', path), re.M)
    return [Place(name, int(start, 16), int(size, 16), flags) for name, start, size, flags in lines]


class Files(unittest.TestCase):
    def test_protection(self) -> None:
        for name, path in FILES.items():
            with self.subTest(name):
                self.assertEqual(protection(run('readelf', '-nW', path)), PROTECTION)

    def test_nothing_executable_but_code(self) -> None:
        for name, path in FILES.items():
            with self.subTest(name):
                code = [place for place in segments(path) if place.name == 'LOAD' and 'E' in place.flags]
                self.assertEqual([place.flags for place in code], ['R E'])
                inside = [place for place in sections(path) if place.within(code[0])]
                self.assertTrue(inside)
                self.assertEqual([place.name for place in inside if 'X' not in place.flags], [])
                self.assertEqual([place.name for place in sections(path) if 'X' in place.flags and place not in inside], [])
                stack, = (place for place in segments(path) if place.name == 'GNU_STACK')
                self.assertNotIn('E', stack.flags)

    def test_full_relro(self) -> None:
        """What the loader writes is read-only once it has bound all, which is before the program starts."""
        for name, path in FILES.items():
            with self.subTest(name):
                dynamic = run('readelf', '-dW', path)
                self.assertRegex(dynamic, r'\(FLAGS\).*BIND_NOW')
                self.assertRegex(dynamic, r'\(FLAGS_1\).*NOW')
                self.assertNotIn('TEXTREL', dynamic)
                relro, = (place for place in segments(path) if place.name == 'GNU_RELRO')
                data = {'.data', '.bss', *arches.read(ARCH).left} if name == 'liblinux' else {*arches.read(ARCH).left}
                left = [place.name for place in sections(path) if 'W' in place.flags and place.size and not place.within(relro)]
                self.assertEqual(set(left) - data, set())

    def test_nothing_to_relocate(self) -> None:
        names = {place.name for place in sections(LIBRARY)}
        self.assertEqual(names & {'.got', '.got.plt', '.plt', '.plt.got', '.plt.sec', '.data', '.bss', '.init_array', '.fini_array'}, set())
        self.assertFalse([name for name in names if name.startswith('.rel')])


class Objects(unittest.TestCase):
    def test_stack(self) -> None:
        members = re.split(r'^File: ', run('readelf', '-SW', ARCHIVE), flags=re.M)[1:]
        self.assertGreater(len(members), 300)
        for text in members:
            self.assertRegex(text, r'\.note\.GNU-stack +PROGBITS +0+ \w+ 0+ 00 +0 ', text.splitlines()[0])


class Programs(unittest.TestCase):
    """The linker has nothing to say against any object, and takes no protection away."""

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, self.directory)

    def link(self, *arguments: str) -> set[str]:
        path = self.directory / 'linked'
        result = subprocess.run([*CC, '-nostdlib', *arches.read(ARCH).insist, '-Wl,--fatal-warnings', *arguments, '-o', str(path)],
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((result.returncode, result.stdout), (0, ''))
        return protection(run('readelf', '-nW', str(path)))

    def test_all_of_the_archive(self) -> None:
        self.assertEqual(self.link('-shared', '-Wl,--whole-archive', ARCHIVE), PROTECTION)

    def test_program(self) -> None:
        source = self.directory / 'program.c'
        source.write_text('#include <liblinux/start.h>\n#include <liblinux/syscalls.h>\n'
                          'int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv)\n'
                          '{ (void)argv; (void)envp; (void)auxv; return argc != 1 || linux_getpid() < 1; }\n')
        for how in (['-static'], ['-static-pie', '-fPIE']):
            with self.subTest(how[0]):
                # gcc 12 and clang 14 cannot say GCS of the program.
                self.assertEqual(self.link(*arches.read(ARCH).protect, '-O2', '-fno-stack-protector', *how, *INCLUDES, str(source), ARCHIVE), PROTECTION - {'GCS'})


if __name__ == '__main__':
    tap.main()
