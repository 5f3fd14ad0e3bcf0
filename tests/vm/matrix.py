#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the tests of a build on Debian's kernels, in qemu: matrix.py BUILD [RELEASE...].

A virtual machine gets an initramfs with init.c, every test of the build that is a program,
and probe.c, whose findings since.py judges. Nothing needs root, KVM or a disk.
"""
from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent / 'gen')]

import arches               # noqa: E402
import debian_fetch         # noqa: E402
import emit                 # noqa: E402
import since                # noqa: E402
import tables               # noqa: E402
from console import Results, read_tap, split, tail      # noqa: E402
from initramfs import Initramfs, Missing    # noqa: E402

BOOT_LIMIT = 300            # seconds of the host, for all of one machine
PROGRAM_LIMIT = 120         # seconds of the guest


def library_folders(arch: arches.Arch, build: Path) -> list[Path]:
    if arch.native:
        return [Path('/lib') / arch.triplet, Path('/usr/lib') / arch.triplet]
    return [Path('/usr') / arch.triplet / 'lib', build.parent / arch.debian / 'usr/lib' / arch.triplet]


@dataclass(frozen=True)
class Kernel:
    arch: str
    release: str

    def __str__(self) -> str:
        return f'Linux {self.release} {self.arch}'


def kernels() -> list[Kernel]:
    """Debian's stable kernels, and the one of the release that the table is of."""
    newest = tables.read_syscalls().release
    return [Kernel(arch.name, release) for arch in arches.every() for release in dict.fromkeys((*arch.kernels, newest))]


def packages(kernel: Kernel) -> list[str]:
    """Patterns of Debian's: what has vmlinuz, and what has the configuration where that is another."""
    # From 7.2 on, linux-image has neither.
    names = ['linux-image-'] if tables.release(kernel.release) < (7, 2) else ['linux-binary-(unsigned-)?', 'linux-base-']
    return [rf'{name}{re.escape(kernel.release)}\.[^ ]*{arches.read(kernel.arch).kernel}' for name in names]


@dataclass
class Image:
    version: str                # of Debian's package
    vmlinuz: Path
    config: dict[str, str]


def image(kernel: Kernel, work: Path) -> Image:
    """The kernel and its configuration, out of Debian's packages; Unavailable where there are none."""
    arch = arches.read(kernel.arch)
    if not shutil.which(arch.system[0]):
        raise debian_fetch.Unavailable(f'no {arch.system[0]}')
    suite = debian_fetch.Suite(debian_fetch.suite_of(kernel.release), arch.debian)
    debs = [suite.package(pattern) for pattern in packages(kernel)]
    if len({deb.name.split('_')[1] for deb in debs}) > 1:
        raise debian_fetch.Unavailable(f'{" and ".join(deb.name for deb in debs)} are of two versions')
    folder = work / debs[0].stem
    for deb in debs:
        if (folder / deb.name).exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', str(deb)], stdout=subprocess.PIPE) as unpack:
                with tarfile.open(fileobj=unpack.stdout, mode='r|') as archive:
                    for member in archive:
                        match = re.fullmatch(r'.*/(vmlinu[xz]|config)([-.][^/]*)?', member.name)
                        if match and member.isfile():
                            name = 'vmlinuz' if match[1] == 'vmlinux' else match[1]
                            (folder / name).write_bytes(archive.extractfile(member).read())
        except tarfile.TarError as error:
            raise debian_fetch.Unavailable(f'{deb.name}: {error}') from None
        (folder / deb.name).touch()
    missing = [name for name in ('vmlinuz', 'config') if not (folder / name).exists()]
    if missing:
        raise debian_fetch.Unavailable(f'no {missing[0]} in {" and ".join(deb.name for deb in debs)}')
    config = dict(re.findall(r'^CONFIG_(\w+)=(.*)$', (folder / 'config').read_text(), re.M))
    return Image(debs[0].name.split('_')[1], folder / 'vmlinuz', config)


