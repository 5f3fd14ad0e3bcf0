# SPDX-License-Identifier: MIT
"""The `liblinux` command: every subcommand with good and bad input.

COMMAND, ARCH, CC, INCLUDES, LIBRARY and ARCHIVE in the environment say which and with what;
MESON_EXE_WRAPPER runs programs of another architecture.
"""
from __future__ import annotations

import ctypes
import json
import os
import platform
import pty
import random
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests'), str(TOP / 'tests/vm')]

import arches               # noqa: E402
import emit                 # noqa: E402
import emit_command         # noqa: E402
import emit_table           # noqa: E402
import since                # noqa: E402
import tap                  # noqa: E402
import test_table           # noqa: E402
import tables               # noqa: E402
from elf_maker import Elf, STRSZ, SYMTAB, VERNEED     # noqa: E402

COMMAND, ARCH = os.environ['COMMAND'], os.environ['ARCH']
WRAPPER = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
CC = [*shlex.split(os.environ['CC']), *(f'-I{path}' for path in os.environ['INCLUDES'].split(':'))]
LIBRARY, ARCHIVE = os.environ['LIBRARY'], os.environ['ARCHIVE']
FACTS = emit.load(ARCH)
ROWS = [entry.row for entry in emit_table.entries(FACTS.table, FACTS.notes, FACTS.shared)]
CALLS = {row.name: row for row in ROWS if ARCH in row.numbers}
SUBCOMMANDS = ('list', 'show', 'probe', 'needs', 'errno', 'call')
KERNEL = tables.release('.'.join(re.match(r'(\d+)\.(\d+)', platform.release()).groups()))
TIMEOUT = 60


def run(*words: str | Path, **more) -> subprocess.CompletedProcess:
    """A run that a signal ends is never right."""
    result = subprocess.run([*WRAPPER, COMMAND, *map(str, words)], text=True, capture_output=True, timeout=TIMEOUT,
                            stdin=subprocess.DEVNULL, errors='surrogateescape', **more)
    if result.returncode not in (0, 1, 2, 3):
        raise AssertionError(f'{words} ended with {result.returncode}')
    return result


class Case(unittest.TestCase):
    maxDiff = None

    def good(self, *words: str | Path, **more) -> str:
        result = run(*words, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ''), words)
        return result.stdout

    def bad(self, status: int, message: str, *words: str | Path, **more) -> str:
        """One clear line."""
        result = run(*words, **more)
        self.assertEqual(result.returncode, status, (words, result.stderr))
        self.assertRegex(result.stderr, rf'\Aliblinux: [^\n]*{message}[^\n]*\n\Z', words)
        return result.stdout

    def names(self, *words: str) -> list[str]:
        return [line.split()[0] for line in self.good('list', *words).splitlines()[1:]]


