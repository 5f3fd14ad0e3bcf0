# SPDX-License-Identifier: MIT
"""Our headers beside those of libcs and of the kernel: before, between and after, in every language.

A header counts if it compiles without us; then ours may add no error, and no warning where there
was none. INCLUDES in the environment has the include directories, SEED what lots are drawn with.

The umbrella header meets each header in each position, in a standard of two compilers, drawn by
lot, or with `full` as an argument in all of them. That takes three runs of a compiler: ours before
the header, ours between it and another (which is after it, too: an error of the first two stays
one), and those two without us, which answers for the header alone. A run takes some 40 ms of one
core: 5,000 runs are 2 minutes of two, and the 45,000 in full 15.
Every smaller header meets its namesakes; of the other pairs, every stranger meets every language
and so does every header of ours, and who meets whom, and in what position, is by lot.
"""
from __future__ import annotations

import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import debian_fetch         # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import uapi_headers         # noqa: E402
import uapi_tables          # noqa: E402

INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]
FULL = 'full' in sys.argv[1:]
SEED = int(os.environ.get('SEED') or 73)      # the same lot every time, unless another is asked for

LIBC = '''
    aio.h arpa/inet.h assert.h ctype.h dirent.h dlfcn.h elf.h endian.h errno.h error.h fcntl.h features.h grp.h inttypes.h
    limits.h link.h locale.h math.h mntent.h mqueue.h net/if.h netdb.h netinet/in.h netinet/tcp.h poll.h pthread.h pwd.h
    resolv.h sched.h search.h semaphore.h setjmp.h signal.h spawn.h stddef.h stdint.h stdio.h stdlib.h string.h sys/acct.h
    sys/epoll.h sys/eventfd.h sys/fanotify.h sys/file.h sys/inotify.h sys/ioctl.h sys/ipc.h sys/mman.h sys/mount.h sys/msg.h
    sys/param.h sys/personality.h sys/prctl.h sys/ptrace.h sys/quota.h sys/random.h sys/reboot.h sys/resource.h sys/select.h
    sys/sem.h sys/sendfile.h sys/shm.h sys/signalfd.h sys/socket.h sys/stat.h sys/statfs.h sys/statvfs.h sys/swap.h
    sys/syscall.h sys/sysinfo.h sys/sysmacros.h sys/time.h sys/timerfd.h sys/times.h sys/timex.h sys/types.h sys/ucontext.h
    sys/uio.h sys/un.h sys/user.h sys/utsname.h sys/vfs.h sys/wait.h sys/xattr.h termios.h time.h ucontext.h unistd.h utime.h
    utmp.h wchar.h'''.split()
NAMES = uapi_tables.read_groups(uapi_tables.GROUPS)         # of our headers, and the kernel's files each is made from
# hwprobe's are riscv64's alone.
KERNEL = sorted({file for name, files in NAMES.items() for file in files if name != 'hwprobe' and not file.startswith('asm-generic/')}
                | {f'linux/{name}.h' for name in 'elf errno ioctl loop stddef unistd'.split()} | {'asm/prctl.h', 'asm/sigcontext.h', 'asm/unistd.h'})
OURS = 'liblinux/liblinux.h'
ASM = f'{platform.machine()}-linux-gnu'

C = ['c99', 'c11', 'c17', 'c2x', 'gnu2x']
CXX = ['c++11', 'c++14', 'c++17', 'c++20', 'gnu++20']
LANGUAGES = ([([compiler, f'-std={standard}'], 'c') for compiler in ('gcc', 'clang', 'musl-gcc') for standard in C]
             + [([compiler, f'-std={standard}'], 'c++') for compiler in ('g++', 'clang++') for standard in CXX])
MACROS = [[], ['-D_GNU_SOURCE'], ['-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64', '-D_TIME_BITS=64'], ['-D_GNU_SOURCE', '-DLIBLINUX_INLINE']]

Language = tuple        # a command and what -x calls the language
Said = 'tuple[bool, str]'


def compile_headers(language: Language, headers: list[str]) -> Said:
    """Whether it compiles, and what the compiler says."""
    text = ''.join(f'#include <{header}>\n' for header in headers) + 'extern int not_empty;\n'
    result = subprocess.run([*language[0], '-Wall', '-Wextra', '-Wshadow', '-fsyntax-only', *INCLUDES, '-x', language[1], '-'],
                            input=text, text=True, capture_output=True)
    return result.returncode == 0, result.stderr


def added(language: Language, order: list[str], before: Said) -> list[str]:
    """What is wrong with our header in this order, if the others say so much without it."""
    good, said = compile_headers(language, order)
    if good and (before[1] or not said):
        return []
    return [f'{" ".join(language[0])}: {order}: {said.splitlines()[0] if said else "failed"}']


def around(language: Language, ours: str, header: str, other: str) -> list[str] | None:
    """Ours before the header, and between it and the other; None if the header does not compile alone."""
    alone = both = compile_headers(language, [header, other])
    if not both[0] or both[1]:
        alone = compile_headers(language, [header])
    if not alone[0]:
        return None
    between = added(language, [header, ours, other], both) if both[0] else added(language, [header, ours], alone)
    return added(language, [ours, header], alone) + between


def among(language: Language, ours: str, order: list[str]) -> list[str] | None:
    """Ours in that one position; None if the others do not compile."""
    alone = compile_headers(language, [header for header in order if header != ours])
    return added(language, order, alone) if alone[0] else None


