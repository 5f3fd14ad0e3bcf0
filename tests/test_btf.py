# SPDX-License-Identifier: MIT
"""The layouts of the facts are those of a kernel of the release, by its own BTF.

Debian's kernels for virtual machines are fetched and kept in the cache.
"""
from __future__ import annotations

import gzip
import lzma
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / 'gen'), str(TOP / 'tests')]

import arches               # noqa: E402
import btf                  # noqa: E402
import debian_fetch         # noqa: E402
import emit                 # noqa: E402
import emit_uapi            # noqa: E402
import tables               # noqa: E402
import tap                  # noqa: E402
import uapi_tables          # noqa: E402

# How many records of the facts the kernels of 7.3.4 have, less a few.
LEAST = 410


@dataclass(frozen=True)
class Known:
    """Where the kernel's own code has a struct otherwise than its UAPI headers, and why.

    OURS=THEIRS is a member with two names, ~MEMBER one of another type but the same place and size,
    +MEMBER one that only the kernel has, and -MEMBER one that it has not.
    """
    tag: str
    members: str
    why: str
    arch: str = ''                      # '' is all
    theirs: str = ''                    # the kernel's tag, where it is another


KNOWN = [
    Known('acct_v3', '~ac_etime', 'the kernel computes without floating point, and writes the bits of a float'),
    Known('fsverity_descriptor', '__reserved_0x04=sig_size +signature', 'what is stored with a built-in signature is the kernel\'s own'),
    Known('kexec_segment', '~mem +kbuf', 'an address, and for kexec_file_load a buffer of the kernel beside buf'),
    Known('pt_regs', 'rbp=bp rbx=bx rax=ax rcx=cx rdx=dx rsi=si rdi=di orig_rax=orig_ax rip=ip eflags=flags rsp=sp '
          'cs=csx ss=ssx +cs +ss +fred_cs +fred_ss', 'registers have short names there, selectors three forms', 'x86_64'),
    Known('sigcontext', 'rdi=di rsi=si rbp=bp rbx=bx rdx=dx rax=ax rcx=cx rsp=sp rip=ip eflags=flags ~fpstate -__pad0',
          'struct sigcontext is the one of 32 bits there', 'x86_64', 'sigcontext_64'),
    Known('sigaction', '~sa_mask', 'sigset_t is a struct there, a long in the header', 'x86_64'),
    Known('ucontext', '~uc_sigmask', 'sigset_t is a struct there, a long in the header', 'x86_64'),
]

# Structs with bit-fields that Debian's kernels lack, and why; tests/test_types.py measures ours against the facts.
ABSENT = {'watch_notification': 'CONFIG_WATCH_QUEUE is off'}


# Both sides in one form. What an anonymous struct or union has counts as its parent's.

@dataclass(frozen=True)
class Place:
    offset: int                         # bits
    bits: int                           # width of a bit-field
    count: int | None                   # of an array, all dimensions multiplied: BTF has no more
    size: int                           # bytes of an element
    kind: str                           # of an element: 'signed', 'unsigned', 'char', 'bool', 'float', 'pointer', 'record'
    tag: str = ''
    members: tuple[tuple[str, Place], ...] = ()


def in_facts(records: dict, members: tuple[uapi_tables.Field, ...], base: int = 0) -> dict[str, Place]:
    found = {}
    for member in members:
        offset = base + (member.offset if member.bits else member.offset * 8)
        count = emit_uapi.Layout.count(member) if member.dims else None
        tag, inner = '', {}
        if member.type in ('struct', 'union'):
            size, kind, inner = member.size, 'record', in_facts(records, member.members)
        elif member.type.endswith(('*', ')')):
            size, kind = 8, 'pointer'
        elif member.type in emit_uapi.SCALARS:
            size = emit_uapi.SCALARS[member.type]
            kind = {'char': 'char', '_Bool': 'bool', 'float': 'float', 'double': 'float'}.get(
                member.type, 'unsigned' if 'unsigned' in member.type else 'signed')
        else:
            tag = member.type.partition(' ')[2]
            record = records[tag][1]
            size, kind, inner = record.size, 'record', in_facts(records, record.members)
        if member.name:
            found[member.name] = Place(offset, member.bits, count, size, kind, tag, tuple(inner.items()))
        else:
            found.update(in_facts(records, member.members, offset))
    return found


