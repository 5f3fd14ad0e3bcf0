# SPDX-License-Identifier: MIT
"""The table for other languages: JSON by its schema, CSV, and the kernel's own headers as the witness."""
from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import call_notes           # noqa: E402
import debian_fetch         # noqa: E402
import emit                 # noqa: E402
import emit_table           # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import uapi_headers         # noqa: E402

FACTS = {arch.name: emit.load(arch.name) for arch in tables.read_arches()}
ANY = FACTS['x86_64']
TABLE = json.loads(emit.output('liblinux.json', ANY))
ARG = next(arg for call in TABLE['calls'] for arg in call['args'])
SCHEMA = json.loads(emit.output('liblinux.schema.json', ANY))


def wrong(schema: dict, value: object, where: str = '') -> str:
    """What does not fit; of JSON Schema this knows the words that ours uses."""
    types = {'string': str, 'integer': int, 'boolean': bool, 'null': type(None), 'object': dict, 'array': list}
    if unknown := set(schema) - {'$schema', 'type', 'properties', 'required', 'additionalProperties', 'minProperties', 'items', 'enum',
                                 'uniqueItems', 'maxItems', 'anyOf', 'pattern', 'description', 'minimum', 'minLength'}:
        return f'{where}: unknown words {unknown}'
    if 'anyOf' in schema and all(wrong(one, value, where) for one in schema['anyOf']):
        return f'{where}: {value!r} is none of them'
    if 'enum' in schema and value not in schema['enum']:
        return f'{where}: {value!r} is not listed'
    if 'type' in schema and (not isinstance(value, types[schema['type']]) or isinstance(value, bool) != (schema['type'] == 'boolean')):
        return f'{where}: {value!r} is no {schema["type"]}'
    if 'pattern' in schema and not re.search(schema['pattern'], str(value)):
        return f'{where}: {value!r} has another form'
    if 'minimum' in schema and value < schema['minimum'] or 'minLength' in schema and len(value) < schema['minLength']:
        return f'{where}: {value!r} is too little'
    if isinstance(value, dict):
        known = schema.get('properties', {})
        if missing := set(schema.get('required', ())) - set(value):
            return f'{where}: without {missing}'
        if len(value) < schema.get('minProperties', 0) or schema.get('additionalProperties') is False and set(value) - set(known):
            return f'{where}: {set(value) - set(known) or "empty"}'
        return next(filter(None, (wrong(known[key], one, f'{where}.{key}') for key, one in value.items() if key in known)), '')
    if isinstance(value, list):
        if len(value) > schema.get('maxItems', len(value)) or schema.get('uniqueItems') and len(set(map(str, value))) != len(value):
            return f'{where}: too many'
        return next(filter(None, (wrong(schema.get('items', {}), one, f'{where}[{n}]') for n, one in enumerate(value))), '')
    return ''


def entries(arch: str) -> dict[str, emit_table.Entry]:
    return {entry.row.name: entry for entry in emit_table.entries(ANY.table, ANY.notes, ANY.shared) if arch in entry.row.numbers}


class Json(unittest.TestCase):
    def test_schema(self) -> None:
        self.assertEqual(wrong(SCHEMA, TABLE), '')

    def test_the_schema_refuses(self) -> None:
        for change in ({'returns': 'nothing'}, {'category': None}, {'numbers': {}}, {'numbers': {'vax': 1}}, {'since': {'x86_64': 'now'}},
                       {'marks': ['blocks', 'blocks']}, {'more': 1}, {'args': [{}]}, {'summary': 1}, {'args': TABLE['calls'][0]['args'] * 7},
                       {'name': ''}, {'name': 'Read'}, {'name': '9p'}, {'name': 'a b'}, {'summary': ''}, {'numbers': {'x86_64': -1}}, {'man': ''},
                       {'config': ['a b']}, {'config': ['A', 'A']}, {'capability': ['SYS_ADMIN']}, {'capability': ['CAP_']}, {'removed': 'soon'},
                       *({'args': [{**ARG, **one}]} for one in ({'name': ''}, {'type': ''}, {'kernel_type': ''}, {'count': ''}, {'count': '-1'},
                                                                {'count': '*a/page'}, {'count': 'a-2'}, {'count': '**a'}, {'direction': ''}))):
            call = {**TABLE['calls'][0], **change}
            self.assertNotEqual(wrong(SCHEMA, {**TABLE, 'calls': [call]}), '', change)

    def test_the_same_architectures(self) -> None:
        """Which a schema cannot say; they are those of the table."""
        for call in TABLE['calls']:
            self.assertEqual(list(call['numbers']), list(call['since']), call['name'])
        self.assertEqual({arch for call in TABLE['calls'] for arch in call['numbers']}, set(TABLE['arches']))

    def test_it_says_what_the_tables_say(self) -> None:
        for arch, facts in FACTS.items():
            calls = {call['name']: call for call in TABLE['calls'] if arch in call['numbers']}
            self.assertEqual(set(calls), set(entries(arch)))
            for name, entry in entries(arch).items():
                call, row, note = calls[name], entry.row, entry.note
                self.assertEqual((call['numbers'][arch], call['since'][arch], call['summary'], call['glibc'], call['musl']),
                                 (row.numbers[arch], note.since[arch], note.summary, note.libc.get('glibc'), note.libc.get('musl')))
                self.assertEqual([(arg['kernel_type'], arg['name']) for arg in call['args']], [(arg.kernel_type, arg.name) for arg in row.args])
                for arg in call['args']:
                    use = note.uses.get(arg['name'], call_notes.Use())
                    self.assertEqual((arg['direction'] or '', arg['unit'] or '', arg['count'] or '', arg['written'], set(arg['flags'])),
                                     (use.direction, use.unit, use.count, use.by_result, use.flags))
        self.assertEqual(TABLE['arches']['x86_64']['audit'], 0xc000003e)
        self.assertEqual(TABLE['arches']['aarch64']['audit'], 0xc00000b7)
        self.assertEqual(TABLE['arches']['riscv64']['audit'], 0xc00000f3)

    def test_same_for_every_architecture(self) -> None:
        for name in ('liblinux.json', 'liblinux.csv', 'liblinux.schema.json'):
            texts = {emit.output(name, facts) for facts in FACTS.values()}
            self.assertEqual(len(texts), 1)
            self.assertTrue(texts.pop().isascii(), name)


