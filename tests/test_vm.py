# SPDX-License-Identifier: MIT
"""The readers behind the virtual machines: nothing that goes wrong there looks like a pass."""
from __future__ import annotations

import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'tests/vm'), str(TOP / 'tests'), str(TOP / 'gen')]

import arches               # noqa: E402
import console              # noqa: E402
import debian_fetch         # noqa: E402
import emit                 # noqa: E402
import emit_command         # noqa: E402
import initramfs            # noqa: E402
import matrix               # noqa: E402
import since                # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402


def read(text: str, how: str = 'exit 0') -> tuple[int, int, list[str]]:
    """Passed, failed, and the reasons of skips."""
    results = console.Results()
    console.read_tap('p', text.splitlines(), how, results)
    return len(results.passed), len(results.failed), [reason for _, reason in results.skipped]


class Tap(unittest.TestCase):
    def test_all_pass(self) -> None:
        self.assertEqual(read('1..2\nok 1 - a\nok 2 - b\n# ok - tests\n'), (2, 0, []))

    def test_failures(self) -> None:
        for name, text, how in [
            ('a case', '1..2\nok 1 - a\nnot ok 2 - b\n', 'exit 1'),
            ('a case, and the program says nothing', '1..2\nok 1 - a\nnot ok 2 - b\n', 'exit 0'),
            ('too few cases', '1..2\nok 1 - a\n', 'exit 0'),
            ('too many cases', '1..1\nok 1 - a\nok 2 - b\n', 'exit 0'),
            ('no plan', 'ok 1 - a\n', 'exit 0'),
            ('nothing', '', 'exit 0'),
            ('exit status', '1..1\nok 1 - a\n', 'exit 3'),
            ('signal', '1..1\nok 1 - a\n', 'signal 11'),
            ('time', '1..1\nok 1 - a\n', 'timeout'),
        ]:
            with self.subTest(name):
                self.assertEqual(read(text, how)[1], 1)

    def test_skips_have_their_reason(self) -> None:
        self.assertEqual(read('1..0 # SKIP no SVE\n'), (0, 0, ['no SVE']))
        self.assertEqual(read('1..1\nok 1 - a # SKIP too old\n'), (0, 0, ['too old']))
        self.assertEqual(read('1..2\nok 1 - b\n# errno 38\nnot ok 2 # SKIP a\n'), (1, 0, ['errno 38']))
        self.assertEqual(read('1..1\nnot ok 1 # SKIP a\n'), (0, 0, ['no reason given']))

    def test_a_program_that_did_not_end(self) -> None:
        found, errors = console.split(['@begin a', '1..1', 'ok 1 - a', '@end a exit 0', '@begin b', '1..1', 'ok 1 - b', '@error no'])
        self.assertEqual(found, {'a': (['1..1', 'ok 1 - a'], 'exit 0')})
        self.assertEqual(errors, ['no'])