def in_btf(kernel: btf.Btf, members: tuple[btf.Member, ...], base: int = 0) -> dict[str, Place]:
    found = {}
    for member in members:
        offset = base + member.offset
        entry, count, inner = kernel.strip(member.type), None, {}
        while entry.kind == btf.ARRAY:
            count = (1 if count is None else count) * entry.size
            entry = kernel.strip(entry.target)
        size = entry.size
        if entry.kind in (btf.STRUCT, btf.UNION):
            kind, inner = 'record', in_btf(kernel, entry.members)
        elif entry.kind == btf.PTR:
            size, kind = 8, 'pointer'
        elif entry.kind == btf.FLOAT:
            kind = 'float'
        elif entry.kind in (btf.INT, btf.ENUM, btf.ENUM64):
            kind = 'bool' if entry.boolean else 'char' if entry.name == 'char' else 'signed' if entry.signed else 'unsigned'
        else:
            raise btf.Malformed(f'{member.name} is of the kind {entry.kind}')
        if member.name:
            found[member.name] = Place(offset, member.bits, count, size, kind, '', tuple(inner.items()))
        else:
            found.update(in_btf(kernel, entry.members, offset))
    return found


class Comparison:
    """The facts of one architecture beside a kernel's BTF."""

    def __init__(self, arch: str, kernel: btf.Btf, known: list[Known] = KNOWN):
        self.arch = arch
        self.kernel = kernel
        self.known = {one.tag: one for one in known if one.arch in ('', arch)}
        self.unused = {(one.tag, word) for one in self.known.values() for word in one.members.split()}
        self.records = emit.load(arch).uapi.records(arch)
        # Structs to which abi-extra.tbl gave a tag.
        self.typedefs = {item.partition('=')[2]: item.partition('=')[0].partition(':')[2]
                         for extra in uapi_tables.read_extra(uapi_tables.EXTRA, {}) for item in extra.items
                         if item.startswith('typedef:')}

    def theirs(self, record: uapi_tables.Record) -> list[btf.Type]:
        """What the kernel has under the name; more than one where its files do not agree."""
        if typedef := record.typedef or self.typedefs.get(record.tag):
            return [entry for entry in self.kernel.typedefs.get(typedef, []) if entry.kind in (btf.STRUCT, btf.UNION)]
        tag = self.known[record.tag].theirs if record.tag in self.known else ''
        return self.kernel.records.get((record.kind, tag or record.tag), [])

    def members(self, tag: str, path: str, ours: dict[str, Place], theirs: dict[str, Place]) -> list[str]:
        """What differs; what is known to be so does not count."""
        words = self.known[tag].members.split() if tag in self.known else []
        names = dict(word.split('=') for word in words if '=' in word)
        wrong = []

        def explained(word: str) -> bool:
            self.unused.discard((tag, word))
            return word in words
        for name, place in ours.items():
            other = theirs.get(names.get(name, name))
            where = f'{path}.{name}'
            if other is None:
                if not explained(f'-{name}'):
                    wrong.append(f'{where}: the kernel has no such member')
                continue
            if name in names:
                explained(f'{name}={names[name]}')
            for what in ('offset', 'bits', 'count', 'size'):
                if getattr(place, what) != getattr(other, what):
                    wrong.append(f'{where}: {what} {getattr(place, what)}, in the kernel {getattr(other, what)}')
            if place.kind != other.kind:
                if not explained(f'~{name}'):
                    wrong.append(f'{where}: {place.kind}, in the kernel {other.kind}')
            elif place.kind == 'record':
                wrong += self.members(place.tag, where, dict(place.members), dict(other.members))
        for name in theirs.keys() - {names.get(name, name) for name in ours}:
            if not explained(f'+{name}'):
                wrong.append(f'{path}: only the kernel has {name}')
        return wrong

    def record(self, record: uapi_tables.Record) -> list[str] | None:
        """What differs from all that the kernel has under the name; None if that is nothing."""
        found = []
        for entry in self.theirs(record):
            wrong = [] if entry.size == record.size else [f'{record.tag}: {record.size} bytes, in the kernel {entry.size}']
            wrong += self.members(record.tag, record.tag, in_facts(self.records, record.members), in_btf(self.kernel, entry.members))
            found.append(wrong)
        return min(found, key=len) if found else None