class Csv(unittest.TestCase):
    def test_rows(self) -> None:
        rows = list(csv.DictReader(io.StringIO(emit.output('liblinux.csv', ANY))))
        expected = {(name, arch): entry for arch in FACTS for name, entry in entries(arch).items()}
        self.assertEqual({(row['name'], row['arch']) for row in rows}, set(expected))
        self.assertEqual(len(rows), len(expected))
        for row in rows:
            fact, note = expected[row['name'], row['arch']].row, expected[row['name'], row['arch']].note
            self.assertEqual((int(row['number']), row['since'], row['summary']),
                             (fact.numbers[row['arch']], note.since[row['arch']], note.summary))
            self.assertEqual(len(row['args'].split('; ')) if row['args'] else 0, len(fact.args))


class Flags(unittest.TestCase):
    def test_header_has_them(self) -> None:
        """The bits of <liblinux/table.h> are those of the notes, in an order that never changes."""
        text = (TOP / 'include/liblinux/table.h').read_text()
        for prefix, names in (('LINUX_TABLE_ARG_', emit_table.ARG_FLAGS), ('LINUX_TABLE_', emit_table.CALL_FLAGS)):
            found = re.findall(rf'^#define {prefix}(?!ARG_|H\b)(\w+)\t+(0x\d+)', text, re.M)
            self.assertEqual(found, [(name, f'{1 << n:#06x}') for n, name in enumerate(names)])
            page = (TOP / 'man/linux_table_by_name.3').read_text()
            self.assertEqual(sorted(re.findall(rf'^\.It Dv {prefix}(?!ARG_)(\w+)$', page, re.M)), sorted(names))
        self.assertEqual(re.findall(r'"(\w+)"', re.search(r'const char \*returns;.*', text)[0]), list(call_notes.RETURNS))


class Witnesses(unittest.TestCase):
    def test_kernel_headers(self) -> None:
        """The numbers of asm/unistd.h of the release."""
        directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, directory)
        try:
            debian_fetch.fetch(debian_fetch.suite_of(ANY.table.release), debian_fetch.host_arch(), 'linux-libc-dev', directory)
            uapi_headers.check_release(directory / 'usr/include', ANY.table.tree)
        except (debian_fetch.Unavailable, tables.Doubt) as reason:
            self.skipTest(f'no kernel headers of the release: {reason}')
        for arch, facts in FACTS.items():
            text = subprocess.run(['clang', f'--target={arch}-linux-gnu', '-nostdinc', '-isystem', str(directory / f'usr/include/{arch}-linux-gnu'), '-isystem',
                                   str(directory / 'usr/include'), '-E', '-dM', '-x', 'c', '-'], input='#include <asm/unistd.h>\n',
                                  text=True, capture_output=True, check=True).stdout
            macros = dict(re.findall(r'#define __NR(?:3264)?_(\w+) (\w+)', text))
            numbers = {name: int(value) for name, value in macros.items() if value.isdecimal() and name not in ('syscalls', 'arch_specific_syscall')}
            ours = {name: row.numbers[arch] for name, row in facts.calls().items()}
            for name, number in ours.items():
                with self.subTest(f'{name} {arch}'):
                    self.assertEqual(numbers.get(name, numbers.get({'newfstatat': 'fstatat'}.get(name, name))), number)


if __name__ == '__main__':
    tap.main()
