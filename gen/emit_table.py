# SPDX-License-Identifier: MIT
"""The table of system calls that programs read: <liblinux/table.h>, its data, and JSON and CSV."""
from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace

import c_types
from call_notes import CATEGORIES, DIRECTIONS, FLAGS, MARKS, RETURNS, UNITS, Note, Use
from tables import Arch, Row, Table, newest

# The bits of an argument's flags: what stands in no other field, in the order of the ABI. Only append.
ARG_FLAGS = ('IN', 'OUT', 'INOUT', 'VARIES', 'ADDRESS', 'BYTES', 'ELEMENTS', 'BITS', 'WRITTEN', 'STRING', 'NULLABLE', 'RETAINED',
             'FD', 'DIRFD', 'CLOSED', 'SCATTER')
CALL_FLAGS = ('NORETURN', 'LIBC_STATE', 'THREAD_CREDENTIALS', 'NEW_STACK', 'KERNEL_ONLY', 'CANCELLATION', 'BLOCKS', 'MULTIPLEXER',
              'OBSOLETE', 'REMOVED', 'MUST_CHECK', 'NO_ERROR')

assert {name.upper() for name in (*DIRECTIONS, *UNITS, *FLAGS)} | {'WRITTEN'} == set(ARG_FLAGS)
assert {name.upper().replace('-', '_') for name in MARKS} | {'REMOVED'} == set(CALL_FLAGS)


def call_flags(row: Row, note: Note) -> list[str]:
    found = {mark.upper().replace('-', '_') for mark in note.marks}
    found |= {'NORETURN'} if row.noreturn else set()
    found |= {'REMOVED'} if row.removed else set()
    return [name for name in CALL_FLAGS if name in found]


def arg_flags(use: Use) -> list[str]:
    found = {word.upper() for word in (use.direction, use.unit, *use.flags) if word}
    found |= {'WRITTEN'} if use.by_result else set()
    return [name for name in ARG_FLAGS if name in found]


class Strings:
    """One array of characters for all strings; a string that ends another shares it."""

    def __init__(self, texts: set[str]):
        self.text, self.at = '\0', {'': 0}
        for text in sorted(texts - {''}, key=lambda text: (-len(text), text)):
            where = self.text.find(f'{text}\0')
            if where < 0:
                where = len(self.text)
                self.text += f'{text}\0'
            self.at[text] = where

    def c(self) -> str:
        lines = self.text[1:-1].split('\0')
        return '\t"\\0"\n' + ''.join(f'\t"{line}\\0"\n' for line in lines)


@dataclass(frozen=True)
class Entry:
    row: Row
    note: Note
    types: tuple[str, ...]

    def fields(self) -> tuple[str, ...]:
        """The strings of struct call_data, in its order."""
        note = self.note
        return (self.row.name, note.libc.get('glibc', ''), note.libc.get('musl', ''), note.category, note.returns,
                ' '.join(note.config), ' '.join(note.capability), note.man)

    def args(self) -> list[tuple[str, str, str, list[str]]]:
        uses = [self.note.uses.get(arg.name, Use()) for arg in self.row.args]
        return [(arg.name, c_type, use.count, arg_flags(use)) for arg, c_type, use in zip(self.row.args, self.types, uses)]


def entries(table: Table, notes: dict[str, Note], shared: dict[str, str]) -> list[Entry]:
    """The kernel's calls, with what they take now."""
    found = []
    for row in newest(table.rows):
        call = notes[row.kernel_name]
        note = replace(notes[row.name], name=row.kernel_name, since=call.since, libc=call.libc)
        types = tuple(c_types.plain(arg.type, shared) for arg in row.args)
        found.append(Entry(replace(row, name=row.kernel_name, call=''), note, types))
    return found


