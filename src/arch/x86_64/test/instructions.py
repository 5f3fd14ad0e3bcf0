# SPDX-License-Identifier: MIT
"""x86_64: how tests/test_disassembly.py reads its machine code; tests/arches.py says what each name is."""
import re

FUNCTION = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9']
KERNEL = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9']
NUMBER, CALL, LANDING, TRAP = 'rax', 'syscall', 'endbr64', 'ud2'
COMMENT = r'<|\s#'
LANDINGS = {('endbr64', '')}
LOADED = re.compile(r'mov \$(0x\w+),%[er]ax')
INSTRUCTION = b'\x0f\x05'
PADDING = {'nop', 'nopw', 'nopl', 'cs', 'data16', 'xchg', 'int3'}
PASSED = {}

WIDE = {**{f'e{n}': f'r{n}' for n in ('ax', 'bx', 'cx', 'dx', 'si', 'di')}, **{f'r{n}d': f'r{n}' for n in range(8, 16)}}


def load(number: int, function: str = '') -> tuple[str, str]:
    """The instruction that loads a number; that of linux_restore_rt is what unwinders know."""
    return 'mov', f'$0x{number:x},{"%rax" if function == "linux_restore_rt" else "%eax"}'


def step(values: dict, mnemonic: str, words: list[str]) -> bool:
    """Follow one instruction that moves a value, as C converts it; is it one?"""
    words = [word.lstrip('%') for word in words]
    if mnemonic in ('push', 'pop') and words == ['rbp'] or words == ['rsp', 'rbp']:
        return True                     # a frame pointer, which -pg of clang insists on
    if mnemonic not in ('mov', 'movl', 'movslq', 'movabs', 'cltq') or len(words) != 2:
        return False
    source, target = words
    if re.fullmatch(r'\$(0x)?[0-9a-f]+', source):
        values[WIDE.get(target, target)] = int(source[1:], 0)
        return True
    argument, kind = values[WIDE.get(source, source)]
    if mnemonic == 'movslq':
        kind = 'int'
    elif target in WIDE or source in WIDE:
        kind = 'unsigned'
    values[WIDE.get(target, target)] = (argument, kind)
    return True
