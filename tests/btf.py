# SPDX-License-Identifier: MIT
"""Read BTF, the kernel's own description of its types, out of a kernel image.

The format is that of the kernel's include/uapi/linux/btf.h. An image is an ELF vmlinux, a
compressed one for x86 (Documentation/arch/x86/boot.rst) or EFI (zboot), or an arm64 Image,
which is plain memory.
"""
from __future__ import annotations

import lzma
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAGIC = b'\x9f\xeb\x01\x00'             # little-endian, version 1, no flags


class Malformed(ValueError):
    """No image, or no BTF, that this can read."""


class Missing(Exception):
    """A tool that is not installed: a reason to skip a test."""


# The image

def unpack_gzip(data: bytes) -> bytes:
    stream = zlib.decompressobj(31)
    return finished(stream, stream.decompress(data))


def unpack_xz(data: bytes) -> bytes:
    stream = lzma.LZMADecompressor()
    return finished(stream, stream.decompress(data))


def finished(stream: Any, plain: bytes) -> bytes:
    if not stream.eof:
        raise OSError('it is cut short')
    return plain


def unpack_with(*command: str) -> Callable[[bytes], bytes]:
    def run(data: bytes) -> bytes:
        if not shutil.which(command[0]):
            raise Missing(f'{command[0]} is not installed')
        result = subprocess.run([*command, '-dc'], input=data, capture_output=True)
        if result.returncode:
            raise OSError(f'{command[0]} failed')
        return result.stdout
    return run


GZIP = b'\x1f\x8b'
UNPACK = {GZIP: unpack_gzip, b'\xfd7zXZ\0': unpack_xz, b'\x28\xb5\x2f\xfd': unpack_with('zstd', '--long=31'),
          b'\x02\x21\x4c\x18': unpack_with('lz4')}


def unpack(data: bytes) -> bytes:
    for magic, how in UNPACK.items():
        if data.startswith(magic):
            try:
                return how(data)
            except (OSError, zlib.error, lzma.LZMAError) as error:
                raise Malformed(f'the image cannot be unpacked: {error}') from None
    raise Malformed(f'the image is packed in an unknown way: {data[:6].hex()}')


def plain(image: bytes) -> bytes:
    """The ELF vmlinux or the arm64 Image that an image is, or has inside."""
    if image[0x202:0x206] == b'HdrS':
        offset, length = struct.unpack_from('<II', image, 0x248)
        start = (image[0x1f1] + 1) * 512 + offset
        packed = image[start:start + length]
        # The kernel's build puts the size of what was packed behind it, which gzip's format has already.
        return unpack(packed if packed.startswith(GZIP) else packed[:-4])
    if image[:2] == b'MZ' and image[4:8] == b'zimg':
        offset, length = struct.unpack_from('<II', image, 8)
        return plain(unpack(image[offset:offset + length]))
    if image.startswith(tuple(UNPACK)):
        return plain(unpack(image))
    return image


def elf_section(elf: bytes, wanted: bytes) -> bytes:
    if elf[4:6] != b'\x02\x01':
        raise Malformed('the ELF file is not little-endian with 64 bits')
    try:
        table, = struct.unpack_from('<Q', elf, 0x28)
        size, count, names = struct.unpack_from('<HHH', elf, 0x3a)
        sections = [struct.unpack_from('<II16xQQ', elf, table + n * size) for n in range(count)]
    except struct.error:
        raise Malformed('the ELF file is cut short') from None
    for name, _, offset, length in sections:
        start = sections[names][2] + name
        if elf.startswith(wanted + b'\0', start):
            return elf[offset:offset + length]
    raise Malformed(f'the ELF file has no section {wanted.decode()}')


def find(image: bytes) -> bytes:
    """The BTF of a kernel image."""
    image = plain(image)
    if image.startswith(b'\x7fELF'):
        return elf_section(image, b'.BTF')
    if image[0x38:0x3c] != b'ARMd':
        raise Malformed('neither an ELF file nor an image of x86 or arm64')
    # Memory without a table of sections: of what begins like BTF, that of the kernel is the largest.
    found = [image[match.start():] for match in re.finditer(re.escape(MAGIC), image)]
    sizes = [(struct.unpack_from('<I', data, 16)[0] + struct.unpack_from('<I', data, 20)[0], data)
             for data in found if len(data) >= 24 and whole(data)]
    if not sizes:
        raise Malformed('the image has no BTF')
    return max(sizes, key=lambda pair: pair[0])[1]


def whole(data: bytes) -> bool:
    """Do the header's sections lie in the data, types then strings?"""
    head, type_off, type_len, str_off, str_len = struct.unpack_from('<IIIII', data, 4)
    return 24 <= head <= 64 and type_off + type_len <= str_off and 0 < str_len and head + str_off + str_len <= len(data)


