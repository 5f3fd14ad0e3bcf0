# SPDX-License-Identifier: MIT
"""Hold what a kernel answered to every call against the release that notes.tbl gives it.

A call that the kernel has must not answer ENOSYS, and the kernel's own tracer must know the
number by the call's name; a call that it lacks must answer ENOSYS and nothing else.
exceptions.tbl has what Debian's configuration leaves out, one for all architectures, and one of each.
"""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import arches
import emit
import emit_command
import tables
from console import Results

EXCEPTIONS = Path(__file__).with_name('exceptions.tbl')
ENOSYS = -38
TRAPS = {'signal 4', 'signal 5'}        # SIGILL of ud2, SIGTRAP of brk: behind a call that must not return


@dataclass(frozen=True)
class Line:
    """A line of the table: 'needs' with an option, or 'name' with a name."""
    kind: str
    call: str
    value: str
    reason: str
    path: Path
    number: int

    def __str__(self) -> str:
        return f'{self.path}:{self.number}'


def read_file(path: Path) -> list[Line]:
    lines = []
    for n, line in enumerate(tables.read_lines(path), 1):
        match = re.fullmatch(r'(?:(needs)\s+(\w+)\s+CONFIG_(\w+): (.+)|(name)\s+(\w+)\s+(\w+)())', line)
        if match:
            kind, call, value, reason = (word for word in match.groups() if word is not None)
            lines.append(Line(kind, call, value, reason, path, n))
        elif line.strip() and not line.startswith('#'):
            raise tables.Doubt(path, n, "expected 'needs CALL CONFIG_OPTION: REASON' or 'name CALL NAME'")
    return lines


def read_exceptions(arch: str) -> list[Line]:
    """Those of calls that the architecture has."""
    own = arches.directory(arch) / EXCEPTIONS.name
    lines = read_file(EXCEPTIONS) + (read_file(own) if own.exists() else [])
    has = tables.read_syscalls().calls(arch)
    return [line for line in lines if line.call in has or line.path == own]


def lines_of(arch: str) -> dict[tuple[str, str], Line]:
    return {(line.kind, line.call): line for line in read_exceptions(arch)}


def is_in(name: str, row: tables.Row, facts: emit.Facts, kernel: str) -> bool:
    """Does a kernel of that release have the call?"""
    return tables.release(facts.notes[name].since[facts.arch.name]) <= tables.release(kernel) and \
        (not row.removed or tables.release(row.removed) > tables.release(kernel))


def judge(arch: str, kernel: str, config: dict[str, str], said: list[str], how: str, results: Results, used: set[Line]) -> None:
    """Each call of the architecture is one result; `used` are the lines that made a difference."""
    facts = emit.load(arch)
    mine = lines_of(arch)
    answers = {match[1]: (int(match[2]), match[3]) for text in said if (match := re.fullmatch(r'call (\w+) (\d+) (.*)', text))}
    traced = {match[1]: match[2] for text in said if (match := re.fullmatch(r'trace (\w+) (\w+)', text))}
    if how != 'exit 0':
        results.failed.append(('probe', '\n'.join([*said[-10:], f'probe: {how}'])))
    if not answers:
        return
    for name, row in facts.calls().items():
        what = f'{name} ({row.numbers[arch]}), since {facts.notes[name].since[arch]}'
        has = is_in(name, row, facts, kernel)
        number, answer = answers.get(name, (-1, ''))
        lacking = answer == str(ENOSYS) or answer in TRAPS and emit.is_noreturn(row, facts)
        needs, alias = mine.get(('needs', name)), mine.get(('name', name))
        if number != row.numbers[arch]:
            results.failed.append((what, f'the probe called {number}: it did not get there, or is of another build'))
        elif not has:
            if lacking:
                results.passed.append(name)
            else:
                results.failed.append((what, f'answered {answer}, not ENOSYS'))
        elif needs and needs.value not in config:
            if lacking:
                used.add(needs)
                results.skipped.append((name, f'CONFIG_{needs.value} is off: {needs.reason}'))
            else:
                results.failed.append((what, f'answered {answer} without CONFIG_{needs.value}: {needs}'))
        elif lacking:
            results.failed.append((what, 'answered ENOSYS'))
        elif traced.get(name) != (alias.value if alias else row.kernel_name):
            results.failed.append((what, f'the kernel calls this number {traced.get(name, "nothing")}'))
        else:
            used |= {alias} if alias else set()
            results.passed.append(name)


def judge_probe(arch: str, kernel: str, config: dict[str, str], said: list[str], how: str, results: Results) -> None:
    """What `liblinux probe --json`, as root and behind no filter, said of each call."""
    facts, mine = emit.load(arch), lines_of(arch)
    probes = emit_command.read_probes(facts.table)
    try:
        found = {one['name']: one['status'] for one in json.loads('\n'.join(said))}
    except (ValueError, TypeError, KeyError):
        results.failed.append(('liblinux probe', '\n'.join([*said[-10:], f'no JSON; {how}'])))
        return
    for name, row in facts.calls().items():
        needs = mine.get(('needs', name))
        expected = 'unknown' if probes[name].reason else 'too-old' if not is_in(name, row, facts, kernel) else \
            'missing' if needs and needs.value not in config else 'yes'
        if found.get(name) == expected:
            results.passed.append(f'liblinux probe {name}')
        else:
            results.failed.append((f'liblinux probe {name}', f'said {found.get(name, "nothing")}, not {expected}'))
    if how != 'exit 1' and set(found.values()) - {'yes', 'unknown'} or how not in ('exit 1', 'exit 3'):
        results.failed.append(('liblinux probe', f'ended with {how}'))


def judge_call(arch: str, kernel: str, said: list[str], how: str, results: Results) -> None:
    """What `liblinux call listns size=32 @512 64` said: the ids of some namespaces, or that the kernel is too old."""
    since = emit.load(arch).notes['listns'].since[arch]
    if tables.release(since) <= tables.release(kernel):
        good = how == 'exit 0' and len(said) > 1 and re.fullmatch(r'listns\(size=32, @512, 64, 0\) = [1-9]\d*', said[0]) and re.fullmatch(r'ns_ids:( [1-9]\d*)+', said[1])
    else:
        good = how == 'exit 1' and said[:1] == ['listns(size=32, @512, 64, 0) = -38 ENOSYS'] and \
            re.fullmatch(rf'  this kernel, {re.escape(kernel)}\S*, is older than the call, which came with {re.escape(since)}', said[-1])
    if good:
        results.passed.append('liblinux call listns')
    else:
        results.failed.append(('liblinux call listns', '\n'.join([*said, how])))


def unneeded(arch: str, used: set[Line]) -> list[str]:
    """Lines that made no difference on any kernel."""
    return [f'{line}: {line.call}' for line in read_exceptions(arch) if line not in used]
