# SPDX-License-Identifier: MIT
"""The groups of benchmarks: what is measured, beside what, and what is to be reached."""
from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import perfect_hash
from measure import NOISE, Bench, Broken, Group, Missing, Ratio, compare, first_error, loaded, middle, output, ratio, run, spread, typical

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'gen'))

import tables               # noqa: E402

ASM, FUNCTION, GLIBC = 'inline asm', 'asm in a function', "glibc's function"
JUMP = 'asm in a function, a jump back'
INLINE, STATIC, LAZY, NOW, NO_PLT = ('liblinux, inline', 'liblinux, static', 'liblinux, shared', 'liblinux, shared, -z now',
                                     'liblinux, shared, -fno-plt')
CERROR, CERROR_SHARED = 'linux_cerror, inline call', 'linux_cerror, shared'
SYSCALL, MUSL_STATIC, MUSL, DIET, NOLIBC = "glibc's syscall()", 'musl, static', 'musl, dynamic', 'dietlibc, static', "the kernel's nolibc"
SHARED = (LAZY, NOW, NO_PLT)


def form(number: int, *flags: str) -> list[str]:
    return [f'-DFORM={number}', *flags]


class Calls(Group):
    """One system call in every form; each program has the inline assembly beside its own form."""
    what = ''
    unit, digits = 'ns', 1
    bases = [ASM, FUNCTION, GLIBC]
    names = [ASM, FUNCTION, INLINE, STATIC, *SHARED, CERROR, CERROR_SHARED, GLIBC, SYSCALL, MUSL_STATIC, MUSL, DIET, NOLIBC]

    def programs(self, bench: Bench) -> dict:
        def own(name: str, number: int, *flags):
            return lambda: bench.compile(name, 'call.c', *form(number), *flags)

        def peer(name: str, number: int, by, *flags):
            return lambda: bench.compile(name, 'call.c', *form(number), *flags, by=by(), own=False)

        return {
            INLINE: own('call-inline', 1, '-DLIBLINUX_INLINE'),
            STATIC: own('call-static', 1, bench.archive),
            LAZY: own('call-lazy', 1, *bench.shared, '-Wl,-z,lazy'),
            NOW: own('call-now', 1, *bench.shared, '-Wl,-z,now'),
            NO_PLT: own('call-no-plt', 1, '-fno-plt', *bench.shared),
            CERROR: own('call-cerror', 2, '-DLIBLINUX_INLINE'),
            CERROR_SHARED: own('call-cerror-shared', 2, *bench.shared),
            GLIBC: peer('call-glibc', 3, bench.glibc),
            SYSCALL: peer('call-syscall', 4, bench.glibc),
            MUSL_STATIC: peer('call-musl-static', 3, bench.musl, '-static'),
            MUSL: peer('call-musl', 3, bench.musl),
            DIET: peer('call-diet', 3, bench.diet),
            NOLIBC: peer('call-nolibc', 5, bench.kernel),
        }

    def measure(self, bench: Bench) -> None:
        # The programs make all the calls in one run, whichever of the groups is asked for.
        if 'calls' not in bench.cache:
            every = Calls(bench)
            sampled = bench.sample(bench.try_all(every, self.programs(bench)))
            bench.cache['calls'] = sampled, {row.name: row.skipped for row in every.rows if row.skipped}
        sampled, skipped = bench.cache['calls']
        samples = {name: whats[self.what] for name, whats in sampled.items()}
        for name, loop in ((ASM, 'inline'), (FUNCTION, 'function'), (JUMP, 'jump')):
            if name not in self.names:
                continue
            row = self.row(name)
            if loop not in next(iter(samples.values()))[0]:
                row.skipped = f'written for x86_64 only, not for {bench.arch}'
                continue
            row.value, row.spread = typical([this for rounds in samples.values() for this in rounds], loop)
            for base, other in ((ASM, 'inline'), (FUNCTION, 'function')):
                found = [compare(rounds, loop, other) for rounds in samples.values()]
                row.ratios[base] = Ratio(middle(one.value for one in found), middle(one.spread for one in found))
        for name in samples:
            row = self.row(name)
            row.value, row.spread = typical(samples[name], 'form')
            row.ratios = {ASM: compare(samples[name], 'form', 'inline'), FUNCTION: compare(samples[name], 'form', 'function')}
        if GLIBC in samples:
            # Of two programs: what they have in common is the assembly in a function.
            glibc = self.row(GLIBC).ratios[FUNCTION]
            for row in self.rows:
                if FUNCTION in row.ratios:
                    row.ratios[GLIBC] = Ratio(row.ratios[FUNCTION].value / glibc.value, row.ratios[FUNCTION].spread + glibc.spread)
        for name, reason in skipped.items():
            self.row(name).skipped = reason
        self.aim()

    def not_slower_than_glibc(self, *names: str) -> None:
        for name in names:
            ratios = self.row(name).ratios
            if GLIBC in ratios:
                self.row(name).at_most(1, GLIBC, noise=max(NOISE, ratios[GLIBC].spread))

    def explain(self) -> None:
        ratios = {row.name: row.ratios[ASM].value for row in self.rows if ASM in row.ratios}
        for row in self.rows:
            missed = [target.text for target in row.targets if not target.met]
            if any(ASM in text for text in missed) and FUNCTION in row.ratios and row.ratios[FUNCTION].value <= 1.03:
                row.note = f'any function costs {ratios[FUNCTION]:.2f} x inline asm here'
                if ratios.get(JUMP, ratios[FUNCTION]) < (1 + ratios[FUNCTION]) / 2:
                    row.note += f', for its return is mispredicted behind a system call: with a jump in place of it, it costs {ratios[JUMP]:.2f}'
            elif missed and row.name == CERROR_SHARED:
                row.note = 'a program finds errno by calling __errno_location(), glibc by an offset that it knows'

    def aim(self) -> None:
        self.not_slower_than_glibc(*SHARED, CERROR_SHARED)
        self.explain()


