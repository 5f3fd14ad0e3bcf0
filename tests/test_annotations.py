# SPDX-License-Identifier: MIT
"""What prototypes tell a compiler: no correct caller is warned, and a wrong one is.

INCLUDES in the environment has the include directories.
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
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import arches               # noqa: E402
import debian_fetch         # noqa: E402
import emit                 # noqa: E402
import tap                  # noqa: E402
from call_notes import Use  # noqa: E402

INCLUDES = [f'-I{path}' for path in os.environ['INCLUDES'].split(':')]
FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror', '-ffreestanding', '-nostdinc', *INCLUDES]
HEAD = '#include <liblinux/posix.h>\n#include <liblinux/liblinux.h>\n#include <liblinux/uapi/dirent.h>\n'
HELPERS = '''\
#define ALIGNED __attribute__((__aligned__(8)))
#ifdef __cplusplus
# define ZERO {}
#else
# define ZERO {0}
#endif
'''
COUNT = 3
# Structs that grow: tag -> the macro of the first size.
OLDEST = {tag: f'LINUX_{macro}_SIZE_VER0' for tag, macro in (
    ('clone_args', 'CLONE_ARGS'), ('file_attr', 'FILE_ATTR'), ('mnt_id_req', 'MNT_ID_REQ'), ('mount_attr', 'MOUNT_ATTR'),
    ('ns_id_req', 'NS_ID_REQ'), ('perf_event_attr', 'PERF_ATTR'), ('sched_attr', 'SCHED_ATTR'))}
# A newer compiler than this machine's, run from where its packages were unpacked.
NEWER = ['cpp-14-x86-64-linux-gnu', 'libc6', 'libgmp10', 'libmpfr6', 'libmpc3', 'libisl23', 'zlib1g', 'libzstd1', 'libstdc\\+\\+6', 'libgcc-s1']


def say(command: list[str], text: str, *flags: str, language: str = 'c') -> str:
    result = subprocess.run([*command, *FLAGS, *flags, '-c', '-o', '/dev/null', '-x', language, '-'], input=HEAD + text, text=True, capture_output=True)
    return result.stderr or ('failed' if result.returncode else '')


def counts(name: str, uses: dict[str, Use]) -> list[Use]:
    """The arguments that this one counts."""
    return [use for use in uses.values() if re.fullmatch(rf'\*?{name}(/page|-1)?', use.count)]


def variable(name: str, c_type: str, use: Use, form: str, uses: dict[str, Use]) -> tuple[str, str]:
    """A definition of what an argument points to, and the argument."""
    if form == 'null' or form == 'absent' and 'nullable' in use.flags:
        sizes = form == 'absent' and any('nullable' in one.flags for one in counts(name, uses))
        return (f'{c_type[:-1]}v_{name};', f'&v_{name}') if sizes else ('', f'({c_type})0')
    pointee = c_type[:-1].strip()
    if c_type.count('*') == 1:
        pointee = pointee.removeprefix('const ')
    counted = bool(use.count) and not use.count.isdecimal()
    size = int(use.count) if use.count.isdecimal() else 64 if use.unit == 'bits' else COUNT
    # Behind a const pointer gcc takes all as read that no attribute says otherwise of.
    said = use.unit == 'elements' or use.unit == 'bytes' and pointee == 'void'
    read = c_type.startswith('const ') and (not said or 'nullable' in use.flags and not use.empty)
    const = 'const ' if use.direction == 'in' and c_type.count('*') == 1 and form in ('exact', 'end') else ''
    if 'string' in use.flags and not use.unit:
        return f'{const}char v_{name}[1] = "";', f'v_{name}'
    if pointee == 'void':
        pointee = {'exact': 'unsigned char', 'empty': 'int'}.get(form, 'char')
    elif use.unit != 'elements':
        size = 1
    if form == 'end' and counted:
        return f'static {const}{pointee} v_{name}[{size}] = ZERO;', f'v_{name} + {size}'
    if form == 'empty' and counted and not read:
        return f'{pointee} v_{name};', f'&v_{name}'
    tag = re.search(r'(?:struct|union) linux_(\w+)', pointee)
    if form == 'old' and tag and (version := OLDEST.get(tag[1])):
        return f'static ALIGNED char v_{name}[{version}];', f'({c_type})v_{name}'
    return f'{const}{pointee} v_{name}[{size}] = ZERO;', f'v_{name}'


def callers(arch: str) -> str:
    """
    Every call: with null pointers; with memory of the size that it says; counted memory that is not initialised, and
    the end of some, with a count of 0; without what may be left out; with structs of the first release that had them.
    What a call only reads is const, and what it takes as bytes is of several types.
    """
    facts = emit.load(arch)
    text = HELPERS
    for name, row in facts.calls().items():
        text += f'#ifdef linux_{name}\n'
        for form in ('null', 'exact', 'empty', 'end', 'absent', 'old'):
            uses, lines, args = facts.notes[name].uses, [], []
            for arg, c_type in zip(row.args, emit.prototype_types(row, facts.shared)):
                if c_type.endswith('*'):
                    line, value = variable(arg.name, c_type, uses.get(arg.name, Use()), form, uses)
                    lines += [line] * bool(line)
                else:
                    found = counts(arg.name, uses)
                    some = form in ('exact', 'old') or form == 'absent' and not any(use.empty for use in found)
                    value = f'({c_type}){COUNT if found and some else 0}'
                args.append(value)
            lines.append(f'{"" if emit.is_noreturn(row, facts) else "long kept = "}linux_{name}({", ".join(args)});')
            lines += [] if emit.is_noreturn(row, facts) else ['(void)kept;']
            text += f'void {form}_{name}(void);\nvoid {form}_{name}(void)\n{{\n\t' + '\n\t'.join(lines) + '\n}\n'
        text += '#endif\n'
    return text


class Annotations(unittest.TestCase):
    def test_correct_callers(self) -> None:
        for arch, command in (('x86_64', ['clang']), *((arch.name, arch.gcc) for arch in arches.every())):
            text = callers(arch)
            for mode in ('-DLIBLINUX_INLINE', '-DMODE'):
                for language, level in (('c', '-O0'), ('c', '-O2'), ('c++', '-O2')):
                    with self.subTest(f'{command[0]} {language} {mode} {level}'):
                        if not shutil.which(command[0]):
                            self.skipTest(f'{command[0]} is not installed')
                        self.assertEqual(say(command, text, mode, level, language=language), '')

    def test_wrong_callers(self) -> None:
        for body, reason in (
                ('char path[8]; return linux_access(path, 0);', 'uninitialized'),
                ('struct linux_statx *about = (struct linux_statx *)memory; return linux_statx(0, "", 0, 0, about);', 'stringop-overflow'),
                ('char text[2] = "a"; return linux_write(1, text, 3);', 'stringop-overread'),
                ('int fds[2]; linux_pipe2(fds, 0); return 0;', 'unused-result'),
                ('linux_setuid(0); return 0;', 'unused-result')):
            with self.subTest(body):
                text = f'static char memory[4];\nlong f(void);\nlong f(void)\n{{\n\t(void)memory;\n\t{body}\n}}\n'
                self.assertIn(reason, say(['gcc'], text))

    def test_nothing_is_assumed(self) -> None:
        """A null pointer that a call got is null afterwards."""
        for call in ('linux_read(0, p, 1)', 'linux_write(1, p, 1)', 'linux_access(p, 0)', 'linux_getcwd(p, 1)'):
            text = f'long f(char *p);\nlong f(char *p)\n{{\n\t{call};\n\treturn p == 0;\n}}\n'
            for mode in ('-DLIBLINUX_INLINE', '-DMODE'):
                result = subprocess.run(['gcc', *FLAGS, '-O3', mode, '-S', '-o', '-', '-x', 'c', '-'], input=HEAD + text, text=True, capture_output=True)
                self.assertRegex(result.stdout, r'(?m)^\s*(set[en]+e?|test[lq]|cmp[lq])\b.*', call)
                self.assertRegex(result.stdout, r'\bsete\b', call)

    def test_newer_compiler(self) -> None:
        """Its analyzer has nothing to say of correct callers either."""
        root = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, root)
        try:
            for package in NEWER:
                debian_fetch.fetch('trixie', 'amd64', package, root)
        except debian_fetch.Unavailable as reason:
            self.skipTest(f'no newer gcc: {reason}')
        cc1 = next(root.glob('usr/libexec/gcc/x86_64-linux-gnu/14/cc1'))
        loader = next(path for path in (root / 'usr/lib64/ld-linux-x86-64.so.2', root / 'lib64/ld-linux-x86-64.so.2',
                                        root / 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2') if path.exists())
        libraries = f'{root}/usr/lib/x86_64-linux-gnu:{root}/lib/x86_64-linux-gnu'

        def analyse(text: str) -> str:
            source = root / 'source.c'
            source.write_text(HEAD + text)
            flags = [flag for flag in FLAGS if flag != '-Werror']
            # What the driver would pass, which is not here.
            return subprocess.run([str(loader), '--library-path', libraries, str(cc1), '-quiet', *flags, '-fanalyzer', '-Werror', str(source),
                                   '-o', '/dev/null'], text=True, capture_output=True).stderr
        self.assertEqual(analyse(callers('x86_64')), '')
        self.assertEqual(analyse('long f(void);\nlong f(void)\n{\n\tlong ret, fd = linux_openat(LINUX_AT_FDCWD, "/", 0, 0);\n\n'
                                 '\tif (linux_is_error(fd))\n\t\treturn fd;\n\tret = linux_fallocate((int)fd, 0, 0, 0);\n'
                                 '\tlinux_close((unsigned)fd);\n\treturn ret;\n}\n'), '')
        # It does read the attributes.
        self.assertIn('uninitialized', analyse('long f(void);\nlong f(void)\n{\n\tchar path[8];\n\n\treturn linux_access(path, 0);\n}\n'))


if __name__ == '__main__':
    tap.main()
