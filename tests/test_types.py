# SPDX-License-Identifier: MIT
"""Types and constants: equal to the kernel's own, and the shared ones to the libcs'.

INCLUDES in the environment has the include directories.
"""
from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import arches               # noqa: E402
import debian_fetch         # noqa: E402
import emit                 # noqa: E402
import emit_uapi            # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import test_company         # noqa: E402
import uapi_headers         # noqa: E402
import uapi_tables          # noqa: E402

INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]
COMPILERS = {arch.name: (arch.gcc, ['clang', f'--target={arch.triplet}']) for arch in arches.every()}

# Where a libc defines the shared tags; sigevent and timex have members that it names otherwise.
LIBC = ''.join(f'#include <{name}.h>\n' for name in (
    'fcntl', 'mqueue', 'poll', 'signal', 'sys/epoll', 'sys/resource', 'sys/sem', 'sys/socket', 'sys/time', 'sys/times',
    'sys/timex', 'sys/uio', 'time', 'utime'))

# A union of the libc in the place of its widest member.
UNIONS = {('epoll_event', 'data')}


def errors(command: list[str], text: str, language: str = 'c') -> str:
    result = subprocess.run([*command, '-fsyntax-only', '-x', language, '-'], input=text, text=True, capture_output=True)
    return '\n'.join(result.stderr.splitlines()[:10]) if result.returncode else ''


class Case(unittest.TestCase):
    def headers(self) -> Path:
        """The UAPI headers of the release, as Debian ships them."""
        directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, directory)
        try:
            debian_fetch.fetch(debian_fetch.suite_of(tables.read_syscalls().release), debian_fetch.host_arch(), 'linux-libc-dev', directory)
        except debian_fetch.Unavailable as reason:
            self.skipTest(f'no linux-libc-dev of the release: {reason}')
        try:
            uapi_headers.check_release(directory / 'usr/include', tables.read_syscalls().tree)
        except tables.Doubt as doubt:
            self.skipTest(f'Debian has headers of another release now: {doubt}')
        return directory / 'usr/include'


class Kernel(Case):
    """Against the kernel's own headers."""

    def test_layouts_and_values(self) -> None:
        headers = self.headers()
        for arch, compilers in COMPILERS.items():
            text = emit.output('layout.c', emit.load(arch))
            self.assertGreater(len(re.findall(r'^(?:ASSERT|SAME|STRING|HANDLER)\(', text, re.M)), 9000)
            for compiler in compilers:
                with self.subTest(f'{compiler} {arch}'):
                    if not shutil.which(compiler[0]):
                        self.skipTest(f'{compiler[0]} is not installed')
                    command = [*compiler, '-w', '-nostdinc', '-isystem', str(headers / f'{arch}-linux-gnu'), '-isystem', str(headers),
                               '-isystem', str(uapi_headers.STUBS), *INCLUDES]
                    self.assertEqual(errors(command, text), '')
                    wrong = text.replace('sizeof(struct linux_statx) == 256', 'sizeof(struct linux_statx) == 264')
                    self.assertNotEqual(wrong, text)
                    self.assertIn('is not so', errors(command, wrong))

    def test_pointers_signals_and_twice(self) -> None:
        """A handler is assigned, a set has 64 signals, and names that are the kernel's too are the same tokens."""
        headers = self.headers()
        use = ('#include <liblinux/uapi.h>\nvoid set(struct linux_sigaction *);\nvoid set(struct linux_sigaction *action)\n{\n'
               '\taction->sa_handler_ = LINUX_SIG_DFL;\n\taction->sa_handler_ = LINUX_SIG_IGN;\n\taction->sa_handler_ = LINUX_SIG_ERR;\n}\n'
               '#if LINUX_NSIG != 64\n# error\n#endif\n')
        for arch, compilers in COMPILERS.items():
            paths = [f'-I{headers / f"{arch}-linux-gnu"}', f'-I{headers}', '-Wall', '-Wextra', '-Werror']
            for command in [*compilers, [compilers[0][0].replace('gcc', 'g++')], ['clang++', *compilers[1][1:]]]:
                with self.subTest(f'{command} {arch}'):
                    if not shutil.which(command[0]):
                        self.skipTest(f'{command[0]} is not installed')
                    language = 'c++' if '++' in command[0] else 'c'
                    flags = ['-nostdinc', *paths, *INCLUDES]
                    for text in (use, '#include <liblinux/uapi.h>\n#include <linux/reboot.h>\n',
                                 '#include <linux/reboot.h>\n#include <liblinux/uapi.h>\n'):
                        self.assertEqual(errors([*command, *flags], text, language), '')

    def test_facts(self) -> None:
        """Measuring Debian's headers gives the committed facts; what needs the tree itself is test_import.py's."""
        headers = self.headers()
        groups = uapi_tables.read_groups(uapi_tables.GROUPS)
        for arch in tables.read_arches():
            compiler = uapi_headers.Compiler(headers, arch, groups)
            self.assertGreater(len(compiler.macros()), 3000)
            committed = {fact.name: fact.value for name in groups for where, fact in
                         uapi_tables.read(uapi_tables.FACTS / f'{name}.tbl', [arch.name for arch in arches.every()])
                         if where in ('', arch.name) and isinstance(fact, uapi_tables.Macro) and not fact.source}
            texts = {name: text[1:-1] for name, text in committed.items() if text[0] == '"'}
            names = [name for name in committed if name not in texts]
            fresh = compiler.evaluate(names)
            for name, (value, suffix) in fresh.items():
                cast, number, letters = re.fullmatch(r'(\(.*\))?(-?\w+?)(u?l*)', committed[name]).groups()
                self.assertEqual(value, int(number, 0), name)
                # What begins with LINUX_ is the kernel's own token.
                if not name.startswith('LINUX_'):
                    self.assertEqual(suffix, cast or letters, name)
            self.assertGreater(len(fresh), 3500)
            self.assertEqual(compiler.strings(list(texts)), texts)
            self.assertGreater(len(texts), 30)