def data(table: Table, notes: dict[str, Note], shared: dict[str, str], arches: list[Arch], audit: dict[str, int], native: str, origin: str) -> str:
    """What src/table.c includes: offsets only, for a pointer would be a relocation."""
    every = entries(table, notes, shared)
    texts = {text for entry in every for text in entry.fields()} | {since for note in notes.values() for since in note.since.values()}
    texts |= {text for entry in every for name, c_type, count, _ in entry.args() for text in (name, c_type, count)}
    strings = Strings(texts)

    def bits(prefix: str, names: list[str]) -> str:
        return ' | '.join(f'{prefix}{name}' for name in names) or '0'

    text = origin + f'static const char strings[] =\n{strings.c()};\n\nstatic const struct arg_data args[] = {{\n'
    first, at = {}, 0
    for n, entry in enumerate(every):
        first[n] = at
        for name, c_type, count, flags in entry.args():
            text += f'\t{{{strings.at[name]}, {strings.at[c_type]}, {strings.at[count]}, {bits("LINUX_TABLE_ARG_", flags)}}},\n'
            at += 1
    text += '};\n\nstatic const struct call_data calls[] = {\n'
    for n, entry in enumerate(every):
        flags = bits('LINUX_TABLE_', call_flags(entry.row, entry.note))
        text += f'\t{{{", ".join(str(strings.at[field]) for field in entry.fields())}, {flags}, {first[n]}, {len(entry.row.args)}}},\n'
    text += '};\n\n/* By architecture and name. */\nstatic const struct entry_data entries[] = {\n'
    places: list[tuple[str, int, int, int, int]] = []
    numbers, start = '', 0
    number_start = 0
    for arch in arches:
        rows = sorted((n for n, entry in enumerate(every) if arch.name in entry.row.numbers), key=lambda n: every[n].row.name)
        for n in rows:
            row, note = every[n].row, every[n].note
            text += f'\t{{{n}, {row.numbers[arch.name]}, {strings.at[note.since[arch.name]]}}},\n'
        highest = max(every[n].row.numbers[arch.name] for n in rows)
        by_number = {every[n].row.numbers[arch.name]: place for place, n in enumerate(rows)}
        numbers += ''.join(f'\t{by_number[number] + 1 if number in by_number else 0},\n' for number in range(highest + 1))
        places.append((arch.name, start, len(rows), number_start, highest + 1))
        start, number_start = start + len(rows), number_start + highest + 1
    text += f'}};\n\n/* By architecture and number: one more than the place among those of its architecture, or 0. */\nstatic const unsigned short numbers[] = {{\n{numbers}}};\n\n'
    text += 'static const struct arch_data arches[] = {\n'
    text += ''.join(f'\t{{{audit[name]:#x}, {a}, {b}, {c}, {d}}},\n' for name, a, b, c, d in places)
    return text + f'}};\n\nenum {{ NATIVE = {[arch.name for arch in arches].index(native)} }};\n'


def json_text(table: Table, notes: dict[str, Note], shared: dict[str, str], audit: dict[str, int], version: str) -> str:
    """The table for other languages; what it means stands in liblinux.schema.json."""
    calls = []
    for entry in entries(table, notes, shared):
        row, note = entry.row, entry.note
        args = []
        for arg, c_type in zip(row.args, entry.types):
            use = note.uses.get(arg.name, Use())
            args.append({'name': arg.name, 'type': c_type, 'kernel_type': arg.kernel_type, 'direction': use.direction or None,
                         'unit': use.unit or None, 'count': use.count or None, 'written': use.by_result, 'flags': sorted(use.flags)})
        calls.append({
            'name': row.name, 'summary': note.summary, 'category': note.category, 'returns': note.returns,
            'numbers': row.numbers, 'since': {arch: note.since[arch] for arch in row.numbers}, 'removed': row.removed or None,
            'glibc': note.libc.get('glibc'), 'musl': note.libc.get('musl'), 'man': note.man or None, 'replaced_by': note.replaced_by or None,
            'config': list(note.config), 'capability': list(note.capability),
            'marks': sorted(note.marks | ({'noreturn'} if row.noreturn else set())), 'args': args})
    everything = {'linux': table.tree, 'version': version, 'arches': {arch: {'audit': audit[arch]} for arch in table.arches}}
    lines = ',\n'.join(json.dumps(call, ensure_ascii=True) for call in calls)
    return json.dumps(everything)[:-1] + f', "calls": [\n{lines}\n]}}\n'


