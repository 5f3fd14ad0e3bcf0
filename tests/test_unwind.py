# SPDX-License-Identifier: MIT
"""gdb and perf see who called a wrapper that waits in the kernel.

GDB and PERF in the environment are the tools, or empty; BLOCKED is programs of test_blocked.c,
that of inline calls last.
"""
from __future__ import annotations

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import tap

PROGRAMS = os.environ['BLOCKED'].split(':')
CALLERS = ['inner', 'outer', 'main']


def wrapper(program: str, name: str) -> list[str]:
    return [] if program == PROGRAMS[-1] else [name]


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)


class Gdb(unittest.TestCase):
    def test_read(self) -> None:
        if not os.environ['GDB']:
            self.skipTest('gdb is not installed')
        for program in PROGRAMS:
            with self.subTest(Path(program).name):
                said = run(os.environ['GDB'], '-nx', '-q', '-batch', '-ex', 'set confirm off', '-ex', 'set width 0', '-ex', 'handle SIGUSR1 stop',
                           '-ex', 'run', '-ex', r'echo \nBACKTRACE\n', '-ex', 'backtrace', program).stdout
                if re.search(r'(?i)ptrace: Operation not permitted|could not trace the inferior', said):
                    self.skipTest('gdb may not trace here')
                frames = re.findall(r'^#\d+ +(?:0x\w+ in )?(\S+)', said.partition('\nBACKTRACE\n')[2], re.M)
                self.assertEqual(frames, [*wrapper(program, 'linux_read'), *CALLERS], said)


class Perf(unittest.TestCase):
    def stacks(self, *command: str) -> list[list[str]]:
        """The functions of the process at each of its switches to another, innermost first."""
        if not os.environ['PERF']:
            self.skipTest('perf is not installed')
        with tempfile.TemporaryDirectory() as directory:
            data = f'{directory}/data'
            recorded = run(os.environ['PERF'], 'record', '-q', '-e', 'context-switches', '--call-graph', 'dwarf', '-o', data, *command)
            if re.search(r'perf_event_paranoid|Permission denied|Operation not permitted|is not supported|not found for kernel', recorded.stdout):
                self.skipTest('perf may not see context switches here')
            self.assertEqual(recorded.returncode, 0, recorded.stdout)
            said = run(os.environ['PERF'], 'script', '-i', data, '-F', 'ip,sym').stdout
        return [re.findall(r'^\s+[0-9a-f]+ (\S+)', sample, re.M) for sample in said.split('\n\n')]

    def has(self, program: str, chain: list[str], stacks: list[list[str]]) -> None:
        self.assertTrue(any(stack[n:n + len(chain)] == chain for stack in stacks for n in range(len(stack))), f'{program}: {chain} in {stacks}')

    def test_read(self) -> None:
        for program in PROGRAMS:
            with self.subTest(Path(program).name):
                self.has(program, [*wrapper(program, 'linux_read'), *CALLERS], self.stacks(program))

    def test_vfork(self) -> None:
        """The parent's return address is in a register while it waits."""
        for program in PROGRAMS[:-1]:
            with self.subTest(Path(program).name):
                self.has(program, ['linux_vfork', *CALLERS], self.stacks(program, 'vfork'))


if __name__ == '__main__':
    tap.main()
