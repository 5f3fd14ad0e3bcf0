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
COUNT = 3
# A newer compiler than this machine's, run from where its packages were unpacked.
NEWER = ['cpp-14-x86-64-linux-gnu', 'libc6', 'libgmp10', 'libmpfr6', 'libmpc3', 'libisl23', 'zlib1g', 'libzstd1', 'libstdc\\+\\+6', 'libgcc-s1']


def say(command: list[str], text: str, *flags: str) -> str:
    result = subprocess.run([*command, *FLAGS, *flags, '-c', '-o', '/dev/null', '-x', 'c', '-'], input=HEAD + text, text=True, capture_output=True)
    return result.stderr or ('failed' if result.returncode else '')


def callers(arch: str) -> str:
    """Every call twice: with null pointers, and with memory of the size that it says."""
    facts = emit.load(arch)
    text = ''
    for name, row in facts.calls().items():
        types = emit.prototype_types(row, facts.shared)
        nulls = ', '.join(f'({c_type})0' for c_type in types)
        counted = {use.count: use for use in facts.notes[name].uses.values() if use.count}
        memory, args = '', []
        for n, (arg, c_type) in enumerate(zip(row.args, types)):
            use = facts.notes[name].uses.get(arg.name, Use())
            pointee = re.sub(r'^const ', '', c_type)[:-1].strip()
            if not c_type.endswith('*'):
                args.append(f'({c_type}){COUNT if arg.name in counted else 0}')
                continue
            size = int(use.count) if use.count.isdecimal() else 64 if use.unit == 'bits' else COUNT
            if pointee == 'void' or use.unit == 'bytes' and 'struct' not in pointee:
                memory += f'\tchar m{n}[{size}] = {{0}};\n'
            elif 'string' in use.flags:
                memory += f'\tchar m{n}[1] = "";\n'
            else:
                memory += f'\t{pointee} m{n}[{size if use.unit == "elements" else 1}] = {{0}};\n'
            args.append(f'({c_type})m{n}')
        result = f'long kept = linux_{name}({{}});\n\t(void)kept;\n'
        if emit.is_noreturn(row, facts):
            result = f'linux_{name}({{}});\n'
        text += f'#ifdef linux_{name}\nvoid null_{name}(void);\nvoid null_{name}(void)\n{{\n\t{result.format(nulls)}}}\n'
        text += f'void exact_{name}(void);\nvoid exact_{name}(void)\n{{\n{memory}\t{result.format(", ".join(args))}}}\n#endif\n'
    return text


class Annotations(unittest.TestCase):
    def test_correct_callers(self) -> None:
        for arch, command in (('x86_64', ['clang']), *((arch.name, arch.gcc) for arch in arches.every())):
            text = callers(arch)
            for mode in ('-DLIBLINUX_INLINE', '-DMODE'):
                for level in ('-O0', '-O2'):
                    with self.subTest(f'{command[0]} {mode} {level}'):
                        if not shutil.which(command[0]):
                            self.skipTest(f'{command[0]} is not installed')
                        self.assertEqual(say(command, text, mode, level), '')

    def test_wrong_callers(self) -> None:
        for body, reason in (
                ('char path[8]; return linux_access(path, 0);', 'uninitialized'),
                ('struct linux_statx *about = (struct linux_statx *)memory; return linux_statx(0, "", 0, 0, about);', 'stringop-overflow'),
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
