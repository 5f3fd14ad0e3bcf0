# SPDX-License-Identifier: MIT
"""The fuzzers: what is in their corpus once; with `full` also new inputs, so many, and that they find what they are for.

INCLUDES in the environment has the include directories, BUILD that of the build. An input
that breaks something is left in BUILD/fuzz. SEED is another one for new inputs, FACTOR how many
times as many are tried.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
FUZZ = TOP / 'tests/fuzz'
sys.path[:0] = [str(FUZZ), str(TOP / 'tests')]

import fuzz_generator       # noqa: E402
import tap                  # noqa: E402

FULL = 'full' in sys.argv[1:]
BUILD = Path(os.environ['BUILD'])
FINDINGS = BUILD / 'fuzz'
SEED = os.environ.get('SEED', '1')
FACTOR = int(os.environ.get('FACTOR', '1'))
INCLUDES = [*os.environ['INCLUDES'].split(':'), *(str(top / place) for top in (TOP, BUILD) for place in ('src', 'command'))]
SANITIZE = 'address,undefined'
COMMAND = ['main', 'text', 'data', 'usage', 'table', 'probe', 'needs', 'call']

# name: its own file and flags, those of the project, new inputs, flags of libFuzzer
FUZZERS = {
    'vdso': (['fuzz_vdso.c'], ['src/vdso.c'], 400000, ['-max_len=2500']),
    'needs': (['fuzz_command.c', '-DNEEDS'], [f'command/{name}.c' for name in COMMAND] + ['src/table.c'], 60000, ['-max_len=2000']),
    'command': (['fuzz_command.c'], [f'command/{name}.c' for name in COMMAND] + ['src/table.c'], 25000,
                ['-max_len=300', f'-dict={FUZZ / "command.dict"}']),
}
SECONDS = 60 * FACTOR           # of each, at most
GENERATOR_RUNS = FACTOR * (3000 if FULL else 60)

# Checks that are taken out, each with the fuzzer that sees it.
MUTANTS = [
    ('vdso', 'include/liblinux/vdso-symbol.h', 'count > (image->size - offset) / size', 'count > image->size / size'),
    ('vdso', 'include/liblinux/vdso-symbol.h', 'at < image->size; at++, text++', ';at++, text++'),
    ('needs', 'command/needs.c', 'return (at <= elf->size && size <= elf->size - at)', 'return (at <= elf->size && size <= elf->size)'),
    ('needs', 'command/needs.c', 'if (where >= size) {', 'if (0) {'),
    ('needs', 'command/needs.c', '!inside(elf, at, count * entry) || !inside(elf, strings, size)', '!inside(elf, at, count * entry)'),
    ('command', 'command/call.c', 'one->size >= one->layout->size', '1'),
    ('command', 'command/text.c', 'if (*text == \'"\' || *text == \'\\\\\')', 'if (*text == \'"\')'),
]


def compiled(directory: Path, name: str, instead: dict[str, Path] | None = None) -> Path:
    """The fuzzer, perhaps with other files of the project than its own."""
    if not shutil.which('clang'):
        raise unittest.SkipTest('clang is not installed')
    own, sources, _, _ = FUZZERS[name]
    flags = ['-O2', '-g', '-D_GNU_SOURCE', *(f'-I{directory}' for _ in instead or ()), *(f'-I{path}' for path in INCLUDES),
             f'-fsanitize={SANITIZE}', f'-fno-sanitize-recover={SANITIZE}']
    objects = []
    jobs = []
    for source in sources:
        path = (instead or {}).get(source, TOP / source)
        objects.append(directory / f'{source.replace("/", "-")}.o')
        seam = ['-fno-builtin', '-include', FUZZ / 'seam.h'] if source.startswith('command/') else []
        command = ['clang', *flags, '-fsanitize=fuzzer-no-link', *seam, '-c', path, '-o', objects[-1]]
        if not objects[-1].exists():
            jobs.append(subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True))
    said = ''.join(job.communicate()[1] for job in jobs)
    program = directory / f'fuzz-{name}'
    if not said:
        command = ['clang', *flags, '-fsanitize=fuzzer', '-Wall', '-Wextra', FUZZ / own[0], *own[1:], *objects, '-o', program]
        said = subprocess.run(list(map(str, command)), stderr=subprocess.PIPE, text=True).stderr
    if 'libclang_rt' in said:
        raise unittest.SkipTest('libFuzzer and the sanitizers of clang are not installed')
    if said:
        raise AssertionError(said)
    return program


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in (program, *arguments)], text=True, errors='replace', stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=600 * FACTOR)


def new_inputs(program: Path, name: str, findings: Path, corpus: Path) -> subprocess.CompletedProcess:
    _, _, runs, flags = FUZZERS[name]
    findings.mkdir(parents=True, exist_ok=True)
    return run(program, *flags, f'-runs={runs * FACTOR}', f'-max_total_time={SECONDS}', f'-seed={SEED}', '-timeout=20', '-rss_limit_mb=2048',
               f'-artifact_prefix={findings}/{name}-', '-print_final_stats=1', corpus, FUZZ / 'corpus' / name)


class Fuzz(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        cls.addClassCleanup(shutil.rmtree, cls.directory)

    def corpus(self, name: str) -> None:
        program = compiled(self.directory, name)
        files = sorted((FUZZ / 'corpus' / name).iterdir())
        self.assertGreater(len(files), 5)
        result = run(program, '-timeout=20', f'-artifact_prefix={self.directory}/', *files)
        self.assertEqual(result.returncode, 0, result.stderr[-4000:])
        self.assertEqual(result.stderr.count('Executed '), len(files))

    def new(self, name: str) -> None:
        (self.directory / f'{name}-corpus').mkdir()
        result = new_inputs(compiled(self.directory, name), name, FINDINGS, self.directory / f'{name}-corpus')
        self.assertEqual(result.returncode, 0, result.stderr[-4000:])
        executed = re.search(r'number_of_executed_units: (\d+)', result.stderr)
        self.assertTrue(executed)
        print(f'# {name}: seed {SEED}, {executed[1]} inputs')

    def generator(self, target: str) -> None:
        with tempfile.TemporaryDirectory(prefix='liblinux-') as directory:
            for path, data in fuzz_generator.kept(target):
                with self.subTest(path.name):
                    self.assertEqual(fuzz_generator.attempt(target, data, Path(directory)), '')
        self.assertEqual(fuzz_generator.fuzz(target, int(SEED), GENERATOR_RUNS, SECONDS / 2, FINDINGS), [])

    def mutant(self, name: str, source: str, old: str, new: str) -> None:
        directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, directory)
        text = (TOP / source).read_text()
        self.assertEqual(text.count(old), 1, f'{source}: {old}')
        path = directory / source.replace('include/', '')
        path.parent.mkdir(parents=True)
        path.write_text(text.replace(old, new))
        program = compiled(directory, name, {source: path})
        (directory / 'corpus').mkdir()
        result = new_inputs(program, name, directory / 'findings', directory / 'corpus')
        self.assertNotEqual(result.returncode, 0, 'it was not found')
        self.assertRegex(result.stderr, r'Test unit written to')


for one in FUZZERS:
    setattr(Fuzz, f'test_corpus_{one}', lambda self, name=one: self.corpus(name))
    if FULL:
        setattr(Fuzz, f'test_new_{one}', lambda self, name=one: self.new(name))
for one in fuzz_generator.TARGETS:
    setattr(Fuzz, f'test_generator_{one}', lambda self, target=one: self.generator(target))
for number, mutant in enumerate(MUTANTS if FULL else []):
    setattr(Fuzz, f'test_mutant_{number}_{mutant[0]}', lambda self, mutant=mutant: self.mutant(*mutant))


if __name__ == '__main__':
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != 'full']
    tap.main()
