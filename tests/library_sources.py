# SPDX-License-Identifier: MIT
"""Write all that the library of an architecture is compiled from: library_sources.py ARCH DIRECTORY.

test_abi.py runs that of the tree whose library it wants, since an older tree has an older generator.
"""
from __future__ import annotations

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / 'gen'))

import emit                 # noqa: E402


def main(arch: str, directory: Path) -> None:
    facts = emit.load(arch)
    for name in ('liblinux/uapi', 'wrappers'):
        (directory / name).mkdir(parents=True)
    for name in emit.OUTPUTS:
        if name.endswith('.h'):
            (directory / ('.' if '_' in name else 'liblinux') / name).write_text(emit.output(name, facts))
    for name in ('calls', 'liblinux.map'):
        (directory / name).write_text(emit.output(name, facts))
    for name, place in (('uapi', 'liblinux/uapi'), ('wrappers', 'wrappers')):
        for file, text in emit.DIRECTORIES[name](facts).items():
            (directory / place / file).write_text(text)
    compiled_in = {f'number {name}': row.numbers[arch] for name, row in facts.calls().items()}
    for tag, (_, record) in facts.uapi.records(arch).items():
        compiled_in.update({f'offset {tag}.{member.name}': member.offset for member in record.members if member.name})
    (directory / 'facts').write_text(''.join(f'{name} {value}\n' for name, value in compiled_in.items()))
    (directory / 'acknowledged').write_text(''.join(        # for abidiff
        f'[suppress_function]\n\tname = {name}\n\tchange_kind = function-subtype-change\n' for name in emit.acknowledged(facts)))


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]))
