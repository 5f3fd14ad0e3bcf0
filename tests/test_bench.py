# SPDX-License-Identifier: MIT
"""bench/run says a figure for each of its rows, or why it has none. What the figures are is no test.

BUILD in the environment is a build; ARCH and CC say what for and by what.
"""
from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'tests'))

import tap                  # noqa: E402

BUILD = os.environ['BUILD']
NATIVE = os.environ['ARCH'] == os.uname().machine
CC = shlex.split(os.environ['CC'])

FORMS = ['asm in a function', 'dietlibc, static', "glibc's function", "glibc's syscall()", 'inline asm', 'liblinux, inline', 'liblinux, shared',
         'liblinux, shared, -fno-plt', 'liblinux, shared, -z now', 'liblinux, static', 'linux_cerror, inline call', 'linux_cerror, shared',
         'musl, dynamic', 'musl, static', "the kernel's nolibc"]
ROWS = {
    'call': [*FORMS, 'asm in a function, a jump back'],
    'error': FORMS,
    'six': FORMS,
    'vdso': ['clock_getres', 'clock_gettime', 'getcpu', 'getrandom', 'gettimeofday', 'time'],
    'table': ['by name', "by name, libseccomp's", 'by name, with a perfect hash instead', 'by number', "by number, libseccomp's", 'n-th by name'],
    'start': ['dietlibc, static', 'glibc, dynamic', 'glibc, dynamic, -llinux', 'glibc, dynamic, -llinux, every call bound',
              'glibc, dynamic, a library of one function', 'glibc, static', 'liblinux, static', 'liblinux, static-pie', 'musl, dynamic', 'musl, static',
              "the kernel's nolibc"],
    'pages': ['... every call, -z now', '... every call, bound lazily', '... three calls', 'liblinux.so itself',
              'liblinux.so, .dynamic, by the loader of glibc', 'liblinux.so, by the loader of musl', 'the program and libraries, without liblinux'],
    'size': ['a call in liblinux.so, mean', 'a call in liblinux.so, median', 'liblinux.so, stripped', 'liblinux.so, what is loaded of it',
             'static program, dietlibc, three calls', 'static program, glibc, three calls',
             'static program, inline, every call', 'static program, inline, no call', 'static program, inline, one call',
             'static program, inline, three calls', 'static program, liblinux.a, every call', 'static program, liblinux.a, no call',
             'static program, liblinux.a, one call', 'static program, liblinux.a, three calls', 'static program, musl, three calls',
             "static program, the kernel's nolibc, three calls"],
    'compile': ['<liblinux/libc.h>', '<liblinux/liblinux.h>: everything', '<liblinux/syscalls.h>, inline', '<liblinux/syscalls.h>: all prototypes',
                '<liblinux/uapi.h>: all types and constants', '<stdio.h>', '<unistd.h>', 'an empty file',
                "the kernel's headers that uapi.h stands for"],
}
# Rows with a target.
AIMS = {
    'call': ['liblinux, inline', 'liblinux, shared', 'liblinux, shared, -fno-plt', 'liblinux, shared, -z now', 'liblinux, static',
             'linux_cerror, inline call', 'linux_cerror, shared'],
    'error': ['liblinux, shared', 'liblinux, shared, -fno-plt', 'liblinux, shared, -z now', 'linux_cerror, shared'],
    'six': ['liblinux, shared', 'liblinux, shared, -fno-plt', 'liblinux, shared, -z now', 'linux_cerror, shared'],
    'vdso': ['clock_gettime'],
    'table': [],
    'start': ['glibc, dynamic, -llinux'],
    'pages': ['liblinux.so itself'],
    'size': ['liblinux.so, stripped' if os.environ['ARCH'] == 'x86_64' else 'liblinux.so, what is loaded of it',
             'static program, inline, three calls', 'static program, liblinux.a, three calls'],
    'compile': ['<liblinux/syscalls.h>: all prototypes'],
}
RUNS = {'call', 'error', 'six', 'vdso', 'table', 'start', 'pages'}


