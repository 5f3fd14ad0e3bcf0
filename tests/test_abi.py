# SPDX-License-Identifier: MIT
"""The ABI for ever: the library against what was released, by abidiff, and through a made-up next kernel.

The library is compiled from all that the generator makes for it, in one file and with debug
information, since that of the build has none.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'gen'))

import call_notes           # noqa: E402
import syscall_table        # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402

ARCHES = [arch.name for arch in tables.read_arches()]
# What a made-up kernel has no more: ustat, as long as real ones have it.
DROPPED = min((row for row in tables.read_syscalls().rows if [*row.numbers] == ['x86_64'] and not row.removed and not row.call),
              key=lambda row: (row.name != 'ustat', row.name))


def run(*command: str | Path, cwd: Path | None = None) -> str:
    result = subprocess.run([str(word) for word in command], text=True, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, env={**os.environ, 'LC_ALL': 'C'}, timeout=300)
    if result.returncode:
        raise AssertionError(f'{" ".join(map(str, command))}: {result.returncode}\n{result.stdout[-4000:]}')
    return result.stdout


def version_script(nodes: dict[str, list[str]]) -> str:
    text, before = '', ''
    for node, names in nodes.items():
        text += f'{node} {{ global: {"; ".join(names)};{"" if before else " local: *;"} }} {before};\n'
        before = node
    return text


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        if not shutil.which('abidiff'):
            raise unittest.SkipTest('abidiff is not installed')
        cls.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        cls.addClassCleanup(shutil.rmtree, cls.directory)

    def compiler(self, arch: str) -> str:
        if not shutil.which(f'{arch}-linux-gnu-gcc'):
            self.skipTest(f'no compiler for {arch}')
        return f'{arch}-linux-gnu-gcc'

    def link(self, arch: str, name: str, script: str, *sources: str | Path) -> Path:
        library, path = self.directory / f'{arch}-{name}.so', self.directory / f'{arch}-{name}.map'
        path.write_text(script)
        run(self.compiler(arch), '-g', '-O1', '-shared', '-fPIC', '-nostdlib', '-ffreestanding', '-w', '-Wl,-soname,liblinux.so.1',
            f'-Wl,--version-script={path}', '-o', library, *sources)
        return library

    def library(self, arch: str, project: Path = TOP) -> Path:
        """Of a project: its own generator makes the sources."""
        work, library = (self.directory / f'{arch}-{project.name}{end}' for end in ('', '.so'))
        if library.exists():
            return library
        run(sys.executable, project / 'tests/library_sources.py', arch, work)
        (work / 'all.c').write_text(''.join(path.read_text() for path in sorted((work / 'wrappers').iterdir())))
        files = [project / line for line in (work / 'calls').read_text().split() if '/' in line]
        return self.link(arch, project.name, (work / 'liblinux.map').read_text(), '-I', work, '-I', project / 'include',
                         '-I', project / 'src', '-I', project / 'src/arch' / arch, work / 'all.c', *files)

    def listed(self, arch: str, name: str, symbols: dict[str, tables.Symbol]) -> Path:
        """A library of which nothing is left but what abi.list says of it."""
        assembly = {path.stem for path in (TOP / 'src/arch' / arch).glob('*.S')}
        headers = {function.header for function in tables.read_functions(tables.read_arches())}     # which define structs of ours
        text = ''.join(f'#include <liblinux/{header}>\n' for header in sorted(headers) if (TOP / 'include/liblinux' / header).exists())
        text += ''.join(f'{tag};\n' for tag in sorted({tag for one in symbols.values() for tag in re.findall(r'(?:struct|union) \w+', one.declaration)}))
        nodes: dict[str, list[str]] = {}
        for symbol, one in sorted(symbols.items(), key=lambda item: (tables.release(item[1].node.partition('_')[2]), item[1].node.startswith('LIB'))):
            nodes.setdefault(one.node, []).append(symbol)
            if symbol.replace('linux_', '', 1) in assembly:         # of which a compiler has no more to say
                text += f'__asm__(".globl {symbol}\\n.type {symbol}, %function\\n{symbol}:\\n.size {symbol}, 0\\n");\n'
            else:
                text += f'{one.declaration} {{ __builtin_trap(); }}\n'     # gcc takes a parameter without a name
        source = self.directory / f'{arch}-{name}.c'
        source.write_text(text)
        return self.link(arch, name, version_script(nodes), '-I', TOP / 'include', source)

    def abidiff(self, old: Path, new: Path, *options: str) -> tuple[int, str]:
        result = subprocess.run(['abidiff', '--no-default-suppression', '--harmless', *options, str(old), str(new)], text=True, timeout=300,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.assertFalse(result.returncode & 3, result.stdout)          # an error, or wrong usage
        return result.returncode, result.stdout

    def acknowledged(self, library: Path) -> list[str]:
        """The option to be silent about what a note says of a pointer."""
        path = self.directory / library.stem / 'acknowledged'
        return ['--suppressions', str(path)] if path.exists() and path.stat().st_size else []

    def same(self, old: Path, new: Path, *options: str) -> None:
        code, said = self.abidiff(old, new, *self.acknowledged(new), *options)
        self.assertEqual(code, 0, said)

    def check_list(self, arch: str, project: Path) -> None:
        """Neither the library nor the list has what the other lacks, nor another prototype; nor has what an older one had changed."""
        abi = tables.read_abi(project / 'src/arch' / arch / 'abi.list')
        library = self.library(arch, project)
        self.same(self.listed(arch, f'{project.name}-all', abi), library)
        for n, version in enumerate(abi.versions, 1):
            older = {name: abi[name] for one in list(abi.versions)[:n] for name in abi.versions[one]}
            self.same(self.listed(arch, f'{project.name}-{version}', older), library, '--no-added-syms')


class LastRelease(Case):
    """What is there now against what was released."""

    def test_tag(self) -> None:
        """The symbols, the numbers of calls and the places of members that were released are what they were."""
        if not shutil.which('git') or not (TOP / '.git').exists():
            self.skipTest('no clone of git: the sums in abi.list are what holds it')
        if not (tag := last_tag(TOP)):
            self.skipTest('no tag v*: nothing was released in this clone')
        project = self.directory / tag
        project.mkdir()
        run('git', 'archive', '-o', self.directory / 'tag.tar', tag, cwd=TOP)
        run('tar', '-xf', self.directory / 'tag.tar', '-C', project)
        for arch in ARCHES:
            released, now = (tables.read_abi(top / 'src/arch' / arch / 'abi.list') for top in (project, TOP))
            if not released:
                continue        # the architecture came later
            with self.subTest(arch):
                self.assertEqual([f'{name} is now {now.get(name, "gone")}; {tag} has {one}' for name, one in released.items() if str(now.get(name)) != str(one)], [])
                self.assertEqual([f'{name} came with {version} now, and with another in {tag}' for version, names in now.versions.items() if version in released.versions
                                  for name in sorted({*names} ^ {*released.versions[version]})], [])
                before, after = self.library(arch, project), self.library(arch)
                self.same(before, after, '--no-added-syms')
                facts, new = (dict(line.rsplit(' ', 1) for line in (self.directory / path.stem / 'facts').read_text().splitlines()) for path in (before, after))
                self.assertGreater(len(facts), 2000)
                self.assertEqual([f'{name} is now {new[name]}; {tag} has {value}' for name, value in facts.items() if new.get(name, value) != value], [])

    def test_news(self) -> None:
        self.assertEqual(unsaid(TOP), [])

    def test_library(self) -> None:
        for arch in ARCHES:
            with self.subTest(arch):
                self.check_list(arch, TOP)

    def test_older_kernel(self) -> None:
        """As if the release before the table's had been the first: abidiff names what was added, and nothing else."""
        arch = ARCHES[0]
        release = tables.read_syscalls().release
        abi = tables.read_abi(tables.ARCH / arch / 'abi.list')
        older = {name: one for name, one in abi.items() if one.node.partition('_')[2] != release}
        library = self.library(arch)
        before = self.listed(arch, 'older', older)
        self.same(before, library, '--no-added-syms')
        added = re.findall(r"^ +\[A\] .*?(\w+)(?:@@\w+\.\d+|\(.*)", self.abidiff(before, library)[1], re.M)
        self.assertEqual(sorted({name for name in added}), sorted(abi.keys() - older.keys()))

    def test_what_abidiff_finds(self) -> None:
        arch = ARCHES[0]
        abi = tables.read_abi(tables.ARCH / arch / 'abi.list')
        library = self.library(arch)
        for n, (name, one) in enumerate((
                ('linux_gone', tables.Symbol('LINUX_3.2', 'long linux_gone(void)', 1)),
                ('linux_write', replace(abi['linux_write'], node='LINUX_3.3')),
                ('linux_write', replace(abi['linux_write'], declaration='long linux_write(int, const char *, unsigned long)')),
                ('linux_write', replace(abi['linux_write'], declaration='long linux_write(unsigned int, char *, unsigned long)')),
                ('linux_write', replace(abi['linux_write'], declaration='int linux_write(unsigned int, const char *, unsigned long)')),
                ('linux_statx', replace(abi['linux_statx'], declaration=abi['linux_statx'].declaration.replace('linux_statx *', 'linux_stat *'))),
                ('linux_getpid', replace(abi['linux_getpid'], declaration='long linux_getpid(int)')))):
            with self.subTest(str(one)):
                code, said = self.abidiff(self.listed(arch, f'mutant{n}', {**abi, name: one}), library, '--no-added-syms')
                self.assertTrue(code & 4, said)
                self.assertIn(name, said)


