# SPDX-License-Identifier: MIT
"""The same source gives the same bytes, whoever builds it, where, when, and with which Python.

CC in the environment is the compiler.
"""
from __future__ import annotations

import difflib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'tests'))

import debian_fetch         # noqa: E402
import tap                  # noqa: E402

CC = os.environ.get('CC', 'cc').split()
NOBODY = 65534

# All that the generator writes for all architectures, and the importer for a small tree.
EVERYTHING = '''\
import hashlib, sys
from pathlib import Path
sys.path.insert(0, 'gen')
import emit, kernel_tree, tables
def say(name, text):
    print(name, hashlib.sha256(text.encode()).hexdigest())
arches = tables.read_arches()
for arch in arches:
    facts = emit.load(arch.name)
    for name, function in emit.OUTPUTS.items():
        say(f'{arch.name} {name}', function(facts))
    for directory, function in emit.DIRECTORIES.items():
        for name, text in function(facts).items():
            say(f'{arch.name} {directory}/{name}', text)
mini = Path('tests/mini')
arches = [arch for arch in arches if arch.name in ('x86_64', 'aarch64')]
say('update syscalls.tbl', tables.write_syscalls(kernel_tree.read_tree(mini, arches)))
say('update errno.tbl', tables.write_errno('7.3.4', kernel_tree.read_errno(mini, arches)))
'''

# Some 400 days from now, for all that asks for the time.
ANOTHER_DAY = '''\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
#define SHIFT 34567890
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int ret = ((int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime"))(clock, now);

	now->tv_sec += clock == CLOCK_REALTIME ? SHIFT : 0;
	return ret;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}
time_t time(time_t *now)
{
	struct timespec precise;

	clock_gettime(CLOCK_REALTIME, &precise);
	if (now)
		*now = precise.tv_sec;
	return precise.tv_sec;
}
'''

# Debian's stable releases have these.
SUITES = {'3.9': 'bullseye', '3.11': 'bookworm', '3.13': 'trixie'}
LIBRARIES = ['libc6', 'libexpat1', 'zlib1g']