class Company(unittest.TestCase):
    def setUp(self) -> None:
        self.lot = random.Random(f'{SEED} {self.id()}')

    def directory(self) -> Path:
        directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, directory)
        return directory

    def newest(self) -> list[str]:
        """The flags for the kernel headers of the release, in the place of the machine's own."""
        directory = self.directory()
        try:
            debian_fetch.fetch(debian_fetch.suite_of(tables.read_syscalls().release), debian_fetch.host_arch(), 'linux-libc-dev', directory)
            headers = directory / 'usr/include'
            uapi_headers.check_release(headers, tables.read_syscalls().tree)
        except (debian_fetch.Unavailable, tables.Doubt) as reason:
            self.skipTest(f'no kernel headers of the release: {reason}')
        return ['-isystem', str(headers / ASM), '-isystem', str(headers)]

    def of_this_machine(self) -> list[str]:
        """The flags for the machine's own kernel headers, which musl-gcc does not look for."""
        directory = self.directory()
        for name, root in (('linux', '/usr/include'), ('asm-generic', '/usr/include'), ('asm', f'/usr/include/{ASM}')):
            (directory / name).symlink_to(Path(root, name))
        return ['-isystem', str(directory)]

    def languages(self) -> list[Language]:
        there = [language for language in LANGUAGES if shutil.which(language[0][0])]
        self.assertTrue(there)
        return there

    def drawn(self) -> list[Language]:
        """One for each compiler, or without `full` for two of them."""
        found = self.languages()
        compilers = list(dict.fromkeys(language[0][0] for language in found))
        if not FULL:
            compilers = self.lot.sample(compilers, min(2, len(compilers)))
        return [self.lot.choice([language for language in found if language[0][0] == compiler]) for compiler in compilers]

    def flagged(self, language: Language, flags: list[str]) -> Language:
        """With macros of the libc, or our inline mode, drawn by lot."""
        return language[0] + self.lot.choice(MACROS) + flags, language[1]

    def hold(self, function: Callable, jobs: list[tuple], least: float) -> None:
        """Run them all; that part of each compiler's must have counted."""
        self.assertTrue(jobs)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda job: function(*job), jobs))
        wrong = [text for result in results for text in result or []]
        self.assertEqual(wrong[:20], [], f'{len(wrong)} in all')
        for compiler in dict.fromkeys(job[0][0][0] for job in jobs):
            mine = [result is not None for job, result in zip(jobs, results) if job[0][0][0] == compiler]
            print(f'# {self.id().rpartition(".")[2]}, seed {SEED}, {compiler}: {sum(mine)} of {len(mine)} combinations count')
            self.assertGreaterEqual(sum(mine), least * len(mine), compiler)

    def umbrella(self, headers: list[str], others: list[str], flags: list[str], least: float) -> None:
        self.hold(around, [(self.flagged(language, flags), OURS, header, self.lot.choice(others))
                           for header in headers for language in (self.languages() if FULL else self.drawn())], least)

    def test_beside_libc(self) -> None:
        self.umbrella(LIBC, LIBC, [], 0.9)

    def test_beside_kernel_headers_of_this_machine(self) -> None:
        self.umbrella(KERNEL, LIBC + KERNEL, self.of_this_machine(), 0.8)       # older: some of them are not there

    def test_beside_kernel_headers_of_the_release(self) -> None:
        self.umbrella(KERNEL, LIBC + KERNEL, self.newest(), 0.9)

    def test_each_header_beside_its_namesakes(self) -> None:
        flags = self.newest()
        jobs = []
        for name, files in NAMES.items():
            libc = [other for other in (f'{name}.h', *(f'{place}/{name}.h' for place in ('sys', 'net', 'netinet'))) if other in LIBC]
            kernel = [file for file in files if file in KERNEL]
            jobs += [(self.flagged(language, flags), f'liblinux/uapi/{name}.h', other, self.lot.choice(LIBC))
                     for other in libc + kernel for language in (self.drawn() if FULL else [self.lot.choice(self.languages())])]
        self.hold(around, jobs, 0.8)

    def test_start_and_vdso(self) -> None:
        """What no umbrella includes, declared and inline."""
        jobs = []
        for name in ('start.h', 'vdso.h'):
            for header in LIBC + KERNEL:
                for language in self.drawn() if FULL else [self.lot.choice(self.languages())]:
                    jobs.append((self.flagged(language, []), f'liblinux/{name}', header, self.lot.choice(LIBC)))
        self.hold(around, jobs if FULL else self.lot.sample(jobs, 250), 0.3)        # musl-gcc does not look for kernel headers

    def test_pairs_by_lot(self) -> None:
        """A header of ours among two strangers: each of ours and each first stranger in each language."""
        flags = [[], self.newest(), self.of_this_machine()]
        languages = self.languages()
        ours, strangers = [f'liblinux/uapi/{name}.h' for name in NAMES], LIBC + KERNEL
        self.assertLess(len(ours), len(strangers))
        self.lot.shuffle(ours)
        jobs = []
        for row, stranger in enumerate(strangers):
            for column, language in enumerate(languages):
                mine = ours[(row + column * len(ours) // len(languages)) % len(ours)]
                order = [stranger, mine, self.lot.choice(strangers)]
                self.lot.shuffle(order)
                jobs.append((self.flagged(language, self.lot.choice(flags)), mine, order))
        self.hold(among, jobs if FULL else self.lot.sample(jobs, 500), 0.6)

    def test_with_the_kernels_own_tags(self) -> None:
        """LIBLINUX_UAPI is for who has the kernel's headers."""
        flags = ['-DLIBLINUX_UAPI', *self.newest()]
        self.hold(around, [(self.flagged(language, flags), 'liblinux/syscalls.h', header, self.lot.choice(KERNEL))
                           for header in KERNEL for language in self.drawn()], 0.9)


if __name__ == '__main__':
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != 'full']
    tap.main()