class Itself(Case):
    def test_needs_no_libc(self) -> None:
        said = subprocess.run(['readelf', '-ldsW', COMMAND], text=True, capture_output=True, check=True, env={**os.environ, 'LC_ALL': 'C'}).stdout
        self.assertNotIn('INTERP', said)
        self.assertNotIn('(NEEDED)', said)
        self.assertNotIn('GLIBC', said)
        self.assertNotIn(' TLS ', said)
        self.assertRegex(said, 'GNU_STACK .* RW ')

    def test_help(self) -> None:
        whole = self.good('--help')
        for name in SUBCOMMANDS:
            self.assertIn(f'  {name} ', whole)
            said = self.good(name, '--help')
            self.assertTrue(said.startswith(f'usage: liblinux {name}'))
            self.assertIn('--json', said)
            self.assertIn('It ends with', said)
        for text in [whole, *(self.good(name, '--help') for name in SUBCOMMANDS)]:
            self.assertLess(max(map(len, text.splitlines())), 96)

    def test_version(self) -> None:
        self.assertEqual(self.good('--version'), f'liblinux {".".join(FACTS.version)}, of Linux {FACTS.table.tree} on {ARCH}\n')

        self.assertEqual(self.good('-V'), self.good('--version'))
        self.assertEqual(json.loads(self.good('--version', '--json')), {'version': '.'.join(FACTS.version), 'linux': FACTS.table.tree, 'arch': ARCH})
        self.bad(2, 'nothing but --json', '--version', 'x')

    def test_wrong_use(self) -> None:
        self.bad(2, 'which command')
        self.bad(2, "no command 'lists'", 'lists')
        for name in SUBCOMMANDS:
            self.bad(2, "unknown option '--wrong'", name, '--wrong')
            self.bad(2, "'--json' takes no value", name, '--json=1')
            self.bad(2, "unknown option '--js'", name, '--js')
            self.bad(2, "unknown option '-x'", name, '-x')
        self.bad(2, "'--since' wants a value", 'list', '--since')
        for name in ('show', 'needs', 'call'):
            self.bad(2, f'{name} wants', name)

    def test_output_that_fails(self) -> None:
        with open('/dev/full', 'w', encoding='utf-8') as full:
            for words in (['list'], ['--version'], ['call', 'getpid'], ['probe', '--all', 'getpid', 'getuid', 'close']):
                result = subprocess.run([*WRAPPER, COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
                self.assertEqual((result.returncode, result.stderr), (3, 'liblinux: standard output: ENOSPC\n'))

    def test_complaints_are_one_line(self) -> None:
        said = run('show', 'no\nsuch\x1b[31m').stderr
        self.assertEqual(said.count('\n'), 1)
        self.assertNotIn('\x1b', said)
        for letter in 'xé':
            said = run('show', letter * 3000).stderr
            self.assertRegex(said, r"\.\.\.' in Linux .*looks for words\n\Z")
            self.assertTrue(said.isprintable() or said[:-1].isprintable())


class List(Case):
    def test_all(self) -> None:
        lines = self.good('list').splitlines()[1:]
        self.assertEqual([line.split()[:3] for line in lines],
                         [[name, str(row.numbers[ARCH]), FACTS.notes[name].since[ARCH]] for name, row in sorted(CALLS.items())])
        for line in lines:
            self.assertTrue(line.endswith(f' {FACTS.notes[line.split()[0]].summary}'), line)

    def test_since(self) -> None:
        for since in ('6.8', '7.3', '2.6.28', '1.0'):
            wanted = [name for name in sorted(CALLS) if tables.release(FACTS.notes[name].since[ARCH]) >= tables.release(since)]
            self.assertEqual(self.names('--since', since), wanted)
            self.assertEqual(self.names(f'--since={since}'), wanted)
        self.bad(1, 'no call', 'list', '--since', '8.0')
        for since, same in (('7', '7.0'), ('010', '10'), ('2.6.39.4', '2.6.39')):
            self.assertEqual(run('list', '--since', since).stdout, run('list', '--since', same).stdout, since)
        for wrong in ('new', '', 'v6.8', '6x', '-6', '+6', '6.', '.6', '.', '6..8', '6.8.', '6.8foo', '6.8 ', '0x10', '6.8-rc1'):
            self.bad(2, 'no release', 'list', '--since', wrong)

    def test_category(self) -> None:
        said = self.good('list', '--categories')
        for name in (line.split()[0] for line in said.splitlines()):
            self.assertEqual(self.names('--category', name), [call for call in sorted(CALLS) if FACTS.notes[call].category == name])
        for more in (['foo'], ['--since=6.8'], ['--category', 'mount'], ['--not-in=musl']):
            self.bad(2, 'nothing but --json', 'list', '--categories', *more)
        self.bad(2, "no category 'nothing'", 'list', '--category', 'nothing')

    def test_not_in(self) -> None:
        for libc in ('glibc', 'musl'):
            self.assertEqual(self.names('--not-in', libc), [call for call in sorted(CALLS) if libc not in FACTS.notes[call].libc])
        self.bad(2, 'neither glibc nor musl', 'list', '--not-in', 'bionic')

    def test_arch(self) -> None:
        for arch in FACTS.table.arches:
            self.assertEqual(self.names('--arch', arch), sorted(row.name for row in ROWS if arch in row.numbers))
        self.bad(2, f"no architecture 'arm'; there are: {', '.join(FACTS.table.arches)}$", 'list', '--arch', 'arm')

    def test_patterns(self) -> None:
        self.assertEqual(self.names('statm*'), ['statmount'])
        self.assertEqual(self.names('*mount'), [name for name in sorted(CALLS) if name.endswith('mount')])
        self.assertEqual(self.names('?etpid'), ['getpid'])
        self.assertEqual(self.names('linux_statmount'), ['statmount'])
        self.assertEqual(self.names('listing', 'namespaces'), ['listns'])
        self.assertIn('listns', self.names('NAMESPACE'))
        self.assertEqual(self.names('keyrings'), self.names('keyring'))
        self.assertEqual(self.names('mount', '--since', '6.8', '--category', 'mount', '--not-in', 'musl'),
                         [name for name in self.names('mount') if FACTS.notes[name].category == 'mount' and 'musl' not in FACTS.notes[name].libc
                          and tables.release(FACTS.notes[name].since[ARCH]) >= tables.release('6.8')])
        self.assertEqual(self.names('listing namespaces'), ['listns'])
        self.assertNotIn('sysinfo', self.names('mount'))                # "amount"
        self.assertIn('umount2', self.names('mount'))
        for one, other in (('directories', 'directory'), ('capabilities', 'capability'), ('priorities', 'priority')):
            self.assertEqual(self.names(one), self.names(other))
        said = self.bad(1, "none has 'xyzzy'; these have the most of them", 'list', 'namespaces', 'xyzzy')
        self.assertEqual([line.split()[0] for line in said.splitlines()[1:]], self.names('namespaces'))
        said = self.bad(1, "none has all of these words; these", 'list', 'listns statmount')
        self.assertEqual([line.split()[0] for line in said.splitlines()[1:]], ['listns', 'statmount'])
        said = self.bad(1, "none has all", 'list', 'listing', 'keyring', 'namespaces')
        self.assertEqual([line.split()[0] for line in said.splitlines()[1:]], ['listns'])
        self.assertEqual(self.bad(1, "none has 'xyzzy'$", 'list', 'xyzzy'), '')
        self.bad(1, "none has all of these words", 'list', 'listns', 'statmount')
        self.bad(1, 'no call is like that$', 'list', 'statmount', '--since', '7.0')
        self.bad(1, 'no call', 'list', '*a*b*c*d*e*f*g*h*i*')

    def test_json_is_liblinux_json(self) -> None:
        """The objects of the installed table, but for the kernel's own types."""
        wanted = json.loads(emit.table_json(FACTS))['calls']
        calls = json.loads(emit_table.schema(FACTS.table))['properties']['calls']
        arg = calls['items']['properties']['args']['items']
        del arg['properties']['kernel_type']
        arg['required'].remove('kernel_type')
        for call in wanted:
            for arg in call['args']:
                del arg['kernel_type']
        for arch in FACTS.table.arches:
            found = json.loads(self.good('list', '--json', '--arch', arch))
            self.assertEqual(test_table.wrong(calls, found), '')
            self.assertEqual([list(call) for call in found], [list(call) for call in wanted if arch in call['numbers']])
            self.assertEqual(found, [call for call in wanted if arch in call['numbers']])
        for words in (['xyzzy'], ['listns', 'xyzzy']):
            self.assertEqual(json.loads(run('list', '--json', *words).stdout), [])
        self.assertEqual({one['name'] for one in json.loads(self.good('list', '--categories', '--json'))}, set(emit.call_notes.CATEGORIES))


GOLDEN_SHOW = '''\
statmount - {summary}

  long linux_statmount(const struct linux_mnt_id_req *req, struct linux_statmount *buf,
      unsigned long bufsize, unsigned int flags);

{arches}
  libc         glibc has none, musl has none
  category     mount
  result       0, or a negated errno
  may want     CAP_SYS_ADMIN
  pages        linux_statmount(3){man}

    req              read
    buf              written: bufsize says how many bytes
    bufsize          a value
    flags            a value

    struct linux_mnt_id_req, 32 bytes
      0    u32   size
      4    u32   mnt_ns_fd
      4    u32   mnt_fd
      8    u64   mnt_id
      16   u64   param
      24   u64   mnt_ns_id

    struct linux_statmount, 512 bytes
'''


class Show(Case):
    def test_golden(self) -> None:
        note = FACTS.notes['statmount']
        everywhere = '\n'.join(f'  {arch:<12} number 457, since Linux 6.8' for arch in FACTS.table.arches)
        wanted = GOLDEN_SHOW.format(arches=everywhere, summary=note.summary, man=f', {note.man}(2)' if note.man else '')
        self.assertEqual(self.good('show', 'statmount')[:len(wanted)], wanted)

    def test_every_call(self) -> None:
        names = sorted({row.name for row in ROWS})
        texts = self.good('show', *names).split('\n\n')
        heads = [text.strip('\n').split(' - ')[0] for text in texts if ' - ' in text.split('\n')[0]]
        self.assertEqual(heads, [row.name for row in ROWS])
        for row in ROWS:
            self.assertTrue(all(f'    {arg.name} ' in '\n\n'.join(texts) for arg in row.args), row.name)

    def test_hazards(self) -> None:
        said = self.good('show', 'setuid')
        self.assertIn('thread-credentials Changes the calling thread only', ' '.join(said.split()))
        self.assertIn('Never returns', self.good('show', 'exit_group'))
        self.assertIn('CAP_SYS_ADMIN', self.good('show', 'bpf'))
        self.assertIn('BPF_SYSCALL', self.good('show', 'bpf'))
        self.assertIn('  obsolete     Obsolete. renameat2 takes its place.\n', self.good('show', 'renameat'))
        self.assertIn('  result       a process or thread id\n', self.good('show', 'getpid'))
        self.assertIn('  result       a process or thread id, or a negated errno\n', self.good('show', 'getpgid'))

    def test_arguments(self) -> None:
        for name, line in (('mincore', 'vec              written: as many bytes as len has pages'),
                           ('get_mempolicy', 'nmask            written: maxnode less 1 says how many bits; may be NULL'),
                           ('readv', 'vec              read: vlen says how many elements; what it points to is written'),
                           ('read', 'buf              written: count says how many bytes, the result how many are written'),
                           ('accept', 'upeer_sockaddr   written: upeer_addrlen points to how many bytes; may be NULL'),
                           ('openat', "dfd              a directory's descriptor, or AT_FDCWD"), ('openat', 'filename         read, a string'),
                           ('close', 'fd               a file descriptor, which is closed'), ('fcntl', 'arg              another argument decides what it is'),
                           ('capset', 'data             read: 2 elements'), ('brk', 'brk              an address; may be NULL'),
                           ('set_robust_list', 'head             read: len says how many bytes; may be NULL; the kernel keeps the address')):
            self.assertIn(f'    {line}\n', self.good('show', name))

    def test_differs_by_architecture(self) -> None:
        """A prototype of its own for each."""
        said = self.good('show', 'clone')
        self.assertEqual(said.count('long linux_clone('), 2)
        self.assertEqual(self.good('show', 'openat').count('long linux_openat('), 1)

    def test_names(self) -> None:
        number = str(CALLS['openat'].numbers[ARCH])
        self.assertEqual(self.good('show', number), self.good('show', 'openat'))
        for name in ('linux_openat', 'OPENAT', 'openat(2)', 'linux_openat(3)', '__NR_openat', 'SYS_openat', 'openat()'):
            self.assertEqual(self.good('show', name), self.good('show', 'openat'), name)
        for wrong in ('openat(', 'openat(9)', 'openat' + 'x' * 58, '__NR_'):
            self.bad(1, 'no call', 'show', wrong)

    def test_only_elsewhere(self) -> None:
        self.assertIn('x86_64       number 2,', self.good('show', 'open'))

    def test_unknown(self) -> None:
        self.bad(1, 'there is statmount', 'show', 'stamount')
        self.bad(1, 'there is .*openat', 'show', 'opneat')
        self.bad(1, 'list WORD', 'show', 'xyzzyxyzzy')
        for wrong in ('99999', '', '-', '0x', '99999999999999999999999', 'x' * 3000, '\xff'):
            self.bad(1, 'no call', 'show', wrong)

    def test_json(self) -> None:
        for name in ('statmount', 'clone', 'exit'):
            found = json.loads(self.good('show', '--json', name))
            self.assertEqual([one['name'] for one in found], [row.name for row in ROWS if row.name == name])
        self.assertEqual(json.loads(self.bad(1, 'no call', 'show', '--json', 'statmuont')), [])


class Errno(Case):
    def test_both_ways(self) -> None:
        values = {}
        for name, value in FACTS.errno:
            values[name] = int(value) if value.isdecimal() else values[value]
        aliases = {name: sorted(other for other in values if values[other] == value and other != name) for name, value in values.items()}
        for name, value in values.items():
            for word in (name, name.lower(), f'LINUX_{name}'):
                text = self.good('errno', word)
                self.assertEqual(text.split()[:2], [name, str(value)])
                self.assertEqual(sorted(re.findall(r'E\w+', text)), sorted([name, *aliases[name]]))
            first = next(one for one in values if values[one] == value)
            for word in (str(value), str(-value), hex(value)):
                self.assertEqual(self.good('errno', word), self.good('errno', first))
            self.assertEqual(os.strerror(value) and self.good('errno', '--json', name),
                             f'[{{"name": "{name}", "value": {value}, "aliases": [{", ".join(json.dumps(one) for one in values if one in aliases[name])}]}}]\n')

    def test_all(self) -> None:
        self.assertEqual([line.split()[0] for line in self.good('errno').splitlines()], [name for name, value in FACTS.errno if value.isdecimal()])
        self.assertEqual(len(json.loads(self.good('errno', '--json'))), sum(value.isdecimal() for _, value in FACTS.errno))

    def test_unknown(self) -> None:
        for word in ('0', '4096', 'ENOTHING', '', 'ENOEN', 'NOENT', '18446744073709551616', '-9223372036854775808', '9223372036854775809'):
            self.bad(1, 'no errno', 'errno', word)
        self.assertEqual(self.good('errno', 'ENOTSUP'), self.good('errno', 'EOPNOTSUPP')[:-1] + "  ENOTSUP is libc's name of it\n")
        self.assertEqual(self.good('errno', '--json', 'enotsup'), self.good('errno', '--json', 'EOPNOTSUPP'))
        self.assertEqual(self.bad(1, "no errno 'x'", 'errno', 'x', 'EPERM'), 'EPERM            1\n')


def no_seccomp() -> str:
    if WRAPPER:
        return 'an emulator has no seccomp'
    return ''


def behind_filter(answers: dict[str, int]):
    """For preexec_fn: seccomp answers these calls so (include/uapi/linux/seccomp.h), and allows all else."""
    code = [struct.pack('HBBI', 0x20, 0, 0, 0)]                                  # load the number
    for name, answer in answers.items():
        code += [struct.pack('HBBI', 0x15, 0, 1, CALLS[name].numbers[ARCH]), struct.pack('HBBI', 0x06, 0, 0, answer)]
    code.append(struct.pack('HBBI', 0x06, 0, 0, 0x7fff0000))                     # allow
    program = b''.join(code)

    def install() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        text = ctypes.create_string_buffer(program)
        head = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(code), ctypes.addressof(text)))
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, head, 0, 0):
            os._exit(99)
    return install


