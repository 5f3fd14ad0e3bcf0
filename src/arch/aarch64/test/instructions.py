# SPDX-License-Identifier: MIT
"""aarch64: how tests/test_disassembly.py reads its machine code; tests/arches.py says what each name is."""
import re

FUNCTION = KERNEL = [f'x{n}' for n in range(6)]
NUMBER, CALL, LANDING, TRAP = 'x8', 'svc', 'bti', 'brk'
COMMENT = r'//|<'
LANDINGS = {('bti', 'c'), ('paciasp', '')}
LOADED = re.compile(r'mov [wx]8, #(0x\w+)')
INSTRUCTION = bytes.fromhex('010000d4')
PADDING = {'nop', 'udf'}
PASSED = {}

WIDE = {f'w{n}': f'x{n}' for n in range(31)}


def load(number: int, function: str = '') -> tuple[str, str]:
    """The instruction that loads a number."""
    return 'mov', f'x8, #0x{number:x}'


def step(values: dict, mnemonic: str, words: list[str]) -> bool:
    """Follow one instruction that moves a value, as C converts it; is it one?"""
    if mnemonic not in ('mov', 'sxtw', 'uxtw') or len(words) != 2:
        return False
    target, source = words
    if re.fullmatch(r'#(0x)?[0-9a-f]+', source):
        values[WIDE.get(target, target)] = int(source[1:], 0)
        return True
    argument, kind = values[WIDE.get(source, source)]
    if mnemonic == 'sxtw':
        kind = 'int'
    elif target in WIDE or source in WIDE:
        kind = 'unsigned'
    values[WIDE.get(target, target)] = (argument, kind)
    return True
