# SPDX-License-Identifier: MIT
"""Debian's packages: what debian/ says is what the project says."""
from __future__ import annotations

import email.utils
import re
import sys
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import emit                 # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402

VERSION = '.'.join(tables.read_version())
DEBIAN = {'x86_64': 'amd64', 'aarch64': 'arm64'}


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
        wanted = ' '.join(sorted(DEBIAN[arch.name] for arch in tables.read_arches()))
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


if __name__ == '__main__':
    tap.main()
