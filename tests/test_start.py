# SPDX-License-Identifier: MIT
"""Programs without a libc: start-up in every form of link, and nolibc-cat beside the cat of this machine.

The first argument is nolibc-cat; CC, ARCH, INCLUDES, LIBRARY, ARCHIVE and OBJDUMP in the environment say
with what to build others; MESON_EXE_WRAPPER runs programs of another architecture.
"""
from __future__ import annotations

import os
import pty
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Callable

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'tests'))

import arches               # noqa: E402
import tap                  # noqa: E402

CC = shlex.split(os.environ['CC'])
ARCH = os.environ['ARCH']
WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]
EXAMPLE = str(Path(sys.argv.pop(1)).resolve())
LIBRARY, ARCHIVE = Path(os.environ['LIBRARY']), os.environ['ARCHIVE']
STATIC = [ARCHIVE]
# gcc 12 for riscv64 names a dynamic loader in such programs, and has no word against it.
PIE = ['-static-pie', '-Wl,--no-dynamic-linker']
SHARED = [f'-L{LIBRARY.parent}', f'-Wl,-rpath,{LIBRARY.parent}', '-llinux']

# What a program without a libc is compiled with: no calls of memcpy and the like that it does not have.
PLAIN = ['-Wall', '-Wextra', '-Werror', '-ffreestanding', '-fno-stack-protector', '-nostdlib', *INCLUDES, f'-I{arches.directory(ARCH)}']
FORMS = {
    'static': (['-fno-pie', '-static'], STATIC),
    'static with position-independent code': (['-fPIE', '-static'], STATIC),
    'static, inline calls': (['-fno-pie', '-static', '-DLIBLINUX_INLINE'], []),
    'static, no pages between segments': (['-fno-pie', '-static', '-Wl,-z,noseparate-code'], STATIC),
    'static, one segment': (['-fno-pie', '-static', '-Wl,-N,--no-warn-rwx-segments'], STATIC),
    'static-pie': (['-fPIE', *PIE], STATIC),
    'static-pie, inline calls': (['-fPIE', *PIE, '-DLIBLINUX_INLINE'], []),
    'static-pie, calls by table': (['-fPIE', '-fno-plt', *PIE], STATIC),
    'static-pie, no pages between segments': (['-fPIE', *PIE, '-Wl,-z,noseparate-code'], STATIC),
    'dynamic, anywhere': (['-fPIE', '-pie'], SHARED),
    'dynamic, at a fixed address': (['-fno-pie', '-no-pie'], SHARED),
}
LEVELS = ['-O0', '-O1', '-O2', '-O3', '-Os']


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def build(*words: str | Path) -> str:
    """What the compiler has to say; nothing is good."""
    result = subprocess.run([*CC, *map(str, words)], text=True, capture_output=True, env={**os.environ, 'LC_ALL': 'C'})
    return result.stderr or ('failed' if result.returncode else '')


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.program = self.directory / 'program'

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        return path

    def readelf(self, *options: str) -> str:
        return subprocess.run(['readelf', '-W', *options, str(self.program)], text=True, capture_output=True, check=True,
                              env={**os.environ, 'LC_ALL': 'C'}).stdout