@dataclass
class Built:
    """What uapi_headers.Types wants of a compiler, of our own headers and any compiler."""
    command: list[str]

    def debug_info(self) -> str:
        text = ''.join(f'#include <liblinux/{name}.h>\n' for name in ('uapi', 'uapi/dirent', 'posix'))
        with tempfile.TemporaryDirectory() as directory:
            path = f'{directory}/all.o'
            subprocess.run([*self.command, '-nostdinc', '-ffreestanding', '-gdwarf-4', '-fno-eliminate-unused-debug-types',
                            *INCLUDES, '-c', '-o', path, '-x', 'c', '-'], input=text, text=True, check=True)
            return subprocess.run([uapi_headers.DWARFDUMP, path], text=True, capture_output=True, check=True).stdout

    def relative(self, path: str) -> str:
        return path


class Ours(unittest.TestCase):
    """Our headers say what the facts say, of every member: place, width of a bit-field, type and dimensions."""

    def expected(self, uapi: emit_uapi.Uapi, members: tuple[uapi_tables.Field, ...]) -> tuple[uapi_tables.Field, ...]:
        """The members under our names."""
        return tuple(replace(member, name=uapi.field_name(member.name), members=self.expected(uapi, member.members),
                             type=emit_uapi.spell(uapi, member.type, not member.type.endswith(('*', ')'))).replace('__extension__ ', ''))
                     for member in emit_uapi.visible(members))

    def bit_fields(self, members: tuple[uapi_tables.Field, ...]) -> int:
        return sum(bool(member.bits) + self.bit_fields(member.members) for member in members)

    def check(self, command: list[str], arch: str) -> None:
        for tool in (command[0], uapi_headers.DWARFDUMP):
            if not shutil.which(tool):
                self.skipTest(f'{tool} is not installed')
        types = uapi_headers.Types(Built(command))
        built = {die.name(): die for die in types.top if die.tag != 'enumeration_type' and die.name()}
        uapi = emit.load(arch).uapi
        common = replace(uapi, embeds_shared=True)
        compared = bit_fields = 0
        for tag, (_, record) in uapi.records(arch).items():
            if not any(True for _ in emit_uapi.visible(record.members)):
                continue
            for names in (uapi, common) if uapi.shared.get(tag) == tag else (uapi,):
                die = built[names.own_tag(tag)]
                kind = {'struct': 'structure_type', 'union': 'union_type'}[record.kind]
                self.assertEqual((die.tag, die.number('byte_size')), (kind, record.size), tag)
                self.assertEqual(types.members(die), self.expected(names, record.members), tag)
                compared += 1
                bit_fields += self.bit_fields(record.members)
        print(f'# {" ".join(command)}: {compared} records, {bit_fields} bit-fields')
        self.assertGreaterEqual(compared, 380)
        self.assertGreaterEqual(bit_fields, 100)

    def test_members(self) -> None:
        for arch, compilers in COMPILERS.items():
            for compiler in compilers:
                with self.subTest(f'{compiler} {arch}'):
                    self.check(compiler, arch)


