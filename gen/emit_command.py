# SPDX-License-Identifier: MIT
"""What the `liblinux` command has beside the library's table: summaries, probes, constants."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import call_notes
from emit_table import CALL_FLAGS, Entry
from emit_uapi import SCALARS, Uapi
from tables import TOP, Arch, Doubt, Table, newest, read_lines
from uapi_tables import Enum, Field, Macro

PROBES = TOP / 'gen/probes.tbl'


@dataclass(frozen=True)
class Probe:
    """How a kernel is asked for a call."""
    args: tuple[int, ...] = (-1,) * 6
    reason: str = ''            # why it is never called
    eperm: bool = False         # the kernel has an EPERM of its own for it


def read_probes(table: Table, path: Path = PROBES) -> dict[str, Probe]:
    most = {row.kernel_name: len(row.args) for row in newest(table.rows)}
    args: dict[str, tuple[int, ...]] = {}
    none: dict[str, str] = {}
    eperm: set[str] = set()
    for n, line in enumerate(read_lines(path), 1):
        if not line.strip() or line.startswith('#'):
            continue
        match = re.fullmatch(r'(args)((?: \S+)+): \S.*|(none)( \w+): (\S.*)|(eperm)((?: \w+)+)', line)
        if not match:
            raise Doubt(path, n, "expected 'args CALL VALUE...: REASON', 'none CALL: REASON' or 'eperm CALL...'")
        kind = match[1] or match[3] or match[6]
        words = (match[2] or match[4] or match[7]).split()
        names = words if kind == 'eperm' else words[:1]
        for name in names:
            if name not in most:
                raise Doubt(path, n, f'{name} is no call')
            if name in (eperm if kind == 'eperm' else {**args, **none}):
                raise Doubt(path, n, f'{name} stands above already')
        if kind == 'eperm':
            eperm |= set(names)
        elif kind == 'none':
            none[names[0]] = match[5]
        else:
            values = words[1:]
            if wrong := [value for value in values if not re.fullmatch(r'-?\d{1,10}', value) or not -2**31 <= int(value) < 2**31]:
                raise Doubt(path, n, f"'{wrong[0]}' is no int")
            if len(values) > most[names[0]]:
                raise Doubt(path, n, f'{names[0]} has {most[names[0]]} arguments')
            args[names[0]] = tuple(map(int, values)) + (0,) * (6 - len(values))
    for name in eperm & set(none):
        raise Doubt(path, 1, f'{name} is never called, and refuses by EPERM')
    return {name: Probe(args.get(name, Probe.args), none.get(name, ''), name in eperm) for name in most}


def constants(groups: dict[str, list], arch: str) -> dict[str, int]:
    """Every integer constant of the UAPI headers, of one architecture."""
    found: dict[str, int] = {}
    for facts in groups.values():
        for where, fact in facts:
            if where not in ('', arch):
                continue
            if isinstance(fact, Enum):
                found.update(fact.values)
            elif isinstance(fact, Macro) and (match := re.fullmatch(r'(-?(?:0[xX][0-9a-fA-F]+|\d+))[uUlL]*', fact.value)):
                found[fact.name] = int(match[1], 0)
    return {name: value for name, value in found.items() if not name.startswith('_')}


@dataclass(frozen=True)
class Member:
    """A number, or an array of them, somewhere in a struct."""
    name: str                   # a.b in a struct within it
    offset: int
    width: int                  # bytes
    signed: bool
    count: int                  # 0: no array
    text: bool                  # of characters


def members(uapi: Uapi, arch: str, fields: tuple[Field, ...], before: str = '', base: int = 0) -> list[Member]:
    """All numbers of a struct; bit-fields, arrays of structs or of arrays, and what has no size are left out."""
    found: list[Member] = []
    records = uapi.records(arch)
    for field in fields:
        name = before + uapi.field_name(field.name)
        inner = field.members
        if field.type.startswith(('struct ', 'union ')) and not field.type.endswith('*'):
            inner = records[field.type.partition(' ')[2]][1].members
        if inner and not field.dims:
            found += members(uapi, arch, inner, f'{name}.' if field.name else before, base + field.offset)
        elif not inner and not field.bits and field.dims != (0,) and len(field.dims) < 2 and (field.type.endswith(('*', ')')) or field.type in SCALARS):
            width = SCALARS.get(field.type, 8)
            signed = not field.type.startswith('unsigned') and field.type in SCALARS
            if width <= 8:
                found.append(Member(name, base + field.offset, width, signed, sum(field.dims), field.type == 'char' and bool(field.dims)))
    return found


def layouts(entries: list[Entry], uapi: Uapi, arch: str) -> dict[str, tuple[int, list[Member]]]:
    """'struct linux_open_how' -> its size and members, for each that an argument points to."""
    by_own_tag = {uapi.own_tag(tag): record for tag, (_, record) in uapi.records(arch).items()}
    by_own_tag.update({uapi.shared[tag]: record for tag, (_, record) in uapi.records(arch).items() if tag in uapi.shared})
    found = {}
    for entry in entries:
        for c_type in entry.types if arch in entry.row.numbers else ():
            match = re.fullmatch(r'(?:const )?((?:struct|union) (\w+)) \*', c_type)
            if match and match[2] in by_own_tag:
                record = by_own_tag[match[2]]
                found[match[1]] = record.size, members(uapi, arch, record.members)
    return {name: layout for name, layout in sorted(found.items()) if layout[1]}


def quoted(text: str) -> str:
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def optional(text: str) -> str:
    return quoted(text) if text else '0'


def data(table: Table, notes: dict[str, call_notes.Note], probes: dict[str, Probe], errno: list[tuple[str, str]], uapi: Uapi,
         entries: list[Entry], audit: dict[str, int], arches: list[Arch], native: Arch, origin: str) -> str:
    floors = {arch.name: arch.floor for arch in arches}
    text = origin + f'#define TREE "{table.tree}"\n\nconst struct about abouts[] = {{\n'
    names = sorted({row.kernel_name for row in table.rows})
    removed = {row.kernel_name: row.removed for row in newest(table.rows)}
    for name in names:
        probe = probes[name]
        values = ', '.join(map(str, probe.args))
        text += (f'\t{{{quoted(name)}, {quoted(notes[name].summary)}, {optional(notes[name].replaced_by)}, {optional(removed[name])}, {optional(probe.reason)}, '
                 f'{{{values}}}, {int(probe.eperm)}}},\n')
    text += f'}};\n\nconst unsigned int n_abouts = {len(names)};\n\nconst struct arch archs[] = {{\n'
    text += ''.join(f'\t{{{quoted(name)}, {audit[name]:#x}, {quoted(floors[name])}}},\n' for name in table.arches)
    text += f'}};\n\nconst unsigned int n_archs = {len(table.arches)}, native = {table.arches.index(native.name)};\n'
    text += '\nconst struct word categories[] = {\n'
    text += ''.join(f'\t{{{quoted(name)}, {quoted(what)}}},\n' for name, what in call_notes.CATEGORIES.items())
    text += f'}};\n\nconst unsigned int n_categories = {len(call_notes.CATEGORIES)};\n\nconst struct word kinds[] = {{\n'
    text += ''.join(f'\t{{{quoted(name)}, {quoted(what)}}},\n' for name, what in call_notes.RETURNS.items())
    text += f'}};\n\nconst unsigned int n_kinds = {len(call_notes.RETURNS)};\n\n/* In the order of their bits. */\nconst struct word marks[] = {{\n'
    said = {**call_notes.MARKS, 'noreturn': 'Never returns.', 'removed': 'The kernel has it no more.', 'no-error': 'Has no error.'}
    marks = [flag.lower().replace('_', '-') for flag in CALL_FLAGS]
    text += ''.join(f'\t{{{quoted(name)}, {quoted(said[name])}}},\n' for name in marks)
    text += f'}};\n\nconst unsigned int n_marks = {len(marks)};\n\nconst unsigned int marks_by_name[] = {{\n'
    text += ''.join(f'\t{marks.index(name)},\n' for name in sorted(marks) if name != 'removed')
    text += f'}};\n\nconst unsigned int n_marks_by_name = {len(marks) - 1};\n\nconst struct error errors[] = {{\n'
    values: dict[str, int] = {}
    for name, value in errno:
        values[name] = int(value) if value.isdecimal() else values[value]
        text += f'\t{{{quoted(name)}, {values[name]}, {int(not value.isdecimal())}}},\n'
    text += f'}};\n\nconst unsigned int n_errors = {len(errno)};\n\n'
    places, n = '', 0
    text += 'const struct member members[] = {\n'
    for name, (size, fields) in layouts(entries, uapi, native.name).items():
        text += ''.join(f'\t{{{quoted(one.name)}, {one.offset}, {one.count}, {one.width}, {int(one.signed)}, {int(one.text)}}},\n' for one in fields)
        places += f'\t{{{quoted(name)}, {size}, {n}, {len(fields)}}},\n'
        n += len(fields)
    text += f'}};\n\nconst struct layout layouts[] = {{\n{places}}};\n\nconst unsigned int n_layouts = sizeof layouts / sizeof *layouts;\n\n'
    found = constants(uapi.groups, native.name)
    text += '/* By name; offsets, for 5,000 pointers would be as many relocations. */\nconst char constant_names[] =\n'
    places, at = '', 0
    for name in sorted(found):
        text += f'\t"{name}\\0"\n'
        places += f'\t{at},\n'
        at += len(name) + 1
    text += f'\t"";\n\nconst unsigned int constant_places[] = {{\n{places}}};\n\nconst unsigned long long constant_values[] = {{\n'
    text += ''.join(f'\t{found[name] & (1 << 64) - 1:#x},\n' for name in sorted(found))
    return text + f'}};\n\nconst unsigned int n_constants = {len(found)};\n'