class Start(Case):
    def run_program(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([*WRAPPER, str(self.program), *arguments], env={'ONE': '1', 'TWO': '2'}, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def good(self, relro: bool = False) -> None:
        result = self.run_program('one', '')
        lines = result.stdout.splitlines()
        self.assertEqual([line for line in lines[:-1] if not line.startswith('ok - ')], [])
        self.assertEqual((lines[-1:], result.stderr, result.returncode), (['done'], '', 0))
        if relro:
            self.assertIn('ok - relocated constants are read-only', lines)

    def every_form(self, flags: list[str], forms: dict[str, tuple[list[str], list[str]]] = FORMS) -> None:
        for name, (form, library) in forms.items():
            with self.subTest(f'{name}: {" ".join(flags)}'):
                # The chain of frame pointers is looked at too.
                self.assertEqual(build(*PLAIN, '-fno-omit-frame-pointer', *flags, *form, '-o', self.program, TOP / 'tests/test_start.c', *library), '')
                self.good(relro=name.startswith('static-pie'))

    def test_every_form(self) -> None:
        for level in LEVELS:
            self.every_form([level])

    def test_result_is_the_exit_code(self) -> None:
        self.assertEqual(build(*PLAIN, '-static', '-fno-pie', '-o', self.program, TOP / 'tests/test_start.c', *STATIC), '')
        self.assertEqual(self.run_program('exit').returncode, 2)

    def test_every_form_with_link_time_optimization(self) -> None:
        linker = [] if 'clang' not in CC[0] else ['-fuse-ld=lld']
        empty = self.write('empty.c', 'void _start(void);\nvoid _start(void) { }\n')
        if not succeeds([*CC, '-flto', '-nostdlib', *linker, '-o', str(self.program), str(empty)]):
            self.skipTest('the compiler cannot link with -flto')
        forms = {name: form for name, form in FORMS.items() if 'one segment' not in name} if linker else FORMS
        self.every_form(['-O2', '-flto', *linker], forms)

    def packed(self, *flags: str) -> None:
        """The relocations are in DT_RELR."""
        self.assertEqual(build(*PLAIN, '-O2', '-fno-omit-frame-pointer', '-fPIE', *PIE, *flags, '-o', self.program,
                               TOP / 'tests/test_start.c', *STATIC), '')
        dynamic = self.readelf('-d')
        self.assertIn('(RELR)', dynamic)
        self.assertNotRegex(dynamic, r'\(RELASZ\) +[1-9]')
        self.good(relro=True)

    def test_packed_relocations(self) -> None:
        if ARCH != 'x86_64':
            self.skipTest('this linker packs relative relocations for x86_64 only')
        self.packed('-Wl,-z,pack-relative-relocs')

    def test_packed_relocations_by_lld(self) -> None:
        if not shutil.which('ld.lld'):
            self.skipTest('ld.lld is not installed')
        # A gcc for another architecture looks for lld in its own directories only.
        linker = ['-fuse-ld=lld']
        if WRAPPER and 'clang' not in CC[0]:
            (self.directory / 'ld').symlink_to(shutil.which('ld.lld'))
            linker = [f'-B{self.directory}']
        flags = [*linker, '-Wl,--pack-dyn-relocs=relr']
        if 'unimplemented linker relaxation' in build(*PLAIN, '-O2', '-fPIE', *PIE, *flags, '-o', self.program, TOP / 'tests/test_start.c', *STATIC):
            self.skipTest(f'this lld cannot relax for {ARCH}')
        self.packed(*flags)

    def test_languages(self) -> None:
        text = ('#include <liblinux/start.h>\nint linux_main(int argc, char **argv, char **envp, const unsigned long *auxv)\n'
                '{\n\t(void)argv;\n\t(void)envp;\n\t(void)auxv;\n\treturn argc == 2 ? 2 : 1;\n}\n')
        strict = ['-Wpedantic', '-Wconversion', '-Wshadow', '-Wundef']
        for language, standards in (('c', ['c99', 'c11', 'c2x', 'gnu2x']), ('c++', ['c++11', 'c++20'])):
            source = self.write('source', text)
            for standard in standards:
                with self.subTest(standard):
                    self.assertEqual(build(*PLAIN, *strict, '-O2', f'-std={standard}', '-fPIE', *PIE, '-o', self.program, '-x', language, source,
                                           '-x', 'none', *STATIC), '')
                    self.assertEqual(self.run_program('exit').returncode, 2)

    def test_hostile_flags(self) -> None:
        """What start-up itself runs with cannot need what a libc would have set up."""
        flags = ['-O1', '-pg', '-finstrument-functions', '-fstack-protector-all', '-fsanitize=undefined']
        flags.append('-fsanitize-trap=undefined' if 'clang' in CC[0] else '-fsanitize-undefined-trap-on-error')
        # The rest of the program does need it: that is compiled without.
        rest = self.write('rest.c', '#define linux_main other_main\n' + (TOP / 'tests/test_start.c').read_text().replace('#include <liblinux/start.h>', '')
                          .replace('int linux_main(', 'int linux_main(int, char **, char **, const unsigned long *);\nint linux_main('))
        start = self.write('start.c', '#include <liblinux/start.h>\nint other_main(int, char **, char **, const unsigned long *);\n'
                           '__attribute__((no_instrument_function, no_stack_protector))\n'
                           'int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv)\n'
                           '{\n\treturn other_main(argc, argv, envp, auxv);\n}\n')
        self.assertEqual(build(*PLAIN, '-O1', '-fPIE', '-fno-omit-frame-pointer', '-c', '-o', self.directory / 'rest.o', rest), '')
        words = [word for word in PLAIN if word != '-fno-stack-protector']
        self.assertEqual(build(*words, *flags, '-fPIE', '-c', '-o', self.directory / 'start.o', start), '')
        self.assertEqual(build('-nostdlib', *PIE, '-o', self.program, self.directory / 'start.o', self.directory / 'rest.o', *STATIC), '')
        self.good(relro=True)

    def test_fixed_addresses_are_not_linked_to_lie_anywhere(self) -> None:
        for form in ('-static-pie', '-pie'):
            self.assertRegex(build(*PLAIN, '-O2', '-fno-pie', form, '-o', self.program, TOP / 'tests/test_start.c', *STATIC), 'R_.*liblinux_start')

    def test_other_relocations_trap(self) -> None:
        text = ('#include <liblinux/start.h>\nstatic int one(void) { return 1; }\n'
                '__attribute__((__used__)) static int (*choose(void))(void) { return one; }\nint chosen(void) __attribute__((ifunc("choose")));\n'
                'int linux_main(int argc, char **argv, char **envp, const unsigned long *auxv)\n'
                '{\n\t(void)argv;\n\t(void)envp;\n\t(void)auxv;\n\treturn argc + chosen();\n}\n')
        source = self.write('ifunc.c', text)
        self.assertEqual(build(*PLAIN, '-O2', '-fPIE', *PIE, '-o', self.program, source, *STATIC), '')
        self.assertIn(-self.run_program().returncode, (signal.SIGILL, signal.SIGTRAP))

    def test_unwinding_ends(self) -> None:
        self.assertEqual(build(*PLAIN, '-O2', '-fasynchronous-unwind-tables', '-fPIE', *PIE, '-o', self.program, TOP / 'tests/test_start.c', *STATIC), '')
        start = re.search(r'Entry point address:\s+0x(\w+)', self.readelf('-h'))[1]
        frames = self.readelf('--debug-dump=frames')
        shared, own = re.search(rf'FDE cie=(\w+) pc=0*{start}\.\.\w+\n(.*?)\n\n', frames, re.S).groups()
        # Assemblers move what holds from the first instruction on to the part that functions share.
        rules = own + re.search(rf'^{shared} \w+ \w+ CIE\n(.*?)\n\n', frames, re.S | re.M)[1]
        self.assertIn(arches.read(ARCH).unwound, rules)

    def test_landing(self) -> None:
        self.assertEqual(build(*PLAIN, '-O2', '-fPIE', *PIE, '-o', self.program, TOP / 'tests/test_start.c', *STATIC), '')
        code = subprocess.run([os.environ['OBJDUMP'], '-d', '--no-show-raw-insn', '--disassemble=_start', self.program],
                              text=True, capture_output=True, check=True).stdout
        first = re.search(r'<_start>:\n\s+\w+:\t(.*)', code)[1].split()
        self.assertEqual(tuple(first), arches.read(ARCH).start)


# Each call is interrupted every other time and copies little.
FAULTS = '''\
#include <liblinux/arch.h>
#include <liblinux/error.h>
#include <liblinux/syscalls.h>

static int turn;

static unsigned long some(unsigned long size)
{
	return size < 1000 ? (size + 1) / 2 : 1000 - (unsigned long)turn % 7;
}

long linux_read(unsigned int fd, void *buf, unsigned long count)
{
	return ++turn % 2 ? -LINUX_EINTR : liblinux_syscall3(LINUX_NR_read, fd, (long)buf, (long)some(count));
}

long linux_write(unsigned int fd, const void *buf, unsigned long count)
{
	return ++turn % 2 ? -LINUX_EINTR : liblinux_syscall3(LINUX_NR_write, fd, (long)buf, (long)some(count));
}

long linux_copy_file_range(int fd_in, long long *off_in, int fd_out, long long *off_out, unsigned long len, unsigned int flags)
{
	return ++turn % 2 ? -LINUX_EINTR : liblinux_syscall6(LINUX_NR_copy_file_range, fd_in, (long)off_in, fd_out, (long)off_out, (long)some(len), flags);
}

long linux_splice(int fd_in, long long *off_in, int fd_out, long long *off_out, unsigned long len, unsigned int flags)
{
	return ++turn % 2 ? -LINUX_EINTR : liblinux_syscall6(LINUX_NR_splice, fd_in, (long)off_in, fd_out, (long)off_out, (long)some(len), flags);
}
'''


class Cat(Case):
    """Each test runs nolibc-cat in every form, and the machine's cat, whose messages may be other ones."""
    programs: dict[str, list[str]] = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.built = Path(tempfile.mkdtemp(prefix='liblinux-'))
        cls.addClassCleanup(shutil.rmtree, cls.built)
        source = TOP / 'examples/nolibc-cat.c'
        faults = cls.built / 'faults.c'
        faults.write_text(FAULTS)
        cls.programs = {'example': [*WRAPPER, EXAMPLE]}
        for name, files in {'static': [source], 'static-pie': [source], 'dynamic, anywhere': [source], 'faults': [source, faults]}.items():
            form, library = FORMS['static' if name == 'faults' else name]
            program = cls.built / name.replace(', ', '-')
            if said := build(*PLAIN, '-O2', *form, '-o', program, *files, *library):
                raise AssertionError(said)
            cls.programs[name] = [*WRAPPER, str(program)]

    def setUp(self) -> None:
        super().setUp()
        self.sizes = [0, 1, 4096, 70000, 3 << 20]
        for size in self.sizes:
            (self.directory / str(size)).write_bytes(bytes((n * 7 + n // 251) % 256 for n in range(size)))

    def each(self) -> dict[str, list[str]]:
        return {'cat': ['cat'], **self.programs}

    def run_cat(self, command: list[str], *arguments: str | Path, stdin=subprocess.DEVNULL, **more) -> tuple[int, str]:
        """Exit code, and what it said, as cat would be called."""
        result = subprocess.run([*command, *map(str, arguments)], stdin=stdin, stderr=subprocess.PIPE, text=True, timeout=60,
                                env={**os.environ, 'LC_ALL': 'C'}, **more)
        return result.returncode, re.sub('^nolibc-cat: ', 'cat: ', result.stderr, flags=re.M)

    def same(self, name: str, said: tuple[int, str], *wanted: int | str) -> None:
        self.assertEqual(said[:1] if name == 'cat' else said, wanted[:1] if name == 'cat' else wanted)

    def feed(self, write: Callable[[bytes], object], close: Callable[[], object], data: bytes) -> threading.Thread:
        def pump() -> None:
            for at in range(0, len(data), 50000):
                write(data[at:at + 50000])
            close()
        thread = threading.Thread(target=pump, daemon=True)      # a test that fails leaves it waiting
        thread.start()
        return thread

    def test_size(self) -> None:
        self.assertLess(os.stat(EXAMPLE).st_size, 2048)
        self.program = Path(EXAMPLE)
        self.assertNotIn('.symtab', self.readelf('-S'))
        self.assertNotIn('INTERP', self.readelf('-l'))

    def source(self, kind: str, size: int, other: Path):
        """A file to read from, and what to wait for."""
        data = (self.directory / str(size)).read_bytes()
        if kind == 'file':
            return open(self.directory / str(size), 'rb'), None
        if kind == 'other file system':
            (other / 'in').write_bytes(data)
            return open(other / 'in', 'rb'), None
        if kind == 'pipe':
            end, mine = os.pipe()
            return os.fdopen(end, 'rb'), self.feed(lambda part: os.write(mine, part) == len(part) or self.fail(), lambda: os.close(mine), data)
        theirs, ours = socket.socketpair()
        return theirs.makefile('rb', buffering=0), self.feed(ours.sendall, lambda: (theirs.close(), ours.close()), data)

    def sink(self, kind: str):
        """A file to write to, and what gives the bytes when it is closed here."""
        if kind in ('file', 'append'):
            path = self.directory / 'out'
            path.write_bytes(b'before' if kind == 'append' else b'')
            return open(path, 'ab' if kind == 'append' else 'wb'), lambda: path.read_bytes()[6 if kind == 'append' else 0:]
        if kind == 'pipe':
            mine, end = os.pipe()
            reader, end = os.fdopen(mine, 'rb'), os.fdopen(end, 'wb')
        else:
            mine, end = socket.socketpair()
            reader, end = mine.makefile('rb'), end.makefile('wb')
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(reader.read()), daemon=True)
        thread.start()

        def all_bytes() -> bytes:
            thread.join()
            reader.close()
            return got[0]
        return end, all_bytes

    def test_pairs(self) -> None:
        """Every kind of input to every kind of output."""
        other = Path(tempfile.mkdtemp(prefix='liblinux-', dir='/dev/shm'))
        self.addCleanup(shutil.rmtree, other)
        if other.stat().st_dev == self.directory.stat().st_dev:
            self.skipTest('only one file system')
        for name, command in self.each().items():
            for size in self.sizes if name == 'static' else [70000]:
                for come in ('file', 'other file system', 'pipe', 'socket'):
                    for go in ('file', 'append', 'pipe', 'socket'):
                        with self.subTest(f'{name}: {size} bytes from {come} to {go}'):
                            out, all_bytes = self.sink(go)
                            inp, feeder = self.source(come, size, other)
                            said = self.run_cat(command, stdin=inp, stdout=out)
                            out.close()
                            inp.close()
                            got = all_bytes()
                            if feeder:
                                feeder.join()
                            self.assertEqual(said, (0, ''))
                            self.assertTrue(got == (self.directory / str(size)).read_bytes(), f'{len(got)} bytes of {size}, or others')

    def test_files_of_the_kernel(self) -> None:
        """Their size is 0, but they are not empty."""
        paths = ['/proc/version', '/proc/self/../../proc/filesystems', '/sys/kernel/mm/transparent_hugepage/enabled']
        paths = [path for path in paths if os.access(path, os.R_OK)]
        self.assertTrue(paths)
        for name, command in self.each().items():
            for go in ('file', 'pipe'):
                with self.subTest(f'{name} to {go}'):
                    out, all_bytes = self.sink(go)
                    said = self.run_cat(command, *paths, stdout=out)
                    out.close()
                    self.assertEqual(said, (0, ''))
                    self.assertEqual(all_bytes(), b''.join(Path(path).read_bytes() for path in paths))

    def test_names_and_errors(self) -> None:
        """Several files, the standard input among them, and those that cannot be read: the rest is copied."""
        data = {size: (self.directory / str(size)).read_bytes() for size in (1, 4096, 70000)}
        (self.directory / 'loop').symlink_to('loop')
        arguments = ['1', 'gone', '-', '.', '4096/x', 'x' * 300, 'loop', '1']
        said = {}
        for name, command in self.each().items():
            with self.subTest(name):
                out, all_bytes = self.sink('file')
                with open(self.directory / '70000', 'rb') as inp:
                    said[name] = self.run_cat(command, *arguments, stdin=inp, stdout=out, cwd=self.directory)
                out.close()
                self.assertTrue(all_bytes() == data[1] + data[70000] + data[1])
        code, lines = said.pop('cat')
        self.assertEqual((code, len(lines.splitlines())), (1, 5))
        lines = lines.replace('File name too long', 'error 0036').replace('Too many levels of symbolic links', 'error 0040')
        for name, answer in said.items():
            self.assertEqual(answer, (code, lines), name)

    def test_bad_output(self) -> None:
        for name, command in self.each().items():
            with self.subTest(name), open('/dev/full', 'wb') as full:
                self.same(name, self.run_cat(command, self.directory / '70000', stdout=full), 1, 'cat: write error: No space left on device\n')
            with self.subTest(name):
                # Also for an input that is empty, and although the first file to be opened gets the free number.
                closed = ['sh', '-c', 'exec "$@" >&-', 'sh', *command]
                self.same(name, self.run_cat(closed, self.directory / '0'), 1, 'cat: standard output: Bad file descriptor\n')
            with self.subTest(name):
                closed = ['sh', '-c', 'exec "$@" <&-', 'sh', *command]
                self.assertEqual(self.run_cat(closed, '-', self.directory / '0', stdout=subprocess.DEVNULL)[0], 1)

    def test_output_that_nobody_reads(self) -> None:
        for name, command in self.each().items():
            for come in ('file', 'pipe'):
                for ignored in (True, False):
                    with self.subTest(f'{name} from {come}'):
                        mine, out = os.pipe()
                        os.close(mine)
                        inp, feeder = self.source(come, 4096, self.directory)
                        code, said = self.run_cat(command, stdin=inp, stdout=out, restore_signals=not ignored)
                        inp.close()
                        os.close(out)
                        if feeder:
                            feeder.join()
                        if ignored:         # as Python itself does
                            self.same(name, (code, said), 1, 'cat: write error: Broken pipe\n')
                        else:
                            self.assertEqual(code, -signal.SIGPIPE)

    def test_limit_of_the_output(self) -> None:
        """The last write is a partial one, and the next fails."""
        def limit() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100001, 100001))
        for name, command in self.each().items():
            for go in ('file', 'append'):
                with self.subTest(f'{name} to {go}'):
                    out, all_bytes = self.sink(go)
                    said = self.run_cat(command, self.directory / str(3 << 20), stdout=out, preexec_fn=limit)
                    out.close()
                    self.same(name, said, 1, 'cat: write error: File too large\n')
                    got = all_bytes()
                    self.assertEqual(len(got), 100001 - (6 if go == 'append' else 0))
                    self.assertTrue((self.directory / str(3 << 20)).read_bytes().startswith(got))

    def test_onto_itself(self) -> None:
        """What would never end is refused; what is at its end is not."""
        for name, command in self.each().items():
            path = self.directory / 'self'
            for mode in ('ab', 'r+b'):
                path.write_bytes(b'text\n')
                with self.subTest(f'{name}: {mode}'), open(path, mode) as out:
                    self.same(name, self.run_cat(command, path, self.directory / '1', stdout=out), 1, f'cat: {path}: input file is output file\n')
                data = (self.directory / '1').read_bytes()
                self.assertEqual(path.read_bytes(), b'text\n' + data if mode == 'ab' else data + b'ext\n')
            path.write_bytes(b'')
            with self.subTest(name), open(path, 'ab') as out:
                self.assertEqual(self.run_cat(command, path, stdout=out), (0, ''))

    def test_offsets(self) -> None:
        """From where the standard input stands, to where the standard output does."""
        for name, command in self.each().items():
            with self.subTest(name), open(self.directory / 'out', 'wb', buffering=0) as out, open(self.directory / '4096', 'rb', buffering=0) as inp:
                out.write(b'begin')
                inp.seek(4000)
                self.assertEqual(self.run_cat(command, stdin=inp, stdout=out), (0, ''))
                self.assertEqual((inp.tell(), out.tell()), (4096, 101))
                self.assertEqual((self.directory / 'out').read_bytes(), b'begin' + (self.directory / '4096').read_bytes()[4000:])

    def test_terminal(self) -> None:
        """One end of file is enough."""
        for name, command in self.each().items():
            with self.subTest(name):
                ours, theirs = pty.openpty()
                os.write(ours, b'line\n\x04')
                out, all_bytes = self.sink('pipe')
                said = self.run_cat(command, stdin=theirs, stdout=out)
                out.close()
                os.close(theirs)
                os.close(ours)
                self.assertEqual((said, all_bytes()), ((0, ''), b'line\n'))


if __name__ == '__main__':
    tap.main()
