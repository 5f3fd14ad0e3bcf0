# SPDX-License-Identifier: MIT
"""Write vDSOs of our own as C arrays: vdso_images.py OUTPUT VDSO_H CC...

Each function of such a vDSO returns a number of its own, and is there by the names and the
version of the architecture, which its vdso.h has, and by those of another.
"""
from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CALLS = ['clock_gettime', 'clock_getres', 'gettimeofday', 'time', 'getcpu', 'getrandom']
ABOUT = Path(sys.argv[2]).read_text()
PREFIX = re.search(r'#define LIBLINUX_VDSO_NAME\(call\) "(\w+)" #call', ABOUT)[1]
VERSIONS = {PREFIX: re.search(r'#define LIBLINUX_VDSO_VERSION "(.*)"', ABOUT)[1], '__other_': 'LINUX_1.0'}

# As the kernel links its own: one segment for all of it.
SCRIPT = '''\
PHDRS {{ text PT_LOAD FILEHDR PHDRS FLAGS(5); dynamic PT_DYNAMIC FLAGS(4); }}
SECTIONS {{
	. = {base} + SIZEOF_HEADERS;
	.hash : {{ *(.hash) }} :text
	.gnu.hash : {{ *(.gnu.hash) }} :text
	.dynsym : {{ *(.dynsym) }} :text
	.dynstr : {{ *(.dynstr) }} :text
	.gnu.version : {{ *(.gnu.version) }} :text
	.gnu.version_d : {{ *(.gnu.version_d) }} :text
	.dynamic : {{ *(.dynamic) }} :text :dynamic
	.rodata : {{ *(.rodata*) *(.data*) *(.got*) *(.bss*) }} :text
	.text : {{ *(.text*) }} :text
	.shstrtab 0 : {{ *(.shstrtab) }}
	/DISCARD/ : {{ *(.note*) *(.eh_frame*) *(.comment) *(.ARM.attributes) *(.plt*) *(.rela*) *(.iplt) }}
}}
'''


def function(name: str, number: int) -> str:
    return f'long {name}(void);\nlong {name}(void) {{ return {number}; }}\n'


def functions(calls: list[str] = CALLS, first: int = 1000) -> str:
    """Those calls under all names, and others that lengthen the chains."""
    text = ''.join(function(prefix + call, first + CALLS.index(call)) for prefix in VERSIONS for call in calls)
    return text + ''.join(function(f'other_{n}', n) for n in range(40))


def versions(names: dict[str, str]) -> str:
    return ''.join(f'{version} {{ global: {prefix}*; }};\n' for prefix, version in names.items())


# Old and new symbols of one name: each has the number of its version.
OLD_AND_NEW = functions([]) + ''.join(
    function(f'{name}_{number}', number + CALLS.index(call)) + f'__asm__(".symver {name}_{number}, {name}{at}{version}");\n'
    for prefix, right in VERSIONS.items() for call in CALLS for name in [prefix + call]
    for number, at, version in ((1000, '@', right), (2000, '@@', 'LINUX_9.9')))
OBJECTS = functions([]) + ''.join(f'extern const char {prefix}{call}[9];\nconst char {prefix}{call}[9] = "not code";\n'
                                  for prefix in VERSIONS for call in CALLS)
WRONG = dict(zip(VERSIONS, reversed(VERSIONS.values())))     # each other's

# name: (source, version script, hash style, address that it is linked to)
IMAGES = {
    'both': (functions(), versions(VERSIONS), 'both', '0'),
    'sysv': (functions(), versions(VERSIONS), 'sysv', '0'),
    'gnu': (functions(), versions(VERSIONS), 'gnu', '0'),
    'high': (functions(), versions(VERSIONS), 'both', '0xffffffffff700000'),
    'two_sysv': (OLD_AND_NEW, versions(VERSIONS) + 'LINUX_9.9 { };\n', 'sysv', '0'),
    'two_gnu': (OLD_AND_NEW, versions(VERSIONS) + 'LINUX_9.9 { };\n', 'gnu', '0'),
    'few': (functions(['clock_getres', 'getcpu']), versions(VERSIONS), 'both', '0'),
    'wrong_sysv': (functions(), versions(WRONG), 'sysv', '0'),
    'wrong_gnu': (functions(), versions(WRONG), 'gnu', '0'),
    'none': (functions(), '', 'both', '0'),
    'objects': (OBJECTS, versions(VERSIONS), 'both', '0'),
}


def image(cc: list[str], directory: Path, source: str, script: str, style: str, base: str) -> bytes:
    (directory / 'image.c').write_text(source)
    (directory / 'image.ld').write_text(SCRIPT.format(base=base))
    (directory / 'image.map').write_text(script)
    output = directory / 'image.so'
    subprocess.run([*cc, '-O2', '-fPIC', '-shared', '-nostdlib', '-fno-lto', '-fno-stack-protector', '-fno-asynchronous-unwind-tables',
                    '-fno-sanitize=all', '-o', output, directory / 'image.c', f'-Wl,--hash-style={style}', '-Wl,--build-id=none',
                    f'-Wl,-T,{directory / "image.ld"}', *([f'-Wl,--version-script={directory / "image.map"}'] if script else [])], check=True)
    return output.read_bytes()


def main() -> None:
    output, _, *cc = sys.argv[1:]
    text = '/* Made by tests/vdso_images.py. Do not edit. */\n'
    with tempfile.TemporaryDirectory(prefix='liblinux-') as directory:
        for name, what in IMAGES.items():
            data = image(cc, Path(directory), *what)
            text += f'static const unsigned char image_{name}[] = {{{",".join(map(str, data))}}};\n'
    text += '#define IMAGES(X) ' + ' '.join(f'X({name})' for name in IMAGES) + '\n'
    Path(output).write_text(text)


if __name__ == '__main__':
    main()
