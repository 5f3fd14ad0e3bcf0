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
sys.path.insert(0, str(TOP / 'gen'))

import c_types              # noqa: E402
import emit                 # noqa: E402
import tap                  # noqa: E402

ARCH = os.environ['ARCH']

# Registers of the arguments, as a function gets them and as the kernel wants them; that of
# the number; the instructions that end a call that never returns.
FUNCTION = {'x86_64': ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'], 'aarch64': [f'x{n}' for n in range(6)]}[ARCH]
KERNEL = {'x86_64': ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'], 'aarch64': [f'x{n}' for n in range(6)]}[ARCH]
NUMBER = {'x86_64': 'rax', 'aarch64': 'x8'}[ARCH]
CALL = {'x86_64': 'syscall', 'aarch64': 'svc'}[ARCH]
LANDING = {'x86_64': 'endbr64', 'aarch64': 'bti'}[ARCH]
TRAP = {'x86_64': 'ud2', 'aarch64': 'brk'}[ARCH]

# The calls of functions that are not calls, in the order of their code; the others make none.
MADE = {'linux_clone3_call': ['clone3', 'exit'], 'linux_restore_rt': ['rt_sigreturn']}

WIDE = {**{f'e{n}': f'r{n}' for n in ('ax', 'bx', 'cx', 'dx', 'si', 'di')}, **{f'r{n}d': f'r{n}' for n in range(8, 16)},
        **{f'w{n}': f'x{n}' for n in range(31)}}


def disassemble(path: str) -> tuple[dict[str, list[tuple[str, str]]], dict[str, list[int]]]:
    """The instructions of each function, and their addresses."""
    text = subprocess.run([os.environ.get('OBJDUMP', 'objdump'), '-d', '--no-show-raw-insn', path],
                          text=True, capture_output=True, check=True, env={**os.environ, 'LC_ALL': 'C'}).stdout
    functions: dict[str, list[tuple[str, str]]] = {}
    addresses: dict[str, list[int]] = {}
    code: list[tuple[str, str]] = []
    places: list[int] = []
    for line in text.splitlines():
        if match := re.match(r'\w+ <(\w+)(?:@.*)?>:$', line):
            code, places = functions.setdefault(match[1], []), addresses.setdefault(match[1], [])
        elif match := re.match(r'\s+(\w+):\t(\S+)\s*(.*)', line):
            code.append((match[2], re.split(r'//|<' if ARCH == 'aarch64' else r'<|\s#', match[3])[0].strip()))
            places.append(int(match[1], 16))
    return functions, addresses


class Machine:
    """Registers that hold what they held at entry, or that as C converted it."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {name: (n, 'long') for n, name in enumerate(FUNCTION)}

    def step(self, mnemonic: str, operands: str) -> None:
        words = [word.lstrip('%') for word in operands.split(',')] if operands else []
        words = [word.strip() for word in words]
        if ARCH == 'x86_64':
            words.reverse()             # target first, as aarch64 has it
        if mnemonic in ('push', 'pop') and words == ['rbp'] or words == ['rbp', 'rsp']:
            pass                        # a frame pointer, which -pg of clang insists on
        elif mnemonic in ('mov', 'movl', 'movslq', 'movabs', 'cltq', 'sxtw', 'uxtw'):
            target, source = words
            if re.fullmatch(r'[$#]?(0x)?[0-9a-f]+', source) and source[0] in '$#':
                self.values[WIDE.get(target, target)] = int(source[1:], 0)
                return
            argument, kind = self.values[WIDE.get(source, source)]
            if mnemonic in ('movslq', 'sxtw'):
                kind = 'int'
            elif target in WIDE or source in WIDE:
                kind = 'unsigned'
            self.values[WIDE.get(target, target)] = (argument, kind)
        elif mnemonic == 'xor' and words[0] == words[1]:
            self.values[WIDE.get(words[0], words[0])] = 0
        else:
            raise ValueError(f'{mnemonic} {operands}')


class Shared(unittest.TestCase):
    FILE = 'LIBRARY'

    @classmethod
    def setUpClass(cls) -> None:
        cls.facts = emit.load(ARCH)
        cls.functions, cls.addresses = disassemble(os.environ[cls.FILE])

    def test_only_wrappers_make_calls(self) -> None:
        names = {f'linux_{name}' for name in self.facts.calls()}
        names |= {function.name for function in self.facts.own_functions() if function.name in MADE}
        self.assertEqual({name for name, code in self.functions.items() if any(word == CALL for word, _ in code)}, names)

    def test_one_call_each(self) -> None:
        for name in self.facts.calls():
            with self.subTest(name):
                self.assertEqual([word for word, _ in self.functions[f'linux_{name}']].count(CALL), 1)

    def test_calls_of_functions(self) -> None:
        """Each after its number, and what does not return into a trap."""
        for function in self.facts.own_functions():
            with self.subTest(function.name):
                code = self.functions[function.name]
                at = [n for n, (word, _) in enumerate(code) if word == CALL]
                rows = [self.facts.calls()[name] for name in MADE.get(function.name, [])]
                register = '%rax' if function.name == 'linux_restore_rt' else '%eax'    # the bytes that unwinders know
                wanted = {'x86_64': '$0x{:x},' + register, 'aarch64': 'x8, #0x{:x}'}[ARCH]
                self.assertEqual([code[n - 1] for n in at], [('mov', wanted.format(row.numbers[ARCH])) for row in rows])
                for n, row in zip(at, rows):
                    self.assertEqual(code[n + 1][0] == TRAP, row.name != 'clone3')
                if function.name == 'linux_restore_rt':
                    self.assertEqual(at, [1])

    def test_wrappers(self) -> None:
        for name, row in self.facts.calls().items():
            if name in emit.NOT_INLINE:
                continue                # on the stack, they are not like others
            with self.subTest(name):
                code = [pair for pair in self.functions[f'linux_{name}'] if pair[0] not in ('nop', 'nopw', 'nopl', 'cs', 'data16', 'xchg', 'udf', 'int3')]
                self.assertEqual(code[0][0], LANDING)
                at = [word for word, _ in code].index(CALL)
                machine = Machine()
                for mnemonic, operands in code[1:at]:
                    machine.step(mnemonic, operands)
                self.assertEqual(machine.values[NUMBER], row.numbers[ARCH])
                for n, c_type in enumerate(emit.prototype_types(row, self.facts.shared)):
                    kind = c_types.kind(c_type)
                    self.assertEqual(machine.values[KERNEL[n]], (n, kind if kind in ('int', 'unsigned') else 'long'))
                for n in range(emit.zeros(row, self.facts)):
                    self.assertEqual(machine.values[KERNEL[len(row.args) + n]], 0)
                self.assertEqual([word for word, _ in code[at + 1:] if word != 'pop'], [TRAP if emit.is_noreturn(row, self.facts) else 'ret'])

    def test_number_is_an_immediate(self) -> None:
        for name, row in self.facts.calls().items():
            with self.subTest(name):
                number = f'0x{row.numbers[ARCH]:x}'
                wanted = {'x86_64': [f'${number},%eax'], 'aarch64': [f'x8, #{number}', f'w8, #{number}']}[ARCH]
                self.assertTrue(any(mnemonic == 'mov' and operands in wanted for mnemonic, operands in self.functions[f'linux_{name}']))


    def test_landings(self) -> None:
        """Whatever a pointer can be called through is a place to land; paciasp is one too."""
        for name in emit.symbols(self.facts):
            with self.subTest(name):
                first = self.functions[name][0]
                if name == 'linux_restore_rt':
                    self.assertNotEqual(first[0], LANDING)      # only the end of a handler gets there, by ret
                else:
                    self.assertIn(first, {'x86_64': [('endbr64', '')], 'aarch64': [('bti', 'c'), ('paciasp', '')]}[ARCH])


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
        load = re.compile({'x86_64': r'\$(0x\w+),%[er]ax', 'aarch64': r'[wx]8, #(0x\w+)'}[ARCH])
        for name, code in self.functions.items():
            number = None
            for (mnemonic, operands), address in zip(code, self.addresses[name]):
                if match := mnemonic == 'mov' and load.fullmatch(operands):
                    number = int(match[1], 16)
                if mnemonic == CALL:
                    found.append((address, number))
        self.assertGreater(len(found), len(emit.load(ARCH).calls()))
        self.assertEqual(sorted(self.pins), sorted(found))
        self.assertEqual(self.pins, sorted(set(self.pins)))

    def test_one_section(self) -> None:
        start, code = self.sections['liblinux_calls']
        instruction = {'x86_64': b'\x0f\x05', 'aarch64': struct.pack('<I', 0xd4000001)}[ARCH]
        # In no other place either, not even across two instructions.
        there = [match.start() + start for match in re.finditer(b'(?=' + re.escape(instruction) + b')', code)]
        self.assertEqual([address for address, _ in self.pins], there)


if __name__ == '__main__':
    tap.main()