ERRNO, KILL_PROCESS, KILL_THREAD, TRAP = 0x00050000, 0x80000000, 0x00000000, 0x00030000
EPERM, EACCES, ENOSYS = 1, 13, 38
# How the kernel calls what it has under another name (SYSCALL_DEFINE's).
OTHER_NAMES = {line.call: line.value for line in since.read_exceptions(ARCH) if line.kind == 'name'}
# They exist, and answer ENOSYS where an option or the machine has them off.
HOLLOW = {'iopl', 'ioperm', 'memfd_secret', 'map_shadow_stack', 'rseq_slice_yield', 'modify_ldt'}


class Probe(Case):
    def found(self, *names: str, **more) -> dict[str, dict]:
        return {one['name']: one for one in json.loads(run('probe', '--json', *names, **more).stdout)}

    def test_every_call_has_an_answer(self) -> None:
        found = self.found()
        self.assertEqual(sorted(found), sorted(CALLS))
        never = {name for name, probe in emit_command.read_probes(FACTS.table).items() if probe.reason}
        self.assertEqual({name for name, one in found.items() if one['answer'] is None}, never & set(CALLS))
        for name, one in found.items():
            self.assertIn(one['status'], ('yes', 'too-old', 'missing', 'filtered', 'unknown'))
            self.assertEqual(one['since'], FACTS.notes[name].since[ARCH])
            self.assertTrue(one['why'])
        lines = self.good('probe', '--help') and run('probe', '--all').stdout.splitlines()
        self.assertEqual([line.split()[:2] for line in lines[:-1]], [[name, found[name]['status']] for name in sorted(found)])
        self.assertEqual(lines[-1], f'Linux {platform.release()} has {sum(one["status"] == "yes" for one in found.values())} of the {len(CALLS)} calls'
                         f' of Linux {FACTS.table.tree}' if not WRAPPER else lines[-1])

    def test_agrees_with_the_release(self) -> None:
        """What is older than the kernel is never too old, and what is newer is never missing."""
        if WRAPPER:
            self.skipTest("an emulator's kernel has calls of other releases than it says")
        for name, one in self.found().items():
            newer = tables.release(FACTS.notes[name].since[ARCH]) > KERNEL
            self.assertIn(one['status'], ('too-old', 'yes') if newer else ('yes', 'missing', 'unknown', 'filtered'), one)

    def test_agrees_with_the_symbols_of_the_kernel(self) -> None:
        if WRAPPER:
            self.skipTest('the symbols are of the kernel beneath the emulator')
        prefix = arches.read(ARCH).symbols
        try:
            lines = Path('/proc/kallsyms').read_text(encoding='utf-8').splitlines()
        except OSError as error:
            self.skipTest(f'no symbols of the kernel: {error.strerror}')
        kinds = {words[2][len(prefix):]: words[1] for words in map(str.split, lines) if words[2].startswith(prefix)}
        if 'getpid' not in kinds:
            self.skipTest('no symbols of calls in /proc/kallsyms')
        filtered = re.search(r'^Seccomp:\s+2', Path('/proc/self/status').read_text(encoding='utf-8'), re.M)
        if filtered:
            self.skipTest('this process is behind a filter')
        compared = 0
        for name, one in self.found().items():
            kind = kinds.get(OTHER_NAMES.get(name, name), '')
            if one['status'] == 'unknown' or name in HOLLOW:
                continue
            # A weak one stands for sys_ni_syscall.
            self.assertEqual(one['status'] == 'yes', kind not in ('', 'W', 'w'), (one, kind))
            compared += 1
        self.assertGreater(compared, 300)

    def test_does_nothing(self) -> None:
        """No queue, no file, no process, no other name of the machine is left of it."""
        def state() -> tuple:
            ipc = [Path(f'/proc/sysvipc/{kind}').read_text(encoding='utf-8') for kind in ('msg', 'sem', 'shm') if Path(f'/proc/sysvipc/{kind}').exists()]
            mounts = Path('/proc/self/mountinfo').read_text(encoding='utf-8')
            return ipc, mounts, os.uname()[:2], os.getpriority(os.PRIO_PROCESS, 0), sorted(os.listdir('.')), os.sched_getaffinity(0)
        with tempfile.TemporaryDirectory() as directory:
            here = os.getcwd()
            os.chdir(directory)
            try:
                before = state()
                self.found()
                self.assertEqual(state(), before)
            finally:
                os.chdir(here)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    def test_signals_of_the_caller_do_not_matter(self) -> None:
        def ignore() -> None:
            for number in (signal.SIGCHLD, signal.SIGALRM):
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGCHLD])
        self.assertEqual(self.found('getpid', 'exit', preexec_fn=ignore)['exit']['status'], 'yes')

    def test_status(self) -> None:
        self.assertEqual(run('probe', 'getpid', 'read').returncode, 0)
        self.assertEqual(run('probe', 'getpid', 'rt_sigreturn').returncode, 3)
        self.bad(1, "no call 'raed'", 'probe', 'raed', 'getpid')
        self.bad(1, "no call 9999 in Linux [0-9.]+; 'liblinux call 9999' makes one by number", 'probe', '9999')
        elsewhere = sorted({row.name for row in FACTS.table.rows} - set(CALLS))
        self.assertTrue(elsewhere)
        for name, one in self.found(*elsewhere).items():
            self.assertEqual((one['status'], one['number'], one['since'], one['answer']), ('absent', None, None, None), name)
        self.assertRegex(run('probe', elsewhere[0]).stdout, rf'\A{elsewhere[0]} +absent +- +since - +this architecture has no such call\n\Z')

    def test_json_is_what_the_help_says(self) -> None:
        keys = re.search(r'--json +an array of objects: (.*)', self.good('probe', '--help'))[1].split(', ')
        for name, one in self.found('getpid', 'rt_sigreturn').items():
            self.assertEqual((list(one), one['number']), (keys, CALLS[name].numbers[ARCH]))

    @unittest.skipIf(no_seccomp(), no_seccomp())
    def test_filter(self) -> None:
        answers = {'getcwd': ERRNO | EPERM, 'openat': ERRNO | ENOSYS, 'mkdirat': KILL_PROCESS, 'linkat': KILL_THREAD, 'chdir': TRAP,
                   'reboot': ERRNO | EPERM, 'listns': ERRNO | EPERM, 'fchroot': ERRNO | ENOSYS,
                   'sysinfo': ERRNO | EACCES}
        found = self.found(*answers, 'getppid', preexec_fn=behind_filter(answers))
        wanted = {'getcwd': 'filtered', 'openat': 'missing', 'mkdirat': 'filtered', 'linkat': 'filtered', 'chdir': 'filtered', 'reboot': 'unknown',
                  'listns': 'too-old' if KERNEL < tables.release('6.19') else 'filtered',
                  'fchroot': 'too-old' if KERNEL < tables.release('7.3') else 'missing', 'getppid': 'yes', 'sysinfo': 'unknown'}
        self.assertEqual({name: one['status'] for name, one in found.items()}, wanted)
        self.assertIn('filter', found['openat']['why'])
        self.assertEqual({found[name]['answer'] for name in ('mkdirat', 'linkat', 'chdir')}, {'SIGSYS'})
        self.assertEqual(run('probe', 'reboot', preexec_fn=behind_filter(answers)).returncode, 3)
        self.assertEqual(run('probe', 'reboot', 'getcwd', preexec_fn=behind_filter(answers)).returncode, 1)

    @unittest.skipIf(no_seccomp(), no_seccomp())
    def test_without_processes(self) -> None:
        found = self.found('getpid', preexec_fn=behind_filter({'clone': ERRNO | EPERM}))
        self.assertEqual(found['getpid']['status'], 'unknown')

    def test_without_rights(self) -> None:
        """Who has none sees the kernel's own EPERM only where probes.tbl says so."""
        if os.geteuid() or WRAPPER:
            self.skipTest('only root can become nobody' if os.geteuid() else 'an emulator asks another kernel')

        def drop() -> None:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            shutil.copy(COMMAND, f'{directory}/liblinux')
            os.chmod(f'{directory}/liblinux', 0o755)
            said = subprocess.run([f'{directory}/liblinux', 'probe', '--json'], text=True, capture_output=True, timeout=TIMEOUT, preexec_fn=drop, cwd='/')
        found = {one['name']: one for one in json.loads(said.stdout)}
        self.assertEqual([one for one in found.values() if one['status'] == 'filtered'], [])
        self.assertEqual(found['reboot']['answer'], 'EPERM')
        self.assertEqual(found['reboot']['status'], 'yes')


