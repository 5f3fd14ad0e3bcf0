# SPDX-License-Identifier: MIT
"""The public headers: alone, in every language they claim, and with nothing but our names.

INCLUDES in the environment has the include directories.
"""
from __future__ import annotations

import os
import platform
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
import emit                 # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402

INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]
HEADERS = sorted(path.name for text in INCLUDES for path in Path(text[2:], 'liblinux').glob('*.h'))
UAPI = sorted(f'uapi/{path.name}' for text in INCLUDES for path in Path(text[2:], 'liblinux/uapi').glob('*.h'))
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-Wshadow', '-Wundef', '-Wcast-qual', '-Wstrict-prototypes', '-Wconversion',
          '-fsyntax-only', *INCLUDES]
C = ['c99', 'c11', 'c17', 'c2x', 'gnu99', 'gnu2x']
CXX = ['c++11', 'c++14', 'c++17', 'c++20', 'gnu++20']
# Those for programs with a libc, which include its headers.
BESIDE_A_LIBC = {'cerror.h', 'libc.h'}
# The tags and macros that are not ours to prefix: shared.tbl's, and the compiler's own.
PREFIX = re.compile(r'(linux|LINUX|liblinux|LIBLINUX)_')

# (compiler for C, for C++, flags, architecture)
COMPILERS = [compiler for arch in arches.every() for compiler in (
    (arch.gcc, arch.gxx, arch.name), (arch.clang, ['clang++', *arch.target], arch.name))]


def compile_text(command: list[str], text: str, language: str = 'c') -> str:
    """What the compiler has to say; nothing is good."""
    if language != 'assembler-with-cpp':
        text += 'extern int not_empty;\n'      # a header may have macros only, a C file may not
    result = subprocess.run([*command, '-x', language, '-'], input=text, text=True, capture_output=True)
    return result.stderr or ('failed' if result.returncode else '')


