# SPDX-License-Identifier: MIT
"""The manual pages: well made, complete, and true of the headers; their examples compile and run.

PAGES in the environment is their directory, INCLUDES has the include directories, ARCHIVE and
LIBRARY are the library.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import arches               # noqa: E402
import call_notes           # noqa: E402
import emit                 # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import uapi_tables          # noqa: E402

DIRECTORY = Path(os.environ['PAGES'])
INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]
ARCHIVE, LIBRARY = os.environ['ARCHIVE'], Path(os.environ['LIBRARY'])
ALIASES = {path.name: path.read_text() for path in DIRECTORY.glob('*.[137]') if path.read_text().startswith('.so ')}
PAGES = {path.name: path.read_text() for path in sorted(DIRECTORY.glob('*.[137]')) if path.name not in ALIASES}
TABLE = tables.read_syscalls()
CALLS = {row.name for row in TABLE.rows}
NOTES = call_notes.read_notes()

# What mandoc says of the machine that it runs on, not of a page; Complete.test_references looks for all of them.
NOT_OF_THE_PAGE = re.compile(r'referenced manual not found|outdated mandoc\.db lacks')

# Pages that are neither ours nor of section 2.
OTHER_PAGES = {'chattr.1', 'lsattr.1', 'mount.8', 'sigaction.2', 'syscall.2', 'syscalls.2'}

# Programs that are linked in a way of their own, without a library.
FLAGS = {'linux_start.3': ['-DLIBLINUX_INLINE', '-ffreestanding', '-nostdlib', '-static']}


def compile_c(command: list[str], text: str) -> str:
    result = subprocess.run([*command, *INCLUDES, '-x', 'c', '-'], input=text, text=True, capture_output=True)
    return result.stderr or ('failed' if result.returncode else '')


def literals(page: str) -> list[str]:
    """The text of its literal displays."""
    found = re.findall(r'^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$', page, re.M)
    return [text.replace('\\&', '').replace('\\-', '-').replace('\\e', '\\') for text in found]


def programs() -> dict[str, str]:
    return {f'{name} {n}' if n else name: text for name, page in PAGES.items()
            for n, text in enumerate(text for text in literals(page) if '#include' in text)}


class Complete(unittest.TestCase):
    def test_lint(self) -> None:
        if not shutil.which('mandoc'):
            self.skipTest('mandoc is not installed')
        result = subprocess.run(['mandoc', '-T', 'lint', '-W', 'style', *PAGES], cwd=DIRECTORY, text=True, capture_output=True)
        said = (result.stdout + result.stderr).splitlines()
        self.assertEqual([line for line in said if not NOT_OF_THE_PAGE.search(line)], [])

    def test_header(self) -> None:
        """man-db's groff says BSD in the header of a page that says nothing."""
        if not shutil.which('groff'):
            self.skipTest('groff is not installed')
        for name in ('liblinux.1', 'linux_brk.3', 'linux_pins.3', 'liblinux.7'):
            with self.subTest(name):
                lines = subprocess.run(['groff', '-mandoc', '-Tascii', DIRECTORY / name], text=True, capture_output=True, check=True).stdout.splitlines()
                self.assertRegex(next(filter(None, lines)), r' Linux [A-Z][A-Za-z ]+ Manual ')

    def test_every_call_has_a_page(self) -> None:
        of_people = {path.name for path in (TOP / 'man').glob('*.[137]')}
        names = {name[:-len('.3')] for name in PAGES if name.startswith('linux_')} - {name[:-len('.3')] for name in of_people}
        self.assertEqual(names, {f'linux_{name}' for name in CALLS})
        functions = {function.name for function in tables.read_functions(tables.read_arches())}
        self.assertEqual({name for name in functions if f'{name}.3' not in PAGES | ALIASES}, set())

    def test_aliases(self) -> None:
        for name, text in ALIASES.items():
            with self.subTest(name):
                match = re.fullmatch(r'\.so man(\d)/(\S+)\n', text)
                self.assertTrue(match and match[2] in PAGES and match[1] == name[-1], text)
                self.assertRegex(PAGES[match[2]], rf'\n\.Nm {name[:-2]}\b')

    def test_who_has_no_manual_has_text(self) -> None:
        """No page in section 2, or none in Debian 12, whose kernel is 6.1."""
        wanted = {name for name, note in NOTES.items()
                  if not note.man or min(map(tables.release, note.since.values())) > (6, 1)}
        self.assertEqual(wanted - {path.stem for path in (TOP / 'man/calls').glob('*.mdoc')}, set())

    def test_command(self) -> None:
        """liblinux(1) and liblinux --help tell of the same commands and options."""
        usage, page = (TOP / 'command/usage.c').read_text(), PAGES['liblinux.1']
        commands, options = re.findall(r'^"usage: liblinux ([a-z]+) ', usage, re.M), set(re.findall(r'^"  (--[\w-]+)[ ,]', usage, re.M))
        self.assertGreater(len(commands), 3)
        self.assertEqual(re.findall(r'^\.It Cm (\w+)', page, re.M), commands)
        self.assertEqual({f'-{name}' for name in re.findall(r'\bFl (-[\w-]+)', page)}, options)

    def test_references(self) -> None:
        known = set(PAGES) | set(ALIASES) | {f'{note.man}.2' for note in NOTES.values()} | OTHER_PAGES
        for name, page in PAGES.items():
            used = {f'{match[0]}.{match[1]}' for match in re.findall(r'\bXr ([\w.-]+) (\d\w*)', page)}
            used |= {f'{match}.3' for match in re.findall(r'\bFn (linux_\w+)', page)}
            with self.subTest(name):
                self.assertEqual(used - known, set())