def run(command: list, environment: dict[str, str], **options) -> bytes:
    result = subprocess.run([str(word) for word in command], env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if result.returncode:
        said = (result.stdout + result.stderr).decode(errors='replace')
        raise AssertionError(f'{" ".join(map(str, command))}: {result.returncode}\n{said[-4000:]}')
    return result.stdout


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.directory.chmod(0o755)

    def locale(self) -> dict[str, str]:
        """Of a language where i is not the small I, in a charset that is not UTF-8."""
        try:
            run(['localedef', '-i', 'tr_TR', '-f', 'ISO-8859-9', self.directory / 'tr_TR.ISO-8859-9'], dict(os.environ))
        except (OSError, AssertionError) as reason:
            self.skipTest(f'no Turkish locale, which the package locales has: {reason}')
        return {'LOCPATH': str(self.directory), 'LC_ALL': 'tr_TR.ISO-8859-9', 'LANG': 'tr_TR.ISO-8859-9', 'LANGUAGE': 'tr'}


def plain(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ('PATH', 'HOME', 'XDG_CACHE_HOME') if name in os.environ}
    return {**kept, 'LC_ALL': 'C.UTF-8', 'PYTHONHASHSEED': '0', 'PYTHONDONTWRITEBYTECODE': '1', **more}


class Generator(Case):
    maxDiff = None

    def everything(self, python: list, environment: dict[str, str]) -> list[str]:
        lines = run([*python, '-c', EVERYTHING], environment, cwd=TOP).decode().splitlines()
        self.assertGreater(len(lines), 1000)
        return lines

    def same(self, python: list, environment: dict[str, str]) -> None:
        if not hasattr(Generator, 'expected'):
            Generator.expected = self.everything([sys.executable], plain())
        self.assertEqual('\n'.join(difflib.unified_diff(Generator.expected, self.everything(python, environment), n=0)), '')

    def test_hash_seed(self) -> None:
        self.same([sys.executable], plain(PYTHONHASHSEED='4711'))

    def test_locale(self) -> None:
        self.same([sys.executable], plain(**self.locale(), TZ='Asia/Kathmandu', COLUMNS='40'))

    def test_no_charset(self) -> None:
        """All that is not ASCII is an error in any file that is read or written with the locale's encoding."""
        odd = plain(LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0', PYTHONHASHSEED='42')
        self.same([sys.executable], odd)
        for output in ('-', self.directory / 'file'):
            with self.subTest(output):
                said = run([sys.executable, TOP / 'gen/syscall_table.py', 'emit', 'liblinux.json', 'x86_64', output], odd)
                made = said if output == '-' else output.read_bytes()
                self.assertIn(f'x86_64 liblinux.json {hashlib.sha256(made).hexdigest()}', Generator.expected)

    def python(self, version: str) -> list:
        """That Python, of this machine or of Debian."""
        here = shutil.which(f'python{version}')
        if here and subprocess.run([here, '-c', ''], capture_output=True).returncode == 0:
            return [here]
        if version not in SUITES:
            self.skipTest(f'no Python {version} here, and none in a stable release of Debian')
        try:
            for package in (f'python{version}-minimal', f'libpython{version}-minimal', f'libpython{version}-stdlib', *LIBRARIES):
                debian_fetch.fetch(SUITES[version], debian_fetch.host_arch(), package, self.directory)
        except debian_fetch.Unavailable as reason:
            self.skipTest(f'no Python {version}: {reason}')
        # With the libraries of its own suite, which may be newer than those here.
        folders = sorted({path.parent for path in self.directory.rglob('lib*.so.*')})
        loader = next(self.directory.rglob('*-linux-gnu/ld-linux-*.so.*'))
        return ['env', f'PYTHONHOME={self.directory / "usr"}', loader, '--library-path', ':'.join(map(str, folders)),
                self.directory / f'usr/bin/python{version}']

    def version(self, version: str) -> None:
        python = self.python(version)
        said = run([*python, '-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], plain())
        self.assertEqual(said.decode().strip(), version)
        self.same(python, plain(PYTHONHASHSEED='1'))


for minor in range(9, 14):
    setattr(Generator, f'test_python_3_{minor}', lambda self, version=f'3.{minor}': self.version(version))


class Builds(Case):
    def setUp(self) -> None:
        super().setUp()
        if not shutil.which('meson'):
            self.skipTest('meson is not installed')

    def copy(self, name: str, backwards: bool) -> Path:
        """The source, its files made in this or the other order, which is that of some directories."""
        skip = {TOP / '.git', TOP / 'build', TOP / 'subprojects'}
        files = sorted(path for path in TOP.rglob('*') if not path.is_dir() and '__pycache__' not in path.parts
                       and not skip.intersection(path.parents))
        self.assertGreater(len(files), 200)
        for path in reversed(files) if backwards else files:
            to = self.directory / name / path.relative_to(TOP)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to, follow_symlinks=False)
            if backwards and not to.is_symlink():
                os.utime(to, (10**9, 10**9))
        return self.directory / name

    def build(self, source: Path, build: Path, options: list[str], environment: dict[str, str], umask: int, jobs: int,
              user: int | None) -> Path:
        def prepare() -> None:
            os.umask(umask)
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
        stage = source / 'installed'
        for command in (['meson', 'setup', build, source, '--prefix=/usr', '-Dtests=disabled', *options],
                        ['ninja', '-C', build, f'-j{jobs}'],
                        ['meson', 'install', '-C', build, '--no-rebuild', '--destdir', stage]):
            run(command, environment, cwd=source, preexec_fn=prepare)
        return stage

    def listing(self, stage: Path) -> dict[str, tuple]:
        found = {}
        for path in sorted(stage.rglob('*')):
            status = path.lstat()
            content: str | bytes = os.readlink(path) if path.is_symlink() else b'' if path.is_dir() else path.read_bytes()
            found[str(path.relative_to(stage))] = (oct(status.st_mode), content)
        self.assertGreater(len(found), 500)
        return found

    def twice(self, folders: tuple[str, str], options: list[str], flags: str) -> None:
        shifted = self.directory / 'another_day.so'
        source = self.directory / 'another_day.c'
        source.write_text(ANOTHER_DAY)
        run([*CC, '-shared', '-fPIC', '-o', shifted, source, '-ldl'], dict(os.environ))
        said = run(['date', '+%s'], plain(LD_PRELOAD=str(shifted)))
        self.assertGreater(int(said), time.time() + 10**7)

        one, two = self.copy('one', False), self.copy('another folder', True)
        user = NOBODY if os.getuid() == 0 else None
        if user:
            for path in [two, *two.rglob('*')]:
                os.chown(path, user, user, follow_symlinks=False)
        home = two / 'home'
        made = []
        for top, folder, umask, jobs, who, environment in (
                (one, folders[0], 0o022, 4, None, plain()),
                (two, folders[1], 0o077, 1, user, plain(**self.locale(), HOME=str(home), USER='nobody', LOGNAME='nobody', TZ='Asia/Kathmandu',
                                                      COLUMNS='40', PYTHONHASHSEED='4711', LD_PRELOAD=str(shifted)))):
            environment['CFLAGS'] = flags.format(source=top)
            stage = self.build(top, top / folder, options, environment, umask, jobs, who)
            made.append(self.listing(stage))
        first, second = made
        self.assertEqual(sorted(first), sorted(second))
        self.assertEqual([f'{name} {first[name][0]}, {second[name][0]}' for name in first if first[name] != second[name]], [])
        if not user:
            self.skipTest('the same bytes, but by one user: only root can be another')

    def test_release(self) -> None:
        self.twice(('build', 'b/u/i/l/d'), [], '')

    def test_debug_information(self) -> None:
        """With the flag that packages are built with."""
        self.twice(('build', 'build'), ['--buildtype=debugoptimized'], '"-ffile-prefix-map={source}=."')


if __name__ == '__main__':
    tap.main()
