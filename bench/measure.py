# SPDX-License-Identifier: MIT
"""What the groups of benchmarks stand on: a build of liblinux, the peers there are, programs, rounds, medians."""
from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable

SAMPLES = 30            # that a program takes of each call, each a fraction of a millisecond
NOISE = 0.01            # two figures that differ by less are the same


class Broken(Exception):
    """The one line that the user is told."""


class Missing(Exception):
    """Why a row is skipped."""


@dataclass
class Ratio:
    value: float
    spread: float


@dataclass
class Target:
    text: str
    met: bool


@dataclass
class Row:
    name: str
    value: float | None = None
    spread: float | None = None
    ratios: dict[str, Ratio] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    note: str = ''
    skipped: str = ''

    def at_most(self, limit: float, base: str = '', noise: float = 0) -> None:
        """The value, or its ratio to a base, has this target."""
        found = self.ratios[base].value if base else self.value
        assert found is not None
        text = f'<= {limit:g}{" x " + base if base else ""}{f" + {100 * noise:.0f} %" if noise else ""}'
        self.targets.append(Target(text, found <= limit + noise))

    @property
    def missed(self) -> bool:
        return not all(target.met for target in self.targets)


class Group:
    """Rows that stand in one table. measure() fills those that it can."""
    key, title, unit, digits, note = '', '', '', 0, ''
    bases: list[str] = []
    names: list[str] = []
    runs = True         # programs for the architecture

    def __init__(self, bench: Bench) -> None:
        self.rows = [Row(name) for name in self.names]

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)

    def fill(self, bench: Bench) -> None:
        if self.runs and not bench.native:
            for row in self.rows:
                row.skipped = f'built for {bench.arch}, which this machine ({os.uname().machine}) could only emulate'
            return
        self.measure(bench)
        for row in self.rows:
            if row.value is None and not row.skipped:
                raise Broken(f'{self.key}: {row.name}: not measured')

    def measure(self, bench: Bench) -> None:
        raise NotImplementedError


def middle(values: Iterable[float]) -> float:
    return statistics.median(values)


def spread(values: list[float]) -> float:
    """Half the distance between the quartiles, as a part of the median."""
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method='inclusive')
    return (high - low) / 2 / middle(values)


def ratio(values: list[float]) -> Ratio:
    return Ratio(middle(values), spread(values))


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], cwd=cwd, text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, 'LC_ALL': 'C'})


def first_error(result: subprocess.CompletedProcess) -> str:
    lines = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    errors = [line for line in lines if 'error' in line.lower()]
    return (errors or lines or [f'exit code {result.returncode}'])[0].strip()


def output(*command: str | Path, cwd: Path | None = None) -> str:
    result = run(*command, cwd=cwd)
    if result.returncode:
        raise Broken(f'{Path(command[0]).name}: {first_error(result)}')
    return result.stdout


