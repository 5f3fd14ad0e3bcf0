# SPDX-License-Identifier: MIT
"""The facts about the kernel's UAPI headers: what gen/uapi/*.tbl hold, read and written."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tables import TOP, Doubt, read_lines

GROUPS = TOP / 'gen/uapi.tbl'
FACTS = TOP / 'gen/uapi'
EXTRA = TOP / 'gen/abi-extra.tbl'

# The type of SIG_DFL and its like, as a cast before the value.
HANDLER = '(void (*)(int))'

NUMBER = '[0-9]{1,19}'
DEEPEST = 20                    # structs within structs


@dataclass(frozen=True)
class Field:
    """A member. Its type is plain C with the kernel's tags; an inner struct has none, but members."""
    offset: int                         # bytes; bits for a bit-field
    type: str                           # 'unsigned int', 'struct timespec', 'void (*)(int)'; 'struct' or 'union'
    name: str                           # '' of an anonymous struct or union
    dims: tuple[int, ...] = ()          # of an array; 0 is a flexible one
    bits: int = 0                       # width of a bit-field
    members: tuple[Field, ...] = ()
    size: int = 0                       # of an inner struct or union


@dataclass(frozen=True)
class Record:
    kind: str                           # struct or union
    tag: str
    size: int
    align: int
    members: tuple[Field, ...]
    typedef: str = ''                   # its only name in the kernel, where it has no tag
    source: str = field(default='', compare=False)      # file:line of what abi-extra.tbl takes from the tree


@dataclass(frozen=True)
class Extra:
    """A row of abi-extra.tbl."""
    header: str
    file: str
    items: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Enum:
    tag: str                            # '' of an anonymous one
    values: tuple[tuple[str, int], ...]
    source: str = field(default='', compare=False)


@dataclass(frozen=True)
class Macro:
    name: str
    value: str                          # a C constant, perhaps behind HANDLER, or a string in quotes
    source: str = field(default='', compare=False)


def read_groups(path: Path) -> dict[str, list[str]]:
    """Name of our header -> the kernel's headers."""
    groups: dict[str, list[str]] = {}
    owner: dict[str, str] = {}
    for n, line in enumerate(read_lines(path), 1):
        words = line.split()
        if not words or words[0].startswith('#'):
            continue
        if len(words) < 2 or not re.fullmatch(r'\w+', words[0]):
            raise Doubt(path, n, f"not a name and its headers: '{line.strip()}'")
        if words[0] in groups:
            raise Doubt(path, n, f'{words[0]} is there already')
        for word in words[1:]:
            if word in owner:
                raise Doubt(path, n, f'{word} belongs to {owner[word]} already')
            owner[word] = words[0]
        groups[words[0]] = words[1:]
    return groups


def read_extra(path: Path, groups: dict[str, list[str]]) -> list[Extra]:
    rows = []
    for n, line in enumerate(read_lines(path), 1):
        words = line.split()
        if not words or words[0].startswith('#'):
            continue
        if len(words) < 3 or not all(re.fullmatch(r'(?:(?:struct|enum|typedef):)?[\w*]+(?:=\w+)?', word) for word in words[2:]):
            raise Doubt(path, n, f"not a header, a file and names: '{line.strip()}'")
        groups.setdefault(words[0], [])
        rows.append(Extra(words[0], words[1], tuple(words[2:]), n))
    return rows


# Text. A fact begins at the margin, its members are indented. The first line ends with " @ARCH"
# where the architectures do not share the fact, and with "# FILE:LINE" where no UAPI header has it.

def key(fact: Record | Enum | Macro) -> tuple:
    if isinstance(fact, Record):
        return 'tag', fact.tag
    if isinstance(fact, Enum):
        return 'tag', fact.tag or fact.values[0][0]
    return 'macro', fact.name


def write_field(member: Field, depth: int) -> list[str]:
    offset = f'{member.offset}:{member.bits}' if member.bits else str(member.offset)
    kind = f'{member.type} {member.size}' if member.members or member.type in ('struct', 'union') else member.type
    name = (member.name or '-') + ''.join(f'[{dim or ""}]' for dim in member.dims)
    lines = ['\t' * depth + f'{offset}\t{kind}\t{name}']
    for inner in member.members:
        lines += write_field(inner, depth + 1)
    return lines