class Call(Calls):
    key, title, what = 'call', 'a call that succeeds: getppid, no arguments', 'getppid'
    names = [ASM, FUNCTION, JUMP, *Calls.names[2:]]

    def aim(self) -> None:
        for name, limit in ((INLINE, 1.01), (STATIC, 1.01), (CERROR, 1.03), *((name, 1.03) for name in SHARED)):
            self.row(name).at_most(limit, ASM)
        super().aim()


class Error(Calls):
    key, title, what = 'error', 'a call that fails: dup(-1), one argument', 'dup'


class Six(Calls):
    key, title, what = 'six', 'a call with six arguments: mmap of no bytes, which fails', 'mmap'


class Vdso(Group):
    key, title, unit, digits = 'vdso', 'calls by the vDSO', 'ns', 1
    bases = ["glibc's", 'the call itself']
    names = ['clock_gettime', 'clock_getres', 'gettimeofday', 'time', 'getcpu', 'getrandom']

    def measure(self, bench: Bench) -> None:
        try:
            program = bench.compile('vdso', 'vdso.c', *bench.shared, '-Wl,-z,now', by=bench.glibc())
        except Missing as reason:
            for row in self.rows:
                row.skipped = str(reason)
            return
        samples = bench.sample({'vdso': program})['vdso']
        for row in self.rows:
            rounds = samples.get(row.name)
            if not rounds:
                row.skipped = "this kernel's vDSO does not have it"
                continue
            row.value, row.spread = typical(rounds, 'vdso')
            row.ratios = {"glibc's": compare(rounds, 'vdso', 'libc'), 'the call itself': compare(rounds, 'vdso', 'call')}
            if row.name == 'clock_gettime':
                row.at_most(1, "glibc's")


class Look(Group):
    key, title, unit, digits = 'table', 'looking a call up in the table', 'ns', 1
    bases = ['liblinux']
    names = ['by name', 'by name, with a perfect hash instead', "by name, libseccomp's", 'n-th by name', 'by number', "by number, libseccomp's"]
    note = ("by name, by number and n-th fill a struct with all that is known of the call; libseccomp's gives the number alone, "
            'or the name in memory to be freed')

    def measure(self, bench: Bench) -> None:
        # In the library's order, which is that of places in its table.
        rows = tables.read_syscalls().rows
        numbers = {row.name: row.numbers[bench.arch] for row in sorted(rows, key=lambda row: row.name) if bench.arch in row.numbers}
        (bench.work / 'perfect_hash.h').write_text(perfect_hash.header(numbers))
        seccomp = ['-DHAVE_SECCOMP', '-lseccomp']
        if run(*bench.cc, '-include', 'seccomp.h', '-x', 'c', '-E', '/dev/null').returncode:
            seccomp = []
        samples = bench.sample({'table': bench.compile('table', 'table.c', *seccomp)})['table']
        for name, what, loop, base in (
                ('by name', 'name', 'binary', 'binary'), ('by name, with a perfect hash instead', 'name', 'hash', 'binary'),
                ("by name, libseccomp's", 'name', 'libseccomp', 'binary'), ('n-th by name', 'name', 'index', 'binary'),
                ('by number', 'number', 'table', 'table'), ("by number, libseccomp's", 'number', 'libseccomp', 'table')):
            row = self.row(name)
            if loop == 'libseccomp' and not seccomp:
                row.skipped = "libseccomp's header is not installed"
                continue
            row.value, row.spread = typical(samples[what], loop)
            row.ratios = {'liblinux': compare(samples[what], loop, base)}


