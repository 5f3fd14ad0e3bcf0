# SPDX-License-Identifier: MIT
"""An initramfs: programs, the libraries they need, and the cpio archive of them."""
from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path


class Missing(Exception):
    """A file that a program needs is nowhere."""


def readelf(path: Path) -> tuple[str, list[str], list[str]]:
    """The interpreter, the libraries needed, and the folders of RUNPATH."""
    result = subprocess.run(['readelf', '-dlW', str(path)], text=True, capture_output=True, env={'LC_ALL': 'C', 'PATH': '/usr/bin:/bin'})
    if result.returncode:
        raise Missing(f'readelf {path}: {result.stderr.strip()}')
    interpreter = re.search(r'program interpreter: (.*)\]', result.stdout)
    runpath = re.search(r'\(RU?N?PATH\).*\[(.*)\]', result.stdout)
    return (interpreter[1] if interpreter else '', re.findall(r'\(NEEDED\).*\[(.*)\]', result.stdout),
            [folder.replace('$ORIGIN', str(path.parent)) for folder in (runpath[1].split(':') if runpath else [])])


def is_elf(path: Path) -> bool:
    with path.open('rb') as file:
        return file.read(4) == b'\x7fELF'


class Initramfs:
    """Files of the build keep their path; libraries of the system go where its loader looks."""

    def __init__(self, library_folders: list[Path], triplet: str):
        self.library_folders = library_folders
        self.triplet = triplet
        self.files: dict[str, bytes] = {}
        self.modes: dict[str, int] = {}

    def write(self, path: str, data: bytes, mode: int = 0o755) -> None:
        self.files[path], self.modes[path] = data, mode

    def library(self, name: str, folders: list[Path]) -> None:
        """One library and what it needs, by the name that a program or LD_PRELOAD gives it."""
        for folder in folders:
            if (path := folder / name).is_file():
                self.program(path, folders)
                return
        for folder in self.library_folders:
            if (path := folder / name).is_file():
                target = f'/lib/{self.triplet}/{name}'
                if target not in self.files:
                    self.write(target, path.read_bytes())
                    for needed in readelf(path)[1]:
                        self.library(needed, [])
                return
        raise Missing(f'no library {name}')

    def program(self, path: Path, folders: list[Path]) -> None:
        """A file of the build; its libraries are looked for in these folders first."""
        if str(path) in self.files:
            return
        self.write(str(path), path.read_bytes())
        if not is_elf(path):
            return
        interpreter, needed, runpath = readelf(path)
        for name in needed:
            self.library(name, folders + [Path(folder) for folder in runpath])
        if interpreter and interpreter not in self.files:
            self.library(Path(interpreter).name, [])
            self.write(interpreter, self.files[f'/lib/{self.triplet}/{Path(interpreter).name}'])

    def archive(self) -> bytes:
        """Format newc (Documentation/driver-api/early-userspace/buffer-format.rst)."""
        out = bytearray()

        def entry(name: str, mode: int, data: bytes) -> None:
            encoded = name.encode() + b'\0'
            # ino mode uid gid nlink mtime size devmajor devminor rdevmajor rdevminor namesize check
            fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
            out.extend(b'070701' + ''.join(f'{field:08x}' for field in fields).encode() + encoded)
            out.extend(bytes(-len(out) % 4))
            out.extend(data)
            out.extend(bytes(-len(out) % 4))

        folders = {parent for path in self.files for parent in Path(path).parents} - {Path('/')}
        for folder in sorted(folders):
            entry(str(folder)[1:], stat.S_IFDIR | 0o755, b'')
        for path, data in sorted(self.files.items()):
            entry(path[1:], stat.S_IFREG | self.modes[path], data)
        entry('TRAILER!!!', 0, b'')
        return bytes(out)