class Headers(unittest.TestCase):
    def compilers(self):
        for c, cxx, arch in COMPILERS:
            if not shutil.which(c[0]) or not shutil.which(cxx[0]):
                self.skipTest(f'{c[0]} or {cxx[0]} is not installed')
            yield c, cxx, arch

    def all_pass(self, jobs: list[tuple[list[str], str, str]]) -> None:
        self.assertTrue(jobs)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for job, said in zip(jobs, pool.map(lambda job: compile_text(*job), jobs)):
                with self.subTest(' '.join(job[0]) + ': ' + job[1].replace('\n', ' ')):
                    self.assertEqual(said, '')

    def test_every_language(self) -> None:
        """Each alone, twice, and with the others; calls declared and inline."""
        jobs = []
        together = [''.join(f'#include <liblinux/{name}>\n' for name in HEADERS if name not in {'syscalls-uapi.h'} | other)
                    for other in ({'posix.h'}, BESIDE_A_LIBC)]
        texts = [f'#include <liblinux/{name}>\n' * 2 for name in HEADERS] + together
        for c, cxx, arch in self.compilers():
            # A language is the same for every architecture: on others than this one its ends will do.
            of_c, of_cxx = (C, CXX) if arch == platform.machine() else (C[:1] + C[-1:], CXX[:1] + CXX[-1:])
            for mode in ([], ['-DLIBLINUX_INLINE']):
                for standard in of_c:
                    jobs += [([*c, f'-std={standard}', '-D_GNU_SOURCE', *STRICT, *mode], text, 'c') for text in texts]
                for standard in of_cxx:
                    flags = [flag for flag in STRICT if flag != '-Wstrict-prototypes']
                    jobs += [([*cxx, f'-std={standard}', *flags, *mode], text, 'c++') for text in texts]
        self.all_pass(jobs)

    def test_types(self) -> None:
        """Each header of types alone, in the oldest and the newest of each language, or for another architecture in one."""
        jobs = []
        for c, cxx, arch in self.compilers():
            of_c, of_cxx = (('c99', 'c2x'), ('c++11', 'c++20')) if arch == platform.machine() else (('c2x',), ('c++11',))
            for name in UAPI:
                text = f'#include <liblinux/{name}>\n' * 2
                jobs += [([*c, f'-std={standard}', *STRICT], text, 'c') for standard in of_c]
                flags = [flag for flag in STRICT if flag != '-Wstrict-prototypes']
                jobs += [([*cxx, f'-std={standard}', *flags], text, 'c++') for standard in of_cxx]
        self.all_pass(jobs)

    def test_without_a_libc(self) -> None:
        jobs = []
        free = ['-nostdinc', '-ffreestanding', '-O2', '-DLIBLINUX_INLINE']
        for c, cxx, _ in self.compilers():
            for name in HEADERS + UAPI:
                if name not in BESIDE_A_LIBC:
                    text = f'#include <liblinux/{name}>\n'
                    jobs.append(([*c, *free, *STRICT], text, 'c'))
                    jobs.append(([*cxx, *free, '-std=c++11', *(flag for flag in STRICT if flag != '-Wstrict-prototypes')], text, 'c++'))
        self.all_pass(jobs)

    def test_inline_with_vectors(self) -> None:
        """Where calls destroy registers that not every processor has, compilers know the names that we give them."""
        for name, flag, macro in (('aarch64', '-march=armv8.2-a+sve', '__ARM_FEATURE_SVE'), ('riscv64', '-march=rv64gcv', '__riscv_v_elen')):
            self.all_pass([([*c, flag, '-O2', '-DLIBLINUX_INLINE', *STRICT],
                            f'#include <liblinux/syscalls.h>\n#ifndef {macro}\n# error no vectors\n#endif\nlong f(void);\nlong f(void) {{ return linux_getpid(); }}\n', 'c')
                           for c, _, arch in self.compilers() if arch == name])

    def test_assembly(self) -> None:
        for c, _, _ in self.compilers():
            flags = [flag for flag in STRICT if flag != '-fsyntax-only']
            self.all_pass([([*c, *flags, '-c', '-o', '/dev/null'],
                            f'#include <liblinux/syscalls.h>\n#include <liblinux/{other}.h>\n.long LINUX_NR_read, {value}\n', 'assembler-with-cpp')
                           for other, value in (('error', 'LINUX_EBADF'), ('version', 'LIBLINUX_VERSION_MAJOR'))])

    def refused(self, command: list[str], text: str, pattern: str) -> None:
        self.assertRegex(compile_text([*command, *STRICT], text), pattern)

    def test_a_call_the_architecture_lacks_is_an_error(self) -> None:
        for c, _, arch in self.compilers():
            text = ('#include <liblinux/syscalls.h>\n#ifdef linux_stat\n# error has stat\n#endif\n'
                    '#ifndef linux_statmount\n# error no statmount\n#endif\n')
            use = 'long f(void);\nlong f(void) { return linux_stat(0, 0) + LINUX_NR_stat; }\n'
            if 'stat' in emit.load(arch).calls():
                self.refused(c, text, 'has stat')
                self.assertEqual(compile_text([*c, *STRICT], '#include <liblinux/syscalls.h>\n' + use), '')
            else:
                self.assertEqual(compile_text([*c, *STRICT], text), '')
                self.refused(c, text + use, 'linux_stat')

    def test_calls_without_an_inline_form(self) -> None:
        text = ('#define LIBLINUX_INLINE\n#include <liblinux/syscalls.h>\n'
                '#if defined(linux_vfork) || defined(linux_rt_sigreturn) || defined(linux_clone3_call)\n# error\n#endif\n')
        for c, _, _ in self.compilers():
            self.assertEqual(compile_text([*c, *STRICT], text), '')
            self.refused(c, text + 'long f(void);\nlong f(void) { return linux_rt_sigreturn(); }\n', 'linux_rt_sigreturn')

    def test_functions_that_are_not_calls(self) -> None:
        """Each is declared by its header, as functions.ini has it, and where it exists only."""
        for c, _, arch in self.compilers():
            for function in tables.read_functions(tables.read_arches()):
                include = f'#include <liblinux/{function.header}>\n'
                if arch not in function.sources:
                    self.assertEqual(compile_text([*c, *STRICT], f'{include}#ifdef {function.name}\n# error\n#endif\n'), '')
                    continue
                prototype = emit.function_prototype(function, tables.read_shared())
                use = f'#ifndef {function.name}\n# error\n#endif\nextern char declared[sizeof(&{function.name})];\n{prototype};\n'
                self.assertEqual(compile_text([*c, *STRICT], include + use), '')

    def test_posix_is_no_company_for_a_libc(self) -> None:
        for c, _, _ in self.compilers():
            self.refused(c, '#include <stdio.h>\n#include <liblinux/posix.h>\n', 'for programs without a libc')

    def test_posix_defines_what_is_shared(self) -> None:
        use = ''.join(f'extern char size_{tag}[sizeof(struct {tag})];\n' for tag in sorted(set(tables.read_shared().values())))
        for c, _, _ in self.compilers():
            self.assertEqual(compile_text([*c, *STRICT], '#include <liblinux/posix.h>\n#include <liblinux/liblinux.h>\n' + use), '')

    def test_kernel_tags(self) -> None:
        text = ('#define LIBLINUX_UAPI\n#include <liblinux/syscalls.h>\nstruct statx;\nstruct __kernel_timespec;\n'
                'extern long (*one)(int, const char *, unsigned int, unsigned int, struct statx *);\n'
                'long (*one)(int, const char *, unsigned int, unsigned int, struct statx *) = linux_statx;\n'
                'extern long (*two)(int, struct __kernel_timespec *);\n'
                'long (*two)(int, struct __kernel_timespec *) = linux_clock_gettime;\n'
                '#include <liblinux/vdso.h>\n'
                'extern long (*three)(const struct linux_vdso *, int, struct __kernel_timespec *);\n'
                'long (*three)(const struct linux_vdso *, int, struct __kernel_timespec *) = linux_vdso_clock_gettime;\n')
        for c, _, _ in self.compilers():
            self.assertEqual(compile_text([*c, *STRICT], text), '')
            self.refused(c, text.replace('#define LIBLINUX_UAPI\n', ''), 'incompatible')

    def test_mode_is_set_once(self) -> None:
        include = '#include <liblinux/syscalls.h>\n'
        for c, _, _ in self.compilers():
            self.refused(c, f'{include}#define LIBLINUX_INLINE\n{include}', 'must be set the same way')
            self.refused(c, f'#define LIBLINUX_INLINE\n{include}#undef LIBLINUX_INLINE\n{include}', 'must be set the same way')
            self.refused(c, f'{include}#define LIBLINUX_UAPI\n{include}', 'must be set the same way')

    def test_unsupported_architecture(self) -> None:
        for target in ('i386-linux-gnu', 'x86_64-linux-gnux32', 'arm-linux-gnueabihf', 'aarch64_be-linux-gnu', 'riscv32-linux-gnu'):
            for name in ('syscalls.h', 'arch.h'):
                self.refused(['clang', f'--target={target}'], f'#include <liblinux/{name}>\n', 'this architecture is not supported')

    def test_macros_have_our_prefix(self) -> None:
        for c, _, _ in self.compilers():
            for mode in ([], ['-DLIBLINUX_INLINE']):
                before = subprocess.run([*c, '-dM', '-E', '-x', 'c', *mode, '/dev/null'], text=True, capture_output=True, check=True).stdout
                for name in [*HEADERS, 'uapi/dirent.h']:
                    if name in BESIDE_A_LIBC:
                        continue
                    text = subprocess.run([*c, '-dM', '-E', '-x', 'c', *mode, *INCLUDES, '-'], text=True, capture_output=True, check=True,
                                          input=f'#include <liblinux/{name}>\n').stdout
                    for line in sorted(set(text.splitlines()) - set(before.splitlines())):
                        self.assertRegex(line.split()[1], PREFIX)

    def test_declarations_have_our_prefix(self) -> None:
        shared = set(tables.read_shared().values())
        for c, _, arch in self.compilers():
            text = subprocess.run([*c, '-E', '-P', *INCLUDES, '-x', 'c', '-'], text=True, capture_output=True, check=True,
                                  input='#include <liblinux/liblinux.h>\n#include <liblinux/arch.h>\n#include <liblinux/posix.h>\n').stdout
            for tag in set(re.findall(r'\b(?:struct|union|enum)\s+(\w+)', text)):
                self.assertTrue(PREFIX.match(tag) or tag in shared, tag)
            for name in re.findall(r'\b([A-Z]\w+) = ', text):
                self.assertRegex(name, PREFIX)
            functions = re.findall(r'^(?:long|void) (\w+)\(', text, re.M)
            facts = emit.load(arch)
            wanted = [f'linux_{name}' for name in facts.calls()] + [one.name for one in facts.own_functions() if one.header == 'syscalls.h']
            self.assertEqual(sorted(functions), sorted(wanted))
            for declaration in re.findall(r'^(?:static __inline__ )?\w+ (\w+)\(', text, re.M):
                self.assertRegex(declaration, PREFIX)

    def test_definitions_have_our_prefix(self) -> None:
        """What a header puts into the object that includes it; the start of a program has its own name."""
        with tempfile.TemporaryDirectory() as directory:
            file = f'{directory}/object.o'
            for c, _, _ in self.compilers():
                for name in HEADERS:
                    for mode in ([], ['-DLIBLINUX_INLINE']):
                        flags = [flag for flag in STRICT if flag != '-fsyntax-only']
                        text = f'#include <liblinux/{name}>\n'
                        self.assertEqual(compile_text([*c, '-O0', '-D_GNU_SOURCE', *flags, *mode, '-c', '-o', file], text), '')
                        said = subprocess.run(['nm', '--defined-only', file], text=True, capture_output=True, check=True).stdout
                        symbols = {line.split()[2] for line in said.splitlines() if not re.match(r'\w+ [Nn] |\w+ \w (\$|\.L)', line)}
                        found = {symbol for symbol in symbols if not PREFIX.match(symbol)}
                        self.assertEqual(found, {'_start'} if name == 'start.h' else set(), name)

    def test_no_other_headers(self) -> None:
        for c, _, _ in self.compilers():
            for name in HEADERS:
                text = subprocess.run([*c, '-M', '-DLIBLINUX_INLINE', '-D_GNU_SOURCE', *INCLUDES, '-x', 'c', '-'], text=True, capture_output=True, check=True,
                                      input=f'#include <liblinux/{name}>\n').stdout
                others = [path for path in text.split()[1:] if path.startswith('/usr') and not path.endswith('/stdc-predef.h') and '/liblinux/' not in path]
                self.assertEqual(bool(others), name in BESIDE_A_LIBC, others)

    def test_documented_headers_exist(self) -> None:
        self.assertEqual(HEADERS, ['arch.h', 'calls.h', 'cerror.h', 'error.h', 'libc.h', 'liblinux.h', 'msan.h', 'pins.h', 'posix.h', 'start.h', 'syscalls-uapi.h', 'syscalls.h', 'table.h', 'uapi.h', 'vdso-symbol.h', 'vdso.h', 'version.h'])
        self.assertEqual(UAPI, sorted(f'uapi/{path.stem}.h' for path in (TOP / 'gen/uapi').glob('*.tbl')))


if __name__ == '__main__':
    tap.main()
