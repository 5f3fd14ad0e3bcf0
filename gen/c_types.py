# SPDX-License-Identifier: MIT
"""Argument types: from the kernel's spelling to the plain C of a prototype."""
from __future__ import annotations

import re

# Scalar typedefs of the kernel on a 64-bit architecture, from include/linux/types.h,
# include/uapi/asm-generic/{int-ll64,posix_types}.h and include/uapi/linux/{types,fs,
# aio_abi,fs}.h of the tree. umode_t is an unsigned short, which C promotes when it is
# passed; as unsigned int all its bits are the caller's, and the kernel reads the low 16.
SCALARS = {
    'char': 'char',
    'unsigned char': 'unsigned char',
    'int': 'int',
    'unsigned': 'unsigned int',
    'unsigned int': 'unsigned int',
    'long': 'long',
    'unsigned long': 'unsigned long',
    '__s32': 'int',
    's32': 'int',
    'int32_t': 'int',
    '__u32': 'unsigned int',
    'u32': 'unsigned int',
    'uint32_t': 'unsigned int',
    '__s64': 'long long',
    's64': 'long long',
    '__u64': 'unsigned long long',
    'u64': 'unsigned long long',
    'aio_context_t': 'unsigned long',
    'clockid_t': 'int',
    'gid_t': 'unsigned int',
    'key_serial_t': 'int',
    'key_t': 'int',
    '__kernel_old_time_t': 'long',
    'loff_t': 'long long',
    'mqd_t': 'int',
    'off_t': 'long',
    'pid_t': 'int',
    'qid_t': 'unsigned int',
    'rwf_t': 'int',
    'size_t': 'unsigned long',
    'ssize_t': 'long',
    'timer_t': 'int',
    'uid_t': 'unsigned int',
    'umode_t': 'unsigned int',
    'uintptr_t': 'unsigned long',
}

# Typedefs of structs, and of pointers to them.
STRUCTS = {
    'cap_user_data_t': 'struct __user_cap_data_struct *',
    'cap_user_header_t': 'struct __user_cap_header_struct *',
    'fd_set': 'struct fd_set',
    'sigset_t': 'struct sigset',
    'siginfo_t': 'struct siginfo',
    'stack_t': 'struct sigaltstack',
}


class UnknownType(ValueError):
    pass


def tag_name(tag: str, shared: dict[str, str]) -> str:
    """The tag of a kernel struct or union in our headers."""
    if tag in shared:
        return shared[tag]
    if tag.startswith('linux_'):
        return tag
    return 'linux_' + tag.lstrip('_')


class KernelTags(dict):
    """In the place of the shared tags: the kernel's own tags everywhere, but where it has none."""

    def __contains__(self, tag: object) -> bool:
        return tag not in ('fd_set', 'sigset')

    def __missing__(self, tag: str) -> str:
        return tag


def plain(kernel_type: str, shared: dict[str, str]) -> str:
    """'const struct stat __user *' -> 'const struct linux_stat *'.

    A const that binds the argument itself is dropped: no caller can see it.
    """
    text = re.sub(r'\b__user\b', ' ', kernel_type)
    words = re.findall(r'\w+|\*', text)
    if '*' in words:
        star = words.index('*')
        base, pointer = words[:star], words[star:]
    else:
        base, pointer = words, []
    if any(word not in ('*', 'const') for word in pointer):
        raise UnknownType(f"unknown type '{kernel_type}'")
    if pointer and pointer[-1] == 'const':
        pointer.pop()
    const = 'const' in base
    base = [word for word in base if word != 'const']
    name = ' '.join(base)
    if name in STRUCTS:
        base = STRUCTS[name].split()
        if base[-1] == '*':         # const bound the pointer, not what it points to
            base.pop()
            const = False
            pointer.insert(0, '*')
    if len(base) == 2 and base[0] in ('struct', 'union'):
        if not pointer:
            raise UnknownType(f"'{kernel_type}' passes a {base[0]} by value")
        name = f'{base[0]} {tag_name(base[1], shared)}'
    elif len(base) == 2 and base[0] == 'enum':
        name = 'unsigned int'
    elif name == 'void' and pointer:
        pass
    elif name in SCALARS:
        name = SCALARS[name]
    else:
        raise UnknownType(f"unknown type '{kernel_type}'")
    if not pointer:
        return name
    tail = ''
    for word in pointer:
        tail += word if not tail or tail.endswith('*') else f' {word}'
    return f'{"const " if const else ""}{name} {tail}'


def refined(kernel_type: str, reads: bool, untyped: bool) -> str:
    """The kernel's type as prototypes have it: const if the call only reads, void for bytes that are no string.

    Behind two pointers it stays, for C converts none to const there.
    """
    words = re.findall(r'\w+|\*', kernel_type)
    text = next((STRUCTS[word] for word in words if STRUCTS.get(word, '').endswith('*')), kernel_type)
    if text.count('*') != 1:
        return kernel_type
    if untyped:
        text = re.sub(r'\b(unsigned )?char\b', 'void', text)
    return f'const {text}' if reads and 'const' not in text.partition('*')[0].split() else text


def kind(c_type: str) -> str:
    """How C converts an argument of this type to long."""
    if c_type.endswith('*'):
        return 'pointer'
    return {'int': 'int', 'unsigned int': 'unsigned'}.get(c_type, 'long')
