# SPDX-License-Identifier: MIT
"""The library as others build, install and link it; with `full` as an argument, with more of their flags.

BUILD in the environment is a build of the tree by gcc for this machine.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'gen'))

import tables               # noqa: E402
import tap                  # noqa: E402

BUILD = Path(os.environ['BUILD'])
FULL = sys.argv[1:2] == ['full']
VERSION = '.'.join(tables.read_version())

PROGRAM = '''\
#include <liblinux/error.h>
#include <liblinux/syscalls.h>
int main(void)
{
	static const char text[] = "works\\n";
	return linux_is_error(linux_write(1, text, sizeof(text) - 1)) || linux_close(-1) != -LINUX_EBADF;
}
'''


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    result = subprocess.run([str(word) for word in command], text=True, cwd=cwd, env={**os.environ, 'LC_ALL': 'C', **environment},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise AssertionError(f'{" ".join(map(str, command))}: {result.returncode}\n{result.stdout[-4000:]}')
    return result.stdout


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.directory)        # instrumented programs leave files where they run

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        return path

    def contract(self, library: Path, archive: Path) -> None:
        """The library is what test_library.py and test_disassembly.py want of it."""
        for test in ('test_library.py', 'test_disassembly.py'):
            said = run(sys.executable, TOP / 'tests' / test, LIBRARY=str(library), ARCHIVE=str(archive), ARCH='x86_64')
            self.assertNotRegex(said, r'(?m)^not ok')
            self.assertRegex(said, r'(?m)^1\.\.[1-9]')


class HostileFlags(Case):
    """Whatever a user puts into CFLAGS."""

    def built_with(self, flags: str, compiler: str = 'gcc', link: str = '') -> None:
        build = self.directory / 'build'
        run('meson', 'setup', build, TOP, '-Dtests=disabled', '-Dexamples=false', CC=compiler, CFLAGS=flags, LDFLAGS=link)
        run('ninja', '-C', build, f'src/liblinux.so.1.{VERSION}', 'src/liblinux.a')
        self.contract(build / f'src/liblinux.so.1.{VERSION}', build / 'src/liblinux.a')


# What is tried each time changes all objects, or the linking; what is left is like one of these.
ALWAYS = {'gcc_address', 'gcc_lto', 'gcc_no_protection', 'gcc_thunks', 'clang_lto'}
for compiler, kinds in (
        ('gcc', {'address': '-fsanitize=address', 'thread': '-fsanitize=thread', 'undefined': '-fsanitize=undefined',
                 'coverage': '--coverage', 'pg': '-pg', 'stack_protector': '-fstack-protector-all', 'O0': '-O0 -g',
                 'instrument': '-finstrument-functions', 'hidden': '-fvisibility=hidden', 'lto': '-flto',
                 'no_protection': '-fcf-protection=none -fno-asynchronous-unwind-tables -fno-unwind-tables',
                 'thunks': '-fcf-protection=none -mindirect-branch=thunk -mfunction-return=thunk -fzero-call-used-regs=used',
                 'patchable': '-fpatchable-function-entry=8,4 -fstack-clash-protection -fno-omit-frame-pointer'}),
        ('clang', {'address': '-fsanitize=address', 'coverage': '-fprofile-instr-generate -fcoverage-mapping', 'pg': '-pg',
                   'lto': '-flto', 'instrument': '-finstrument-functions', 'O0': '-O0 -fstack-protector-all'})):
    for kind, flags in kinds.items():
        def test(self, compiler=compiler, flags=flags):
            if not shutil.which(compiler):
                self.skipTest(f'{compiler} is not installed')
            self.built_with(flags, compiler, flags if 'sanitize' in flags or '--coverage' in flags else '')
        if (f'{compiler}_{kind}' not in ALWAYS) == FULL:
            setattr(HostileFlags, f'test_{compiler}_{kind}', test)


class Subproject(Case):
    def test_subproject_with_hostile_options(self) -> None:
        self.write('meson.build', '''\
project('user', 'c', default_options: ['b_sanitize=address', 'b_lto=true', 'unity=on', 'default_library=both'])
liblinux = dependency('liblinux', fallback: 'liblinux')
test('user', executable('user', 'user.c', dependencies: liblinux, c_args: '-fvisibility=hidden'))
''')
        # <error.h> is the libc's: no directory of ours hides a header of others.
        self.write('user.c', '#include <error.h>\nvoid (*check)(int, int, const char *, ...) = error;\n' + PROGRAM)
        (self.directory / 'subprojects').mkdir()
        (self.directory / 'subprojects/liblinux').symlink_to(TOP)
        run('meson', 'setup', 'build', '--force-fallback-for=liblinux', cwd=self.directory)
        run('meson', 'compile', '-C', 'build', cwd=self.directory)
        run('meson', 'test', '-C', 'build', cwd=self.directory)
        source = self.directory / 'build/subprojects/liblinux/src'
        self.contract(source / 'liblinux.so', source / 'liblinux.a')


class Options(Case):
    def test_one_kind_of_library(self) -> None:
        for kind, there, not_there in (('shared', 'liblinux.so.1', 'liblinux.a'), ('static', 'liblinux.a', 'liblinux.so.1')):
            with self.subTest(kind):
                build = self.directory / f'{kind} with a space'
                run('meson', 'setup', build, TOP, f'-Ddefault_library={kind}')
                run('ninja', '-C', build)
                self.assertTrue((build / 'src' / there).exists())
                self.assertFalse((build / 'src' / not_there).exists())


class Musl(Case):
    def test_build(self) -> None:
        """By musl's compiler, for musl's programs: the same library, and errno is musl's."""
        if not shutil.which('musl-gcc'):
            self.skipTest('musl-gcc is not installed')
        build = self.directory / 'build'
        run('meson', 'setup', build, TOP, '-Dtests=disabled', '-Dexamples=false', '-Dwerror=true', CC='musl-gcc')
        run('ninja', '-C', build)
        self.contract(build / 'src/liblinux.so', build / 'src/liblinux.a')
        self.assertIn('long linux_listns(', run(build / 'command/liblinux', 'show', 'listns'))
        program = self.write('program.c', '#include <errno.h>\n' + PROGRAM.replace(
            'linux_close(-1) != -LINUX_EBADF', 'linux_cerror(linux_close(-1)) != -1 || errno != EBADF').replace(
            'int main', 'long linux_cerror(long);\nint main'))
        config = build / 'meson-uninstalled'
        flags = run('pkg-config', '--cflags', '--libs', 'liblinux', 'liblinux-cerror', PKG_CONFIG_PATH=str(config)).split()
        run('musl-gcc', program, '-o', self.directory / 'program', *flags)
        self.assertRegex(run('readelf', '-lW', self.directory / 'program'), r'interpreter: .*/ld-musl-')
        self.assertEqual(run(self.directory / 'program', LD_LIBRARY_PATH=str(build / 'src')), 'works\n')
        self.assertNotIn('libc.so.6', run('readelf', '-dW', build / 'src/liblinux-cerror.so'))