class Errors(unittest.TestCase):
    def test_who_has_none_says_so(self) -> None:
        section = {name: dict(re.findall(r'^\.Sh (RETURN VALUES|ERRORS)\n((?:(?!\.Sh ).*\n)*)', PAGES[f'linux_{name}.3'], re.M)) for name in NOTES}
        none = {name for name, note in NOTES.items() if 'no-error' in note.marks}
        self.assertIn('brk', none)
        for name in NOTES:
            if 'ERRORS' not in section[name]:       # it does not return
                continue
            with self.subTest(name):
                self.assertEqual('is a negated errno' not in section[name]['RETURN VALUES'], name in none)
                self.assertEqual(section[name]['ERRORS'].startswith('None'), name in none)

    def test_too_old_a_kernel(self) -> None:
        """A release is named once, with the architectures whose first kernels lack the call."""
        every = '|'.join(TABLE.arches)
        floors = {arch.name: tables.release(arch.floor) for arch in tables.read_arches()}
        for name in CALLS:
            page = ' '.join(PAGES[f'linux_{name}.3'].split())
            said = re.findall(rf'older than Linux ([\d.]+\d)(?: on ((?:{every})(?:(?:, | and )(?:{every}))*))?', page.partition('.Sh ERRORS')[2].partition('.Sh ')[0])
            since = {arch: NOTES[name].since[arch] for row in TABLE.rows if row.name == name for arch in row.numbers}
            with self.subTest(name):
                self.assertEqual(len({value for value, _ in said}), len(said))
                found = {arch: value for value, on in said for arch in (re.split(', | and ', on) if on else since)}
                self.assertEqual(found, {arch: value for arch, value in since.items() if tables.release(value) > floors[arch]})

    def test_what_took_the_place(self) -> None:
        for name, note in NOTES.items():
            if note.replaced_by:
                self.assertIn(f'\nObsolete.\n.Xr linux_{note.replaced_by} 3\ntakes its place.\n', PAGES[f'linux_{name}.3'])


