# SPDX-License-Identifier: MIT
"""Debian's packages: what debian/ says is what the project says; with `full` as an argument they are
built on a bare Debian 12, checked, installed on another, and used there.

BUILD in the environment is a build of the tree, where the systems are kept. They are debootstrap's,
from the machine's own mirror, and entered by chroot in a mount namespace of their own: for root.
"""
from __future__ import annotations

import email.utils
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import arches               # noqa: E402
import debian_fetch         # noqa: E402
import emit                 # noqa: E402
import source_tree          # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402

SUITE = 'bookworm'
WORK = Path(os.environ['BUILD']) / 'packages'
VERSION = '.'.join(tables.read_version())
PACKAGES = ['liblinux-bin', 'liblinux-dev', 'liblinux-doc', 'liblinux1']


def read_symbols(text: str) -> dict[str, dict[str, str]]:
    """Of a file of symbols: library -> symbol -> its node and the first version."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if match := re.fullmatch(r' (\w+|[A-Z]+_[0-9.]+)@(\S+) (\S+)', line):
            found[library][match[1]] = (match[2], match[3])
        elif not line.startswith('*'):
            library = line.split()[0]
            found[library] = {}
    return found


class Source(unittest.TestCase):
    """One fact, one place: what must be said again in debian/ is the same there."""

    def test_changelog(self) -> None:
        text = (TOP / 'debian/changelog').read_text()
        self.assertRegex(text, rf'\Aliblinux \({re.escape(VERSION)}\) ')
        written = email.utils.parsedate_to_datetime(re.search(r'^ -- .*?>  (.*)$', text, re.M)[1])
        news = tables.read_date(tables.read_version())
        self.assertEqual(f'{written:%B} {written.day}, {written.year}', news)

    def test_copyright(self) -> None:
        def words(text: str) -> list[str]:
            return text.replace('\n .\n', '\n').split()
        said, licence = (TOP / 'debian/copyright').read_text(), (TOP / 'LICENSE').read_text()
        terms = licence[licence.index('Permission is'):]
        self.assertEqual(words(said[said.index('Permission is'):]), words(terms))
        holders = re.search(r'Copyright \(c\) (.*)', licence)[1]
        self.assertIn(f'Copyright: {holders}\n', said)

    def test_architectures(self) -> None:
        wanted = ' '.join(sorted(arch.debian for arch in arches.every()))
        found = re.findall(r'^Architecture: (.*)', (TOP / 'debian/control').read_text(), re.M)
        self.assertEqual(found, [wanted, wanted, wanted, 'all'])

    def test_symbols(self) -> None:
        """What dpkg-gensymbols is given is the committed list; a symbol of a later release wants that package."""
        for arch in tables.read_arches():
            committed = tables.read_abi(tables.ARCH / arch.name / 'abi.list')
            said = read_symbols(emit.deb_symbols(emit.load(arch.name)))
            cerror = re.findall(r'^(LIBLINUX_\S+) {|^\t(linux_\w+);', (TOP / 'src/cerror.map').read_text(), re.M)
            self.assertEqual([*said['liblinux-cerror.so.1']], [node or name for node, name in cerror])
            wanted = {name: symbol.node for name, symbol in committed.items()}
            wanted.update({node: node for node in wanted.values()})
            self.assertEqual({name: node for name, (node, _) in said['liblinux.so.1'].items()}, wanted)
            for node, version in said['liblinux.so.1'].values():
                release = node.partition('_')[2]
                self.assertEqual(version, f'{max(release, "7.3", key=tables.release)}.0', node)
        facts = emit.load('x86_64')
        facts.abi['x86_64']['linux_read'] = tables.Symbol('LINUX_7.10', facts.abi['x86_64']['linux_read'].declaration, 1)
        self.assertEqual(read_symbols(emit.deb_symbols(facts))['liblinux.so.1']['linux_read'], ('LINUX_7.10', '7.10.0'))


def lines(said: str) -> str:
    return '\n'.join(said.splitlines()[-60:])


class System:
    """A Debian of its own in a directory. What apt downloads is kept for the next."""

    def __init__(self, name: str) -> None:
        self.root = WORK / name
        if self.root.exists():
            shutil.rmtree(self.root)
        subprocess.run(['cp', '-a', '--reflink=auto', bare(), self.root], check=True)

    def try_to_run(self, *command: str, cwd: str = '/', **environment: str) -> subprocess.CompletedProcess:
        """By chroot, with /proc and the cache of apt mounted for this command only."""
        archives = WORK / 'archives'
        (archives / 'partial').mkdir(parents=True, exist_ok=True)
        script = ('mount -t proc proc "$1/proc"; mount --bind "$2" "$1/var/cache/apt/archives"; root=$1 cwd=$3; shift 3; '
                  'exec chroot "$root" sh -c \'cd "$0" && exec "$@"\' "$cwd" "$@"')
        kept = {name: value for name, value in os.environ.items() if name.endswith(('_proxy', '_PROXY'))}
        return subprocess.run(
            ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-euc', script, 'sh', str(self.root), str(archives), cwd, *command],
            env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive',
                 **kept, **environment},
            text=True, errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def run(self, *command: str, cwd: str = '/', **environment: str) -> str:
        result = self.try_to_run(*command, cwd=cwd, **environment)
        if result.returncode:
            raise AssertionError(f'{" ".join(command)}: {result.returncode}\n{lines(result.stdout)}')
        return result.stdout

    def need(self, *packages: str) -> None:
        """Install what is Debian's own: without a mirror there is nothing to test."""
        for command in (['update'], ['install', '-y', '--no-install-recommends', *packages]):
            result = self.try_to_run('apt-get', '-q', *command)
            if result.returncode:
                raise unittest.SkipTest(f'apt-get {" ".join(command)}: {lines(result.stdout).splitlines()[-1]}')