def csv_text(table: Table, notes: dict[str, Note], shared: dict[str, str]) -> str:
    """A line for each call of each architecture."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    writer.writerow(['name', 'arch', 'number', 'since', 'removed', 'glibc', 'musl', 'category', 'returns', 'marks', 'args', 'summary'])
    for entry in entries(table, notes, shared):
        row, note = entry.row, entry.note
        args = '; '.join(f'{c_type}{"" if c_type.endswith("*") else " "}{arg.name}' for arg, c_type in zip(row.args, entry.types))
        marks = ' '.join(sorted(note.marks | ({'noreturn'} if row.noreturn else set())))
        for arch, number in row.numbers.items():
            writer.writerow([row.name, arch, number, note.since[arch], row.removed, note.libc.get('glibc', ''), note.libc.get('musl', ''),
                             note.category, note.returns, marks, args, note.summary])
    return out.getvalue()


def schema(table: Table) -> str:
    """JSON Schema (draft 2020-12) of liblinux.json."""
    release = {'type': 'string', 'pattern': r'^[0-9]+(\.[0-9]+)+$'}

    name = {'type': 'string', 'pattern': '^[a-z_][a-z0-9_]*$'}
    count = {'type': 'string', 'pattern': r'^(\*?[a-z_][a-z0-9_]*|[a-z_][a-z0-9_]*(/page|-1)|[0-9]+)$'}
    number = {'type': 'integer', 'minimum': 0}
    filled = {'type': 'string', 'minLength': 1}

    def maybe(one: dict) -> dict:
        return {'anyOf': [one, {'type': 'null'}]}

    def of(properties: dict, description: str) -> dict:
        return {'type': 'object', 'description': description, 'properties': properties, 'required': list(properties),
                'additionalProperties': False}

    def by_arch(one: dict, least: int) -> dict:
        return {'type': 'object', 'properties': {arch: one for arch in table.arches}, 'additionalProperties': False, 'minProperties': least}

    def said(one: dict, description: str) -> dict:
        return {**one, 'description': description}

    def words(values) -> dict:
        return {'type': 'array', 'items': {'enum': sorted(values)}, 'uniqueItems': True}

    arg = of({
        'name': said(name, "the kernel's"),
        'type': said(filled, 'C, as in the prototypes of liblinux'),
        'kernel_type': said(filled, "the kernel's spelling"),
        'direction': said({'enum': [*DIRECTIONS, None]}, 'what the kernel does with the memory of a pointer; address: it is none; varies: another argument decides'),
        'unit': said({'enum': [*UNITS, None]}, 'of count; null with a direction: one object of the type'),
        'count': said(maybe(count), 'an argument that says how much, *argument for what it points to, argument/page for one of each page of it, argument-1 for one less, or digits'),
        'written': said({'type': 'boolean'}, 'the result says how many units were written'),
        'flags': words(FLAGS)}, 'an argument')
    call = of({
        'name': said(name, 'a call whose prototype differs between architectures stands once for each'),
        'summary': filled,
        'category': {'enum': list(CATEGORIES)},
        'returns': said({'enum': list(RETURNS)}, 'what a result is that is no error'),
        'numbers': by_arch(number, 1),
        'since': said(by_arch(release, 1), 'the kernel release that brought it to the architecture; a call that was in the first table of x86_64, '
                      'which came with 2.4.20, has the older release of i386, or of alpha for direct calls of sockets and System V IPC'),
        'removed': said(maybe(release), 'the kernel release that dropped it'),
        'glibc': said(maybe(release), 'its first release with a function of the name'),
        'musl': maybe(release),
        'man': said(maybe(name), 'the page in section 2 of man-pages'),
        'replaced_by': said(maybe(name), 'the call that does what this obsolete one does'),
        'config': said({'type': 'array', 'items': {'type': 'string', 'pattern': '^[A-Z0-9_]+$'}, 'uniqueItems': True}, 'Kconfig symbols without which it is -ENOSYS'),
        'capability': said({'type': 'array', 'items': {'type': 'string', 'pattern': '^CAP_[A-Z_]+$'}, 'uniqueItems': True}, 'what it may need'),
        'marks': words([*MARKS]),
        'args': {'type': 'array', 'items': arg, 'maxItems': 6}}, 'a system call')
    top = of({
        'linux': said(release, 'the version of the kernel tree that it was made from'),
        'version': said(release, 'of liblinux'),
        'arches': by_arch(of({'audit': said(number, "the kernel's AUDIT_ARCH value")}, 'an architecture'), 1),
        'calls': {'type': 'array', 'items': call}}, 'Every system call of a Linux release')
    return json.dumps({'$schema': 'https://json-schema.org/draft/2020-12/schema', **top}, indent=1) + '\n'
