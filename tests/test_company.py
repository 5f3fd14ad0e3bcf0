# SPDX-License-Identifier: MIT
"""Our headers beside those of libcs and of the kernel: before, between and after, in every language.

A pair counts if the other header compiles without us; then ours may add no error, and no warning
where there was none. INCLUDES in the environment has the include directories, SEED what lots are
drawn with. Every pair with the umbrella header is tried in three languages drawn by lot, or with
`full` as an argument in ten.
"""
from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import debian_fetch         # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import uapi_headers         # noqa: E402

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
KERNEL = [f'linux/{name}.h' for name in '''
    aio_abi bpf capability close_range elf errno eventpoll fanotify fcntl fiemap filter fs fscrypt futex if in in6 io_uring
    ioctl ipc kcmp kexec keyctl landlock limits loop lsm magic membarrier memfd mempolicy mman mount mqueue msg net_tstamp
    netlink nsfs openat2 perf_event personality pidfd poll prctl ptrace quota random reboot resource rseq sched sched/types
    seccomp sem shm signal socket stat stddef sysinfo tcp time time_types timex types uio un unistd userfaultfd utsname wait
    xattr'''.split()] + [f'asm/{name}.h' for name in 'prctl sigcontext signal stat statfs termbits unistd'.split()]
OURS = 'liblinux/liblinux.h'

C = ['c99', 'c11', 'c17', 'c2x', 'gnu2x']
CXX = ['c++11', 'c++14', 'c++17', 'c++20', 'gnu++20']
LANGUAGES = ([([compiler, f'-std={standard}'], 'c') for compiler in ('gcc', 'clang', 'musl-gcc') for standard in C]
             + [([compiler, f'-std={standard}'], 'c++') for compiler in ('g++', 'clang++') for standard in CXX])
MACROS = [[], ['-D_GNU_SOURCE'], ['-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64', '-D_TIME_BITS=64']]


def compile_headers(command: list[str], language: str, headers: list[str]) -> tuple[bool, str]:
    text = ''.join(f'#include <{header}>\n' for header in headers) + 'extern int not_empty;\n'
    result = subprocess.run([*command, '-Wall', '-Wextra', '-Wshadow', '-fsyntax-only', *INCLUDES, '-x', language, '-'],
                            input=text, text=True, capture_output=True)
    return result.returncode == 0, result.stderr


def beside(command: list[str], language: str, orders: list[list[str]], ours: str) -> list[str] | None:
    """What our header adds in each order of inclusion; None if the others do not compile alone."""
    wrong = []
    for order in orders:
        good, quiet = compile_headers(command, language, [header for header in order if header != ours])
        if not good:
            return None
        good, said = compile_headers(command, language, order)
        if not good or said and not quiet:
            wrong.append(f'{" ".join(command)}: {order}: {said.splitlines()[0] if said else "failed"}')
    return wrong


class Company(unittest.TestCase):
    def setUp(self) -> None:
        self.lot = random.Random(SEED)

    def newest(self) -> list[str]:
        """The flags for the kernel headers of the release, in the place of the machine's own."""
        directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, directory)
        try:
            debian_fetch.fetch('trixie-backports', debian_fetch.host_arch(), 'linux-libc-dev', directory)
            headers = directory / 'usr/include'
            uapi_headers.check_release(headers, tables.read_syscalls().tree)
        except (debian_fetch.Unavailable, tables.Doubt) as reason:
            self.skipTest(f'no kernel headers of the release: {reason}')
        return ['-isystem', str(headers / 'x86_64-linux-gnu'), '-isystem', str(headers)]

    def languages(self) -> list[tuple[list[str], str]]:
        """Every compiler and standard, each with macros of the libc drawn by lot."""
        there = [(command, language) for command, language in LANGUAGES if shutil.which(command[0])]
        self.assertTrue(there)
        return [(command + self.lot.choice(MACROS), language) for command, language in there]

    def hold(self, jobs: list[tuple], least: int) -> None:
        """Run them all; at least so many must have counted."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda job: beside(*job), jobs))
        counted = [wrong for wrong in results if wrong is not None]
        print(f'# seed {SEED}: {len(counted)} of {len(jobs)} combinations count')
        self.assertEqual([text for wrong in counted for text in wrong], [])
        self.assertGreaterEqual(len(counted), least)

    def umbrella(self, headers: list[str], flags: list[str]) -> None:
        jobs = []
        for header in headers:
            drawn = self.lot.sample(self.languages(), 10 if FULL else 3)
            for command, language in drawn:
                other = self.lot.choice(headers)
                orders = [[header, OURS], [OURS, header], [header, OURS, other]]
                jobs.append((command + flags, language, orders, OURS))
        self.hold(jobs, len(headers))

    def test_beside_libc(self) -> None:
        self.umbrella(LIBC, [])

    def test_beside_kernel_headers_of_this_machine(self) -> None:
        self.umbrella(KERNEL, [])

    def test_beside_kernel_headers_of_the_release(self) -> None:
        self.umbrella(KERNEL, self.newest())

    def test_each_header_beside_its_namesakes(self) -> None:
        names = [path.stem for path in (TOP / 'gen/uapi').glob('*.tbl')]
        flags = self.newest()
        jobs = []
        for name in sorted(names):
            ours = f'liblinux/uapi/{name}.h'
            for other in (f'linux/{name}.h', f'sys/{name}.h', f'{name}.h', f'asm/{name}.h', f'netinet/{name}.h'):
                command, language = self.lot.choice(self.languages())
                jobs.append((command + (flags if other[:3] in ('lin', 'asm') else []), language, [[other, ours], [ours, other]], ours))
        self.hold(jobs, 80)

    def test_pairs_by_lot(self) -> None:
        """Two strangers and one of our smaller headers in any order."""
        names = [path.stem for path in (TOP / 'gen/uapi').glob('*.tbl')]
        jobs = []
        for _ in range(1500 if FULL else 300):
            ours = f'liblinux/uapi/{self.lot.choice(names)}.h'
            order = [self.lot.choice(LIBC), ours, self.lot.choice(LIBC + KERNEL)]
            self.lot.shuffle(order)
            command, language = self.lot.choice(self.languages())
            jobs.append((command, language, [order], ours))
        self.hold(jobs, 100)


if __name__ == '__main__':
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != 'full']
    tap.main()