class Install(Case):
    @classmethod
    def setUpClass(cls) -> None:
        cls.stage = Path(tempfile.mkdtemp(prefix='liblinux-'))
        cls.addClassCleanup(shutil.rmtree, cls.stage)
        run('meson', 'install', '-C', BUILD, '--no-rebuild', DESTDIR=str(cls.stage))
        cls.config = next(cls.stage.rglob('liblinux.pc')).parent
        cls.libdir = cls.config.parent

    def pkg_config(self, *arguments: str) -> list[str]:
        return run('pkg-config', *arguments, PKG_CONFIG_LIBDIR=str(self.config), PKG_CONFIG_SYSROOT_DIR=str(self.stage)).split()

    def test_files(self) -> None:
        found = sorted(path.name for path in self.stage.rglob('*') if not path.is_dir())
        libraries = [f'{name}{end}' for name in ('liblinux', 'liblinux-cerror')
                     for end in ('.a', '.pc', '.so', '.so.1', f'.so.1.{VERSION}')]
        libraries += ['liblinux.csv', 'liblinux.json', 'liblinux.schema.json']
        libraries += run(sys.executable, TOP / 'gen/syscall_table.py', 'emit', 'pages', 'x86_64', '-').split()
        types = [f'{path.stem}.h' for path in (TOP / 'gen/uapi').glob('*.tbl')]
        self.assertGreater(len(types), 80)
        self.assertEqual(found, sorted(libraries + ['liblinux', 'liblinux', '_liblinux', 'arch.h', 'calls.h', 'cerror.h', 'error.h', 'libc.h', 'liblinux.h', 'msan.h', 'pins.h', 'posix.h', 'start.h', 'syscalls-uapi.h', 'syscalls.h', 'table.h', 'uapi.h', 'vdso-symbol.h', 'vdso.h', 'version.h'] + types))
        for name in ('liblinux', 'liblinux-cerror'):
            self.assertEqual(os.readlink(self.libdir / f'{name}.so.1'), f'{name}.so.1.{VERSION}')

    def test_pkg_config(self) -> None:
        self.assertEqual(self.pkg_config('--modversion', 'liblinux'), [VERSION])
        program = self.write('program.c', PROGRAM)
        run('gcc', program, '-o', self.directory / 'program', *self.pkg_config('--cflags', '--libs', 'liblinux'))
        self.assertEqual(run(self.directory / 'program', LD_LIBRARY_PATH=str(self.libdir)), 'works\n')
        self.assertIn('liblinux.so.1', run('readelf', '-dW', self.directory / 'program'))

    def test_uninstalled(self) -> None:
        program = self.write('program.c', '#include <syscall.h>\n#include <error.h>\n' + PROGRAM)
        flags = run('pkg-config', '--cflags', '--libs', 'liblinux', PKG_CONFIG_PATH=str(BUILD / 'meson-uninstalled')).split()
        run('gcc', '-Werror', program, '-o', self.directory / 'program', *flags)
        self.assertEqual(run(self.directory / 'program', LD_LIBRARY_PATH=str(BUILD / 'src')), 'works\n')

    def test_cerror_library(self) -> None:
        program = self.write('program.c', '#include <errno.h>\nlong linux_cerror(long);\n'
                             'int main(void) { return linux_cerror(-7) != -1 || errno != 7; }\n')
        run('gcc', program, '-o', self.directory / 'program', *self.pkg_config('--cflags', '--libs', 'liblinux-cerror'))
        run(self.directory / 'program', LD_LIBRARY_PATH=str(self.libdir))

    def test_older_library_is_refused_by_name(self) -> None:
        """A program says which release it needs; glibc's loader reads it."""
        program = self.write('program.c', '#include <liblinux/syscalls.h>\nint main(void) { return linux_fchroot(-1, 0) == 0; }\n')
        run('gcc', program, '-o', self.directory / 'program', *self.pkg_config('--cflags', '--libs', 'liblinux'))
        self.assertRegex(run('objdump', '-T', self.directory / 'program'), r'LINUX_7\.3\)? +linux_fchroot')
        old = self.write('old.c', 'long linux_getpid(void); long linux_getpid(void) { return 1; }\n')
        script = self.write('old.map', 'LINUX_3.2 { global: linux_getpid; };\n')
        run('gcc', '-shared', '-nostdlib', old, '-o', self.directory / 'liblinux.so.1', f'-Wl,--version-script={script},-soname,liblinux.so.1')
        result = subprocess.run([self.directory / 'program'], text=True, capture_output=True,
                                env={**os.environ, 'LD_LIBRARY_PATH': str(self.directory)})
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("version `LINUX_7.3' not found", result.stderr)