class NextKernel(Case):
    """A made-up Linux has one call more and one less, one that takes more and one whose pointer is const no more; and a since was wrong."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        table = tables.read_syscalls()
        major, minor = table.release.split('.')
        cls.release = f'{major}.{int(minor) + 1}'
        cls.project = cls.directory / 'next'
        for name in ('gen', 'include', 'src'):
            shutil.copytree(TOP / name, cls.project / name, ignore=shutil.ignore_patterns('__pycache__'))
        (cls.project / 'tests').mkdir()
        shutil.copy(TOP / 'tests/library_sources.py', cls.project / 'tests')
        cls.notes = cls.project / 'gen/notes.tbl'
        text = cls.notes.read_text()
        for old, new in ((r'(\nfchroot .*)', rf'\1 changed={cls.release}'), (r'(\nacct .*)', rf'\1 changed={cls.release}'),
                         (r'\ncachestat .*', f'\ncachestat {"6.4 " * len(table.arches)} - -'),
                         (r'\n(?=lchown )', f'\nlate {" ".join([cls.release] * len(table.arches))} - -\n\tsummary: Be late\n\tcategory: time\n\treturns: zero\n\tman: -\n\twhen: in\n')):
            text, count = re.subn(old, new, text)
            assert count == 1, old
        cls.notes.write_text(text)

        rows = [row for row in table.rows if row.name != DROPPED.name]
        args = {'fchroot': 'int fd, unsigned int flags, unsigned long mask, int more', 'acct': 'const unsigned char *name'}
        rows = [replace(row, args=tables.parse_args('', 1, args[row.name])) if row.name in args else row for row in rows]
        number = max(number for row in rows for number in row.numbers.values()) + 1
        rows.append(tables.Row('late', dict.fromkeys(table.arches, number), tables.parse_args('', 1, 'const struct iovec *when')))
        tree = tables.Table(f'{cls.release}.0', table.arches, rows)
        path = cls.project / 'gen/syscalls.tbl'
        path.write_text(tables.write_syscalls(syscall_table.merge(table, tree, call_notes.read_notes(cls.notes), path)))
        errno = cls.project / 'gen/errno.tbl'
        errno.write_text(tables.write_errno(tree.tree, tables.read_errno()))
        (cls.project / 'VERSION').write_text(f'{cls.release}.0\n')
        for arch in table.arches:
            cls.emit('abi.list', arch, cls.project / 'src/arch' / arch / 'abi.list')

    @classmethod
    def emit(cls, name: str, arch: str, file: str | Path = '-') -> str:
        return run(sys.executable, cls.project / 'gen/syscall_table.py', 'emit', name, arch, file)

    def test_list(self) -> None:
        """What was there stays line by line; the new stands below it."""
        node = f'LINUX_{self.release}'
        for arch in ARCHES:
            before, after = (lines((top / 'src/arch' / arch / 'abi.list').read_text()) for top in (TOP, self.project))
            self.assertEqual(after[:len(before)], before)
            own = self.release.replace('.', '_')
            self.assertEqual(after[len(before):], [f'{node} long linux_fchroot_{own}(int, unsigned int, unsigned long, int)',
                                                   f'{node} long linux_late(const struct iovec *)'])
            self.assertEqual(self.emit('abi.list', arch), (self.project / 'src/arch' / arch / 'abi.list').read_text())

    def test_library(self) -> None:
        for arch in ARCHES:
            with self.subTest(arch):
                self.check_list(arch, self.project)

    def test_abidiff(self) -> None:
        """Nothing but the pointer that was acknowledged."""
        for arch in ARCHES:
            with self.subTest(arch):
                before, after = self.library(arch), self.library(arch, self.project)
                code, said = self.abidiff(before, after, '--no-added-syms')
                self.assertEqual(re.findall(r"^ +\[C\] 'function \S+ \S+ (\w+)", said, re.M), ['linux_acct'], said)
                self.same(before, after, '--no-added-syms')
                code, said = self.abidiff(before, after, *self.acknowledged(after))
                self.assertEqual(re.findall(r'\[A\] .*?linux_(\w+)\(', said), ['fchroot_' + self.release.replace('.', '_'), 'late'], said)

    def test_nodes(self) -> None:
        """A since that is known better moves no symbol, and is what all others say."""
        arch = ARCHES[0]
        self.assertRegex(self.emit('liblinux.map', arch), r'LINUX_6\.5 \{\nglobal:\n(\t\w+;\n)*\tlinux_cachestat;')
        self.assertRegex(self.emit('syscalls.h', arch), r'/\* Linux 6\.4\. \*/\nlong linux_cachestat\(')
        self.assertRegex(self.emit('liblinux.csv', arch), r'\ncachestat,x86_64,451,6\.4,')

    def test_table(self) -> None:
        """The table is of the kernel's calls: one for each number, with what it takes now."""
        for arch in ARCHES:
            said = [line.split(',') for line in self.emit('liblinux.csv', arch).splitlines() if f',{arch},' in line]
            self.assertEqual(len({line[2] for line in said}), len(said))
            line, = (line for line in said if line[0].startswith('fchroot'))
            self.assertEqual([*line[:4], line[10]], ['fchroot', arch, '472', '7.3', 'int fd; unsigned int flags; unsigned long mask; int more'])

    def test_dropped(self) -> None:
        self.assertRegex(self.emit('syscalls.h', 'x86_64'), rf'/\* Removed in Linux {self.release}\. .*\*/\nlong linux_{DROPPED.name}\(')
        self.assertRegex(self.emit('liblinux.csv', 'x86_64'), rf'\n{DROPPED.name},x86_64,{DROPPED.numbers["x86_64"]},[\d.]+,{self.release},')
        self.assertIn(f'\tlinux_{DROPPED.name};\n', self.emit('liblinux.map', 'x86_64'))

    def test_registers(self) -> None:
        """Every wrapper under the filter of test_args.c: what is there no more is called, and what came later is 0."""
        arch = os.uname().machine
        if arch not in ARCHES:
            self.skipTest(f'no compiler here makes programs of {arch}')
        library, work = self.library(arch, self.project), self.directory / f'{arch}-next'
        name = self.release.replace('.', '_')
        cases = (work / 'test_cases.h').read_text()
        self.assertRegex(cases, r'"fchroot", 472, 0, 4, \{KIND_INT, KIND_UNSIGNED, KIND_ZERO, KIND_ZERO\}')
        self.assertRegex(cases, rf'"fchroot_{name}", 472, 0, 4, \{{KIND_INT, KIND_UNSIGNED, KIND_LONG, KIND_INT\}}')
        self.assertRegex(cases, rf'"{DROPPED.name}", {DROPPED.numbers["x86_64"]},' if arch == 'x86_64' else '')
        for header in ('cmocka.h', 'seccomp.h'):
            if not Path('/usr/include', header).exists():
                self.skipTest(f'no {header}')
        for form in ([], ['-DLIBLINUX_INLINE']):
            program = self.directory / f'args{len(form)}'
            run(self.compiler(arch), '-D_GNU_SOURCE', '-O2', '-w', *form, '-I', work, '-I', self.project / 'include', '-I', tables.ARCH / arch / 'test', '-o', program,
                TOP / 'tests/test_args.c', library, f'-Wl,-rpath,{self.directory}', '-lcmocka', '-lseccomp', '-lpthread')
            (self.directory / 'liblinux.so.1').unlink(missing_ok=True)
            (self.directory / 'liblinux.so.1').symlink_to(library)
            said = run(program)
            if '# SKIP' in said:
                self.skipTest(said.partition('# SKIP ')[2].strip())
            self.assertIn('[  PASSED  ] 1 test', said)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith('#')]


def unsaid(project: Path) -> list[str]:
    """What a version brought, after the first, and its section of NEWS does not name."""
    texts = re.split(r'(?m)^(?=liblinux \S+ for )', (project / 'NEWS').read_text())
    sections = {text.split()[1]: text for text in texts if text}
    found = []
    for path in sorted(project.glob('src/arch/*/abi.list')):
        for version, names in list(tables.read_abi(path).versions.items())[1:]:
            for name in names:
                short = re.sub(r'_\d+_\d+$', '', name.replace('linux_', '', 1))
                if not re.search(rf'\b(linux_)?{short}\b', sections.get(version, '')):
                    found.append(f'{version}: {name}')
    return found


def last_tag(clone: Path) -> str:
    result = subprocess.run(['git', 'describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*'], cwd=clone, text=True, capture_output=True, timeout=60)
    return result.stdout.strip()


if __name__ == '__main__':
    tap.main()
