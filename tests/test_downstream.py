# SPDX-License-Identifier: MIT
"""The library, installed, as projects in other languages and of other build systems use it.

BUILD in the environment is a build of the tree for this machine; with `full` as an argument those
that need more than the tools of ours. Each project calls listmount or cachestat, and checks what
they say; on a kernel that lacks them it says so, and exits as skipped.
"""
from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'tests')]

import source_tree          # noqa: E402
import tap                  # noqa: E402

BUILD = Path(os.environ['BUILD'])
PROJECT = TOP / 'tests/downstream'
SKIP = 77                       # what Meson takes for a skip


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.stage = Path(tempfile.mkdtemp(prefix='liblinux-'))
        cls.addClassCleanup(shutil.rmtree, cls.stage)
        subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet'], env={**os.environ, 'DESTDIR': str(cls.stage)}, check=True)
        config = next(cls.stage.rglob('liblinux.pc')).parent
        cls.libdir = config.parent
        cls.table = next(cls.stage.rglob('liblinux.json'))
        cls.installed = {'PKG_CONFIG_LIBDIR': str(config), 'PKG_CONFIG_SYSROOT_DIR': str(cls.stage), 'LD_LIBRARY_PATH': str(cls.libdir)}

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.project = self.directory / 'project'
        shutil.copytree(PROJECT, self.project, ignore=shutil.ignore_patterns('__pycache__'))

    def need(self, *tools: str) -> None:
        for tool in tools:
            if not shutil.which(tool):
                self.skipTest(f'{tool} is not installed')

    def run_in_project(self, *command: str | Path, **environment: str) -> str:
        result = subprocess.run([str(word) for word in command], text=True, cwd=self.project, env={**os.environ, 'LC_ALL': 'C', **environment},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if result.returncode == SKIP:
            self.skipTest(result.stdout.strip())
        self.assertEqual(result.returncode, 0, f'{" ".join(map(str, command))}\n{result.stdout[-4000:]}')
        return result.stdout

    def pkg_config(self, *arguments: str) -> list[str]:
        return self.run_in_project('pkg-config', *arguments, 'liblinux', **self.installed).split()

    def meson(self, *options: str, **environment: str) -> Path:
        """A build of the project; its tests, each by itself, say more than one result of all."""
        self.run_in_project('meson', 'setup', 'build', *options, **environment)
        self.run_in_project('meson', 'compile', '-C', 'build', **environment)
        return self.project / 'build'

    def programs(self, build: Path, **environment: str) -> None:
        self.assertEqual(self.run_in_project(build / 'cachestat', **environment), 'C: cachestat 0, 3 pages\n')
        self.assertRegex(self.run_in_project(build / 'listmount', **environment), r'^C\+\+: listmount found (mounts|no mount)\n$')

    def needed(self, program: Path) -> str:
        return self.run_in_project('readelf', '-dW', program)


class Installed(Case):
    def test_meson(self) -> None:
        build = self.meson('--wrap-mode=nofallback', **self.installed)
        self.programs(build, **self.installed)
        self.assertIn('[liblinux.so.1]', self.needed(build / 'cachestat'))

    def test_c_plus_plus(self) -> None:
        for compiler in ('g++', 'clang++'):
            with self.subTest(compiler):
                self.need(compiler)
                self.run_in_project(compiler, '-std=c++11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', 'listmount.cpp', '-o', 'listmount',
                                    *self.pkg_config('--cflags', '--libs'))
                self.assertRegex(self.run_in_project('./listmount', **self.installed), r'^C\+\+: listmount found ')

    def test_python(self) -> None:
        said = self.run_in_project(sys.executable, 'cachestat.py', self.libdir / 'liblinux.so.1', self.table)
        self.assertRegex(said, r'^Python: 3\d\d calls, cachestat 0, 3 pages\n$')


class Wrap(Case):
    """liblinux not installed, but built as a part of the project."""

    def setUp(self) -> None:
        super().setUp()
        sources = self.directory / 'liblinux'
        source_tree.copy(sources)
        (self.project / 'subprojects/packagefiles').mkdir()
        with tarfile.open(self.project / 'subprojects/packagefiles/liblinux.tar.gz', 'w:gz') as archive:
            archive.add(sources, 'liblinux')

    def test_fallback(self) -> None:
        """For what the machine does not have."""
        build = self.meson(PKG_CONFIG_LIBDIR=str(self.directory))
        self.programs(build)
        self.assertTrue((build / 'subprojects/liblinux/src/liblinux.so').exists())

    def test_static(self) -> None:
        build = self.meson('--force-fallback-for=liblinux', '-Dliblinux:default_library=static')
        self.programs(build)
        self.assertNotIn('liblinux', self.needed(build / 'cachestat'))

    def test_installed_is_preferred(self) -> None:
        build = self.meson(**self.installed)
        self.programs(build, **self.installed)
        self.assertFalse((build / 'subprojects').exists())


class Full(Case):
    def test_cmake(self) -> None:
        self.need('cmake')
        self.run_in_project('cmake', '-S', '.', '-B', 'build', **self.installed)
        self.run_in_project('cmake', '--build', 'build', **self.installed)
        self.programs(self.project / 'build', **self.installed)
        self.assertIn('[liblinux.so.1]', self.needed(self.project / 'build/cachestat'))

    def binding(self, language: str, path: str) -> None:
        (self.project / path).write_text(self.run_in_project(sys.executable, 'bindings.py', language, platform.machine(), self.table))

    def test_rust(self) -> None:
        self.need('rustc')
        self.binding('rust', 'linux.rs')
        self.run_in_project('rustc', '--edition=2021', '-Dwarnings', '-L', self.libdir, 'cachestat.rs', '-o', 'cachestat')
        self.assertEqual(self.run_in_project('./cachestat', **self.installed), 'Rust: cachestat 0, 3 pages\n')
        self.assertIn('[liblinux.so.1]', self.needed(self.project / 'cachestat'))

    def test_go(self) -> None:
        """Without the library: from its table's numbers."""
        self.need('go')
        self.binding('go', 'linux.go')
        self.run_in_project('go', 'build', '-o', 'cachestat', 'cachestat.go', 'linux.go', GO111MODULE='off', GOCACHE=str(self.directory / 'cache'),
                            GOPATH=str(self.directory / 'go'), GOFLAGS='', CGO_ENABLED='0')
        self.assertEqual(self.run_in_project('./cachestat'), 'Go: cachestat 0, 3 pages\n')


if sys.argv[1:2] == ['full']:
    del sys.argv[1], Installed, Wrap
else:
    del Full
del Case


if __name__ == '__main__':
    tap.main()