class History(unittest.TestCase):
    def test_releases(self) -> None:
        """A release older than the architecture is not said to be one of the architecture."""
        for name in CALLS:
            said = ' '.join(re.search(r'^\.Sh HISTORY\n(It came with (?:(?!It does|Linux \S+ has|\.).*\n)*?.*\.)$', PAGES[f'linux_{name}.3'], re.M)[1].split())
            with self.subTest(name):
                self.assertNotRegex(said, r'Linux [0-9.]+ on ')
                every = '|'.join(TABLE.arches)
                numbers = {(number, arch) for number, on in re.findall(rf'number (\d+) on ((?:{every})(?:(?:, | and )(?:{every}))*)', said)
                           for arch in re.split(', | and ', on)}
                self.assertNotRegex(said, rf'(?:{every}) and (?:{every}) and (?:{every})')
                self.assertEqual(numbers, {(str(number), arch) for row in TABLE.rows if row.name == name for arch, number in row.numbers.items()})


class Names(unittest.TestCase):
    def test_exist(self) -> None:
        """Constants, structs and errnos of the pages are in the headers of an architecture at least."""
        where: dict[str, str] = {}
        for name, page in PAGES.items():
            text = '\n'.join(line for line in page.splitlines() if not line.startswith('.Dt '))
            text = text.replace('\\e', ' ')
            for match in re.findall(r'\bLINUX_[A-Za-z]\w*(?![\w*])|\b(?:struct|union) linux_\w+', text):
                if not match.endswith('_'):
                    where.setdefault(match, name)
            for match in re.findall(r'\bEr (E\w+)', text):
                where.setdefault(f'LINUX_{match}', name)
        self.assertGreater(len(where), 50)
        headers = sorted({path.name for text in INCLUDES for path in Path(text[2:], 'liblinux').glob('*.h')}
                         - {'syscalls-uapi.h', 'libc.h', 'cerror.h', 'start.h'})
        text = ''.join(f'#include <liblinux/{header}>\n' for header in [*headers, 'uapi/dirent.h'])
        missing = list(where)
        for compiler in [arch.gcc[0] for arch in arches.every()]:
            if not shutil.which(compiler):
                self.skipTest(f'{compiler} is not installed')
            lines = ''.join(f'unsigned long n{n} = sizeof({name});\n' for n, name in enumerate(missing))
            said = compile_c([compiler, '-fsyntax-only', '-fmax-errors=0'], f'{text}#line 1 "names"\n{lines}')
            numbers = {int(number) for number in re.findall(r'^names:(\d+):\d+: error', said, re.M)}
            self.assertTrue(numbers or not said, said)
            missing = [missing[number - 1] for number in sorted(numbers)]
            if not missing:
                break
        self.assertEqual({name: where[name] for name in missing}, {})

    def test_synopsis_includes_them(self) -> None:
        """The headers that a call's page names have its function, the types it takes, and all that its description names."""
        compilers = [arch.gcc[0] for arch in arches.every()]
        if lacking := [compiler for compiler in compilers if not shutil.which(compiler)]:
            self.skipTest(f'{lacking[0]} is not installed')
        compilers.sort(key=lambda compiler: compiler != 'gcc')

        def said_of(name: str) -> str:
            page = PAGES[f'linux_{name}.3']
            synopsis, text = (re.search(rf'^\.Sh {title}\n((?:(?!\.Sh ).*\n)*)', page, re.M)[1] for title in ('SYNOPSIS', 'DESCRIPTION'))
            head = ''.join(f'{one[0]}\n' if one[0] else f'#include <{one[1]}>\n' for one in re.findall(r'^\.(?:Fd (.+)|In (.+))$', synopsis, re.M))
            used = dict.fromkeys([f'linux_{name}', *re.findall(r'\b(?:struct|union) \w+', ''.join(re.findall(r'^\.Fa .*', synopsis, re.M))),
                                  *re.findall(r'\b(?:struct|union) linux_\w+|\bLINUX_[A-Za-z]\w*(?![\w*])', text.replace('\\e', ' '))])
            uses = [one for one in used if not one.endswith('_')]
            lines = ''.join(f'unsigned long n{n} = sizeof({f"&{one}" if not n else one});\n' for n, one in enumerate(uses))
            missing, said = set(range(len(uses))), ''
            for compiler in compilers:          # on one of them at least
                said = compile_c([compiler, '-fsyntax-only', '-fmax-errors=0'], f'{head}#line 1 "names"\n{lines}')
                numbers = {int(number) - 1 for number in re.findall(r'^names:(\d+):\d+: error', said, re.M)}
                if said and not numbers:
                    return said
                missing &= numbers
                if not missing:
                    break
            return ', '.join(uses[n] for n in sorted(missing))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, said in zip(sorted(CALLS), pool.map(said_of, sorted(CALLS))):
                with self.subTest(name):
                    self.assertEqual(said, '')

    def test_arguments_and_fields(self) -> None:
        """What people call an argument is one of the call, or a member of a struct."""
        uapi, members = emit.load('x86_64').uapi, set()

        def collect(fields: tuple[uapi_tables.Field, ...]) -> None:
            for field in fields:
                members.add(uapi.field_name(field.name))
                collect(field.members)

        for arch in TABLE.arches:
            for _, record in uapi.records(arch).values():
                collect(record.members)
        for path in (TOP / 'man/calls').glob('*.mdoc'):
            arguments = {arg.name for row in TABLE.rows if row.name == path.stem for arg in row.args}
            used = {word for names in re.findall(r'\bFa ("[^"]*"|\S+(?: , \S+)*)', path.read_text())
                    for word in re.findall(r'\w+', re.sub(r'\\.', '', names))} - {'Fa'}
            with self.subTest(path.stem):
                self.assertEqual(used - arguments - members, set())