class ProbeTable(unittest.TestCase):
    def test_bad_lines(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, 'probes.tbl')
            for text, reason in (('args kill 1\n', "probes.tbl:1: expected"), ('none kill\n', 'probes.tbl:1: expected'), ('never kill: x\n', 'expected'),
                                 ('\neperm nothing\n', 'probes.tbl:2: nothing is no call'), ('none nothing: x\n', 'nothing is no call'),
                                 ('args kill x: y\n', "'x' is no int"), ('args kill 2147483648: y\n', 'is no int'), ('args kill 1 2 3: y\n', 'kill has 2'),
                                 ('none kill: x\nargs kill 1: y\n', 'probes.tbl:2: kill stands above'), ('eperm kill\neperm kill\n', 'above'),
                                 ('none kill: x\neperm kill\n', 'never called')):
                path.write_text(text)
                with self.assertRaisesRegex(tables.Doubt, reason):
                    emit_command.read_probes(FACTS.table, path)
            path.write_text('# a comment\n\nargs kill 1 -2: why\nnone sync: because\neperm acct mlock\n')
            found = emit_command.read_probes(FACTS.table, path)
            self.assertEqual((found['kill'].args, found['sync'].reason, found['acct'].eperm, found['read']),
                             ((1, -2, 0, 0, 0, 0), 'because', True, emit_command.Probe()))