@dataclass
class Program:
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def programs(build: Path, full: bool) -> list[Program]:
    """The tests that Meson knows, those that are programs for the machine."""
    result = []
    for test in json.loads((build / 'meson-info/intro-tests.json').read_text()):
        suites = {suite.rpartition(':')[2] for suite in test['suite']}
        command = Path(test['cmd'][0])
        if test['protocol'] == 'tap' and command.is_relative_to(build) and (full or 'full' not in suites):
            if not command.exists():
                raise Missing(f'{command} is not built')
            result.append(Program(test['name'], test['cmd'], test['env']))
    return result


def others(build: Path) -> list[Program]:
    """What is no test by itself: since.py judges what it says."""
    command = str(build / 'command/liblinux')
    return [Program('probe', [str(build / 'tests/vm/probe')]), Program('liblinux probe', [command, 'probe', '--json']),
            Program('liblinux call', [command, 'call', 'listns', 'size=32', '@512', '64'])]


def pack(build: Path, arch: arches.Arch, tests: list[Program]) -> bytes:
    files = Initramfs(library_folders(arch, build), arch.triplet)
    text = ''
    for program in [*tests, *others(build)]:
        folders = [Path(folder) for folder in program.environment.get('LD_LIBRARY_PATH', '').split(':') if folder]
        for word in program.command:
            if (build / word).is_file():
                files.program(build / word, folders)
        for name in program.environment.get('LD_PRELOAD', '').split():
            files.library(name, folders)
        text += f'directory {build}\n' + ''.join(f'arg {word}\n' for word in program.command)
        text += ''.join(f'env {key}={value}\n' for key, value in {**program.environment, 'LIBLINUX_VM': '1'}.items())
        text += f'limit {PROGRAM_LIMIT}\nrun {program.name}\n'
    init = build / 'tests/vm/init'
    files.program(init, [])
    files.write('/init', init.read_bytes())
    files.write('/programs', text.encode(), 0o644)
    return files.archive()


def boot(kernel: Kernel, vmlinuz: Path, initramfs: Path) -> tuple[list[str], str]:
    """The console's lines, and what went wrong with the machine itself."""
    machine = arches.read(kernel.arch)
    # secretmem.enable: memfd_secret is off by default until 6.5.
    command = [*machine.system, '-accel', 'tcg', '-m', '512', '-smp', '1', '-nodefaults', '-no-reboot', '-display', 'none',
               '-serial', 'stdio', '-kernel', str(vmlinuz), '-initrd', str(initramfs),
               '-append', f'console={machine.console} panic=-1 secretmem.enable=1']
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        late = threading.Event()
        timer = threading.Timer(BOOT_LIMIT, lambda: (late.set(), process.kill()))
        timer.start()
        output = process.stdout.read()
        timer.cancel()
    lines = output.decode(errors='replace').replace('\r', '').split('\n')
    if late.is_set():
        return lines, f'still ran after {BOOT_LIMIT} s'
    if process.returncode:
        return lines, f'qemu ended with {process.returncode}'
    if '@halt' not in lines:
        return lines, 'stopped before its work was done'
    return lines, ''


@dataclass
class Report:
    kernel: Kernel
    version: str = '-'
    programs: Results = field(default_factory=Results)
    calls: Results = field(default_factory=Results)
    used: set[since.Line] = field(default_factory=set)  # of exceptions.tbl
    seconds: float = 0
    unavailable: str = ''


def run(report: Report, found: Image, tests: list[Program], initramfs: Path) -> None:
    """Boot one kernel, and read what it says."""
    kernel, began = report.kernel, time.monotonic()
    report.version = found.version
    lines, problem = boot(kernel, found.vmlinuz, initramfs)
    initramfs.with_name(f'{kernel.arch}-{kernel.release}.log').write_text('\n'.join(lines))
    ended, errors = split(lines)
    running = next((line[len('@boot '):] for line in lines if line.startswith('@boot ')), 'of no release')
    if not problem and not re.match(re.escape(kernel.release) + r'\b', running):
        errors.append(f'the kernel is {running}')
    if missing := [program.name for program in tests if program.name not in ended]:
        errors.append(f'did not run, or to the end: {" ".join(missing)}')
    if problem or errors:
        report.programs.failed.append(('the machine', '\n'.join([tail(lines), *errors, problem])))
    for program in tests:
        if program.name in ended:
            read_tap(program.name, *ended[program.name], report.programs)
    since.judge(kernel.arch, kernel.release, found.config, *ended.get('probe', ([], 'did not end')), report.calls, report.used)
    nothing: tuple[list[str], str] = ([], 'did not end')
    since.judge_probe(kernel.arch, kernel.release, found.config, *ended.get('liblinux probe', nothing), report.programs)
    since.judge_call(kernel.arch, kernel.release, *ended.get('liblinux call', nothing), report.programs)
    report.seconds = time.monotonic() - began