class Since(unittest.TestCase):
    CONFIG = {line.value: 'y' for line in since.read_exceptions('x86_64') if line.kind == 'needs'}

    def judge(self, kernel: str = '6.12', config: dict[str, str] | None = None, how: str = 'exit 0', **changes: str | None) -> console.Results:
        """A kernel that answers as the notes say, but for some calls."""
        facts = emit.load('x86_64')
        names = {line.call: line.value for line in since.read_exceptions('x86_64') if line.kind == 'name'}
        said = []
        for name, row in facts.calls().items():
            has = tables.release(facts.notes[name].since['x86_64']) <= tables.release(kernel)
            answer = changes.get(name, '-22' if has else '-38')
            if answer is not None:
                said.append(f'call {name} {row.numbers["x86_64"]} {answer}')
            said.append(f'trace {name} {changes.get(f"{name}_is", names.get(name, name)) if has else "exit_group"}')
        results, self.used = console.Results(), set()
        since.judge('x86_64', kernel, self.CONFIG if config is None else config, said, how, results, self.used)
        return results

    def failed(self, *args: object, **changes: str | None) -> list[str]:
        return [what.partition(' ')[0] for what, _ in self.judge(*args, **changes).failed]

    def test_as_the_notes_say(self) -> None:
        for kernel in ('6.1', '6.12', '7.3'):
            results = self.judge(kernel)
            self.assertEqual((len(results.passed), results.failed, results.skipped), (len(emit.load('x86_64').calls()), [], []))

    def test_wrong_answers(self) -> None:
        self.assertEqual(self.failed(read='-38'), ['read'])
        self.assertEqual(self.failed(fchroot='-22'), ['fchroot'])
        self.assertEqual(self.failed(fchroot='signal 11'), ['fchroot'])
        self.assertEqual(self.failed(read_is='write'), ['read'])
        self.assertEqual(self.failed(read=None), ['read'])
        self.assertEqual(self.failed(how='signal 9'), ['probe'])

    def test_calls_that_do_not_return(self) -> None:
        self.assertEqual(self.failed(exit='exit', rt_sigreturn='signal 11', uretprobe='signal 4'), [])
        self.assertEqual(self.failed(exit='signal 4'), ['exit'])    # it came back, and ran into the trap

    def test_what_debian_leaves_out(self) -> None:
        results = self.judge('7.3', {}, rseq_slice_yield='-38')
        self.assertEqual([what for what, _ in results.skipped], ['rseq_slice_yield'])
        self.assertIn('CONFIG_RSEQ_SLICE_EXTENSION', results.skipped[0][1])
        self.assertNotIn('rseq_slice_yield', ' '.join(since.unneeded('x86_64', self.used)))
        self.assertEqual(self.failed('7.3', {}, rseq_slice_yield='-22'), ['rseq_slice_yield'])
        self.assertEqual(self.failed('7.3', rseq_slice_yield='-38'), ['rseq_slice_yield'])

    def test_probe_of_the_command(self) -> None:
        facts = emit.load('x86_64')
        right = {name: 'too-old' if tables.release(facts.notes[name].since['x86_64']) > (6, 12) else 'yes' for name in facts.calls()}
        right.update({name: 'unknown' for name, probe in emit_command.read_probes(facts.table).items() if probe.reason and name in right})

        def failed(how: str = 'exit 1', **changes: str) -> list[str]:
            said = json.dumps([{'name': name, 'status': status} for name, status in {**right, **changes}.items()])
            results = console.Results()
            since.judge_probe('x86_64', '6.12', self.CONFIG, [said], how, results)
            return [what for what, _ in results.failed]
        self.assertEqual(failed(), [])
        self.assertEqual(failed(read='missing'), ['liblinux probe read'])
        self.assertEqual(failed(fchroot='yes'), ['liblinux probe fchroot'])
        self.assertEqual(failed(pause='yes'), ['liblinux probe pause'])
        self.assertEqual(failed('signal 9'), ['liblinux probe'])
        results = console.Results()
        since.judge_probe('x86_64', '6.12', self.CONFIG, ['[{'], 'exit 1', results)
        self.assertEqual([what for what, _ in results.failed], ['liblinux probe'])

    def test_call_of_the_command(self) -> None:
        def good(kernel: str, how: str, *said: str) -> bool:
            results = console.Results()
            since.judge_call('x86_64', kernel, list(said), how, results)
            return not results.failed
        old = 'listns(size=32, @512, 64, 0) = -38 ENOSYS', '  this kernel, 6.12.1, is older than the call, which came with 6.19'
        new = 'listns(size=32, @512, 64, 0) = 8', 'ns_ids: 1 2 3 4 10'
        self.assertTrue(good('6.12', 'exit 1', *old))
        self.assertTrue(good('7.3', 'exit 0', *new))
        for said in (('6.12', 'exit 0', *new), ('7.3', 'exit 1', *old), ('6.12', 'exit 1'), ('7.3', 'exit 0'), ('6.12', 'exit 1', old[0]), ('7.3', 'exit 0', new[0])):
            self.assertFalse(good(*said), said)

    def test_a_line_that_nobody_needs(self) -> None:
        self.judge('7.3')
        self.assertIn('rseq_slice_yield', ' '.join(since.unneeded('x86_64', self.used)))

    def test_a_line_that_is_none(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'exceptions.tbl'
            path.write_text('# a comment\n\nneeds kcmp KCMP: no CONFIG_\n')
            with self.assertRaisesRegex(tables.Doubt, r'exceptions.tbl:3: expected'):
                since.read_file(path)

    def test_lines_of_an_architecture(self) -> None:
        """What all have, if they have the call, and what one has."""
        names = {arch.name: {line.call: line.value for line in since.read_exceptions(arch.name)} for arch in arches.every()}
        self.assertEqual({name for name, lines in names.items() if 'stat' in lines}, {'x86_64'})
        self.assertEqual({name for name, lines in names.items() if lines.get('personality') == 'arm64_personality'}, {'aarch64'})
        self.assertEqual({name for name, lines in names.items() if lines.get('umount2') == 'umount'}, set(names))


class Archive(unittest.TestCase):
    def test_entries(self) -> None:
        files = initramfs.Initramfs([], 'none')
        files.write('/a/b', b'12345', 0o644)
        files.write('/init', b'')
        data, found, position = files.archive(), {}, 0
        while True:
            fields = [int(data[position + 6 + 8 * n:position + 14 + 8 * n], 16) for n in range(13)]
            self.assertEqual(data[position:position + 6], b'070701')
            name = data[position + 110:position + 109 + fields[11]].decode()
            start = (position + 110 + fields[11] + 3) & ~3
            if name == 'TRAILER!!!':
                break
            found[name] = fields[1], data[start:start + fields[6]]
            position = (start + fields[6] + 3) & ~3
        self.assertEqual(found, {'a': (0o40755, b''), 'a/b': (0o100644, b'12345'), 'init': (0o100755, b'')})

    def test_a_library_that_is_nowhere(self) -> None:
        with self.assertRaisesRegex(initramfs.Missing, 'no library'):
            initramfs.Initramfs([], 'none').program(Path(sys.executable).resolve(), [])


class Kernels(unittest.TestCase):
    def test_no_image_is_a_reason(self) -> None:
        """No pass, and no failure either: each kernel says why it was not run."""
        reason = debian_fetch.Unavailable('no network')
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(matrix, 'image', side_effect=reason):
            reports = matrix.run_all({arch.name: Path(folder) for arch in arches.every()}, Path(folder) / 'vm', False)
        self.assertEqual([report.unavailable for report in reports], ['no network'] * sum(len(arch.kernels) + 1 for arch in arches.every()))

    def test_a_test_that_is_not_built(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            build = Path(folder)
            (build / 'meson-info').mkdir()
            (build / 'meson-info/intro-tests.json').write_text(
                f'[{{"name": "a", "protocol": "tap", "suite": ["liblinux"], "cmd": ["{build}/tests/a"], "env": {{}}}}]')
            with self.assertRaisesRegex(initramfs.Missing, 'tests/a is not built'):
                matrix.programs(build, False)


if __name__ == '__main__':
    tap.main()
