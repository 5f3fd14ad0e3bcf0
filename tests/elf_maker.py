# SPDX-License-Identifier: MIT
"""Small ELF files of any class and byte order, right and wrong, for the test of `liblinux needs`."""
from __future__ import annotations

import struct
from dataclasses import dataclass, field

# DT_*, SHT_*, PT_*: the generic ABI's.
NULL, NEEDED, HASH, STRTAB, SYMTAB, STRSZ, SONAME = 0, 1, 4, 5, 6, 10, 14
VERSYM, VERNEED, VERNEEDNUM = 0x6ffffff0, 0x6ffffffe, 0x6fffffff


@dataclass
class Elf:
    """A program that imports some names, each of a version of a library, or of none."""
    imports: list[tuple[str, str]] = field(default_factory=list)        # name, version ('': none)
    library: str = 'liblinux.so.1'
    wide: bool = True
    big: bool = False
    machine: int = 62
    weak: set[str] = field(default_factory=set)
    exports: list[str] = field(default_factory=list)
    soname: str = ''
    # What is written instead of the right numbers.
    raw: bytes = b''            # needs and versions
    verneeds: int = 1
    aux_count: int = -1
    aux_next: int = -1
    next: int = 0
    tags: dict[int, int] = field(default_factory=dict)

    def bytes(self) -> bytes:
        order = '>' if self.big else '<'
        word = 'Q' if self.wide else 'I'
        strings = b'\0'

        def text(what: str) -> int:
            nonlocal strings
            strings += what.encode() + b'\0'
            return len(strings) - len(what) - 1

        library = text(self.library)
        soname = text(self.soname) if self.soname else 0
        versions = list(dict.fromkeys(version for _, version in self.imports if version))
        symbols, versym = struct.pack(f'{order}{24 if self.wide else 16}x'), struct.pack(f'{order}H', 0)
        for name, version, section in [(*pair, 0) for pair in self.imports] + [(name, '', 1) for name in self.exports]:
            info = ((2 if name in self.weak else 1) << 4) | 2
            at = text(name)
            symbols += (struct.pack(f'{order}IBBHQQ', at, info, 0, section, 0, 0) if self.wide
                        else struct.pack(f'{order}IIIBBH', at, 0, 0, info, 0, section))
            versym += struct.pack(f'{order}H', versions.index(version) + 2 if version else 1)
        aux = b''
        for n, version in enumerate(versions):
            following = 16 if n + 1 < len(versions) else 0
            aux += struct.pack(f'{order}IHHII', 0, 0, n + 2, text(version), following if self.aux_next < 0 else self.aux_next)
        count = len(versions) if self.aux_count < 0 else self.aux_count
        verneed = struct.pack(f'{order}HHIII', 1, count, library, 16, self.next) + aux if versions or self.aux_count >= 0 else b''
        verneed = self.raw or verneed

        head, segment = (64, 56) if self.wide else (52, 32)
        parts = {SYMTAB: symbols, VERSYM: versym, VERNEED: verneed, STRTAB: strings}
        places, at = {}, head + 2 * segment
        for tag, part in parts.items():
            at += -at % 8
            places[tag] = at
            at += len(part)
        at += -at % 8
        values = {NEEDED: library, **({SONAME: soname} if soname else {}), **places, STRSZ: len(strings), VERNEEDNUM: self.verneeds}
        if not verneed:
            del values[VERNEED], values[VERNEEDNUM]
        values.update(self.tags)
        dynamic = b''.join(struct.pack(f'{order}{word}{word}', tag, value) for tag, value in values.items()) + bytes(16 if self.wide else 8)
        ident = b'\x7fELF' + bytes([2 if self.wide else 1, 2 if self.big else 1, 1]) + bytes(9)
        text_head = ident + struct.pack(f'{order}HHI{word}{word}{word}IHHHHHH', 3, self.machine, 1, 0, head, 0, 0, head, segment, 2, 0, 0, 0)

        def program_header(kind: int, start: int, size: int) -> bytes:
            if self.wide:
                return struct.pack(f'{order}IIQQQQQQ', kind, 4, start, start, start, size, size, 8)
            return struct.pack(f'{order}IIIIIIII', kind, start, start, start, size, size, 4, 8)
        whole = text_head + program_header(1, 0, at + len(dynamic)) + program_header(2, at, len(dynamic))
        for tag, part in parts.items():
            whole += bytes(places[tag] - len(whole)) + part
        return whole + bytes(at - len(whole)) + dynamic