class Embedding(Case):
    """In programs that have no shared library, or nothing at all."""

    def flags(self, form: str) -> list[str]:
        include = [f'-I{BUILD / "include"}', f'-I{TOP / "include"}']
        return include + (['-DLIBLINUX_INLINE'] if form == 'inline' else [str(BUILD / 'src/liblinux.a')])

    def test_static(self) -> None:
        program = self.write('program.c', PROGRAM)
        for compiler in ('gcc', 'clang', 'musl-gcc'):
            for form in ('a', 'inline'):
                with self.subTest(f'{compiler} {form}'):
                    if not shutil.which(compiler):
                        self.skipTest(f'{compiler} is not installed')
                    run(compiler, '-static', '-O2', program, '-o', self.directory / 'program', *self.flags(form))
                    self.assertEqual(run(self.directory / 'program'), 'works\n')
                    self.assertNotIn('INTERP', run('readelf', '-lW', self.directory / 'program'))

    def test_three_calls_in_1_KiB(self) -> None:
        program = self.write('program.c', '''\
#include <liblinux/syscalls.h>
__attribute__((__noreturn__, __used__)) static void start(void)
{
	static const char text[] = "works\\n";
	long ret = linux_write(1, text, sizeof(text) - 1);
	linux_exit_group(ret == sizeof(text) - 1 && linux_getpid() > 0 ? 0 : 1);
}
__asm__(".globl _start\\n_start:\\n\\txor %ebp, %ebp\\n\\tand $-16, %rsp\\n\\tcall start\\n");
''')
        for form in ('a', 'inline'):
            with self.subTest(form):
                path = self.directory / 'program'
                run('gcc', '-Os', '-fno-ident', '-static', '-nostdlib', '-Wl,-z,noseparate-code', '-Wl,--build-id=none', '-s',
                    program, '-o', path, *self.flags(form))
                self.assertEqual(run(path), 'works\n')
                self.assertLessEqual(path.stat().st_size, 1024)

    def test_unused_calls_cost_nothing(self) -> None:
        program = self.write('program.c', PROGRAM)
        run('gcc', '-static', program, '-o', self.directory / 'program', *self.flags('a'))
        names = re.findall(r'\bT (linux_\w+)', run('nm', self.directory / 'program'))
        self.assertEqual(sorted(names), ['linux_close', 'linux_write'])


if FULL:
    del sys.argv[1], Subproject, Options, Musl, Install, Embedding


if __name__ == '__main__':
    tap.main()
