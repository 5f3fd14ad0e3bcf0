# SPDX-License-Identifier: MIT
"""Test programs under each sanitizer of gcc and clang and under valgrind, and gcc's analyzer.

BUILD in the environment is a build of the tree by gcc for this machine.
"""
from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tap

TOP = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ['BUILD'])
LIBRARY = BUILD / 'src/liblinux.so'
INCLUDES = [f'-I{path}' for path in (BUILD / 'include', TOP / 'include')]
FORMS = {'so': [str(LIBRARY), f'-Wl,-rpath,{LIBRARY.parent}'], 'a': [str(BUILD / 'src/liblinux.a')], 'inline': ['-DLIBLINUX_INLINE']}

SANITIZERS = {'address': ('gcc', 'clang'), 'undefined': ('gcc', 'clang'), 'thread': ('gcc', 'clang'), 'memory': ('clang',)}
ALL, NOT_MEMORY = tuple(SANITIZERS), ('address', 'undefined', 'thread')
# Of test_<name>.c: in which forms, under which sanitizers. Those that are left out trap, run on odd stacks or give
# every call bad pointers, on purpose; the memory sanitizer does not see what libseccomp and a vDSO write; where only
# the library may make system calls (pins) the others cannot make theirs.
PROGRAMS = {'live': (('so', 'a', 'inline'), ALL), 'cerror': (('so', 'inline'), ALL), 'types_live': (('so', 'inline'), ALL),
            'signal': (('so', 'a'), ALL), 'table': (('so', 'a'), NOT_MEMORY), 'vdso': (('so', 'inline'), NOT_MEMORY),
            'pins': (('so', 'a'), ('undefined',))}
ARCH = TOP / 'src/arch' / platform.machine()
SOURCES = {'signal': [str(ARCH / 'test/probe.S')]}
# The thread sanitizer keeps a signal until the next function of libc that it watches.
KNOWN = {('live', 'thread'): {'test_signals'}}


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], text=True, errors='replace', stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, env={**os.environ, 'LC_ALL': 'C', 'CMOCKA_MESSAGE_OUTPUT': 'TAP', **environment})


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, self.directory)


class Sanitizers(Case):
    def one(self, program: str, form: str, sanitizer: str, compiler: str) -> str:
        """'' or what is wrong."""
        path = self.directory / f'{program}-{form}-{sanitizer}-{compiler}'
        built = run(compiler, '-O1', '-g', '-w', '-D_GNU_SOURCE', f'-fsanitize={sanitizer}', '-fno-sanitize-recover=all', *INCLUDES, f'-I{BUILD}/tests', f'-I{ARCH}', f'-I{ARCH}/test',
                    TOP / f'tests/test_{program}.c', *SOURCES.get(program, []), '-o', path, *FORMS[form], '-lcmocka', '-pthread', '-ldl')
        if built.returncode:
            return f'cannot be built: {built.stdout[-2000:]}'
        ran = run(path)
        failed = set(re.findall(r'^not ok \d+ - (\w+)', ran.stdout, re.M))
        if failed == KNOWN.get((program, sanitizer), set()) and not re.search(r'Sanitizer|runtime error', ran.stdout) and \
           ran.returncode == len(failed) and re.search(r'^ok 1 ', ran.stdout, re.M):
            return ''
        return f'exit {ran.returncode}\n{ran.stdout[-3000:]}'

    def test_programs(self) -> None:
        rows = [(program, form, sanitizer, compiler) for program, (forms, sanitizers) in PROGRAMS.items() for form in forms
                for sanitizer in sanitizers for compiler in SANITIZERS[sanitizer]]
        for compiler in ('gcc', 'clang'):
            if not shutil.which(compiler):
                self.skipTest(f'{compiler} is not installed')
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for row, wrong in zip(rows, pool.map(lambda row: self.one(*row), rows)):
                with self.subTest(' '.join(row)):
                    self.assertEqual(wrong, '')