DYNAMIC, WITH, LEAST = 'glibc, dynamic', 'glibc, dynamic, -llinux', 'glibc, dynamic, a library of one function'
ALL_NOW = 'glibc, dynamic, -llinux, every call bound'


class Start(Group):
    key, title, unit, digits = 'start', 'starting a program, and its end', 'us of the processor', 0
    bases = [DYNAMIC]
    names = ['liblinux, static', 'liblinux, static-pie', "the kernel's nolibc", 'dietlibc, static', 'musl, static', 'musl, dynamic', 'glibc, static',
             DYNAMIC, LEAST, WITH, ALL_NOW]

    def measure(self, bench: Bench) -> None:
        plain = ['-DCALLS=1', '-s']
        alone = [*plain, '-ffreestanding', '-fno-stack-protector', '-nostdlib']

        def libc(name: str, by, *flags):
            return lambda: bench.compile(name, 'program.c', '-DLIBC', *plain, *flags, by=by(), own=False)

        programs = bench.try_all(self, {
            'liblinux, static': lambda: bench.compile('start-static', 'program.c', *alone, '-fno-pie', '-static', bench.archive),
            'liblinux, static-pie': lambda: bench.compile('start-pie', 'program.c', *alone, '-fPIE', '-static-pie', bench.archive),
            "the kernel's nolibc": libc('start-nolibc', bench.kernel, '-include', 'nolibc.h'),
            'dietlibc, static': libc('start-diet', bench.diet),
            'musl, static': libc('start-musl-static', bench.musl, '-static'),
            'musl, dynamic': libc('start-musl', bench.musl),
            'glibc, static': libc('start-glibc-static', bench.glibc, '-static'),
            DYNAMIC: libc('start-glibc', bench.glibc),
            LEAST: lambda: self.least(bench),
            WITH: lambda: bench.compile('start-with', 'program.c', '-DHOSTED', *plain, self.installed(bench), by=bench.glibc()),
            ALL_NOW: lambda: bench.compile('start-all', 'program.c', '-DHOSTED', '-DCALLS=-1', '-s', '-Wl,-z,now', self.installed(bench),
                                           by=bench.glibc()),
        })
        rounds = bench.start({name: [path] for name, path in programs.items()}, 40, bench.work)
        for name, took in rounds.items():
            row = self.row(name)
            row.value = middle(map(middle, took))
            row.spread = spread(list(map(middle, took)))
            if DYNAMIC in rounds:
                row.ratios[DYNAMIC] = ratio([middle(a / b for a, b in zip(mine, base)) for mine, base in zip(took, rounds[DYNAMIC])])
        row = self.row(WITH)
        if DYNAMIC in row.ratios:
            row.at_most(1.04, DYNAMIC)
            if row.missed:
                least = self.row(LEAST).ratios[DYNAMIC].value
                row.note = f'what the kernel and the loader do for a library of a single function is {100 * (least - 1):.1f} % of the start already'

    def installed(self, bench: Bench) -> Path:
        """The library under a name with a slash, which the loader opens at once, as it does what its cache knows.

        By a run path it would look for subdirectories of the processor first.
        """
        path = bench.work / 'liblinux.so'
        if not path.exists():
            output(bench.tool('strip'), '-o', path, bench.library)
            data = path.read_bytes()
            assert data.count(b'\0liblinux.so.1\0') == 1
            path.write_bytes(data.replace(b'\0liblinux.so.1\0', b'\0./liblinux.so\0'))
        return path

    def least(self, bench: Bench) -> Path:
        source = bench.work / 'least.c'
        source.write_text('#include <liblinux/syscalls.h>\n#include <liblinux/arch.h>\n'
                          'long linux_getpid(void) { return liblinux_syscall0(LINUX_NR_getpid); }\n')
        library = bench.work / 'least.so'
        output(*bench.glibc(), '-O2', '-fPIC', '-shared', '-nostdlib', '-s', *bench.includes, '-Wl,-soname,./least.so', '-o', library, source)
        return bench.compile('start-least', 'program.c', '-DHOSTED', '-DCALLS=1', '-s', library)


