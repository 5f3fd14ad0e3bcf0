# SPDX-License-Identifier: MIT
"""riscv64: how tests/test_disassembly.py reads its machine code; tests/arches.py says what each name is."""
import re

FUNCTION = KERNEL = [f'a{n}' for n in range(6)]
NUMBER, CALL, LANDING, TRAP = 'a7', 'ecall', '', 'ebreak'
COMMENT = r'<|\s#'
LANDINGS = set()
LOADED = re.compile(r'li a7,(\d+)')
INSTRUCTION = bytes.fromhex('73000000')
PADDING = {'nop', 'unimp', '...'}
# The calling convention extends both by the sign.
PASSED = {'int': 'int', 'unsigned': 'int'}


def load(number: int, function: str = '') -> tuple[str, str]:
    """The instruction that loads a number."""
    return 'li', f'a7,{number}'


def step(values: dict, mnemonic: str, words: list[str]) -> bool:
    """Follow one instruction that moves a value, as C converts it; is it one?"""
    if mnemonic == 'li':
        values[words[0]] = int(words[1], 0)
    elif mnemonic == 'mv':
        values[words[0]] = values[words[1]]
    elif mnemonic == 'sext.w':
        values[words[0]] = (values[words[1]][0], 'int')
    elif mnemonic in ('sll', 'slli') and words[2] in ('0x20', '32'):
        values[words[0]] = (values[words[1]][0], 'upper half')
    elif mnemonic in ('srl', 'srli') and words[2] in ('0x20', '32') and values[words[1]][1] == 'upper half':
        values[words[0]] = (values[words[1]][0], 'unsigned')
    else:
        return False
    return True
