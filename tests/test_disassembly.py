# SPDX-License-Identifier: MIT
"""What the wrappers execute: each instruction is read, and its effect on the registers followed.

A wrapper may move arguments to where the kernel wants them, widen them as C does, load its
number as a constant, make one system call and return. Nothing else is understood here, so
nothing else passes. LIBRARY, ARCHIVE, OBJDUMP and ARCH in the environment say what to read.
"""
from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import arches               # noqa: E402
import c_types              # noqa: E402
import emit                 # noqa: E402
import tap                  # noqa: E402

ARCH = os.environ['ARCH']

CODE = arches.read(ARCH).instructions()

# The calls of functions that are not calls, in the order of their code; the others make none.
MADE = {'linux_clone3_call': ['clone3', 'exit'], 'linux_restore_rt': ['rt_sigreturn']}


def disassemble(path: str) -> tuple[dict[str, list[tuple[str, str]]], dict[str, list[int]]]:
    """The instructions of each function, and their addresses.

    What a stripped library has no name for is called by its distance from what has one.
    """
    text = subprocess.run([os.environ.get('OBJDUMP', 'objdump'), '-d', '--no-show-raw-insn', path],
                          text=True, capture_output=True, check=True, env={**os.environ, 'LC_ALL': 'C'}).stdout
    functions: dict[str, list[tuple[str, str]]] = {}
    addresses: dict[str, list[int]] = {}
    code: list[tuple[str, str]] = []
    places: list[int] = []
    for line in text.splitlines():
        if match := re.match(r'\w+ <(\w+)(?:@[^-+]*)?([-+]0x\w+)?>:$', line):
            name = match[1] + (match[2] or '')
            code, places = functions.setdefault(name, []), addresses.setdefault(name, [])
        elif match := re.match(r'\s+(\w+):\t(\S+)\s*(.*)', line):
            code.append((match[2], re.split(CODE.COMMENT, match[3])[0].strip()))
            places.append(int(match[1], 16))
    return functions, addresses