class Call(Case):
    def test_strings_are_not_ours(self) -> None:
        """What the kernel writes over a word of the command line, it writes over a copy."""
        for word in ('str:x', 'str:@', 'str:hello'):
            result = subprocess.run([*WRAPPER, COMMAND, 'call', 'read', '0', word, '3000'], input='A' * 3200, text=True, capture_output=True, timeout=TIMEOUT)
            self.assertGreaterEqual(result.returncode, 0, word)
            self.assertIn(f'"{word.replace("str:", "")}"', result.stdout)
        self.bad(2, 'how large is buf', 'call', 'read', '0', '@')
        self.bad(2, "no size of a buffer", 'call', 'write', '1', '@-1', '1')

    def test_words_are_strings_where_the_call_takes_one(self) -> None:
        for words, wanted in ((('getrandom', 'hello', '5'), "'hello': the kernel writes to ubuf: write @SIZE"),
                              (('openat2', 'AT_FDCWD', '/etc', 'flags', '24'),
                               "'flags': how is const struct linux_open_how \\*: write flags=N,... or @SIZE"),
                              (('uname', 'x'), 'writes to name: write @ or @SIZE'), (('pipe2', 'x'), 'writes to fildes: write @SIZE'),
                              (('setgroups', '1', 'x'), 'grouplist is const unsigned int \\*: write u32:N,'),
                              (('execve', '/bin/true', 'x'), 'argv is const char \\*const \\*: write u64:N,'),
                              (('umask', '@'), 'mask is int, no pointer')):
            self.bad(2, wanted, 'call', *words)
        self.assertEqual(self.object('openat2', 'AT_FDCWD', '/etc', 'str:flags', '5', status=1)['args'], [-100, '/etc', 'flags', 5])

    def object(self, *words: str | Path, status: int = 0, **more) -> dict:
        result = run('call', '--json', *words, **more)
        self.assertEqual((result.returncode, result.stderr), (status, ''), words)
        return json.loads(result.stdout)

    def test_results(self) -> None:
        self.assertEqual(self.good('call', 'getuid'), f'getuid() = {os.getuid()}\n')
        self.assertEqual(self.good('call', 'getppid') if not WRAPPER else f'getppid() = {os.getpid()}\n', f'getppid() = {os.getpid()}\n')
        result = run('call', 'openat', 'AT_FDCWD', '/no/such', 'O_RDONLY|O_CLOEXEC')
        self.assertEqual((result.returncode, result.stdout, result.stderr), (1, 'openat(-100, "/no/such", 0x80000, 0) = -2 ENOENT\n', ''))
        self.assertEqual(self.object('close', '-1', status=1), {'name': 'close', 'number': CALLS['close'].numbers[ARCH], 'args': [-1],
                                                                'result': -9, 'error': 'EBADF', 'buffers': {}})

    def test_numbers_and_constants(self) -> None:
        for word, value in (('0x10', 16), ('010', 8), ('-1', -1), ('+7', 7), ('18446744073709551615', -1), ('0', 0), ('-0x80', -128),
                            ('AT_FDCWD', -100), ('LINUX_AT_FDCWD', -100), ('O_RDWR|O_CREAT|0x1', 0x43), ('STATX_BTIME', 0x800), ('EPOLL_CTL_ADD', 1)):
            self.assertEqual(self.object('umask', word)['args'], [value], word)
        for word in ('O_RDWR|', '|O_RDWR', 'o_rdwr', '08', '0x', '1x', '', '18446744073709551616', '0x1ffffffffffffffff', '-', 'x' * 300,
                     '-9223372036854775809'):
            self.bad(2, 'no number', 'call', 'umask', word)

    def test_constants_of_the_headers(self) -> None:
        constants = emit_command.constants(FACTS.uapi.groups, ARCH)
        names = sorted(constants)
        for name in [*names[:3], *names[-3:], *names[::97]]:
            self.assertEqual(self.object('umask', name)['args'][0] % 2**64, constants[name] % 2**64, name)

    def test_missing_arguments_are_zero(self) -> None:
        self.assertEqual(self.object('openat', 'AT_FDCWD', '/nowhere', status=1)['args'], [-100, '/nowhere', 0, 0])

    def test_strings_and_output(self) -> None:
        result = run('call', 'write', '1', 'text', '4')
        self.assertEqual(result.stdout, 'textwrite(1, "text", 4) = 4\n')
        self.assertEqual(run('call', 'write', '1', 'str:12', '2').stdout, '12write(1, "12", 2) = 2\n')
        self.assertEqual(self.object('write', '1', '12', '2', status=1)['error'], 'EFAULT')
        self.bad(2, 'fd is unsigned int', 'call', 'write', 'stdout', 'x', '1')

    def test_echo(self) -> None:
        """Arguments as the call takes them: by their type, and nothing in a string that a terminal would act on."""
        def said(*words: str) -> str:
            return os.fsencode(run('call', *words).stdout.splitlines()[0].partition(' = ')[0]).decode(errors='surrogateescape')
        self.assertEqual(said('setpgid', '-5000', '4294962296'), 'setpgid(-5000, -5000)')
        self.assertEqual(said('lseek', '-1', '-5000', '-1'), 'lseek(-1, -5000, -1)')
        self.assertEqual(said('munmap', '-8192', '0'), 'munmap(0xffffffffffffe000, 0)')
        self.assertEqual(said('chdir', 'a"b\\c\x1b\udcff\u20ac\udce2'), r'chdir("a\"b\\c\x1b\xff' '\u20ac' r'\xe2")')
        self.assertIn('  and 1 byte of zeros\n', run('call', 'getcwd', '@4096', '4096').stdout)

    def test_files(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, 'new')
            content = Path(directory, 'content')
            content.write_bytes(b'\x00\x01hello\xff')
            fd = self.object('openat', 'AT_FDCWD', path, 'O_WRONLY|O_CREAT', '0640')['result']
            self.assertGreater(fd, 2)
            self.assertEqual(path.stat().st_mode & 0o7737, 0o600)
            with path.open('wb') as file:
                self.assertEqual(self.object('write', str(file.fileno()), f'file:{content}', '8', pass_fds=[file.fileno()])['result'], 8)
            self.assertEqual(path.read_bytes(), content.read_bytes())
            with path.open('rb') as file:
                read = self.object('pread64', str(file.fileno()), '@100', '100', '2', pass_fds=[file.fileno()])
            self.assertEqual((read['result'], bytes.fromhex(read['buffers']['buf'])), (6, b'hello\xff'))
            self.bad(2, 'ENOENT', 'call', 'write', '1', f'file:{directory}/none')
            self.bad(2, 'not a file', 'call', 'write', '1', f'file:{directory}')
            os.mkfifo(f'{directory}/fifo')
            self.bad(2, 'fifo: not a file$', 'call', 'write', '1', f'file:{directory}/fifo', '3')
            with Path(directory, 'large').open('wb') as file:
                file.truncate(2**30 + 1)
            self.bad(2, 'large: larger than 1 GiB$', 'call', 'write', '1', f'file:{directory}/large', '3')

    def test_files_of_no_known_size(self) -> None:
        """Those of /proc say 0, those of /sys 4096, whatever they have."""
        words = '1000', 'file:/proc/self/cmdline', f'str:{"x" * 100000}'            # more than one would first ask for
        found = self.object(*words, status=1)
        self.assertEqual(bytes.fromhex(found['buffers']['0']), b''.join(os.fsencode(word) + b'\0' for word in (COMMAND, 'call', '--json', *words)))
        path = Path('/sys/devices/system/cpu/possible')
        if not path.exists():
            self.skipTest(f'no {path}')
        self.assertEqual(bytes.fromhex(self.object('write', '-1', f'file:{path}', status=1)['buffers']['buf']), path.read_bytes())

    def test_statx(self) -> None:
        found = self.object('statx', 'AT_FDCWD', __file__, '0', 'STATX_BASIC_STATS', '@256')
        status = bytes.fromhex(found['buffers']['buffer']).ljust(256, b'\0')
        self.assertEqual((struct.unpack_from('Q', status, 40)[0], struct.unpack_from('Q', status, 32)[0]), (os.stat(__file__).st_size, os.stat(__file__).st_ino))

    def test_struct(self) -> None:
        """Members by width, aligned; shown if they changed."""
        found = self.object('clock_nanosleep', 'CLOCK_MONOTONIC', '0', 'u64:0,1', '0')
        self.assertEqual(bytes.fromhex(found['buffers']['rqtp']).hex(), '0000000000000000' '0100000000000000')
        found = self.object('write', '1', 'u8:1,2,u32:3,u16:-1,u64:0x1122334455667788', '0')
        self.assertEqual(found['buffers']['buf'], '0102000003000000ffff000000000000' '8877665544332211')
        text = self.good('call', 'ppoll', 'u32:1,u16:POLLIN,0', '0', 'u64:0,0') if not WRAPPER else ''
        self.assertNotIn('ufds:', text)
        found = self.object('ppoll', 'u32:0x7fffffff,u16:POLLIN,0', '1', 'u64:0,0')
        self.assertEqual(found['buffers']['ufds'], 'ffffff7f01002000')
        for wrong in ('u32:', 'u32:1,', 'u8:256', 'u16:x', 'u32:1,u7:1', 'u8:-129', 'u32:0x100000000', 'u64:,1'):
            self.bad(2, 'not the members', 'call', 'write', '1', wrong, '0')

    def test_members_are_where_c_has_them(self) -> None:
        layouts = emit_command.layouts(emit.emit_table.entries(FACTS.table, FACTS.notes, FACTS.shared), FACTS.uapi, ARCH)
        text = ('#include <stddef.h>\n#include <liblinux/liblinux.h>\n#include <liblinux/posix.h>\n#include <liblinux/uapi/dirent.h>\n'
                'void check(void)\n{\n')
        count = 0
        for name, (size, members) in layouts.items():
            text += f'\t{{ {name} one; (void)one; _Static_assert(sizeof one == {size}, "{name}");\n'
            for member in members:
                where = f'offsetof({name}, {member.name})'
                element = f'one.{member.name}' + ('[0]' if member.count else '')
                text += f'\t_Static_assert({where} == {member.offset} && sizeof({element}) == {member.width}, "{name} {member.name}");\n'
                if member.count:
                    text += f'\t_Static_assert(sizeof(one.{member.name}) == {member.count * member.width}, "{name} {member.name}");\n'
                count += 1
            text += '\t}\n'
        result = subprocess.run([*CC, '-fsyntax-only', '-x', 'c', '-std=c11', '-'], input=text + '}\n', text=True, capture_output=True, timeout=TIMEOUT)
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertGreater(count, 450)

    def test_members(self) -> None:
        """By name, in and out; read in text, as bytes in JSON."""
        found = self.object('clock_nanosleep', 'CLOCK_MONOTONIC', '0', 'tv_nsec=258')
        self.assertEqual(found['buffers']['rqtp'], '00' * 8 + '0201' + '00' * 6)
        said = self.good('call', 'uname', '@')
        self.assertIn('  sysname = "Linux"\n', said)
        self.assertIn(f'  machine = "{ARCH}"\n', said)
        said = self.good('call', 'statx', 'AT_FDCWD', __file__, '0', 'STATX_BASIC_STATS', '@')
        self.assertIn(f'  stx_size = {os.stat(__file__).st_size} (', said)
        self.assertIn(f'  stx_mtime.tv_sec = {int(os.stat(__file__).st_mtime)} (', said)
        said = self.good('call', 'newfstatat', 'AT_FDCWD', '/', '@200', '0')
        self.assertIn('  st_nlink = ', said)
        for words, reason in ((('nix=1',), "'nix=1': struct timespec has no such member"), (('tv_sec=1,nix=2',), "'nix=2': .* no such member"),
                              (('tv_sec=1,tv_nsec',), 'no such member'), (('tv_sec=1,',), 'no such member'), (('tv_sec=x',), 'no value of tv_sec'),
                              (('tv_sec=',), 'no value of tv_sec'), (('tv_sec=99999999999999999999',), 'no value of tv_sec')):
            self.bad(2, reason, 'call', 'clock_nanosleep', '0', '0', *words)
        self.assertIn('  pid = -7\n', run('call', 'capget', 'version=1,pid=-7').stdout)     # the kernel writes the version that it wants
        self.bad(2, 'no value of sched_priority', 'call', 'sched_setparam', '0', 'sched_priority=0x100000000')
        self.bad(2, 'no such member that is a number', 'call', 'uname', 'sysname=1')
        self.assertEqual(self.object('sched_setparam', '-1', 'sched_priority=-1', status=1)['buffers']['param'], 'ffffffff')

    def test_integers(self) -> None:
        """A pointer to them is shown as numbers: as many as the result says, else up to the last that is not 0."""
        for size in ('@', '@8'):
            self.assertEqual(self.good('call', 'pipe2', size, 'O_CLOEXEC').splitlines()[1:], ['fildes: 3 4'])
        self.assertEqual(len(self.object('pipe2', '@')['buffers']['fildes']), 16)
        self.assertEqual(self.good('call', 'getresuid', '@', '@', '@').splitlines()[1:],
                         [f'{name}: {value}' for name, value in zip(('ruidp', 'euidp', 'suidp'), os.getresuid())])
        groups = os.getgroups()
        said = self.good('call', 'getgroups', '65536', '@')
        if len(groups) < 9:
            self.assertEqual(said.splitlines()[1:], [f'grouplist: {" ".join(map(str, groups)) or "none"}'])
        self.assertEqual(len(self.object('getgroups', '64', '@')['buffers']['grouplist']), 64 * 4 * 2)
        self.bad(2, 'how large is grouplist', 'call', 'getgroups', '@64', '@')
        with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as other:
            file.write(b'0123456789')
            file.flush()
            fds = other.fileno(), file.fileno()
            self.assertIn('\noffset: 5\n', self.good('call', 'sendfile', *map(str, fds), 'u64:2', '3', pass_fds=fds))
        # Addresses of nothing: an error for each.
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(8 * 2000))
            file.flush()
            result = run('call', 'move_pages', '0', '2000', f'file:{file.name}', '0', '@', '0')
        if result.returncode:
            self.skipTest(f'no pages to ask for: {result.stdout.split()[-1]}')
        lines = result.stdout.splitlines()[1:]
        self.assertEqual(' '.join(lines[:-1]).split(), ['status:', *['-14'] * 1024])
        self.assertEqual(lines[-1], '  and 976 more')
        self.assertLess(max(map(len, lines)), 96)

    def test_buffer_ends_where_it_ends(self) -> None:
        """A size that is too large cannot hit what lies behind."""
        with open('/dev/zero', 'rb') as file:
            found = self.object('read', str(file.fileno()), '@4096', str(2**20), pass_fds=[file.fileno()], status=1 if WRAPPER else 0)
            # An emulator refuses it as a whole.
            self.assertEqual(found['result'], -14 if WRAPPER else max(4096, os.sysconf('SC_PAGESIZE')))
        for wrong in ('@1073741825', '@18446744073709551616', '@1x'):
            self.bad(2, 'no size', 'call', 'read', '0', wrong, '1')

    def test_dump(self) -> None:
        with tempfile.TemporaryFile() as file:
            file.write(b'0123456789abcdef' * 4 + b'\n\x00end')
            file.flush()
            number = file.fileno()
            said = self.good('call', 'pread64', str(number), '@80', '80', pass_fds=[number])
        self.assertEqual(said, f'pread64({number}, @80, 80, 0) = 69\nbuf:\n'
                         '  0000   30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n'
                         '  *\n'
                         '  0040   0a 00 65 6e 64                                    |..end|\n')
        with tempfile.TemporaryFile() as file:
            file.write(b'x' + bytes(20))
            file.flush()
            words = 'pread64', str(file.fileno()), '@40', '40'
            said = self.good('call', *words, pass_fds=[file.fileno()])
            found = self.object(*words, pass_fds=[file.fileno()])
        self.assertEqual(said.splitlines()[2:], ['  0000   78                                                |x|', '  and 20 bytes of zeros'])
        self.assertEqual(found['buffers'], {'buf': '78' + '00' * 20})
        self.assertEqual(len(self.object('uname', '@')['buffers']['name']), 2 * 390)

    def test_options_behind_the_name(self) -> None:
        self.assertEqual(json.loads(self.good('call', 'getuid', '--json'))['result'], os.getuid())
        self.assertEqual(run('call', 'write', '1', 'str:--json', '6').stdout[:6], '--json')
        self.assertEqual(run('call', 'write', '1', '--', '--json', '6').stdout[:6], '--json')

    def test_says_why_it_is_missing(self) -> None:
        """By the table's release, or that of the kernel, whichever is newer."""
        newer = [name for name in CALLS if tables.release(FACTS.notes[name].since[ARCH]) > KERNEL and not WRAPPER]
        for name in newer:
            result = run('call', name, *['-1'] * len(CALLS[name].args))
            self.assertRegex(result.stdout, rf'\) = -38 ENOSYS\n  this kernel, \S+, is older than the call, which came with {FACTS.notes[name].since[ARCH]}\n\Z')
        if no_seccomp():
            self.skipTest(no_seccomp())
        result = run('call', 'close', '-1', preexec_fn=behind_filter({'close': ERRNO | ENOSYS}))
        self.assertRegex(result.stdout, r"\) = -38 ENOSYS\n  this kernel, \S+, is new enough for the call: 'liblinux probe close' says more\n\Z")

    def test_by_number(self) -> None:
        number = CALLS['getuid'].numbers[ARCH]
        self.assertEqual(self.good('call', str(number)), f'getuid() = {os.getuid()}\n')
        result = run('call', '1000', '1', '2', '3', '4', '5', '6')
        self.assertEqual((result.returncode, result.stdout), (1, 'call 1000(1, 2, 3, 4, 5, 6) = -38 ENOSYS\n'))

    def test_wrong_use(self) -> None:
        self.bad(2, "no call 'nothing'", 'call', 'nothing')
        self.bad(2, 'fewer arguments', 'call', 'getpid', '1')
        self.bad(2, 'fewer arguments', 'call', '1000', *'1234567')
        self.bad(2, 'the stack', 'call', 'rt_sigreturn')
        if 'vfork' in CALLS:
            self.bad(2, 'the stack', 'call', 'vfork')

    def test_processes(self) -> None:
        flags = 'SIGCHLD' if 'fork' not in CALLS else ''
        said = self.good('call', *(['clone', flags] if flags else ['fork']))
        self.assertRegex(said, r'\A\w+\([0-9, ]*\) = \d+\n\Z')
        self.assertEqual(subprocess.run([*WRAPPER, COMMAND, 'call', 'exit_group', '7'], capture_output=True, timeout=TIMEOUT).returncode, 7)

    def test_address(self) -> None:
        self.assertRegex(self.good('call', 'mmap', '0', '4096', 'PROT_READ', 'MAP_PRIVATE|MAP_ANONYMOUS', '-1', '0'), r' = 0x[0-9a-f]+\n\Z')