class Prototypes(unittest.TestCase):
    def test_every_struct_is_defined(self) -> None:
        """By some header of liblinux/uapi, or by the libc that shares it."""
        for arch in tables.read_arches():
            facts = emit.load(arch.name)
            defined = {facts.uapi.own_tag(tag) for tag in facts.uapi.records(arch.name)}
            shared = set(facts.shared.values())
            for row in facts.calls().values():
                for c_type in emit.prototype_types(row, facts.shared):
                    for tag in re.findall(r'(?:struct|union) (\w+)', c_type):
                        self.assertIn(tag, shared | defined, f'{row.name} on {arch.name}')


class Shared(unittest.TestCase):
    """The tags that we do not prefix mean the same thing in the kernel, glibc and musl."""

    def check(self, compiler: list[str], arch: str) -> None:
        if not shutil.which(compiler[0]):
            self.skipTest(f'{compiler[0]} is not installed')
        facts = emit.load(arch)
        records = facts.uapi.records(arch)
        checked = 0
        for kernel, tag in facts.shared.items():
            if kernel not in records:
                continue
            record = records[kernel][1]
            text = f'_Static_assert(sizeof({record.kind} {tag}) == {record.size} && _Alignof({record.kind} {tag}) == {record.align}, "");\n'
            for member in record.members:
                if member.name.startswith('_') or member.bits:
                    continue
                path = f'((({record.kind} {tag} *)0)->{member.name})'
                text += f'_Static_assert(__builtin_offsetof({record.kind} {tag}, {member.name}) == {member.offset}, "{member.name}");\n'
                if member.type in emit_uapi.SCALARS and not member.dims and (tag, member.name) not in UNIONS:
                    size = emit_uapi.SCALARS[member.type]
                    signed = 0 if 'unsigned' in member.type else 1
                    text += f'_Static_assert(sizeof{path} == {size} && (((__typeof__{path})-1 < 0) == {signed}), "{member.name}");\n'
            with self.subTest(kernel):
                self.assertEqual(errors([*compiler, '-D_GNU_SOURCE', '-Wno-type-limits'], LIBC + text), '')
                checked += 1
        self.assertGreaterEqual(checked, len(set(facts.shared.values())))

    def test_glibc(self) -> None:
        self.check(['gcc'], 'x86_64')

    def test_glibc_of_others(self) -> None:
        for arch in arches.foreign():
            self.check(arch.gcc, arch.name)

    def test_musl(self) -> None:
        self.check(['musl-gcc'], 'x86_64')

    def test_every_tag_is_a_fact(self) -> None:
        facts = emit.load('x86_64')
        for tag in set(facts.shared.values()):
            self.assertTrue(any(kernel in facts.uapi.records('x86_64') for kernel, ours in facts.shared.items() if ours == tag), tag)


