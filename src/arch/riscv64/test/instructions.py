# SPDX-License-Identifier: MIT
"""riscv64: how tests/test_disassembly.py reads its machine code.

The registers of arguments, as a function gets them and as the kernel wants them; that of the number;
the system call, what a landing pad is (wrappers begin with one, or '' where compilers of Debian 12
make none) and what ends a call that never returns.
"""
import re

FUNCTION = KERNEL = [f'a{n}' for n in range(6)]
NUMBER, CALL, LANDING, TRAP = 'a7', 'ecall', '', 'ebreak'
COMMENT = r'<|\s#'
# All that is a place to land, how the number is loaded, and the bytes of a system call.
LANDINGS = set()
LOADED = re.compile(r'li a7,(\d+)')
INSTRUCTION = bytes.fromhex('73000000')
# What stands between functions.
PADDING = {'nop', 'unimp', '...'}
# How C converts an int and an unsigned that a function gets, before any instruction: the calling
# convention extends both by the sign.
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
