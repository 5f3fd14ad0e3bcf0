#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fetch the newest package of a Debian suite whose name matches, and unpack it.

The machine's own mirror and keyring are used, with package lists and downloads in a
cache of our own, so that neither its packages nor its lists change. What is in the
cache needs no network. Exit status 3: the package cannot be had here.
"""
from __future__ import annotations

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

KEYRING = Path('/usr/share/keyrings/debian-archive-keyring.gpg')
LISTS_AGE = 12 * 3600           # seconds after which package lists are fetched again

# Releases of the kernel that tests want, and the suite that has each: its image, its source and its headers.
SUITES = {'6.1': 'bookworm', '6.12': 'trixie', '7.2': 'trixie-backports', '7.3': 'trixie-backports'}


class Unavailable(Exception):
    """No Debian, no network, or no such package: a reason to skip a test."""


def suite_of(release: str) -> str:
    """The suite that has that kernel."""
    if release not in SUITES:
        raise Unavailable(f'no suite of Debian is known for Linux {release}: SUITES in tests/debian_fetch.py has no line for it')
    return SUITES[release]


def cache_directory() -> Path:
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'liblinux'


def mirror() -> str:
    """The mirror in the machine's own apt sources."""
    for path in [*Path('/etc/apt/sources.list.d').glob('*.sources'), *Path('/etc/apt/sources.list.d').glob('*.list'),
                 Path('/etc/apt/sources.list')]:
        text = path.read_text() if path.exists() else ''
        match = re.search(r'^(?:URIs:|deb(?:\s+\[.*?\])?)\s+(\S+/debian)/?\s', text, re.M)
        if match:
            return match[1]
    raise Unavailable('no Debian mirror in the sources of apt')


class Suite:
    """One suite for one architecture, with apt's state in the cache."""

    def __init__(self, name: str, arch: str):
        if not shutil.which('apt-get') or not KEYRING.exists():
            raise Unavailable('apt and its keyring of Debian are not installed')
        self.root = cache_directory() / f'{name}-{arch}'
        for folder in ('lists/partial', 'archives/partial', 'debs'):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.source = f'deb [signed-by={KEYRING}] {mirror()} {name} main\n'
        options = {
            'Dir::Etc::sourcelist': self.root / 'sources.list', 'Dir::Etc::sourceparts': '-',
            'Dir::State::lists': self.root / 'lists', 'Dir::State::status': self.root / 'status',
            'Dir::Cache': self.root, 'APT::Architecture': arch, 'APT::Architectures': arch,
            'Debug::NoLocking': 1, 'Acquire::Languages': 'none', 'Acquire::Retries': 2,
            'APT::Sandbox::User': 'root' if os.getuid() == 0 else '_apt',
        }
        self.options = [word for key, value in options.items() for word in ('-o', f'{key}={value}')]

    def apt(self, *command: str) -> str:
        result = subprocess.run([command[0], *self.options, *command[1:]], cwd=self.root / 'debs', text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if result.returncode:
            lines = result.stderr.strip().splitlines() or ['no reason given']
            raise Unavailable(f'{" ".join(command)}: {lines[-1]}')
        return result.stdout

    def package(self, pattern: str) -> Path:
        """The .deb of the newest package whose whole name matches; one in the cache where there is no newer one to be had."""
        with (self.root / 'lock').open('w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)    # apt without its own: two at once find no packages
            (self.root / 'sources.list').write_text(self.source)
            (self.root / 'status').touch()
            try:
                return self.newest(pattern)
            except Unavailable:
                cached = [path for path in (self.root / 'debs').iterdir() if re.fullmatch(pattern, path.name.partition('_')[0])]
                if not cached:
                    raise
                return max(cached, key=lambda path: path.stat().st_mtime)

    def newest(self, pattern: str) -> Path:
        lists = [path for path in (self.root / 'lists').glob('*Packages*') if path.is_file()]
        if not lists or time.time() - max(path.stat().st_mtime for path in lists) > LISTS_AGE:
            try:
                self.apt('apt-get', '-q', '--error-on=any', 'update')
                for path in (self.root / 'lists').glob('*Packages*'):
                    os.utime(path)
            except Unavailable:
                if not lists:
                    raise           # old lists are better than none
        names = [name for name in self.apt('apt-cache', 'pkgnames').split() if re.fullmatch(pattern, name)]
        if not names:
            raise Unavailable(f'no package matches {pattern}')
        name = max(names, key=lambda name: [(int(part), '') if part.isdecimal() else (-1, part)
                                            for part in re.split(r'(\d+)', name)])
        version = re.search(r'^Version: (.*)', self.apt('apt-cache', 'show', '--no-all-versions', name), re.M)[1]
        wanted = f'{name}_{version.replace(":", "%3a")}_'
        found = [path for path in (self.root / 'debs').iterdir() if path.name.startswith(wanted)]
        if not found:
            self.apt('apt-get', '-q', 'download', name)
            found = [path for path in (self.root / 'debs').iterdir() if path.name.startswith(wanted)]
        if not found:
            raise Unavailable(f'{name} {version} did not arrive')
        return found[0]


def fetch(suite: str, arch: str, pattern: str, destination: Path) -> str:
    """Unpack the package into the directory; the name of its file says what it was."""
    deb = Suite(suite, arch).package(pattern)
    destination.mkdir(parents=True, exist_ok=True)
    subprocess.run(['dpkg-deb', '-x', str(deb), str(destination)], check=True)
    return deb.name


def kernel_source(release: str) -> Path:
    """The source tree of Debian's kernel of that release, kept unpacked in the cache."""
    deb = Suite(suite_of(release), host_arch()).package(rf'linux-source-{re.escape(release)}')
    tree = cache_directory() / 'trees' / deb.stem
    if not tree.exists():
        part = tree.with_name(f'{tree.name}.{os.getpid()}')
        part.mkdir(parents=True)
        subprocess.run(['dpkg-deb', '-x', str(deb), str(part)], check=True)
        with tarfile.open(part / f'usr/src/linux-source-{release}.tar.xz') as archive:
            archive.extractall(part)
        try:
            (part / f'linux-source-{release}').rename(tree)
        except OSError:
            if not tree.exists():       # somebody else was faster
                raise
        shutil.rmtree(part)
    return tree


def host_arch() -> str:
    if not shutil.which('dpkg'):
        raise Unavailable('this is no Debian')
    return subprocess.run(['dpkg', '--print-architecture'], text=True, capture_output=True, check=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ('suite', 'arch', 'pattern'):
        parser.add_argument(name)
    parser.add_argument('destination', type=Path)
    options = parser.parse_args()
    try:
        print(fetch(options.suite, options.arch, options.pattern, options.destination))
    except Unavailable as reason:
        print(f'debian_fetch.py: {reason}', file=sys.stderr)
        return 3
    return 0


if __name__ == '__main__':
    sys.exit(main())