def has_bit_fields(members: tuple[uapi_tables.Field, ...]) -> bool:
    return any(member.bits or has_bit_fields(member.members) for member in members)


class Kernel(unittest.TestCase):
    def kernel(self, arch: str) -> btf.Btf:
        directory = Path(tempfile.mkdtemp(prefix='liblinux-'))
        self.addCleanup(shutil.rmtree, directory)
        table = tables.read_syscalls()
        try:
            about = arches.read(arch)
            debian_fetch.fetch(debian_fetch.suite_of(table.release), about.debian, rf'linux-binary-(unsigned-)?{re.escape(table.tree)}\+.*{about.kernel}', directory)
            return btf.Btf(btf.find(next(directory.rglob('vmlinu[xz]*')).read_bytes()))
        except debian_fetch.Unavailable as reason:
            self.skipTest(f'no kernel of Linux {table.tree} for {arch}: {reason}')
        except btf.Missing as reason:
            self.skipTest(str(reason))

    def check(self, arch: str) -> None:
        comparison = Comparison(arch, self.kernel(arch))
        absent, bit_fields, wrong = [], 0, []
        for tag, (_, record) in comparison.records.items():
            differs = comparison.record(record)
            bit_fields += has_bit_fields(record.members)
            if differs is None:
                absent.append(tag)
                if has_bit_fields(record.members) and tag not in ABSENT:
                    wrong.append(f'{tag} has bit-fields, and the kernel has no {tag} to measure them by')
            else:
                wrong += differs
        compared = len(comparison.records) - len(absent)
        print(f'# {arch}: {compared} of {len(comparison.records)} structs and unions are compared, {bit_fields} with bit-fields; '
              f'not in the kernel: {" ".join(absent)}')
        self.assertEqual(wrong, [])
        self.assertEqual(comparison.unused, set(), 'KNOWN has what is not so')
        self.assertEqual(ABSENT.keys() - set(absent), set(), 'the kernel has these')
        self.assertGreaterEqual(compared, LEAST)
        self.assertGreaterEqual(bit_fields, 12)


for arch in arches.every():
    setattr(Kernel, f'test_{arch.name}', lambda self, name=arch.name: self.check(name))


def make_btf(types: bytes = b'', strings: bytes = b'', **fields: int) -> bytes:
    """An int and `struct example { int narrow : 3; int wide[4]; }`, unless told otherwise."""
    strings = strings or b'\0int\0example\0narrow\0wide\0'
    types = types or (struct.pack('<IIII', 1, 1 << 24, 4, 1 << 24 | 32)
                      + struct.pack('<IIIIII', 0, 3 << 24, 0, 1, 1, 4)
                      + struct.pack('<III', 5, 1 << 31 | 4 << 24 | 2, 20)
                      + struct.pack('<III', 13, 1, 3 << 24) + struct.pack('<III', 20, 2, 32))
    head = {'head': 24, 'type_off': 0, 'type_len': len(types), 'str_off': len(types), 'str_len': len(strings), **fields}
    return btf.MAGIC + struct.pack('<IIIII', *head.values()) + types + strings


def make_elf(content: bytes, name: bytes = b'.BTF') -> bytes:
    names = b'\0' + name + b'\0.names\0'
    def section(name_at: int, offset: int, length: int) -> bytes:
        return struct.pack('<II16xQQ', name_at, 1, offset, length).ljust(64, b'\0')
    head = b'\x7fELF\x02\x01'.ljust(0x28, b'\0') + struct.pack('<Q', 64) + bytes(10) + struct.pack('<HHH', 64, 3, 2)
    return (head.ljust(64, b'\0') + section(0, 0, 0) + section(1, 256 + len(names), len(content))
            + section(2 + len(name), 256, len(names)) + names + content)