def bench(*words: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(TOP / 'bench/run'), *words], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=600, env={**os.environ, **environment})


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.result = bench('--json', '--rounds', '1', '--build', BUILD)

    def report(self) -> dict:
        self.assertEqual((self.result.returncode, self.result.stderr), (0, ''))
        return json.loads(self.result.stdout)

    def test_every_row_has_a_figure_or_a_reason(self) -> None:
        report = self.report()
        found: dict[str, list[str]] = {group: [] for group in ROWS}
        for row in report['rows']:
            with self.subTest(f'{row["group"]}: {row["name"]}'):
                found[row['group']].append(row['name'])
                if row['skipped']:
                    self.assertIsNone(row['value'])
                    self.assertEqual((row['ratios'], row['targets']), ({}, []))
                    continue
                self.assertGreaterEqual(row['value'], 0)
                if row['unit'] in ('ns', 'bytes'):
                    self.assertGreater(row['value'], 0)
                self.assertLessEqual(row['ratios'].keys(), set(report['groups'][row['group']]['bases']))
                if row['group'] not in ('pages', 'size'):
                    self.assertTrue(row['ratios'])
                for ratio in row['ratios'].values():
                    self.assertGreater(ratio['value'], 0)
        self.assertEqual({group: sorted(names) for group, names in found.items()}, {group: sorted(names) for group, names in ROWS.items()})

    def test_what_there_is_is_measured(self) -> None:
        here = {'musl': bool(shutil.which('musl-gcc')), 'diet': bool(shutil.which('diet')), 'nolibc': False, 'getrandom': None,
                'libseccomp': not subprocess.run([*CC, '-E', '-include', 'seccomp.h', '-x', 'c', '/dev/null'], capture_output=True).returncode}
        for row in self.report()['rows']:
            with self.subTest(f'{row["group"]}: {row["name"]}'):
                peer = next((there for word, there in here.items() if word in row['name']), True)
                if not NATIVE and (row['group'] in RUNS or 'musl' in row['name'] or 'diet' in row['name']):
                    self.assertIn(os.environ['ARCH'], row['skipped'])
                elif peer is not None:
                    self.assertEqual(not row['skipped'], peer, row['skipped'])

    def test_targets(self) -> None:
        for row in self.report()['rows']:
            with self.subTest(f'{row["group"]}: {row["name"]}'):
                self.assertEqual(bool(row['targets']), row['name'] in AIMS[row['group']] and not row['skipped'])
                for target in row['targets']:
                    self.assertRegex(target['text'], r'^<= \d')
                    self.assertIsInstance(target['met'], bool)

    def test_machine_and_command(self) -> None:
        report = self.report()
        self.assertEqual(report['command'], shlex.join(['bench/run', '--json', '--rounds', '1', '--build', BUILD]))
        self.assertIn(os.uname().release, report['machine']['kernel'])
        self.assertEqual(report['rounds'], 1)


class Form(unittest.TestCase):
    """The group that needs no machine, in each form."""

    def test_plain(self) -> None:
        result = bench('--rounds', '1', '--build', BUILD, 'size')
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        for name in ROWS['size']:
            self.assertRegex(result.stdout, rf'(?m)^  {name.replace(".", "[.]")}  +([1-9]\d*|skipped: .+)( |$)')
        self.assertNotIn('call:', result.stdout)

    def test_markdown(self) -> None:
        for group, columns in {'size': 3, 'compile': 5}.items():
            result = bench('--markdown', '--rounds', '1', '--build', BUILD, group)
            self.assertEqual((result.returncode, result.stderr), (0, ''))
            self.assertIn(f'`bench/run --markdown --rounds 1 --build {BUILD} {group}`', result.stdout)
            table = [line for line in result.stdout.splitlines() if line.startswith('|')]
            self.assertEqual(len(table), len(ROWS[group]) + 2)
            self.assertEqual({line.count('|') for line in table}, {columns + 1})
            self.assertNotIn('<', result.stdout)

    def test_peers_that_are_missing(self) -> None:
        with tempfile.TemporaryDirectory(prefix='liblinux-') as directory:
            for name in (CC[0], 'as', 'ld', 'ld.lld', 'strip', 'nm', 'getconf'):
                if shutil.which(name):
                    (Path(directory) / Path(name).name).symlink_to(shutil.which(name))
            result = bench('--json', '--rounds', '1', '--build', BUILD, 'size', PATH=directory)
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        skipped = {row['name']: row['skipped'] for row in json.loads(result.stdout)['rows'] if row['skipped']}
        wanted = {name for name in ROWS['size'] if 'musl' in name or 'diet' in name or 'nolibc' in name}
        self.assertEqual(skipped.keys(), wanted)
        for name, reason in skipped.items():
            self.assertRegex(reason, 'no kernel tree is given' if 'nolibc' in name else 'is not installed' if NATIVE else 'does not compile for')


class Bad(unittest.TestCase):
    def test_one_line_and_no_table(self) -> None:
        for words, reason in (
                (['--rounds', '0'], '--rounds: at least 1'),
                (['--rounds', 'many'], 'argument --rounds: invalid int value'),
                (['--cpu', '100000', '--build', BUILD], '--cpu: this process may run on'),
                (['--build', '/nonexistent'], '--build: /nonexistent is no build by Meson'),
                (['--build', BUILD, '--nolibc', '/nonexistent'], '--nolibc: /nonexistent has no'),
                (['--json', '--markdown'], 'argument --markdown: not allowed with argument --json'),
                (['--fast'], 'unrecognized arguments: --fast'),
                (['speed'], 'no group is called speed')):
            with self.subTest(' '.join(words)):
                result = bench(*words)
                self.assertEqual((result.returncode, result.stdout), (2, ''))
                self.assertRegex(result.stderr, rf'^run: {reason}[^\n]*\n$')


if __name__ == '__main__':
    tap.main()