class Examples(unittest.TestCase):
    def test_compile_and_run(self) -> None:
        directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, directory)
        native = {'gcc': [ARCHIVE], 'clang': [str(LIBRARY), f'-Wl,-rpath,{LIBRARY.parent}']}
        for compiler in native:
            if not shutil.which(compiler):
                self.skipTest(f'{compiler} is not installed')

        def build_and_run(name: str, text: str) -> tuple[str, int | None, str]:
            """What compilers say; the status and the output of the program."""
            page = name.split()[0]
            rows = [row for row in TABLE.rows if page == f'linux_{row.name}.3']
            on = {arch for row in rows for arch in row.numbers} or set(TABLE.arches)
            warnings, flags = ['-O2', '-Wall', '-Wextra', '-Werror'], FLAGS.get(page, [])
            program = directory / name.replace(' ', '-')
            for cross in arches.foreign():
                if cross.name in on and shutil.which(cross.gcc[0]) and (said := compile_c([*cross.gcc, *warnings, *flags, '-c', '-o', os.devnull], text)):
                    return f'{cross.gcc[0]}: {said}', None, ''
            if 'x86_64' not in on:
                return '', None, ''
            for compiler, library in reversed(native.items()):
                result = subprocess.run([compiler, *warnings, *flags, *INCLUDES, '-o', program, '-x', 'c', '-', '-x', 'none',
                                         *([] if flags else library)],
                                        input=text, text=True, capture_output=True)
                if result.stderr or result.returncode:
                    return f'{compiler}: {result.stderr}', None, ''
            result = subprocess.run(['timeout', '60', program], cwd=directory, text=True, errors='replace', stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return '', result.returncode, result.stdout

        every = programs()
        self.assertGreater(len(every), 30)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, (said, status, output) in zip(every, pool.map(build_and_run, every, every.values())):
                with self.subTest(name):
                    self.assertEqual(said, '')
                    if status == 77:
                        self.skipTest(f'{name}: {" ".join(output.split()) or "it says no more"}')
                    self.assertIn(status, (0, None), output)


if __name__ == '__main__':
    tap.main()