class Bench:
    def __init__(self, top: Path, work: Path, build: Path | None, cpu: int | None, rounds: int, nolibc: Path | None) -> None:
        self.top, self.work, self.rounds = top, work, rounds
        self.cache: dict[str, tuple] = {}
        self.build = (build or self.make(top / 'build/bench')).resolve()
        allowed = os.sched_getaffinity(0)
        self.cpu = max(allowed) if cpu is None else cpu
        if self.cpu not in allowed:
            raise Broken(f'--cpu: this process may run on {", ".join(map(str, sorted(allowed)))}')
        self.read_build()
        self.nolibc = None
        if nolibc:
            self.nolibc = nolibc.resolve() / 'tools/include/nolibc'
            if not (self.nolibc / 'nolibc.h').exists():
                raise Broken(f'--nolibc: {nolibc} has no tools/include/nolibc/nolibc.h')
        os.sched_setaffinity(0, {self.cpu})     # and all programs that it starts

    def make(self, directory: Path) -> Path:
        for tool in ('meson', 'ninja'):
            if not shutil.which(tool):
                raise Broken(f'{tool} is not installed, and no --build is given')
        tree = directory / 'tree'
        if not tree.exists() or tree.read_text() != str(self.top):      # a build that came with a copy is of the original
            if directory.exists():
                shutil.rmtree(directory)
            directory.mkdir(parents=True)
            output('meson', 'setup', directory, self.top, '-Dtests=disabled', '-Dexamples=false')
            tree.write_text(str(self.top))
        output('ninja', '-C', directory)
        return directory

    def read_build(self) -> None:
        """Libraries, compiler and architecture, as Meson knows them."""
        try:
            targets = json.loads((self.build / 'meson-info/intro-targets.json').read_text())
        except (OSError, ValueError):
            raise Broken(f'--build: {self.build} is no build by Meson') from None
        files = {target['type']: target for target in targets if target['name'] == 'linux'}
        try:
            self.library, self.archive = (Path(files[kind]['filename'][0]) for kind in ('shared library', 'static library'))
            self.cc: list[str] = files['shared library']['target_sources'][0]['compiler']
        except (KeyError, IndexError):
            raise Broken(f'--build: {self.build} does not build both libraries of liblinux') from None
        for path in (self.library, self.archive):
            if not path.exists():
                raise Broken(f'--build: {path} is not built')
        self.includes = [f'-I{self.build}/include', f'-I{self.top}/include', f'-I{self.build}/src', f'-I{self.top}/src', f'-I{self.work}']
        self.arch = output(*self.cc, '-dumpmachine').partition('-')[0]
        self.native = self.arch == os.uname().machine

    def tool(self, name: str) -> str:
        return output(*self.cc, f'-print-prog-name={name}').strip()

    def machine(self) -> dict[str, str]:
        info = Path('/proc/cpuinfo').read_text()
        model = next((line.partition(':')[2].strip() for line in info.splitlines() if line.startswith(('model name', 'CPU implementer'))), '?')
        versions = [output(*self.cc, '--version').splitlines()[0]]
        versions += [output('getconf', 'GNU_LIBC_VERSION').strip()] if shutil.which('getconf') and self.native else []
        packages = ['musl', 'dietlibc-dev', 'libseccomp2']
        if shutil.which('dpkg-query') and self.native:
            said = run('dpkg-query', '-W', '-f=${db:Status-Abbrev} ${Package} ${Version}\\n', *packages).stdout
            versions += [line.split(None, 1)[1] for line in said.splitlines() if line.startswith('ii')]
        found = {'machine': f'{model}, {os.cpu_count()} processors, pinned to {self.cpu}',
                 'kernel': f'{os.uname().sysname} {os.uname().release} {os.uname().machine}', 'built for': self.arch,
                 'versions': ', '.join(versions)}
        flaws = Path('/sys/devices/system/cpu/vulnerabilities')
        if flaws.is_dir():
            texts = {path.name: path.read_text().strip() for path in sorted(flaws.iterdir())}
            found['what slows it'] = '; '.join(f'{name}: {text}' for name, text in texts.items() if text != 'Not affected') or 'nothing'
        return found

    # Peers: each is the start of a compiler's command line.

    def glibc(self) -> list[str]:
        result = run(*self.cc, '-E', '-x', 'c', '-include', 'stdio.h', '-dM', '/dev/null')
        if '__GLIBC__' not in result.stdout:
            raise Missing(f'{self.cc[0]} does not compile for glibc')
        return self.cc

    def musl(self) -> list[str]:
        if not self.native:
            raise Missing(f'musl-gcc does not compile for {self.arch}')
        if not shutil.which('musl-gcc'):
            raise Missing('musl-gcc is not installed')
        return ['musl-gcc']

    def diet(self) -> list[str]:
        if not self.native:
            raise Missing(f'diet does not compile for {self.arch}')
        if not shutil.which('diet'):
            raise Missing('diet is not installed')
        return ['diet', *self.cc]

    def kernel(self) -> list[str]:
        if not self.nolibc:
            raise Missing('no kernel tree is given: --nolibc TREE')
        return [*self.cc, f'-I{self.nolibc}', '-nostdlib', '-static']

    def compile(self, name: str, source: str | Path, *flags: str | Path, by: list[str] | None = None, own: bool = True) -> Path:
        """A program of bench/. What is wholly ours has to compile; a peer may not."""
        path = self.work / name
        result = run(*(by or self.cc), '-O2', '-Wall', *self.includes, '-o', path, self.top / 'bench' / source, *flags)
        if result.returncode:
            if own:
                raise Broken(f'{source} does not compile: {first_error(result)}')
            raise Missing(f'does not compile: {first_error(result)}')
        return path

    @property
    def shared(self) -> list[str]:
        return [f'-L{self.library.parent}', f'-Wl,-rpath,{self.library.parent}', '-llinux']

    def try_all(self, group: Group, programs: dict[str, Callable[[], Path]]) -> dict[str, Path]:
        """Those that there are; the row of another says why it is not."""
        found = {}
        for name, make in programs.items():
            try:
                found[name] = make()
            except Missing as reason:
                group.row(name).skipped = str(reason)
        return found

    def sample(self, programs: dict[str, Path]) -> dict[str, dict[str, list[dict[str, list[float]]]]]:
        """By program and by what it measured: for each round, the nanoseconds of a turn in each sample of each loop.

        A line of a program is 'what turns loop nanoseconds ...', or 'what absent'.
        """
        found: dict[str, dict[str, list[dict[str, list[float]]]]] = {name: {} for name in programs}
        for _ in range(self.rounds):
            for name in random.sample(list(programs), len(programs)):
                this: dict[str, dict[str, list[float]]] = {}
                for line in output(programs[name], str(SAMPLES)).splitlines():
                    what, turns, *words = line.split()
                    for loop, took in zip(words[::2], words[1::2]):
                        this.setdefault(what, {}).setdefault(loop, []).append(int(took) / int(turns))
                for what, loops in this.items():
                    found[name].setdefault(what, []).append(loops)
        return found

    def start(self, commands: dict[str, list[str | Path]], times: int, cwd: Path) -> dict[str, list[list[float]]]:
        """By command: for each round, the microseconds of processor time that it took each time."""
        starter = self.compile('start', 'start.c', by=self.cc if self.native else ['cc'])
        words = [word for command in commands.values() for word in (*map(str, command), ',')]
        found: dict[str, list[list[float]]] = {name: [] for name in commands}
        for seed in range(self.rounds):
            for took in found.values():
                took.append([])
            for line in output(starter, str(seed), str(times), *words, cwd=cwd).splitlines():
                which, nanoseconds = line.split()
                found[list(commands)[int(which)]][-1].append(int(nanoseconds) / 1000)
        return found


def compare(rounds: list[dict[str, list[float]]], loop: str, base: str) -> Ratio:
    """The median over the rounds of the median of the ratios of samples taken beside each other."""
    return ratio([middle(a / b for a, b in zip(this[loop], this[base])) for this in rounds])


def typical(rounds: list[dict[str, list[float]]], loop: str) -> tuple[float, float]:
    """The median over the rounds of the median of a round, and its spread."""
    values = [middle(this[loop]) for this in rounds]
    return middle(values), spread(values)


def loaded(path: Path) -> list[tuple[int, int, int, int]]:
    """(type, file size, address, memory size) of each segment of a 64-bit little-endian ELF file."""
    data = path.read_bytes()
    offset, = struct.unpack_from('<Q', data, 0x20)
    size, count = struct.unpack_from('<HH', data, 0x36)
    found = []
    for n in range(count):
        kind, _, _, address, _, in_file, in_memory = struct.unpack_from('<IIQQQQQ', data, offset + n * size)
        found.append((kind, in_file, address, in_memory))
    return found
