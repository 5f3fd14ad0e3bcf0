# SPDX-License-Identifier: MIT
"""What the kernel wrote is initialised for clang's memory sanitizer, and nothing else is.

INCLUDES in the environment has the include directories, LIBRARY the shared library.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import arches
import tap

TOP = Path(__file__).resolve().parent.parent
INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]
LIBRARY = Path(os.environ['LIBRARY'])
SOURCE = TOP / 'tests/test_msan.c'
NAMES = re.findall(r'strcmp\(name, "([\w-]+)"\)', SOURCE.read_text())
TOO_MUCH = [name for name in NAMES if name.startswith('too-much')]
CALLS = [name for name in NAMES if name not in TOO_MUCH]
# Too new for some kernels, not for every file system, or refused by a filter.
MAY_LACK = {'statmount', 'name_to_handle_at', 'get_mempolicy'}


class Msan(unittest.TestCase):
    def setUp(self) -> None:
        if not shutil.which('clang'):
            self.skipTest('clang is not installed')
        self.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, self.directory)

    def program(self, name: str, *flags: str) -> Path:
        path = self.directory / name
        result = subprocess.run(['clang', '-fsanitize=memory', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', *INCLUDES, *flags,
                                 str(SOURCE), '-o', str(path), str(LIBRARY), f'-Wl,-rpath,{LIBRARY.parent}'], text=True, capture_output=True)
        if 'libclang_rt.msan' in result.stderr:
            self.skipTest('the memory sanitizer of clang is not installed')
        self.assertEqual(result.stderr, '')
        return path

    def run_case(self, path: Path, call: str) -> str:
        result = subprocess.run([str(path), call], text=True, capture_output=True, timeout=60)
        if result.returncode == 77 and 'MemorySanitizer' not in result.stderr:
            return 'not here'
        return 'found' if 'use-of-uninitialized-value' in result.stderr else f'exit {result.returncode} {result.stderr[:200]}'.strip()

    def test_calls(self) -> None:
        self.assertGreater(len(CALLS), 12)
        inline, library = self.program('inline', '-DLIBLINUX_INLINE'), self.program('library')
        # Including the header is all that does it.
        without = self.program('without', '-DLIBLINUX_MSAN_H')
        for call in CALLS:
            with self.subTest(call):
                said = [self.run_case(path, call) for path in (inline, library, without)]
                if said == ['not here'] * 3 and call in MAY_LACK:
                    self.skipTest(f'the kernel here has no {call} for these arguments')
                self.assertEqual(said, ['exit 0', 'exit 0', 'found'])

    def test_no_more_than_was_written(self) -> None:
        self.assertGreater(len(TOO_MUCH), 5)
        program = self.program('inline', '-DLIBLINUX_INLINE')
        for name in TOO_MUCH:
            with self.subTest(name):
                said = self.run_case(program, name)
                if said == 'not here' and name.removeprefix('too-much-') in MAY_LACK:
                    self.skipTest(f'the kernel here has no {name.removeprefix("too-much-")}')
                self.assertEqual(said, 'found')

    def test_every_language(self) -> None:
        text = '#include <liblinux/liblinux.h>\nint not_empty;\n'
        for command in (['clang', '-std=c99'], ['clang', '-std=c2x'], ['clang++', '-std=c++11'], ['clang++', '-std=c++20']):
            for target in ([arch.target for arch in arches.every() if arch.name in ('x86_64', 'aarch64')]):      # clang 14 has no sanitizer for others
                for mode in ([], ['-DLIBLINUX_INLINE'], ['-DLIBLINUX_UAPI']):
                    with self.subTest(command + target + mode):
                        result = subprocess.run([*command, *target, *mode, '-fsanitize=memory', '-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion',
                                                 '-Werror', '-fsyntax-only', *INCLUDES, '-x', 'c++' if '++' in command[0] else 'c', '-'],
                                                input=text, text=True, capture_output=True)
                        self.assertEqual(result.stderr, '')


if __name__ == '__main__':
    tap.main()