class Valgrind(Case):
    """It knows what each call reads and writes, by the number, whoever makes it; of new calls it knows nothing."""

    def memcheck(self, *command: str | Path) -> subprocess.CompletedProcess:
        if not shutil.which('valgrind'):
            self.skipTest('valgrind is not installed')
        return run('valgrind', '-q', '--error-exitcode=9', '--leak-check=full', *command)

    def test_programs(self) -> None:
        for name in ('cerror', 'table-so', 'table-a', 'blocked-so', 'blocked-a', 'blocked-inline'):
            with self.subTest(name):
                said = self.memcheck(BUILD / 'tests' / name)
                self.assertEqual((said.returncode, re.findall(r'^(?:==|not ok).*', said.stdout, re.M)), (0, []))

    def test_what_the_kernel_wrote(self) -> None:
        source = TOP / 'tests/test_msan.c'
        # What a call leaves out ("too-much-") the memory sanitizer is told; valgrind has an idea of its own of it.
        # It cannot execute a vDSO, and takes it out of the auxiliary vector, but not out of prctl's.
        calls = [name for name in re.findall(r'strcmp\(name, "([\w-]+)"\)', source.read_text())
                 if not name.startswith('too-much-') and name != 'vdso']
        self.assertGreater(len(calls), 12)
        for form in ('so', 'inline'):
            path = self.directory / form
            built = run('gcc', '-O1', '-g', '-D_GNU_SOURCE', *INCLUDES, source, '-o', path, *FORMS[form])
            self.assertEqual(built.stdout, '')
            for call in calls:
                with self.subTest(f'{form} {call}'):
                    said = self.memcheck('--leak-check=no', path, call)
                    if call == 'too-much':          # a byte that nobody wrote
                        self.assertEqual(said.returncode, 9, said.stdout)
                        self.assertIn('uninitialised', said.stdout)
                    elif 'unhandled' in said.stdout:
                        self.skipTest(f'valgrind does not know {call}')
                    elif said.returncode == 77:         # test_msan.py knows who may
                        self.skipTest(f'{call} is not here')
                    else:
                        self.assertEqual((said.returncode, said.stdout), (0, ''))


class Analyzer(Case):
    def analyze(self, *arguments: str | Path) -> str:
        # By default it gives up before the end of a loop over a call's six arguments.
        return run('gcc', '-fanalyzer', '--param', 'analyzer-max-enodes-per-program-point=40', '-O2', '-Wall', '-Wextra', *INCLUDES, '-c', '-o', '/dev/null', *arguments).stdout

    def test_library_command_and_examples(self) -> None:
        files = sorted([*(TOP / 'src').glob('*.c'), *(TOP / 'command').glob('*.c'), *(TOP / 'examples').glob('*.c'), BUILD / 'src/statx.c', BUILD / 'src/exit.c'])
        self.assertGreater(len(files), 12)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            said = pool.map(lambda file: self.analyze('-ffreestanding', f'-I{TOP}/src', f'-I{BUILD}/src', f'-I{BUILD}/command', file), files)
            for file, text in zip(files, said):
                with self.subTest(file.name):
                    self.assertEqual(text, '')

    def test_headers(self) -> None:
        headers = sorted({path.name for folder in INCLUDES for path in Path(folder[2:], 'liblinux').glob('*.h')} - {'start.h', 'libc.h', 'syscalls-uapi.h', 'posix.h'})
        self.assertGreater(len(headers), 12)
        text = ''.join(f'#include <liblinux/{name}>\n' for name in headers) + '''
long user(const char *path, struct linux_vdso *vdso, struct timespec *now)
{
	struct linux_statx about;
	long fd = linux_openat(LINUX_AT_FDCWD, path, LINUX_O_RDONLY, 0);

	if (linux_is_error(fd))
		return fd;
	linux_statx((int)fd, "", LINUX_AT_EMPTY_PATH, LINUX_STATX_BASIC_STATS, &about);
	linux_vdso_clock_gettime(vdso, LINUX_CLOCK_MONOTONIC, now);
	return linux_close((unsigned int)fd);
}
'''
        program = self.directory / 'user.c'
        for mode in ('', '#define LIBLINUX_INLINE\n'):
            with self.subTest(mode.strip() or 'library'):
                program.write_text(mode + text)
                self.assertEqual(self.analyze(program), '')
                # It does look: a pointer that was never set.
                program.write_text(mode + text + 'long wrong(void)\n{\n\tunsigned int *fd;\n\n\treturn linux_close(*fd);\n}\n')
                self.assertIn('uninitialized', self.analyze(program))


if __name__ == '__main__':
    tap.main()