class Pages(Group):
    key, title, unit = 'pages', 'pages of its own that a program has to have (Private_Dirty in smaps)', 'pages'
    names = ['liblinux.so itself', 'liblinux.so, .dynamic, by the loader of glibc', 'liblinux.so, by the loader of musl',
             'the program and libraries, without liblinux', '... three calls', '... every call, bound lazily', '... every call, -z now']

    def measure(self, bench: Bench) -> None:
        size = int(output('getconf', 'PAGESIZE'))

        def dirty(name: str, *flags, by) -> tuple[int, int, int]:
            """Of the whole program but heap and stack, of the library, and of that by the loader, in pages."""
            program = bench.compile(name, 'program.c', '-DSMAPS', '-O2', *flags, by=by)
            start = whole = library = dynamic = written = 0
            base = None
            writes = [(address, address + length) for kind, _, address, length in loaded(bench.library) if kind == 2]   # PT_DYNAMIC
            path = ''
            for line in output(program).splitlines():
                match = re.match(r'([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)$', line)
                if match:
                    start, end, path = int(match[1], 16), int(match[2], 16), match[3]
                    if Path(path).name == bench.library.name and base is None:
                        base = start
                if line.startswith('Private_Dirty:'):
                    written = int(line.split()[1]) * 1024 // size
                # A page of a file that has just been made is dirty too, and yet the file's.
                if line.startswith('Anonymous:') and not path.startswith('['):
                    pages = min(written, int(line.split()[1]) * 1024 // size)
                    whole += pages
                    if base is not None and Path(path).name == bench.library.name:
                        library += pages
                        of_dynamic = sum((to + size - 1) // size - at // size for at, to in writes if start <= base + at < end)
                        dynamic += min(pages, of_dynamic)
            return whole, library, dynamic

        try:
            shared = ['-DHOSTED', *bench.shared]
            none = dirty('pages-none', '-DLIBC', '-DCALLS=0', by=bench.glibc())
            three = dirty('pages-three', '-DCALLS=3', *shared, '-Wl,-z,lazy', by=bench.glibc())
            lazy = dirty('pages-lazy', '-DCALLS=-1', *shared, '-Wl,-z,lazy', by=bench.glibc())
            now = dirty('pages-now', '-DCALLS=-1', *shared, '-Wl,-z,now', by=bench.glibc())
        except Missing as reason:
            for row in self.rows:
                row.skipped = str(reason)
            return
        for name, value in zip(self.names, (now[1] - now[2], now[2], None, none[0], three[0], lazy[0], now[0])):
            self.row(name).value = value
        self.row(self.names[0]).at_most(0)
        try:
            self.row(self.names[2]).value = dirty('pages-musl', '-DCALLS=-1', *shared, by=bench.musl())[1]
        except Missing as reason:
            self.row(self.names[2]).skipped = str(reason)


# What the smallest program is compiled with (examples/meson.build has the same for nolibc-cat).
ALONE = ['-ffreestanding', '-nostdlib']
SMALL = ['-Os', '-fno-pie', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables', '-fno-ident',
         '-static', '-s', '-Wl,-z,noseparate-code', '-Wl,--build-id=none']
UNPROTECTED = {'x86_64': '-fcf-protection=none', 'aarch64': '-mbranch-protection=none'}
FILE, LOADED = 'liblinux.so, stripped', 'liblinux.so, what is loaded of it'


class Size(Group):
    key, title, unit = 'size', 'sizes', 'bytes'
    runs = False
    counts = {'no call': 0, 'one call': 1, 'three calls': 3, 'every call': -1}
    names = [FILE, LOADED, 'a call in liblinux.so, median', 'a call in liblinux.so, mean',
             *(f'static program, {how}, {many}' for how in ('inline', 'liblinux.a') for many in ('no call', 'one call', 'three calls', 'every call')),
             "static program, the kernel's nolibc, three calls", 'static program, dietlibc, three calls', 'static program, musl, three calls',
             'static program, glibc, three calls']

    def measure(self, bench: Bench) -> None:
        stripped = bench.work / 'stripped.so'
        output(bench.tool('strip'), '-o', stripped, bench.library)
        self.row(FILE).value = stripped.stat().st_size
        self.row(LOADED).value = sum(in_file for kind, in_file, _, _ in loaded(stripped) if kind == 1)     # PT_LOAD
        # Segments lie 64 KiB apart in a file for aarch64.
        self.row(FILE if bench.arch == 'x86_64' else LOADED).at_most(96 * 1024)
        calls = {f'linux_{row.name}' for row in tables.read_syscalls().rows}
        sizes = [int(line.split()[1], 16) for line in output(bench.tool('nm'), '-DS', stripped).splitlines()
                 if line.split()[-1].partition('@')[0] in calls]
        self.row('a call in liblinux.so, median').value = middle(sizes)
        self.row('a call in liblinux.so, mean').value = sum(sizes) / len(sizes)
        flags = [*SMALL, UNPROTECTED.get(bench.arch, '')]
        flags = [flag for flag in flags if flag]
        self.note = f'static programs: {" ".join([*ALONE, *flags])}; with a libc without {" and ".join(ALONE)}'
        for how, form in (('inline', ['-DLIBLINUX_INLINE']), ('liblinux.a', [bench.archive])):
            for many, count in self.counts.items():
                path = bench.compile('sized', 'program.c', f'-DCALLS={count}', *ALONE, *flags, *form)
                self.row(f'static program, {how}, {many}').value = path.stat().st_size
        for how in ('inline', 'liblinux.a'):
            self.row(f'static program, {how}, three calls').at_most(1024)
        for name, by, more in (("the kernel's nolibc", bench.kernel, ['-include', 'nolibc.h']), ('dietlibc', bench.diet, []),
                               ('musl', bench.musl, []), ('glibc', bench.glibc, [])):
            row = self.row(f'static program, {name}, three calls')
            try:
                row.value = bench.compile('sized', 'program.c', '-DLIBC', '-DCALLS=3', *flags, *more, by=by(), own=False).stat().st_size
            except Missing as reason:
                row.skipped = str(reason)


NOTHING, STDIO = 'an empty file', '<stdio.h>'
PROTOTYPES = '<liblinux/syscalls.h>: all prototypes'


class Compile(Group):
    key, title, unit, digits = 'compile', 'compiling one line that includes', 'ms of the processor', 1
    runs = False
    bases = [STDIO, f'{STDIO}, without the empty file']
    names = [NOTHING, '<unistd.h>', STDIO, PROTOTYPES, '<liblinux/syscalls.h>, inline', '<liblinux/uapi.h>: all types and constants',
             '<liblinux/liblinux.h>: everything', '<liblinux/libc.h>', "the kernel's headers that uapi.h stands for"]

    def kernel_headers(self, bench: Bench) -> list[str]:
        """Those of gen/uapi.tbl that are installed and compile alone behind each other."""
        found: list[str] = []
        for line in (TOP / 'gen/uapi.tbl').read_text().splitlines():
            if line and not line.startswith('#'):
                for header in line.split()[1:]:
                    if header.startswith('linux/') and self.fits(bench, [*found, header]):
                        found.append(header)
        return found

    def fits(self, bench: Bench, headers: list[str]) -> bool:
        path = bench.work / 'fits.c'
        path.write_text(''.join(f'#include <{header}>\n' for header in headers))
        return not run(*bench.cc, '-fsyntax-only', path).returncode

    def measure(self, bench: Bench) -> None:
        headers = self.kernel_headers(bench)
        self.note = f"the kernel's headers: {len(headers)} of linux-libc-dev"
        texts = dict(zip(self.names, (
            '', '#include <unistd.h>\n', '#include <stdio.h>\n', '#include <liblinux/syscalls.h>\n',
            '#define LIBLINUX_INLINE\n#include <liblinux/syscalls.h>\n', '#include <liblinux/uapi.h>\n', '#include <liblinux/liblinux.h>\n',
            '#define _GNU_SOURCE\n#include <liblinux/libc.h>\n', ''.join(f'#include <{header}>\n' for header in headers))))
        commands = {}
        compiler = shutil.which(bench.cc[0]) or bench.cc[0]
        for n, (name, text) in enumerate(texts.items()):
            path = bench.work / f'include{n}.c'
            path.write_text(text)
            commands[name] = [compiler, *bench.cc[1:], '-fsyntax-only', *bench.includes[:2], path]
            result = run(*commands[name])
            if result.returncode:
                raise Broken(f'{name} does not compile: {first_error(result)}')
        rounds = bench.start(commands, 2, bench.work)
        for name, took in rounds.items():
            row = self.row(name)
            row.value = middle(map(middle, took)) / 1000
            row.spread = spread(list(map(middle, took)))
            row.ratios[STDIO] = ratio([middle(a / b for a, b in zip(mine, base)) for mine, base in zip(took, rounds[STDIO])])
            beyond = [middle((a - n) / (b - n) for a, b, n in zip(mine, base, nothing) if b > n) for mine, base, nothing in
                      zip(took, rounds[STDIO], rounds[NOTHING]) if any(b > n for b, n in zip(base, nothing))]
            if beyond and name != NOTHING:
                row.ratios[self.bases[1]] = ratio(beyond)
        self.row(PROTOTYPES).at_most(2, STDIO)


ALL: list[type[Group]] = [Call, Error, Six, Vdso, Look, Start, Pages, Size, Compile]
