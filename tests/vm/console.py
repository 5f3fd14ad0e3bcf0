# SPDX-License-Identifier: MIT
"""What a virtual machine says on its console: init.c's lines, and the TAP of the programs."""
from __future__ import annotations

import re
from dataclasses import dataclass, field

TAIL = 40                   # lines of the console that a failure shows


@dataclass
class Results:
    """What one machine said."""
    passed: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)         # what, and the reason
    skipped: list[tuple[str, str]] = field(default_factory=list)


def read_tap(program: str, lines: list[str], how: str, results: Results) -> None:
    """The cases of one program. cmocka says "not ok" of a skip, and no reason: what was said before it is one."""
    planned, count, before, failed = None, 0, '', False
    for line in lines:
        if match := re.fullmatch(r'1\.\.(\d+)(?: # SKIP ?(.*))?', line):
            planned = int(match[1])
            if not planned:
                results.skipped.append((program, match[2] or 'no reason given'))
        elif match := re.fullmatch(r'(not )?ok \d+(?: -)? ?(.*?)(?:# SKIP ?(.*))?', line):
            count += 1
            name = f'{program} {(match[2] or match[3] or "").strip()}'
            if match[3] is not None:
                results.skipped.append((name, match[3] if match[2].strip() else before or 'no reason given'))
            elif match[1]:
                failed = True
                results.failed.append((name, '\n'.join(lines)))
            else:
                results.passed.append(name)
            before = ''
        elif line.startswith('# '):
            before = line[2:]
    if count != planned or how != 'exit 0' and not failed:
        results.failed.append((program, '\n'.join([*lines, f'{program}: {count} of {planned} cases, {how}'])))


def split(lines: list[str]) -> tuple[dict[str, tuple[list[str], str]], list[str]]:
    """Program -> its lines and how it ended; and what init had to say."""
    found: dict[str, tuple[list[str], str]] = {}
    errors, name, inside = [], '', []
    for line in lines:
        word, _, rest = line.partition(' ')
        if word == '@begin':
            name, inside = rest, []
        elif word == '@end' and rest.startswith(f'{name} '):
            found[name] = inside, rest[len(name) + 1:]
            name = ''
        elif word == '@error':
            errors.append(rest)
        elif name and line:
            inside.append(line)
    return found, errors


def tail(lines: list[str]) -> str:
    return '\n'.join([line for line in lines if line][-TAIL:])