def write_fact(fact: Record | Enum | Macro, arch: str) -> list[str]:
    at = (f' @{arch}' if arch else '') + (f'\t# {fact.source}' if fact.source else '')
    if isinstance(fact, Macro):
        return [f'macro {fact.name} {fact.value}{at}']
    if isinstance(fact, Enum):
        return [f'enum {fact.tag or "-"}{at}'] + [f'\t{name}\t{value}' for name, value in fact.values]
    lines = [f'{fact.kind} {fact.tag} {fact.size} {fact.align} {fact.typedef}'.rstrip() + at]
    for member in fact.members:
        lines += write_field(member, 1)
    return lines


def write(tree: str, headers: list[str], by_arch: dict[str, list]) -> str:
    """One group: what all architectures share once, the rest with the architecture."""
    lines = [f'# Linux {tree}', '# SPDX-License-Identifier: MIT',
             f'# Measured on {", ".join(headers)}'.strip(), '# by `gen/syscall_table.py update`; do not edit.']
    done = set()
    for arch, facts in by_arch.items():
        for fact in facts:
            if key(fact) in done:
                continue
            done.add(key(fact))
            others = {other: next((one for one in have if key(one) == key(fact)), None) for other, have in by_arch.items()}
            if all(one == fact for one in others.values()):
                lines += write_fact(fact, '')
            else:
                for other, one in others.items():
                    if one:
                        lines += write_fact(one, other)
    return '\n'.join(lines) + '\n'


def read(path: Path, arches: list[str]) -> list[tuple[str, Record | Enum | Macro]]:
    """(architecture or '', fact) in order."""
    result: list[tuple[str, Record | Enum | Macro]] = []
    lines = [(n, line.rstrip()) for n, line in enumerate(read_lines(path), 1) if line and not line.startswith('#')]
    position = 0

    def fields(depth: int) -> tuple[Field, ...]:
        nonlocal position
        found = []
        if depth > DEEPEST:
            raise Doubt(path, lines[position - 1][0], 'too many structs within structs')
        while position < len(lines):
            n, line = lines[position]
            if len(line) - len(line.lstrip('\t')) < depth:
                break
            parts = line[depth:].split('\t')
            match = re.fullmatch(rf'({NUMBER})(?::({NUMBER}))?', parts[0])
            name = re.fullmatch(rf'(\w+|-)((?:\[(?:{NUMBER})?\])*)', parts[-1])
            if len(parts) != 3 or not match or not name:
                raise Doubt(path, n, f"not a member: '{line.strip()}'")
            position += 1
            inner = re.fullmatch(rf'(struct|union) ({NUMBER})', parts[1])
            dims = tuple(int(dim or 0) for dim in re.findall(r'\[([0-9]*)\]', name[2]))
            found.append(Field(int(match[1]), inner[1] if inner else parts[1], '' if name[1] == '-' else name[1], dims,
                               int(match[2] or 0), fields(depth + 1) if inner else (), int(inner[2]) if inner else 0))
        return tuple(found)

    while position < len(lines):
        n, line = lines[position]
        line, _, source = line.partition('\t# ')
        line, _, arch = line.partition(' @')
        words = line.split(' ')
        position += 1
        if arch and arch not in arches:
            raise Doubt(path, n, f"no architecture '{arch}'")
        if source and not re.fullmatch(r'\S+:\d+', source):
            raise Doubt(path, n, f"not a file and a line: '{source}'")
        if re.fullmatch(rf'(?:struct|union) \w+ {NUMBER} {NUMBER}(?: \w+)?', line):
            result.append((arch, Record(words[0], words[1], int(words[2]), int(words[3]), fields(1), ''.join(words[4:]), source)))
        elif re.fullmatch(r'enum (?:\w+|-)', line):
            values = []
            while position < len(lines) and lines[position][1].startswith('\t'):
                match = re.fullmatch(r'\t(\w+)\t(-?[0-9]{1,20})', lines[position][1])
                if not match:
                    raise Doubt(path, lines[position][0], f"not an enumerator: '{lines[position][1].strip()}'")
                values.append((match[1], int(match[2])))
                position += 1
            if not values:
                raise Doubt(path, n, f"no enumerators: '{line}'")
            result.append((arch, Enum('' if words[1] == '-' else words[1], tuple(values), source)))
        elif words[0] == 'macro' and len(words) >= 3:
            result.append((arch, Macro(words[1], ' '.join(words[2:]), source)))
        else:
            raise Doubt(path, n, f"not a fact: '{line}'")
    return result