@functools.lru_cache(maxsize=None)
def macros(command: tuple[str, ...], headers: tuple[str, ...]) -> dict[str, tuple[str, bool]]:
    """Name of a macro that is not just itself -> a header that brings it, and whether it has arguments."""
    def run(header: str) -> str | None:
        result = subprocess.run([*command, '-E', '-dM', '-x', 'c', '-'], input=f'#include <{header}>\n', text=True, capture_output=True)
        return None if result.returncode else result.stdout
    found: dict[str, tuple[str, bool]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        texts = list(pool.map(run, headers))
    for header, text in zip(headers, texts):
        for name, bracket, body in re.findall(r'^#define (\w+)(\(?)(.*)', text or '', re.M):
            if bracket:
                found.setdefault(name, (header, True))
            elif body.strip() != name and found.get(name, ('', True))[1]:
                found[name] = (header, False)
    if texts.count(None) > len(headers) // 10:     # Linux 6.1 lacks some
        raise AssertionError(f'{" ".join(command)}: {texts.count(None)} of {len(headers)} headers fail')
    return found


class MacroFields(Case):
    """No field of ours is a macro in a header that a program may include, and none is renamed for nothing.

    A macro with arguments counts only for a pointer to a function: no other field stands before
    a "(". One that is its own name changes nothing.
    """
    LIBCS = {'glibc': ['gcc'], 'musl': ['musl-gcc'], **{f'glibc of {arch.name}': arch.gcc for arch in arches.foreign()}}
    # glibc gives a compiler without asm labels macros for the functions of large files.
    WAYS = [*test_company.MACROS, *(['-U__GNUC__', *way] for way in test_company.MACROS)]

    def fields(self) -> dict[str, tuple[str, bool]]:
        """Our name of a field -> the kernel's, and is it a pointer to a function?"""
        found: dict[str, tuple[str, bool]] = {}

        def add(uapi: emit_uapi.Uapi, members: tuple[uapi_tables.Field, ...]) -> None:
            for member in members:
                if member.name:
                    ours = uapi.field_name(member.name)
                    found[ours] = member.name, '(*)' in member.type or found.get(ours, ('', False))[1]
                add(uapi, member.members)
        for arch in tables.read_arches():
            uapi = emit.load(arch.name).uapi
            for _, record in uapi.records(arch.name).values():
                add(uapi, record.members)
        self.assertGreater(len(found), 1800)
        return found

    def check(self, commands: list[list[str]], headers: list[str]) -> None:
        wrong = []
        for command in commands:
            if not shutil.which(command[0]):
                self.skipTest(f'{command[0]} is not installed')
            found = macros(tuple(command), tuple(headers))
            wrong += [f'{name} is a macro of <{found[ours][0]}> with {" ".join(command)}' for ours, (name, function) in self.fields().items()
                      if ours in found and (function or not found[ours][1])]
        self.assertEqual(wrong, [], 'these belong into gen/macro-fields.tbl')

    def test_glibc(self) -> None:
        self.check([self.LIBCS['glibc'] + way for way in self.WAYS], test_company.LIBC)

    def test_glibc_of_others(self) -> None:
        self.check([arch.gcc + way for arch in arches.foreign() for way in self.WAYS], test_company.LIBC)

    def test_musl(self) -> None:
        self.check([self.LIBCS['musl'] + way for way in self.WAYS], test_company.LIBC)

    def test_kernel_headers_of_this_machine(self) -> None:
        # Those of Debian 12 for riscv64 lack too many that are ours.
        self.check([arch.gcc for arch in arches.every() if arch.suite != 'trixie'], test_company.KERNEL)

    def test_kernel_headers_of_the_release(self) -> None:
        headers = self.headers()
        self.check([[*compilers[0], '-isystem', str(headers / f'{arch}-linux-gnu'), '-isystem', str(headers)]
                    for arch, compilers in COMPILERS.items()], test_company.KERNEL)

    def test_no_line_too_many(self) -> None:
        wanted = tables.read_words(tables.MACRO_FIELDS)
        for command in self.LIBCS.values():
            if not shutil.which(command[0]):
                self.skipTest(f'{command[0]} is not installed')
            for way in self.WAYS:
                wanted -= macros((*command, *way), tuple(test_company.LIBC)).keys()
        self.assertEqual(wanted, set(), 'no header has these as macros')
        names = {name for name, _ in self.fields().values()}
        self.assertEqual(tables.read_words(tables.MACRO_FIELDS) - names, set(), 'the kernel has no such fields')


if __name__ == '__main__':
    tap.main()
