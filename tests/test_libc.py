# SPDX-License-Identifier: MIT
"""<liblinux/libc.h> as a drop-in: beside glibc of this machine and a newer one, musl, and a libc of our own making.

INCLUDES in the environment has the include directories.
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
import call_notes          # noqa: E402
import debian_fetch         # noqa: E402
import emit                 # noqa: E402
import emit_libc            # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
from test_company import KERNEL, LIBC as LIBC_HEADERS       # noqa: E402

INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]
WARNINGS = ['-Wall', '-Wextra', '-Wshadow', '-Wundef', '-Wconversion', '-Wcast-qual', '-Werror']
C = [['gcc', '-std=c99', '-Wpedantic'], ['gcc', '-std=c2x', '-Wpedantic'], ['clang', '-std=c99', '-Wpedantic'],
     ['clang', '-std=c2x', '-Wpedantic']]
CXX = [['g++', '-std=c++11'], ['g++', '-std=c++20'], ['clang++', '-std=c++11'], ['clang++', '-std=c++20']]
MUSL = ['musl-gcc', '-std=c99']
MORE_HEADERS = ['sys/fsuid.h', 'sys/io.h', 'sys/klog.h', 'syslog.h']
NAMES = tables.read_libc()
NOTES = call_notes.read_notes()
SHARED = tables.read_shared()
EXPORTED = ''.join(f'#define LIBLINUX_LIBC_WITH_{libc.name}\n' for libc in NAMES.values() if libc.library)
INCLUDE = '#include <liblinux/libc.h>\n'


def say(command: list[str], text: str, *flags: str) -> str:
    """What the compiler says; nothing is good."""
    if not shutil.which(command[0]):
        raise unittest.SkipTest(f'{command[0]} is not installed')
    language = 'c++' if '++' in command[0] else 'c'
    result = subprocess.run([*command, '-D_GNU_SOURCE', *flags, *INCLUDES, '-fsyntax-only', '-x', language, '-'],
                            input=text + '\nextern int not_empty;\n', text=True, capture_output=True)
    return result.stderr or ('failed' if result.returncode else '')


def defined(command: list[str], text: str) -> set[str]:
    """Which of the names are macros behind the text."""
    result = subprocess.run([*command, '-D_GNU_SOURCE', *INCLUDES, '-E', '-dM', '-x', 'c', '-'], input=text, text=True,
                            capture_output=True, check=True)
    return set(re.findall(r'^#define (\w+)\(\.\.\.\) (?:liblinux_libc_|LIBLINUX_LIBC_)\w+', result.stdout, re.M)) & set(NAMES)


def glibc_of(command: list[str]) -> tuple[int, int] | None:
    text = subprocess.run([*command, '-E', '-dM', '-x', 'c', '-'], input='#include <features.h>\n', text=True, capture_output=True).stdout
    found = [re.search(rf'#define {name} (\d+)', text) for name in ('__GLIBC__', '__GLIBC_MINOR__')]
    return (int(found[0][1]), int(found[1][1])) if all(found) else None


def has(release: tuple[int, ...] | None, libc: tables.LibcName) -> bool:
    """Does a glibc of that release have the name, by the notes?"""
    text = NOTES[libc.call].libc.get('glibc', '') if libc.name == libc.call else ''
    return bool(release and text) and tuple(map(int, text.split('.')[:2])) <= release


def ours(names: list[tables.LibcName], release: tuple[int, ...] | None) -> set[str]:
    """Names that are macros of ours beside that glibc: all that it lacks, and all that take a struct."""
    return {libc.name for libc in names if not has(release, libc) or emit_libc.over_libc(libc, SHARED)}


def calls_of(names: list[tables.LibcName]) -> str:
    """A function that calls each of the names with its own types."""
    lines = ''
    for libc in names:
        args = ', '.join(f'({arg.type}){f"memory[{n}]" if arg.type.endswith("*") else "0"}' for n, arg in enumerate(libc.args))
        lines += f'\t(void){libc.name}({args});\n'
    return f'\nvoid calls(void **memory);\nvoid calls(void **memory)\n{{\n{lines}}}\n'


def on(arch: str) -> list[tables.LibcName]:
    rows = tables.read_syscalls().calls(arch)
    return [libc for libc in NAMES.values() if libc.call in rows]


class Names(unittest.TestCase):
    def test_all_that_applications_lack(self) -> None:
        """A call that glibc has no function for is in libc.tbl, or here with the reason."""
        other_name = set('''eventfd2 exit exit_group fadvise64 getdents mq_getsetattr newfstatat pselect6 riscv_flush_icache
            riscv_hwprobe rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait signalfd4 sysfs syslog uselib'''.split())
        libcs_own = set('get_robust_list rseq set_robust_list set_tid_address get_thread_area set_thread_area'.split())
        kernels = set('restart_syscall rt_sigreturn uprobe uretprobe'.split())
        lacking = {name for name, note in NOTES.items() if 'glibc' not in note.libc}
        self.assertEqual(lacking - other_name - libcs_own - kernels - set(NAMES), set())
        # Any glibc from 2.17, which programs that run everywhere are linked with.
        newer = {name for name, note in NOTES.items() if tuple(map(int, note.libc.get('glibc', '0').split('.'))) > (2, 17)}
        static_before = set('fstat lstat mknod mknodat stat'.split())       # in libc_nonshared.a until 2.33
        self.assertEqual(newer - static_before - set(NAMES), set())

    def declared(self, command: list[str], headers: list[str]) -> set[str]:
        """Calls for which the libc declares a function of that name, not a macro for another one."""
        text = ''.join(f'#include <{header}>\n' for header in headers)
        macros = subprocess.run([*command, '-D_GNU_SOURCE', '-E', '-dM', '-x', 'c', '-'], input=text, text=True, capture_output=True).stdout
        names = sorted(set(NOTES) - set(re.findall(r'#define (\w+) [a-z_]\w*$', macros, re.M)))
        text += 'void *functions[] = {\n'
        text += ''.join(f'#line {1000000 + n}\n(void *)&{name},\n' for n, name in enumerate(names)) + '};\n'
        result = subprocess.run([*command, '-D_GNU_SOURCE', '-fsyntax-only', '-w', '-fmax-errors=0', '-x', 'c', '-'],
                                input=text, text=True, capture_output=True)
        wrong = {names[int(n) - 1000000] for n in re.findall(r'^[^:]*:(1000\d{3}):\d+: error: ', result.stderr, re.M)}
        self.assertNotRegex(result.stderr, r'fatal error|^[^:]*:(?!1000\d{3}:)\d+:\d+: error')
        return set(names) - wrong

    def check_column(self, libc: str, release: tuple[int, ...], declared: set[str], but: set[str]) -> None:
        said = {name for name, note in NOTES.items()
                if libc in note.libc and tuple(map(int, note.libc[libc].split('.'))) <= release}
        self.assertGreater(len(said), 200)
        self.assertEqual(said ^ declared, but)

    def test_glibc_column(self) -> None:
        release = glibc_of(['gcc'])
        if not release:
            self.skipTest('gcc has no glibc here')
        self.check_column('glibc', release, self.declared(['gcc'], [*LIBC_HEADERS, *MORE_HEADERS, 'sys/pidfd.h']), {'exit', 'syslog', 'ustat'})        # ustat went with 2.28

    def test_musl_column(self) -> None:
        loader = Path('/lib/ld-musl-x86_64.so.1')
        if not shutil.which('musl-gcc') or not loader.exists():
            self.skipTest('musl is not installed')
        said = subprocess.run([str(loader)], text=True, capture_output=True).stderr
        release = tuple(map(int, re.search(r'Version ([\d.]+)', said)[1].split('.')))
        headers = [header for header in LIBC_HEADERS if Path('/usr/include/x86_64-linux-musl', header).exists() and header != 'error.h']
        self.check_column('musl', release, self.declared(['musl-gcc'], [*headers, *MORE_HEADERS, 'sys/membarrier.h']),
                          {'exit', 'syslog', 'getdents'})


class DropIn(unittest.TestCase):
    def all_quiet(self, jobs: list[tuple]) -> None:
        self.assertTrue(jobs)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for job, said in zip(jobs, pool.map(lambda job: say(*job), jobs)):
                with self.subTest(' '.join(map(str, job[0] + list(job[2:])))):
                    self.assertEqual(said, '')

    def test_every_name(self) -> None:
        """In every language, with glibc and musl; and a name is glibc's where it has it."""
        text = EXPORTED + INCLUDE + calls_of(on('x86_64'))
        self.all_quiet([(command, text, *WARNINGS, *mode) for command in C + CXX + [MUSL] for mode in ((), ('-DLIBLINUX_INLINE',))])
        self.assertEqual(defined(['gcc'], EXPORTED + INCLUDE), ours(on('x86_64'), glibc_of(['gcc'])))
        self.assertLess(len(ours(on('x86_64'), glibc_of(['gcc']))), len(on('x86_64')))
        if shutil.which('musl-gcc'):
            self.assertEqual(defined(MUSL, EXPORTED + INCLUDE), {libc.name for libc in on('x86_64')})

    def test_other_architectures(self) -> None:
        self.all_quiet([(compiler, EXPORTED + INCLUDE + calls_of(on(arch.name)), *WARNINGS) for arch in arches.foreign() for compiler in (arch.gcc, arch.gxx)])

    def test_left_out_and_asked_for(self) -> None:
        everything = defined(['gcc'], EXPORTED + INCLUDE)
        asked = {libc.name for libc in NAMES.values() if libc.library}
        self.assertEqual(defined(['gcc'], INCLUDE), everything - asked)
        for name in sorted(everything)[::7] + ['openat2', 'statmount']:
            with self.subTest(name):
                self.assertEqual(defined(['gcc'], EXPORTED + f'#define LIBLINUX_LIBC_NO_{name}\n' + INCLUDE), everything - {name})

    def test_without_gnu_source(self) -> None:
        for command in (C[0], MUSL):
            for text in ('#undef _GNU_SOURCE\n' + INCLUDE, '#undef _GNU_SOURCE\n#include <stdio.h>\n#define _GNU_SOURCE\n' + INCLUDE):
                if command == MUSL and 'stdio' in text:
                    continue        # musl does not tell what it has read already
                self.assertIn('define _GNU_SOURCE before the first header', say(command, text))

    # The machine's glibc has mount_setattr, a newer one openat2 too; none has statmount.
    STRUCTS = ['''#include <liblinux/uapi.h>
        int f(struct linux_open_how *how, const struct linux_mnt_id_req *req, struct linux_statmount *buffer, struct linux_mount_attr *attr);
        int f(struct linux_open_how *how, const struct linux_mnt_id_req *req, struct linux_statmount *buffer, struct linux_mount_attr *attr)
        { return openat2(-100, "/", how, sizeof *how) + statmount(req, buffer, sizeof *buffer, 0) + mount_setattr(-1, "", 0, attr, 8); }
        ''', '''struct open_how; struct mnt_id_req; struct statmount; struct mount_attr;
        int f(struct open_how *how, const struct mnt_id_req *req, struct statmount *buffer, struct mount_attr *attr);
        int f(struct open_how *how, const struct mnt_id_req *req, struct statmount *buffer, struct mount_attr *attr)
        { return openat2(-100, "/", how, 24) + statmount(req, buffer, 512, 0) + mount_setattr(-1, "", 0, attr, 8); }
        ''']

    def test_structs_of_kernel_and_ours(self) -> None:
        """Either fits, also in C++, and a struct keeps the name that a call has too."""
        literal = '\nint g(void);\nint g(void) { return openat2(-1, "", &(struct linux_open_how){.flags = 1, .mode = 2}, 8); }\n'
        jobs = [(command, INCLUDE + text, *WARNINGS) for command in C + CXX + [MUSL] for text in self.STRUCTS]
        self.all_quiet(jobs + [(command, INCLUDE + self.STRUCTS[0] + literal, *WARNINGS) for command in C])

    def test_kernel_tags(self) -> None:
        """With the kernel's own tags in the prototypes of the calls."""
        text = '#define LIBLINUX_UAPI\n' + EXPORTED + INCLUDE + calls_of(on('x86_64'))
        self.all_quiet([(command, text, *WARNINGS) for command in C + CXX])

    def test_newer_glibc(self) -> None:
        """Headers of Debian's unstable distribution."""
        directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, directory)
        try:
            for package in ('libc6-dev', 'linux-libc-dev'):
                debian_fetch.fetch('sid', debian_fetch.host_arch(), package, directory)
        except debian_fetch.Unavailable as reason:
            self.skipTest(f'no headers of a newer glibc: {reason}')
        includes = ['-isystem', str(directory / 'usr/include/x86_64-linux-gnu'), '-isystem', str(directory / 'usr/include')]
        newer = glibc_of(['gcc', *includes])
        self.assertGreater(newer, glibc_of(['gcc']))
        names = on('x86_64')
        owned = {libc.name for libc in names if has(newer, libc)}
        self.assertLess(len({libc.name for libc in names if has(glibc_of(['gcc']), libc)}), len(owned))
        text = EXPORTED + INCLUDE + calls_of(names)
        self.all_quiet([(command, text, *WARNINGS, *includes) for command in C + CXX])
        self.assertEqual(defined(['gcc', *includes], EXPORTED + INCLUDE), ours(names, newer))
        self.all_quiet([(command, INCLUDE + text, *WARNINGS, *includes) for command in C + CXX for text in self.STRUCTS])

    def test_a_libc_that_has_every_name(self) -> None:
        """Before and after; it declares them in the headers that it has already."""
        root = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, root)
        release = glibc_of(['gcc'])
        bodies: dict[str, str] = {}
        names = on('x86_64')
        for libc in names:
            if not has(release, libc):
                args = ', '.join(map(str, libc.args)) + ', ...' * libc.variadic
                bodies.setdefault(libc.header or 'unistd.h', '')
                bodies[libc.header or 'unistd.h'] += f'extern {libc.result} {libc.name}({args or "void"});\n'
        self.assertGreater(sum(body.count('extern') for body in bodies.values()), 60)
        for header, body in bodies.items():
            path = root / header
            path.parent.mkdir(parents=True, exist_ok=True)
            tags = sorted(set(re.findall(r'(?:struct|union) \w+', body)))
            guard = f'MADE_UP_{re.sub(r"[^A-Z]", "_", header.upper())}'
            path.write_text(f'#ifndef {guard}\n#define {guard}\n#if __has_include_next(<{header}>)\n#include_next <{header}>\n#endif\n#include <signal.h>\n#include <stdint.h>\n#include <sys/types.h>\n'
                            + ''.join(f'{tag};\n' for tag in tags)
                            + f'#ifdef __cplusplus\nextern "C" {{\n#endif\n{body}#ifdef __cplusplus\n}}\n#endif\n#endif\n')
        theirs = ''.join(f'#include <{header}>\n' for header in sorted(bodies))
        calls = calls_of(names)
        jobs = [(command, EXPORTED + order + calls, '-Wall', '-Wextra', '-Werror', '-isystem', str(root))
                for command in C + CXX for order in (theirs + INCLUDE, INCLUDE + theirs)]
        self.all_quiet(jobs)
        # It does declare them: without our header the calls are its own.
        self.assertEqual(say(['gcc'], theirs + calls_of([libc for libc in names if not has(release, libc)]), '-Wall', '-isystem', str(root)), '')

    def test_company(self) -> None:
        """It clashes with a header of the kernel only where the libc's own headers do."""
        own = ''.join(f'#include <{header}>\n' for header in sorted({libc.header for libc in NAMES.values()} - {''}))
        own = re.sub(r'#include <(.*)>', r'#if __has_include(<\1>)\n#include <\1>\n#endif', own) + '#include <errno.h>\n#include <stdint.h>\n'
        orders = [(header, before) for header in KERNEL + LIBC_HEADERS for before in (True, False)]

        def compare(job: tuple) -> str:
            command, (header, before) = job
            other = f'#include <{header}>\n'
            alone, ours = (say(command, other + text if before else text + other, '-Wall', '-Wextra') for text in (own, INCLUDE))
            return f'{command} {header} {"before" if before else "after"}: {ours}' if ours and not alone else ''
        jobs = [(command, order) for command in (['gcc'], ['musl-gcc'] if shutil.which('musl-gcc') else ['clang']) for order in orders]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self.assertEqual([wrong for wrong in pool.map(compare, jobs) if wrong], [])