def run_all(builds: dict[str, Path], work: Path, full: bool, releases: list[str] | None = None) -> list[Report]:
    """Every kernel whose architecture has a build, two at a time."""
    work.mkdir(parents=True, exist_ok=True)
    for arch in builds:
        since.read_exceptions(arch)     # before the machines are at work
    reports, jobs = [], []
    packed: dict[str, tuple[list[Program], Path]] = {}
    for kernel in kernels():
        if kernel.arch not in builds or releases and kernel.release not in releases:
            continue
        reports.append(report := Report(kernel))
        try:
            found = image(kernel, work)
        except debian_fetch.Unavailable as reason:
            report.unavailable = str(reason)
            continue
        if kernel.arch not in packed:
            tests, initramfs = programs(builds[kernel.arch], full), work / f'{kernel.arch}.cpio'
            initramfs.write_bytes(pack(builds[kernel.arch], arches.read(kernel.arch), tests))
            packed[kernel.arch] = tests, initramfs
        jobs.append((report, found, *packed[kernel.arch]))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: run(*job), jobs))
    for arch in packed:
        mine = [report for report in reports if report.kernel.arch == arch]
        if not releases and not any(report.unavailable for report in mine):
            for line in since.unneeded(arch, set().union(*[report.used for report in mine])):
                mine[-1].programs.failed.append((line, 'no kernel of the matrix needs this line'))
    return reports


def table(reports: list[Report]) -> str:
    rows = [('kernel', 'package', 'calls', 'passed', 'failed', 'skipped', 'cases', 'passed', 'failed', 'skipped', 'seconds')]
    for report in reports:
        numbers: list[int] = []
        for results in (report.calls, report.programs):
            counts = [len(results.passed), len(results.failed), len(results.skipped)]
            numbers += [sum(counts), *counts]
        rows.append((str(report.kernel), report.version, *map(str, numbers), f'{report.seconds:.0f}'))
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return '\n'.join('  '.join(word.ljust(widths[n]) if n < 2 else word.rjust(widths[n]) for n, word in enumerate(row)) for row in rows)


def main() -> int:
    if len(sys.argv) < 2:
        print('usage: matrix.py BUILD [RELEASE...]', file=sys.stderr)
        return 2
    build = Path(sys.argv[1]).resolve()
    try:
        number = int.from_bytes((build / 'tests/vm/init').read_bytes()[18:20], 'little')
        # The kernel's number of an architecture is that of ELF, and two bits.
        arch = next(arch for arch, audit in emit.audit_arches(emit.load(arches.every()[0].name)).items() if audit & 0xffff == number)
        reports = run_all({arch: build}, build.parent / 'vm', False, sys.argv[2:])
    except (OSError, Missing, tables.Doubt) as error:
        print(f'matrix.py: {error}', file=sys.stderr)
        return 1
    for report in reports:
        for what, reason in report.programs.failed + report.calls.failed:
            print(f'FAILED {report.kernel}: {what}\n{reason}\n')
        for what, reason in report.programs.skipped + report.calls.skipped:
            print(f'Skipped: {report.kernel}: {what}: {reason}')
        if report.unavailable:
            print(f'Skipped: {report.kernel}: {report.unavailable}')
    print(table(reports))
    return 1 if any(report.programs.failed or report.calls.failed for report in reports) else 0


if __name__ == '__main__':
    sys.exit(main())