class Shared(unittest.TestCase):
    FILE = 'LIBRARY'

    @classmethod
    def setUpClass(cls) -> None:
        cls.facts = emit.load(ARCH)
        cls.functions, cls.addresses = disassemble(os.environ[cls.FILE])

    def test_only_wrappers_make_calls(self) -> None:
        names = {f'linux_{name}' for name in self.facts.calls()}
        names |= {function.name for function in self.facts.own_functions() if function.name in MADE}
        self.assertEqual({name for name, code in self.functions.items() if any(word == CODE.CALL for word, _ in code)}, names)

    def test_one_call_each(self) -> None:
        for name in self.facts.calls():
            with self.subTest(name):
                self.assertEqual([word for word, _ in self.functions[f'linux_{name}']].count(CODE.CALL), 1)

    def test_calls_of_functions(self) -> None:
        """Each after its number, and what does not return into a trap."""
        for function in self.facts.own_functions():
            with self.subTest(function.name):
                code = self.functions[function.name]
                at = [n for n, (word, _) in enumerate(code) if word == CODE.CALL]
                rows = [self.facts.calls()[name] for name in MADE.get(function.name, [])]
                self.assertEqual([code[n - 1] for n in at], [CODE.load(row.numbers[ARCH], function.name) for row in rows])
                for n, row in zip(at, rows):
                    self.assertEqual(code[n + 1][0] == CODE.TRAP, row.name != 'clone3')
                if function.name == 'linux_restore_rt':
                    self.assertEqual(at, [1])

    def test_wrappers(self) -> None:
        for name, row in self.facts.calls().items():
            if name in emit.NOT_INLINE:
                continue                # on the stack, they are not like others
            with self.subTest(name):
                code = [pair for pair in self.functions[f'linux_{name}'] if pair[0] not in CODE.PADDING]
                if CODE.LANDING:
                    self.assertEqual(code.pop(0)[0], CODE.LANDING)
                at = [word for word, _ in code].index(CODE.CALL)
                kinds = [c_types.kind(c_type) for c_type in emit.prototype_types(row, self.facts.shared)]
                # Register -> a number, or the argument and how it was converted.
                values: dict[str, object] = {register: (n, 'long') for n, register in enumerate(CODE.FUNCTION)}
                values.update({register: (n, CODE.PASSED.get(kind, 'long')) for n, (register, kind) in enumerate(zip(CODE.FUNCTION, kinds))})
                for mnemonic, operands in code[:at]:
                    words = [word.strip() for word in operands.split(',')] if operands else []
                    self.assertTrue(CODE.step(values, mnemonic, words), f'{mnemonic} {operands}')
                self.assertEqual(values[CODE.NUMBER], row.numbers[ARCH])
                for n, kind in enumerate(kinds):
                    self.assertEqual(values[CODE.KERNEL[n]], (n, kind if kind in ('int', 'unsigned') else 'long'))
                for n in range(emit.zeros(row, self.facts)):
                    self.assertEqual(values[CODE.KERNEL[len(row.args) + n]], 0)
                self.assertEqual([word for word, _ in code[at + 1:] if word != 'pop'], [CODE.TRAP if emit.is_noreturn(row, self.facts) else 'ret'])

    def test_number_is_an_immediate(self) -> None:
        for name, row in self.facts.calls().items():
            with self.subTest(name):
                self.assertIn(CODE.load(row.numbers[ARCH]), self.functions[f'linux_{name}'])

    def test_landings(self) -> None:
        """Whatever a pointer can be called through is a place to land."""
        if not CODE.LANDINGS:
            self.skipTest(f'compilers of Debian 12 make no landing pads for {ARCH}')
        for name in emit.symbols(self.facts):
            with self.subTest(name):
                first = self.functions[name][0]
                if name == 'linux_restore_rt':
                    self.assertNotIn(first, CODE.LANDINGS)      # only the end of a handler gets there, by ret
                else:
                    self.assertIn(first, CODE.LANDINGS)


class Static(Shared):
    FILE = 'ARCHIVE'


class Pins(unittest.TestCase):
    """Each instruction that makes a call has a pin, and only those; they are in one section."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.functions, cls.addresses = disassemble(os.environ['LIBRARY'])
        text = subprocess.run(['readelf', '-SW', os.environ['LIBRARY']], text=True, capture_output=True, check=True).stdout
        data = Path(os.environ['LIBRARY']).read_bytes()
        cls.sections = {}
        for name, *numbers in re.findall(r'^\s+\[\s*\d+\] (\S+)\s+\S+\s+(\S+) (\S+) (\S+) ', text, re.M):
            address, offset, size = (int(number, 16) for number in numbers)
            cls.sections[name] = address, data[offset:offset + size]
        start, table = cls.sections['liblinux_pins']
        cls.pins = [(start + 8 * n + offset, number) for n, (offset, number) in enumerate(struct.iter_unpack('<iI', table))]

    def test_every_call_and_its_number(self) -> None:
        found = []
        for name, code in self.functions.items():
            number = None
            for (mnemonic, operands), address in zip(code, self.addresses[name]):
                if match := CODE.LOADED.fullmatch(f'{mnemonic} {operands}'):
                    number = int(match[1], 0)
                if mnemonic == CODE.CALL:
                    found.append((address, number))
        self.assertGreater(len(found), len(emit.load(ARCH).calls()))
        self.assertEqual(sorted(self.pins), sorted(found))
        self.assertEqual(self.pins, sorted(set(self.pins)))

    def test_one_section(self) -> None:
        start, code = self.sections['liblinux_calls']
        # In no other place either, not even across two instructions.
        there = [match.start() + start for match in re.finditer(b'(?=' + re.escape(CODE.INSTRUCTION) + b')', code)]
        self.assertEqual([address for address, _ in self.pins], there)


if __name__ == '__main__':
    tap.main()
