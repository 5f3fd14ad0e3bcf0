# SPDX-License-Identifier: MIT
"""Build with every compiler for every architecture, run the tests of each here and on Debian's kernels, and count."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import arches
import debian_fetch

sys.path.insert(1, str(Path(__file__).resolve().parent / 'vm'))
import matrix               # noqa: E402

TOP = Path(__file__).resolve().parent.parent
WORK = TOP / 'build/check'
LIBRARIES = ['libcmocka0', 'libcmocka-dev', 'libseccomp2', 'libseccomp-dev']

CROSS = '''\
[binaries]
c = '{triplet}-gcc'
ar = '{triplet}-gcc-ar'
strip = '{triplet}-strip'
objdump = '{triplet}-objdump'
pkgconfig = 'pkg-config'
exe_wrapper = {wrapper}
[properties]
sys_root = '{root}'
pkg_config_libdir = '{root}/usr/lib/{triplet}/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = '{name}'
cpu = '{name}'
endian = 'little'
'''


class Count:
    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()        # of who adds to it and prints
        self.reasons: dict[str, list[str]] = {}

    def skip(self, what: str, reason: str) -> None:
        self.skipped += 1
        self.reasons.setdefault(reason, []).append(what)

    def fail(self, what: str, text: str) -> None:
        self.failed += 1
        print(f'FAILED {what}\n{text.rstrip()}\n', flush=True)

    def read(self, name: str, log: Path) -> int:
        """Add Meson's results: each case of each test is one."""
        total = 0
        for suite in ElementTree.parse(log).getroot().iter('testsuite'):
            for case in suite.iter('testcase'):
                total += 1
                words = suite.get('name', '').rpartition('.')[2], case.get('name', '')
                what = f'{name}: ' + ' '.join(word.rpartition(' / ')[2] for word in words if word != 'liblinux')
                said = [element.findtext(stream) or '' for element in (case, suite) for stream in ('system-out', 'system-err')]
                problem = next((case.find(kind) for kind in ('failure', 'error') if case.find(kind) is not None), None)
                if problem is not None:
                    self.fail(what, ''.join(said)[-6000:] or problem.get('message') or 'no output')
                elif case.find('skipped') is not None:
                    # Meson drops the reason; the test's own line has it.
                    pattern = rf'(?m)^(?:1\.\.0|ok {re.escape(case.get("name", ""))}) # SKIP (.*)'
                    match = next(filter(None, (re.search(pattern, text) for text in said)), None)
                    self.skip(what, match[1] if match else 'no reason given')
                else:
                    self.passed += 1
        return total


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], cwd=TOP, env={**os.environ, **environment}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


def check(name: str, count: Count, full: bool, *options: str, **environment: str) -> bool:
    """One build and its tests; is it built?"""
    began = time.monotonic()
    build = WORK / name
    setup = ['meson', 'setup', build, '-Dtests=enabled', '-Dwerror=true', *options]
    if (build / 'build.ninja').exists():
        setup.append('--reconfigure')
    for command in (setup, ['ninja', '-C', build]):
        result = run(*command, **environment)
        if result.returncode:
            with count.lock:
                count.fail(f'{name}: build', result.stdout[-6000:])
            return False
    log = build / 'meson-logs/testlog.junit.xml'
    log.unlink(missing_ok=True)
    suites = [] if full else ['--no-suite', 'full']
    result = run('meson', 'test', '-C', build, '--no-rebuild', *suites, **environment)
    with count.lock:
        before = count.failed
        ran = count.read(name, log) if log.exists() else 0
        if not ran or result.returncode and count.failed == before:
            count.fail(f'{name}: meson test', result.stdout[-6000:])
        print(f'{name}: {ran} tests in {time.monotonic() - began:.0f} s', flush=True)
    return True


def only_full(build: Path) -> list[str]:
    """The tests that were not asked to run."""
    try:
        tests = json.loads((build / 'meson-info/intro-tests.json').read_text())
    except OSError:             # it is not configured, and failed
        return []
    return [test['name'] for test in tests if any(suite.rpartition(':')[2] == 'full' for suite in test['suite'])]


def check_kernels(builds: dict[str, Path], count: Count, full: bool) -> None:
    """The tests of these builds, and every call, on Debian's kernels."""
    try:
        reports = matrix.run_all(builds, WORK / 'vm', full)
    except (matrix.Missing, matrix.tables.Doubt) as reason:
        count.fail('the kernels', str(reason))
        return
    for report in reports:
        for results in (report.calls, report.programs):
            count.passed += len(results.passed)
            for what, text in results.failed:
                count.fail(f'{report.kernel}: {what}', text[-6000:])
            for what, reason in results.skipped:
                count.skip(f'{report.kernel}: {what}', reason)
        if report.unavailable:
            count.skip(f'{report.kernel}: every call and test', f'no machine: {report.unavailable}')
    print(matrix.table(reports), flush=True)


def cross_file(arch: arches.Arch) -> Path:
    """For Meson: the cross compiler, and Debian's packages for that architecture unpacked under the build folder."""
    root = WORK / arch.debian
    for package in LIBRARIES:
        debian_fetch.fetch(arch.suite, arch.debian, package, root)
    wrapper = [*arch.user, '-L', f'/usr/{arch.triplet}', '-E', f'LD_LIBRARY_PATH={root}/usr/lib/{arch.triplet}']
    path = WORK / f'{arch.name}.ini'
    path.write_text(CROSS.format(wrapper=wrapper, root=root, triplet=arch.triplet, name=arch.name))
    return path


def main() -> int:
    full = '--full' in sys.argv[1:]
    WORK.mkdir(parents=True, exist_ok=True)
    count = Count()
    began = time.monotonic()
    builds = {}
    if check('x86_64-gcc', count, full, '-Dhost_tests=true'):
        builds['x86_64'] = WORK / 'x86_64-gcc'
    # The longest test of each of these keeps one processor busy.
    with ThreadPoolExecutor(2) as pool:
        clang = pool.submit(check, 'x86_64-clang', count, full, CC='clang')
        foreign = {}
        for arch in arches.foreign():
            try:
                cross = cross_file(arch)
            except debian_fetch.Unavailable as reason:
                with count.lock:
                    count.skip(f'{arch.name}-gcc: all tests', f'no {arch.debian} packages: {reason}')
            else:
                foreign[arch.name] = pool.submit(check, f'{arch.name}-gcc', count, full, '--cross-file', str(cross))
    clang.result()
    builds.update({name: WORK / f'{name}-gcc' for name, built in foreign.items() if built.result()})
    check_kernels(builds, count, full)
    if not full:
        print(f'Only with --full: {", ".join(only_full(WORK / "x86_64-gcc"))}.')
    for reason, tests in count.reasons.items():
        more = f' and {len(tests) - 3} more' if len(tests) > 3 else ''
        print(f'Skipped: {", ".join(tests[:3])}{more}: {reason}')
    print(f'Took {time.monotonic() - began:.0f} s.')
    print(f'{count.passed} passed, {count.failed} failed, {count.skipped} skipped')
    return 1 if count.failed or not count.passed else 0


if __name__ == '__main__':
    sys.exit(main())