PROGRAM = '''
#include <liblinux/syscalls.h>
int main(void) { return (int)(linux_getpid() + linux_cachestat(0, 0, 0, 0) + linux_statmount(0, 0, 0, 0)); }
'''


class Needs(Case):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.TemporaryDirectory()
        cls.path = Path(cls.directory.name)
        (cls.path / 'program.c').write_text(PROGRAM)
        (cls.path / 'weak.c').write_text(PROGRAM.replace('int main', '#pragma weak linux_statmount\nint main'))
        (cls.path / 'plain.c').write_text('int main(void) { return 0; }\n')
        start = '#include <liblinux/start.h>\nint linux_main(int c, char **v, char **e, const unsigned long *a)\n{ (void)v, (void)e, (void)a; return c; }\n'
        (cls.path / 'start.c').write_text(PROGRAM.replace('int main(void)', 'int other(void)') + start)

        def cc(name: str, *words: str) -> Path:
            path = cls.path / name
            subprocess.run([*CC, '-O1', '-o', str(path), *words], check=True, capture_output=True, timeout=TIMEOUT, cwd=cls.path)
            return path
        library = LIBRARY
        cls.dynamic = cc('dynamic', 'program.c', library)
        cls.weak = cc('weak', 'weak.c', library)
        cls.plain = cc('plain', 'plain.c')
        cls.object = cc('object.o', '-c', 'program.c')
        cls.shared = cc('shared.so', '-shared', '-fPIC', 'program.c', library)
        cls.static = cc('static', '-static', '-nostdlib', '-fno-pie', '-no-pie', '-fno-stack-protector', 'start.c', ARCHIVE)
        cls.stripped = cc('stripped', '-s', '-static', '-nostdlib', '-fno-pie', '-no-pie', '-fno-stack-protector', 'start.c', ARCHIVE)
        cls.stripped_pie = cc('stripped-pie', '-s', '-static-pie', '-nostdlib', '-fPIE', '-Wl,--no-dynamic-linker', '-fno-stack-protector', 'start.c', ARCHIVE)
        cls.mixed = cc('mixed', 'program.c', ARCHIVE)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.directory.cleanup()

    def file(self, content: bytes, name: str = 'file') -> Path:
        path = self.path / name
        path.write_bytes(content)
        return path

    def one(self, content: bytes | Path, status: int = 0) -> dict:
        path = content if isinstance(content, Path) else self.file(content)
        result = run('needs', '--json', path)
        self.assertEqual((result.returncode, result.stderr), (status, ''), result.stdout)
        [found] = json.loads(result.stdout)
        return found

    def test_programs(self) -> None:
        first = FACTS.notes['getpid'].since[ARCH]
        for path in (self.dynamic, self.shared):
            self.assertEqual(self.good('needs', path), f'{path}: Linux 6.8, for statmount\n  6.8: statmount\n  6.5: cachestat\n  {first}: getpid\n')
            found = self.one(path)
            self.assertEqual(found['release'], '6.8')
            self.assertEqual({call['name']: (call['since'], call['weak'], call['linked']) for call in found['calls']},
                             {'statmount': ('6.8', False, False), 'cachestat': ('6.5', False, False), 'getpid': (first, False, False)})
            self.assertEqual(sorted(found['nodes']), sorted({'LINUX_6.8', 'LINUX_6.5', f'LINUX_{FACTS.arch.floor}'}))
        for path in (self.static, self.mixed, self.object):
            found = self.one(path)
            self.assertEqual((found['release'], found['nodes']), ('6.8', []), path)
            self.assertLessEqual({'statmount', 'cachestat', 'getpid'}, {call['name'] for call in found['calls']})
        self.assertTrue(all(call['linked'] for call in self.one(self.static)['calls']))

    def test_later_forms_of_calls(self) -> None:
        """linux_NAME_<major>_<minor>, beside linux_NAME where a call came to take more: the release is in the name."""
        names = ['getpid', 'getpid_97_4', 'getpid_97_10', 'getpid_97', 'getpid_97_x', 'getpid_97_4_', 'getpid__4', 'getpid_0_4', 'nothing_98_1', '98_1']
        (self.path / 'forms.c').write_text(''.join(f'long linux_{name}(void);\nlong linux_{name}(void)\n{{\n\treturn 0;\n}}\n' for name in names))
        path = self.path / 'forms.o'
        subprocess.run([*CC, '-c', '-o', str(path), 'forms.c'], check=True, capture_output=True, timeout=TIMEOUT, cwd=self.path)
        first = FACTS.notes['getpid'].since[ARCH]
        self.assertEqual(self.good('needs', path), f'{path}: Linux 97.10, for getpid_97_10\n  97.10: getpid_97_10\n  97.4: getpid_97_4\n  {first}: getpid\n')
        self.assertEqual({one['name']: (one['since'], one['linked']) for one in self.one(path)['calls']},
                         {'getpid_97_4': ('97.4', True), 'getpid_97_10': ('97.10', True), 'getpid': (first, True)})
        for version in ('', 'LINUX_97.4'):
            path = self.file(Elf([('linux_getpid', 'LINUX_3.2'), ('linux_getpid_97_4', version)]).bytes())
            self.assertIn(': Linux 97.4, for getpid_97_4\n', self.good('needs', path))
        weak = self.file(Elf([('linux_listns', ''), ('linux_listns_97_4', '')], weak={'linux_listns_97_4'}).bytes(), 'weak-form')
        listns = FACTS.notes['listns'].since['x86_64']
        # None is left of the file before.
        found = json.loads(self.good('needs', '--json', self.path / 'forms.o', weak, self.dynamic))
        self.assertEqual([(one['release'], len(one['calls'])) for one in found], [('97.10', 3), (listns, 2), ('6.8', 3)])
        self.bad(3, 'more later forms', 'needs', self.file(Elf([(f'linux_getpid_97_{n}', '') for n in range(100)]).bytes()))

    def test_weak(self) -> None:
        found = self.one(self.weak)
        self.assertEqual(found['release'], '6.5')
        self.assertIn({'name': 'statmount', 'since': '6.8', 'weak': True, 'linked': False}, found['calls'])
        self.assertIn('statmount (weak)', self.good('needs', self.weak))

    def test_nothing(self) -> None:
        self.bad(1, 'plain: has no symbol of a call of liblinux; calls that are inline, .* cannot be seen', 'needs', self.plain)
        self.bad(1, 'is liblinux itself', 'needs', LIBRARY)
        for path in (self.stripped, self.stripped_pie):
            self.bad(3, 'static and without symbols', 'needs', path)

    def test_no_elf_files(self) -> None:
        self.bad(3, 'ENOENT', 'needs', self.path / 'none')
        self.bad(3, 'not a file', 'needs', self.path)
        self.bad(3, 'not a file', 'needs', '/dev/zero')
        fifo = self.path / 'fifo'
        os.mkfifo(fifo)
        self.bad(3, 'not a file', 'needs', fifo)
        self.bad(3, 'version: not an ELF file', 'needs', '/proc/version')
        for content in (b'', b'\x7f', b'\x7fELF', b'#!/bin/sh\n', b'!<arch>\n' * 10):
            self.bad(3, 'not an ELF file', 'needs', self.file(content))
        self.bad(3, 'an archive, not an ELF file: name its members', 'needs', ARCHIVE)
        large = self.path / 'large'
        with large.open('wb') as file:
            file.truncate(2**30 + 1)
        self.bad(3, 'larger than 1 GiB', 'needs', large)
        large.unlink()

    def test_names_that_are_no_text(self) -> None:
        path = self.path / 'a"\\\n\udcff\u20ac\udce2\x01'
        path.write_bytes(self.dynamic.read_bytes())
        self.assertEqual(self.one(path)['file'], f'{self.path}/a"\\\n\ufffd\u20ac\ufffd\x01')

    def test_worst_status(self) -> None:
        result = run('needs', self.dynamic, self.plain, self.path / 'none')
        self.assertEqual(result.returncode, 3)
        self.assertIn('Linux 6.8', result.stdout)
        self.assertEqual(run('needs', self.dynamic, self.plain).returncode, 1)
        found = json.loads(run('needs', '--json', self.dynamic, self.plain, self.path / 'none').stdout)
        self.assertEqual([one['release'] for one in found], ['6.8', None, None])
        self.assertEqual(found[2]['error'], 'ENOENT')

    def test_classes_and_byte_orders(self) -> None:
        imports = [('linux_getpid', 'LINUX_3.2'), ('linux_statmount', 'LINUX_6.8')]
        for wide in (True, False):
            for big in (True, False):
                found = self.one(Elf(imports, wide=wide, big=big).bytes())
                known = wide and not big            # else it is no architecture of ours, and only its nodes say something
                self.assertEqual((found['release'], len(found['calls'])), ('6.8', 2 if known else 0), (wide, big))
        found = self.one(Elf([('linux_openat', 'LINUX_3.7'), ('linux_listns', 'LINUX_6.19')], machine=183).bytes())
        self.assertEqual((found['release'], [call['name'] for call in found['calls']]), ('6.19', ['listns', 'openat']))

    def test_newer_than_this_version(self) -> None:
        path = self.file(Elf([('linux_getpid', 'LINUX_3.2'), ('linux_tomorrow', 'LINUX_9.1')]).bytes())
        self.assertEqual(self.one(path)['release'], '9.1')
        self.assertIn('Linux 9.1, for a call of liblinux LINUX_9.1 that this version does not know', self.good('needs', path))

    def test_nodes_newer_than_their_calls(self) -> None:
        """The loader goes by the node; that of the oldest calls says nothing of them."""
        since, floor = FACTS.notes['getpid'].since['x86_64'], next(arch.floor for arch in FACTS.arches if arch.name == 'x86_64')
        path = self.file(Elf([('linux_listns', 'LINUX_9.99'), ('linux_getpid', f'LINUX_{floor}')]).bytes())
        self.assertEqual(self.one(path)['release'], '9.99')
        self.assertIn(': Linux 9.99, for the version of liblinux LINUX_9.99\n', self.good('needs', path))
        self.assertNotEqual(since, floor)
        self.assertEqual(self.one(Elf([('linux_getpid', f'LINUX_{floor}')]).bytes())['release'], since)
        self.assertEqual(self.one(Elf([('linux_listns', 'LINUX_3.5')]).bytes())['release'], FACTS.notes['listns'].since['x86_64'])

    def test_other_libraries(self) -> None:
        self.assertEqual(self.one(Elf([('linux_statmount', 'LINUX_6.8')], library='libother.so.1').bytes(), 1)['release'], None)
        self.assertEqual(self.one(Elf([('linux_statmount', '')]).bytes())['release'], '6.8')
        self.assertEqual(self.one(Elf([('linux_table_at', 'LIBLINUX_7.3')]).bytes())['release'], None)
        self.assertEqual(self.one(Elf([('linux_getpid', 'LINUX_3.2')], exports=['linux_listns']).bytes())['release'], FACTS.notes['getpid'].since['x86_64'])

    def test_hostile(self) -> None:
        some = [('linux_getpid', 'LINUX_3.2'), ('linux_statmount', 'LINUX_6.8')]
        many = [('linux_getpid', f'LINUX_3.{n}') for n in range(400)]
        # 65,535 needs, each with the same 65,535 versions
        heads = b''.join(struct.pack('<HHIII', 1, 65535, 1, 16 * (65535 - n), 16) for n in range(65535))
        versions = struct.pack('<IHHII', 0, 0, 2, 1, 16) * 65535
        for what, elf, reason in (
                ('needs that share a long chain', Elf(some, library='libother.so', raw=heads + versions, verneeds=65535), 'more versions'),
                ('a chain of one byte', Elf(some, aux_next=1, aux_count=65535, verneeds=2**31), 'versions|no end|outside'),
                ('needs that overlap', Elf(some, aux_count=65535, verneeds=2**32 - 1, next=1), 'version|outside|no end'),
                ('a chain that ends early', Elf(some, aux_count=3), 'a chain of versions ends early'),
                ('a chain that goes outside', Elf(some, aux_next=0x7fffffff), 'outside'),
                ('more nodes than there can be', Elf(many), 'more versions'),
                ('a node that is none', Elf([('linux_getpid', 'LINUX_x')]), 'no version like one'),
                ('a node that ends with a dot', Elf([('linux_getpid', 'LINUX_6.8.')]), 'no version like one'),
                ('a node of control characters', Elf([('linux_getpid', 'LINUX_6.8\x1b[2J')]), 'no version like one'),
                ('no end of names', Elf(some, tags={STRSZ: 5}), 'no end|outside'),
                ('names larger than the file', Elf(some, tags={STRSZ: 2**63}), 'outside'),
                ('symbols outside of all segments', Elf(some, tags={SYMTAB: 2**40}), 'in no segment'),
                ('versions outside of all segments', Elf(some, tags={VERNEED: 2**64 - 1}), 'in no segment')):
            with self.subTest(what):
                self.bad(3, reason, 'needs', self.file(elf.bytes()))
        # The sections of a real one: sh_link and sh_size of .symtab, e_shoff, e_shentsize.
        content = self.object.read_bytes()
        table, = struct.unpack_from('<Q', content, 40)
        symtab = next(at for at in range(table, len(content), 64) if struct.unpack_from('<I', content, at + 4)[0] == 2)
        for what, at, form, value, reason in (('names', symtab + 40, '<I', 0xffff, 'in no section'), ('count', symtab + 32, '<Q', 2**63, 'more symbols'),
                                              ('place', symtab + 24, '<Q', 2**64 - 8, 'outside'), ('headers', 40, '<Q', 2**64 - 64, 'outside'),
                                              ('size', 58, '<H', 1, 'too small'), ('number', 60, '<H', 0xffff, 'outside'),
                                              ('second', table + 64 + 4, '<I', 2, 'two tables|more symbols|in no section|outside')):
            with self.subTest(what):
                damaged = bytearray(content)
                struct.pack_into(form, damaged, at, value)
                self.bad(3, reason, 'needs', self.file(bytes(damaged)))
        for size in range(0, len(Elf(some).bytes()), 16):
            self.bad(3, '', 'needs', self.file(Elf(some).bytes()[:size]))

    def test_nothing_is_read_again_and_again(self) -> None:
        """Files of some megabytes for which each of many parts would have all of another part read."""
        def segment(kind: int, place: int, address: int, size: int) -> bytes:
            return struct.pack('<IIQQQQQQ', kind, 4, place, address, 0, size, size, 8)

        def program(segments: list[bytes], rest: bytes) -> bytes:
            return (b'\x7fELF\2\1\1' + bytes(9) + struct.pack('<HHIQQQIHHHHHH', 3, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
                    + b''.join(segments) + rest)
        everywhere = segment(1, 0, 0, 2**30)
        entries, start, pair = 65536, 64 + 2 * 56, struct.Struct('<QQ')
        names = b'\0linux_' + bytes(3 * 2**20).replace(b'\0', b'a') + b'\0'
        symbols = struct.pack('<IBBHQQ', 0, 0, 0, 0, 0, 0) + struct.pack('<IBBHQQ', 1, 0x12, 0, 0, 0, 0) * entries
        at = start + len(symbols)
        hash_table = at + len(names) + -(at + len(names)) % 8
        tables = names + bytes(hash_table - at - len(names)) + struct.pack('<II', 1, entries + 1)
        dynamic = {'names': pair.pack(5, start) + pair.pack(10, len(names)) + pair.pack(1, 1) * entries,
                   'symbols': pair.pack(5, at) + pair.pack(10, len(names)) + pair.pack(6, start) + pair.pack(4, hash_table)}
        many = [segment(2, 64 + 65535 * 56, 0, 16 * entries), *[segment(1, 0, 2**40, 1)] * 65533, everywhere]
        self.bad(3, 'more segments than there can be', 'needs', self.file(program(many, pair.pack(5, 8) * entries)))
        self.bad(3, 'a name has no end', 'needs', self.file(program(
            [everywhere, segment(2, start + len(names), 0, len(dynamic['names']))], names + dynamic['names'])))
        self.bad(1, 'has no symbol of a call', 'needs', self.file(program(
            [everywhere, segment(2, start + len(symbols + tables), 0, len(dynamic['symbols']))], symbols + tables + dynamic['symbols'])))

    def test_no_machine(self) -> None:
        """Its AUDIT_ARCH would be 0, which is this machine's to the table."""
        self.bad(1, 'has no symbol of a call', 'needs', self.file(Elf([('linux_getpid', '')], wide=False, big=True, machine=0).bytes()))

    def test_many_symbols_do_not_take_long(self) -> None:
        content = Elf([('linux_getpid', '')] * 200000).bytes()
        self.assertEqual(self.one(content)['release'], FACTS.notes['getpid'].since['x86_64'])

    def test_mutants(self) -> None:
        """Thousands of damaged files, from a fixed seed: an answer for each, and none ends by a signal or runs on."""
        some = [('linux_getpid', 'LINUX_3.2'), ('linux_statmount', 'LINUX_6.8')]
        seeds = [path.read_bytes() for path in (self.dynamic, self.weak, self.object, self.shared, self.static, self.stripped)]
        made = [Elf(some, wide=wide, big=big).bytes() for wide in (True, False) for big in (True, False)]
        source = random.Random(73)
        folder = self.path / 'mutants'
        folder.mkdir()
        words = [0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 2**63, 2**64 - 1, 2**64 - 8, 4096]
        statuses: dict[int, int] = {}
        total = 300 if WRAPPER else 4000
        batch = 50 if WRAPPER else 200
        for start in range(0, total, batch):
            paths = []
            for n in range(start, start + batch):
                content = bytearray(source.choice(made if n % 2 else seeds))
                for _ in range(source.randint(1, 4)):
                    kind = source.randrange(5)
                    # Most of what is read stands in the first and the last kilobyte.
                    near = min(len(content), 1024)
                    at = source.choice([source.randrange(near), len(content) - 1 - source.randrange(near), source.randrange(len(content))])
                    if kind == 0:
                        content[at] = source.randrange(256)
                    elif kind in (1, 2):
                        size = source.choice([2, 4, 8])
                        at &= -size
                        content[at:at + size] = (source.choice(words) % 2**(8 * size)).to_bytes(size, 'little')[:max(0, len(content) - at)]
                    elif kind == 3:
                        content[at] ^= 1 << source.randrange(8)
                    elif source.randrange(4) == 0 and len(content) > 64:
                        del content[source.randrange(1, len(content)):]
                paths.append(folder / str(n))
                paths[-1].write_bytes(content)
            result = run('needs', '--json', *paths)
            found = json.loads(result.stdout)
            self.assertEqual([Path(one['file']).name for one in found], [path.name for path in paths])
            text = run('needs', *paths)
            lines = text.stderr.splitlines()
            said = sum(one['error'] is not None or not one['calls'] and not one['nodes'] for one in found)
            self.assertEqual(len(lines), said)
            self.assertTrue(all(line.startswith(f'liblinux: {folder}/') for line in lines))
            for one in found:
                key = 3 if one['error'] else 0 if one['calls'] or one['nodes'] else 1
                statuses[key] = statuses.get(key, 0) + 1
            for path in paths:
                path.unlink()
        self.assertEqual(sorted(statuses), [0, 1, 3])


class Completion(Case):
    OPTIONS = {name: sorted(set(re.findall(r'^  (--[a-z-]+)', text, re.M)) | {'--help', '--json'})
               for name, text in ((name, run(name, '--help').stdout) for name in SUBCOMMANDS)}

    def bash(self, *words: str, filenames: bool = False, **more) -> list[str]:
        """What is offered, and whether bash takes it for names of files."""
        script = '''compopt() { echo "compopt $*"; }
            source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _liblinux; printf '%s\\n' "${COMPREPLY[@]}"; complete -p liblinux'''
        said = subprocess.run(['bash', '-c', script, 'bash', TOP / 'command/liblinux.bash', *words], text=True, capture_output=True, check=True, timeout=TIMEOUT,
                              **more)
        self.assertEqual(said.stderr, '')
        lines = said.stdout.splitlines()
        self.assertEqual((lines.pop(), 'compopt -o filenames' in lines), ('complete -F _liblinux liblinux', filenames), words)
        return [line for line in lines if line and line != 'compopt -o filenames']

    def test_bash(self) -> None:
        if WRAPPER:
            self.skipTest('completion runs the command by its name')
        self.assertEqual(set(self.bash(COMMAND, '')), {*SUBCOMMANDS, '--help', '--version'})
        self.assertEqual(self.bash(COMMAND, 'sh'), ['show'])
        self.assertEqual(self.bash(COMMAND, 'show', 'statm'), ['statmount'])
        self.assertEqual(self.bash(COMMAND, 'probe', ''), sorted(CALLS))
        self.assertEqual(self.bash(COMMAND, 'call', 'listn'), ['listns'])
        self.assertEqual(self.bash(COMMAND, 'call', 'listns', ''), [])
        self.assertEqual(self.bash(COMMAND, 'errno', 'EPE'), ['EPERM'])
        self.assertEqual(self.bash(COMMAND, 'list', '--category', 'mou'), ['mount'])
        self.assertEqual(self.bash(COMMAND, 'list', '--category', '=', 'mou'), ['mount'])
        self.assertEqual(set(self.bash(COMMAND, 'list', '--category', '=')), set(emit.call_notes.CATEGORIES))
        self.assertEqual(self.bash(COMMAND, 'list', '--not-in', ''), ['glibc', 'musl'])
        self.assertEqual(sorted(self.bash(COMMAND, 'list', '--arch', '')), sorted(FACTS.table.arches))
        self.assertIn(__file__, self.bash(COMMAND, 'needs', __file__[:-2], filenames=True))
        self.assertIn(__file__, self.bash(COMMAND, 'call', 'openat', 'AT_FDCWD', __file__[:-2], filenames=True))
        self.assertEqual(self.bash(COMMAND, 'call', 'linux_listn'), ['linux_listns'])
        self.assertEqual(self.bash(COMMAND, 'show', 'linux_statm'), ['linux_statmount'])
        self.assertEqual(self.bash(COMMAND, 'errno', 'epe'), ['eperm'])
        home, name = os.path.split(os.path.abspath(COMMAND))
        self.assertEqual(self.bash(f'~/{name}', 'show', 'statm', env={**os.environ, 'HOME': home}), ['statmount'])
        for name in SUBCOMMANDS:
            self.assertEqual(sorted(self.bash(COMMAND, name, '--')), self.OPTIONS[name])

    def zsh(self, line: str, wanted: str) -> None:
        """Types a line and Tab into an interactive zsh, and waits for what that makes of it."""
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, 'liblinux').symlink_to(COMMAND)
            shutil.copy(TOP / 'command/_liblinux', directory)
            pid, fd = pty.fork()
            if not pid:
                os.execvpe('zsh', ['zsh', '-f', '-i'], {'PATH': f'{directory}:{os.environ["PATH"]}', 'TERM': 'dumb', 'HOME': directory})
            try:
                os.write(fd, f'PS1=; fpath=({directory} $fpath); autoload -U compinit; compinit -u -D; echo rea""dy\n'.encode())
                self.expect(fd, 'ready')
                os.write(fd, f'{line}\t'.encode())
                self.expect(fd, wanted)
            finally:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                os.close(fd)

    def expect(self, fd: int, wanted: str) -> None:
        said = b''
        while wanted.encode() not in said:
            if not select.select([fd], [], [], 20)[0]:
                self.fail(f'{wanted} is not in {said!r}')
            said += os.read(fd, 4096).replace(b'\a', b'')

    def test_zsh(self) -> None:
        if WRAPPER:
            self.skipTest('completion runs the command by its name')
        if not shutil.which('zsh'):
            self.skipTest('no zsh')
        for line, wanted in (('liblinux sho', 'liblinux show'), ('liblinux show statm', 'statmount'), ('liblinux probe --al', '--all'),
                             ('liblinux list --category=cred', 'credentials'), ('liblinux list --arch=aar', 'aarch64'), ('liblinux errno EPE', 'EPERM'), ('liblinux call listn', 'listns')):
            with self.subTest(line):
                self.zsh(line, wanted)

    def test_zsh_has_every_option(self) -> None:
        text = (TOP / 'command/_liblinux').read_text(encoding='utf-8')
        self.assertEqual(set(re.findall(r"--[a-z-]+", text)), {option for options in self.OPTIONS.values() for option in options} | {'--version'})


if __name__ == '__main__':
    sys.argv[1:] = [argument for argument in sys.argv[1:] if '/' not in argument]       # the program, for Meson
    tap.main()