class Behaviour(unittest.TestCase):
    """tests/test_libc.c with every compiler and libc; what Meson builds is one of them."""

    def test_every_compiler(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, directory)
        (directory / 'libc_cases.h').write_text(emit.output('libc_cases.h', emit.load('x86_64')))
        for n, command in enumerate([['gcc', '-O0'], ['gcc', '-O3'], ['clang', '-O2'], ['g++', '-x', 'c++', '-O2'], ['clang++', '-x', 'c++'],
                                     ['musl-gcc', '-static', '-O2'], ['musl-gcc', '-static', '-O0']]):
            with self.subTest(' '.join(command)):
                if not shutil.which(command[0]):
                    self.skipTest(f'{command[0]} is not installed')
                program = directory / f'program{n}'
                result = subprocess.run([*command, '-D_GNU_SOURCE', '-DLIBLINUX_INLINE', f'-I{directory}', f'-I{arches.directory("x86_64")}', *INCLUDES,
                                         str(TOP / 'tests/test_libc.c'), '-o', str(program)], text=True, capture_output=True)
                self.assertEqual(result.stderr, '')
                result = subprocess.run([str(program)], text=True, capture_output=True, timeout=60)
                if '# SKIP' in result.stdout:
                    self.skipTest(result.stdout.strip())
                self.assertEqual((result.returncode, re.findall(r'(?m)^# .*: .*', result.stdout)), (0, []))
                self.assertGreater(len(re.findall(r'(?m)^ok', result.stdout)), 60)


if __name__ == '__main__':
    tap.main()