def bare() -> Path:
    """The smallest Debian, which is what debootstrap makes of the essential packages and apt."""
    root = WORK / 'bare'
    if not root.exists():
        if os.getuid():
            raise unittest.SkipTest('only root can install a system and enter it')
        if not shutil.which('debootstrap'):
            raise unittest.SkipTest('debootstrap is not installed')
        try:
            mirror = debian_fetch.mirror()
        except debian_fetch.Unavailable as reason:
            raise unittest.SkipTest(str(reason)) from None
        part = WORK / 'bare.part'
        if part.exists():
            shutil.rmtree(part)
        WORK.mkdir(parents=True, exist_ok=True)
        result = subprocess.run(['debootstrap', '--variant=minbase', SUITE, part, mirror],
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if result.returncode:
            raise unittest.SkipTest(f'debootstrap: {lines(result.stdout).splitlines()[-1]}')
        proxy = subprocess.run(['apt-config', 'dump', '--format', '%F "%v";%n', 'Acquire::http::Proxy'], text=True, capture_output=True)
        (part / 'etc/apt/apt.conf.d/proxy').write_text(proxy.stdout)
        part.rename(root)
    return root


class Full(unittest.TestCase):
    """Built where only the build dependencies are, and used where only the packages are."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.builder = System('builder')
        cls.addClassCleanup(shutil.rmtree, cls.builder.root)
        source_tree.copy(cls.builder.root / 'build/liblinux')
        cls.builder.need('build-essential', 'lintian')
        cls.builder.run('apt-get', '-q', 'build-dep', '-y', '--no-install-recommends', './liblinux', cwd='/build')
        cls.said = cls.builder.run('dpkg-buildpackage', '-us', '-uc', cwd='/build/liblinux')
        cls.debs = {path.name.partition('_')[0]: path for path in (cls.builder.root / 'build').glob('*.deb')}

    def contents(self, deb: Path) -> dict[str, bytes | str]:
        """Path -> content, or where a link points."""
        archive = subprocess.run(['dpkg-deb', '--fsys-tarfile', deb], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            return {member.name.lstrip('./'): member.linkname if member.issym() else tar.extractfile(member).read()
                    for member in tar if not member.isdir()}

    def test_build(self) -> None:
        self.assertEqual(sorted(name for name in self.debs if not name.endswith('-dbgsym')), PACKAGES)
        self.assertRegex(self.said, r'Ok: +9\b')
        self.assertRegex(self.said, r'Skipped: +0\b')
        for name in PACKAGES:
            architecture = 'all' if name == 'liblinux-doc' else self.builder.run('dpkg', '--print-architecture').strip()
            self.assertEqual(self.debs[name].name, f'{name}_{VERSION}_{architecture}.deb')

    def test_lintian(self) -> None:
        changes = next((self.builder.root / 'build').glob('*.changes')).name
        said = self.builder.try_to_run('lintian', '--pedantic', '--display-info', '--allow-root', '--fail-on', 'error,warning,info,pedantic', changes, cwd='/build')
        self.assertEqual((said.returncode, said.stdout), (0, ''))

    def test_symbols(self) -> None:
        """What programs are told to depend on is the committed list."""
        arch = os.uname().machine
        text = subprocess.run(['dpkg-deb', '-I', self.debs['liblinux1'], 'symbols'], text=True, capture_output=True, check=True).stdout
        self.assertEqual(read_symbols(text), read_symbols(emit.deb_symbols(emit.load(arch))))

    def test_contract(self) -> None:
        """Stripped and compressed it is still the library that test_library.py wants."""
        library = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, library)
        for name in ('liblinux1', 'liblinux-dev'):
            subprocess.run(['dpkg-deb', '-x', self.debs[name], library], check=True)
        shared = next(library.rglob('liblinux.so.1'))
        for test in ('library', 'disassembly'):
            said = subprocess.run([sys.executable, TOP / f'tests/test_{test}.py'], text=True, capture_output=True, env={
                **os.environ, 'LIBRARY': str(shared), 'ARCHIVE': str(shared.with_name('liblinux.a')), 'ARCH': os.uname().machine}).stdout
            self.assertNotRegex(said, r'(?m)^not ok')
            self.assertRegex(said, r'(?m)^1\.\.[1-9]')

    def test_use(self) -> None:
        """On a bare Debian they need nothing else; then a program is built with them, and the manual is read."""
        system = System('user')
        self.addCleanup(shutil.rmtree, system.root)
        for name in PACKAGES:
            shutil.copy(self.debs[name], system.root / 'root')
        system.run('sh', '-c', 'dpkg -i /root/*.deb')
        self.assertEqual(system.run('dpkg', '--audit'), '')
        self.assertIn('long linux_statmount(', system.run('liblinux', 'show', 'statmount'))
        self.assertIn('liblinux.so.1 ', system.run('ldconfig', '-p'))

        system.need('gcc', 'libc6-dev', 'man-db', 'pkg-config')
        shutil.copy(TOP / 'tests/downstream/cachestat.c', system.root / 'root')
        for flags in ('', '-static'):
            system.run('sh', '-c', f'gcc {flags} -Wall -Werror cachestat.c -o cachestat $(pkg-config --cflags --libs liblinux)', cwd='/root')
            result = system.try_to_run('/root/cachestat')
            self.assertIn((result.returncode, result.stdout), [
                (0, 'C: cachestat 0, 3 pages\n'), (77, 'this kernel has no cachestat (Linux 6.5)\n')])
        self.assertIn('linux_statmount(const struct linux_mnt_id_req *req,', system.run('man', 'linux_statmount'))
        for page in ('1', '7'):
            self.assertIn('liblinux', system.run('man', page, 'liblinux'))

        system.run('sh', '-c', 'dpkg -P $(basename -s .deb /root/*.deb | cut -d_ -f1)')
        self.assertEqual(system.run('find', '/usr', '/etc', '/var/lib/dpkg/info', '-name', '*liblinux*'), '')

    def test_cross(self) -> None:
        """For arm64, with what apt says that takes; both can be installed side by side."""
        if os.uname().machine != 'x86_64':
            self.skipTest('this is no x86_64')
        source_tree.copy(self.builder.root / 'build/cross/liblinux')
        self.builder.run('dpkg', '--add-architecture', 'arm64')
        self.builder.need('crossbuild-essential-arm64', 'libc6-dev:arm64')      # what every package may take to be there
        self.builder.run('apt-get', '-q', 'build-dep', '-y', '--no-install-recommends', '-a', 'arm64', '-P', 'cross,nocheck', './liblinux', cwd='/build/cross')
        self.builder.run('dpkg-buildpackage', '-us', '-uc', '-B', '-aarm64', '-Pcross,nocheck', cwd='/build/cross/liblinux')
        for name in PACKAGES:
            if name == 'liblinux-doc':
                continue
            theirs = self.contents(self.builder.root / f'build/cross/{name}_{VERSION}_arm64.deb')
            ours = self.contents(self.debs[name])
            self.assertEqual({path.replace('aarch64-linux-gnu', 'x86_64-linux-gnu') for path in theirs}, set(ours))
            if name != 'liblinux-bin':
                self.assertEqual([path for path in theirs if path in ours and theirs[path] != ours[path]], [])
            for path, content in theirs.items():
                if isinstance(content, bytes) and content.startswith(b'\x7fELF'):
                    self.assertEqual(content[18:20], b'\xb7\0', path)       # EM_AARCH64


if sys.argv[1:2] == ['full']:
    del sys.argv[1], Source
else:
    del Full


if __name__ == '__main__':
    tap.main()