def make_bzimage(packed: bytes) -> bytes:
    image = bytearray(0x400 + 100)
    image[0x1f1] = 1
    image[0x202:0x206] = b'HdrS'
    struct.pack_into('<II', image, 0x248, 100, len(packed))
    return bytes(image) + packed + b'what follows'


def make_arm64(content: bytes) -> bytes:
    return b'MZ'.ljust(0x38, b'\0') + b'ARMd' + bytes(100) + btf.MAGIC + b'\xff' * 32 + content + bytes(100)


def pack_with(*command: str) -> bytes:
    """What the kernel's build does: the packed data, then the size of what was packed."""
    if not shutil.which(command[0]):
        raise unittest.SkipTest(f'{command[0]} is not installed')
    data = make_elf(make_btf())
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout + struct.pack('<I', len(data))


class Reader(unittest.TestCase):
    """tests/btf.py, on images made here."""

    def check(self, image: bytes) -> None:
        kernel = btf.Btf(btf.find(image))
        example, = kernel.records['struct', 'example']
        self.assertEqual((example.size, in_btf(kernel, example.members)), (20, {
            'narrow': Place(0, 3, None, 4, 'signed'), 'wide': Place(32, 0, 4, 4, 'signed')}))

    def test_elf(self) -> None:
        self.check(make_elf(make_btf()))

    def test_arm64(self) -> None:
        self.check(make_arm64(make_btf()))
        self.check(gzip.compress(make_arm64(make_btf())))

    def test_efi(self) -> None:
        packed = gzip.compress(make_arm64(make_btf()))
        self.check(b'MZ\0\0zimg' + struct.pack('<II', 64, len(packed)).ljust(56, b'\0') + packed + b'what follows')

    def test_x86_gzip(self) -> None:
        self.check(make_bzimage(gzip.compress(make_elf(make_btf()))))

    def test_x86_xz(self) -> None:
        elf = make_elf(make_btf())
        self.check(make_bzimage(lzma.compress(elf) + struct.pack('<I', len(elf))))

    def test_x86_zstd(self) -> None:
        self.check(make_bzimage(pack_with('zstd', '-c')))

    def test_x86_lz4(self) -> None:
        self.check(make_bzimage(pack_with('lz4', '-lc')))

    def test_malformed(self) -> None:
        good = make_btf()
        for image, reason in (
                (b'', 'neither an ELF file nor an image'),
                (make_arm64(b''), 'no BTF'),
                (make_elf(good, b'.BTX'), r'no section \.BTF'),
                (b'\x7fELF\x01\x01' + bytes(64), 'not little-endian with 64 bits'),
                (make_elf(good)[:100], 'the ELF file is cut short'),
                (make_bzimage(b'BZh9 and more'), 'packed in an unknown way: 425a68'),
                (make_bzimage(lzma.compress(good)[:-8]), 'cannot be unpacked: it is cut short'),
                (make_bzimage(b'\xfd7zXZ\0 and more'), 'cannot be unpacked: '),
                (make_bzimage(b'\x28\xb5\x2f\xfd and more'), 'cannot be unpacked: zstd failed|not installed'),
                (make_elf(good[:-1]), 'cut short'),
                (make_elf(good[:20]), 'cut short'),
                (make_elf(make_btf(type_len=90)), 'cut short'),
                (make_elf(make_btf(type_len=70)), 'beyond the end'),
                (make_elf(make_btf(struct.pack('<III', 0, 99 << 24, 0))), 'type 1 is of the unknown kind 99'),
                (make_elf(make_btf(struct.pack('<III', 77, 2 << 24, 0))), 'no string at 77'),
                (make_elf(make_btf(struct.pack('<III', 1, 8 << 24, 9))), 'no type 9'),
                (make_elf(make_btf(struct.pack('<IIII', 1, 1 << 24, 4, 3 << 16 | 5))), 'int is no whole integer')):
            with self.subTest(reason), self.assertRaisesRegex((btf.Malformed, btf.Missing), reason):
                btf.Btf(btf.find(image))


if __name__ == '__main__':
    tap.main()