# The types

VOID, INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, \
    DECL_TAG, TYPE_TAG, ENUM64 = range(20)

# What follows a type of each kind: bytes, and bytes for each of its parts.
EXTRA = {INT: (4, 0), PTR: (0, 0), ARRAY: (12, 0), STRUCT: (0, 12), UNION: (0, 12), ENUM: (0, 8), FWD: (0, 0), TYPEDEF: (0, 0),
         VOLATILE: (0, 0), CONST: (0, 0), RESTRICT: (0, 0), FUNC: (0, 0), FUNC_PROTO: (0, 8), VAR: (4, 0), DATASEC: (0, 12),
         FLOAT: (0, 0), DECL_TAG: (4, 0), TYPE_TAG: (0, 0), ENUM64: (0, 12)}


@dataclass(frozen=True)
class Member:
    name: str                           # '' of an anonymous struct or union
    type: int
    offset: int                         # bits
    bits: int                           # width of a bit-field


@dataclass(frozen=True)
class Type:
    kind: int
    name: str
    size: int                           # bytes; of an array, its elements
    target: int = 0                     # what it points to, is made of or another name for
    signed: bool = False
    boolean: bool = False
    members: tuple[Member, ...] = ()


class Btf:
    """All types; the number of a type is its place."""

    def __init__(self, data: bytes):
        if data[:4] != MAGIC or len(data) < 24 or not whole(data):
            raise Malformed('no BTF, or cut short')
        head, type_off, type_len, str_off, str_len = struct.unpack_from('<IIIII', data, 4)
        self.strings = data[head + str_off:head + str_off + str_len]
        self.types = [Type(VOID, 'void', 0)]
        position, end = head + type_off, head + type_off + type_len
        while position < end:
            try:
                position = self.read(data, position)
            except struct.error:
                position = end + 1
        if position != end:
            raise Malformed(f'type {len(self.types) - 1} goes beyond the end of the types')
        self.records: dict[tuple[str, str], list[Type]] = {}        # ('struct' or 'union', tag) -> all of that tag
        self.typedefs: dict[str, list[Type]] = {}                   # name -> the types behind it
        for entry in self.types:
            if entry.kind in (STRUCT, UNION) and entry.name:
                self.records.setdefault(('struct' if entry.kind == STRUCT else 'union', entry.name), []).append(entry)
            elif entry.kind == TYPEDEF:
                self.typedefs.setdefault(entry.name, []).append(self.strip(entry.target))

    def string(self, offset: int) -> str:
        end = self.strings.find(b'\0', offset)
        if offset >= len(self.strings) or end < 0:
            raise Malformed(f'no string at {offset}')
        return self.strings[offset:end].decode()

    def read(self, data: bytes, position: int) -> int:
        """Add the type at the position; the position of the next."""
        name, info, size = struct.unpack_from('<III', data, position)
        kind, count, flag = info >> 24 & 0x7f, info & 0xffffff, info >> 31
        if kind not in EXTRA:
            raise Malformed(f'type {len(self.types)} is of the unknown kind {kind}')
        position += 12
        fixed, each = EXTRA[kind]
        after = position + fixed + each * count
        word = self.string(name)
        if kind == INT:
            encoding, = struct.unpack_from('<I', data, position)
            if encoding & 0xffffff != size * 8:         # how bit-fields were written until Linux 5.0
                raise Malformed(f'{word} is no whole integer')
            self.types.append(Type(kind, word, size, signed=bool(encoding >> 24 & 1), boolean=bool(encoding >> 24 & 4)))
        elif kind == ARRAY:
            element, _, length = struct.unpack_from('<III', data, position)
            self.types.append(Type(kind, word, length, element))
        elif kind in (STRUCT, UNION):
            members = []
            for n in range(count):
                member, target, offset = struct.unpack_from('<III', data, position + 12 * n)
                bits = offset >> 24 if flag else 0
                members.append(Member(self.string(member), target, offset & 0xffffff if flag else offset, bits))
            self.types.append(Type(kind, word, size, members=tuple(members)))
        elif kind in (ENUM, ENUM64):
            self.types.append(Type(kind, word, size, signed=bool(flag)))
        elif kind == FLOAT:
            self.types.append(Type(kind, word, size))
        else:
            self.types.append(Type(kind, word, 0, size))
        return after

    def strip(self, number: int) -> Type:
        """The type without other names for it and qualifiers."""
        entry = self.type(number)
        while entry.kind in (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG):
            entry = self.type(entry.target)
        return entry

    def type(self, number: int) -> Type:
        if number >= len(self.types):
            raise Malformed(f'no type {number}')
        return self.types[number]
