# SPDX-License-Identifier: MIT
"""gdb goes from a signal handler to what it interrupted, and no further than a clone3 child's function.

GDB in the environment is the debugger, or empty; SIGNAL and CLONE are programs, test_signal.c and test_clone.c.
"""
from __future__ import annotations

import os
import re
import subprocess
import unittest

import tap

GDB = os.environ['GDB']


class Gdb(unittest.TestCase):
    def frames(self, program: str, *commands: str) -> tuple[list[str], str]:
        """The functions of a backtrace, innermost first, and all that gdb said behind it."""
        if not GDB:
            self.skipTest('gdb is not installed')
        words = [word for command in ('set confirm off', 'set width 0', *commands) for word in ('-ex', command)]
        result = subprocess.run([GDB, '-nx', '-q', '-batch', *words, program], text=True, stdin=subprocess.DEVNULL, timeout=100,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if re.search(r'(?i)ptrace: Operation not permitted|could not trace the inferior', result.stdout):
            self.skipTest('gdb may not trace here')
        _, _, said = result.stdout.partition('\nBACKTRACE\n')
        self.assertTrue(said, result.stdout)
        frames = re.findall(r'^#\d+ +(?:0x\w+ in )?(<[^>]*>|\S+)', said, re.M)
        return frames, said

    def test_through_the_restorer(self) -> None:
        for program in os.environ['SIGNAL'].split(':'):
            with self.subTest(program):
                frames, said = self.frames(
                    program, 'handle SIGILL SIGUSR1 SIGUSR2 nostop noprint pass', 'break probe_registers', 'run',
                    'break on_trap', 'continue', r'echo \nBACKTRACE\n', 'backtrace', 'frame function probe_trap',
                    'print /x $r15', 'print /x $rbx')
                self.assertEqual(frames[:5], ['on_trap', '<signal handler called>', 'probe_trap', 'probe_registers', 'test_registers'])
                self.assertIn('main', frames)
                for number in (16, 4):
                    self.assertIn(f'= 0x{0x9e3779b97f4a7c15 * number % 2 ** 64:x}\n', said)

    def test_ends_in_the_child(self) -> None:
        for program in os.environ['CLONE'].split(':'):
            with self.subTest(program):
                frames, said = self.frames(program, 'set follow-fork-mode child', 'break child_backtrace',
                                           'run test_backtrace_ends', r'echo \nBACKTRACE\n', 'backtrace')
                self.assertEqual(frames, ['child_backtrace', 'linux_clone3_call'])
                self.assertNotIn('Backtrace stopped', said)

    def test_where_both_come_back(self) -> None:
        """Behind clone3 the parent has its caller, and the child none, which gdb shows as address 0."""
        for program in os.environ['CLONE'].split(':'):
            _, said = self.frames(program, 'break main', 'run', r'echo \nBACKTRACE\n', 'disassemble linux_clone3_call')
            behind = re.search(r'<\+\d+>:\t(?:syscall|svc|ecall).*\n.*<\+(\d+)>:', said)[1]
            for mode in ('parent', 'child'):
                with self.subTest(f'{program} {mode}'):
                    frames, said = self.frames(program, f'set follow-fork-mode {mode}', 'break main', 'run test_backtrace_ends',
                                               f'break *(linux_clone3_call+{behind})', 'continue', r'echo \nBACKTRACE\n', 'backtrace')
                    self.assertEqual(frames[:2], ['linux_clone3_call', 'test_backtrace_ends' if mode == 'parent' else '??'])
                    self.assertEqual(re.findall(r'^#(\d+) +0x0+ in', said, re.M), [] if mode == 'parent' else ['1'])
                    self.assertNotIn('Backtrace stopped', said)


if __name__ == '__main__':
    tap.main()
