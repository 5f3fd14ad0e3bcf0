# SPDX-License-Identifier: MIT
"""What the tests know of each architecture: src/arch/<arch>/test."""
from __future__ import annotations

import configparser
import functools
import importlib.util
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

TOP = Path(__file__).resolve().parent.parent
sys.path.append(str(TOP / 'gen'))

import tables               # noqa: E402


@dataclass(frozen=True)
class Arch:
    name: str
    debian: str                 # Debian's name
    suite: str                  # of Debian, whose libraries a cross build's tests are linked with
    kernel: str                 # how the names of Debian's packages of kernels end
    kernels: tuple[str, ...]    # releases
    user: tuple[str, ...]       # qemu's user emulation; () for the one that is not cross-built
    system: tuple[str, ...]     # qemu's machine
    console: str                # of that
    protection: tuple[str, ...]     # what the files' notes say; () where compilers of Debian 12 make none
    protect: tuple[str, ...]    # the compiler's flag for it
    insist: tuple[str, ...]     # the linker's
    left: tuple[str, ...]       # sections that the linker leaves out of RELRO
    start: tuple[str, ...]      # the first instruction of _start
    unwound: str                # the rule of unwinding there
    symbols: str                # the kernel's prefix of the functions of its calls

    @property
    def native(self) -> bool:
        return self.name == platform.machine()

    @property
    def triplet(self) -> str:
        return f'{self.name}-linux-gnu'

    def tool(self, name: str) -> str:
        """A tool of the compiler's, for this architecture."""
        return name if self.native else f'{self.triplet}-{name}'

    @property
    def gcc(self) -> list[str]:
        return [self.tool('gcc')]

    @property
    def gxx(self) -> list[str]:
        return [self.tool('g++')]

    @property
    def clang(self) -> list[str]:
        return ['clang', *self.target]

    @property
    def target(self) -> list[str]:
        """clang's flags, with the libc's headers of the cross compiler."""
        return [] if self.native else [f'--target={self.triplet}', '-isystem', f'/usr/{self.triplet}/include']

    def instructions(self) -> ModuleType:
        """How to read its machine code: instructions.py.

        FUNCTION, KERNEL    the registers of arguments, as a function gets them and as the kernel wants them
        NUMBER, CALL, TRAP  the register of the number, the system call, and what ends one that never returns
        LANDING, LANDINGS   what wrappers begin with, and all that is a place to land; '' and none where
                            compilers of Debian 12 make none
        LOADED, load()      how the number is loaded: what to look for, and the instruction for one
        INSTRUCTION         the bytes of a system call
        COMMENT, PADDING    what objdump puts behind an instruction, and what stands between functions
        PASSED              how C converts an int and an unsigned that a function gets, before any instruction
        step()              follows one instruction that moves a value
        """
        spec = importlib.util.spec_from_file_location('instructions', directory(self.name) / 'instructions.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def directory(name: str) -> Path:
    return tables.ARCH / name / 'test'


@functools.lru_cache(maxsize=None)
def read(name: str) -> Arch:
    path = directory(name) / 'test.ini'
    ini = configparser.ConfigParser(interpolation=None)
    try:
        ini.read_string('\n'.join(tables.read_lines(path)), str(path))
        debian, qemu, code = ini['debian'], ini['qemu'], ini['code']
        return Arch(name, debian['name'], debian.get('suite', ''), debian['kernel'], tuple(debian['kernels'].split()),
                    tuple(qemu.get('user', '').split()), tuple(qemu['system'].split()), qemu['console'],
                    *(tuple(code.get(key, '').split()) for key in ('protection', 'protect', 'insist', 'left')), tuple(code['start'].split()), code['unwound'], code['symbols'])
    except (configparser.Error, KeyError) as error:
        raise tables.Doubt(path, getattr(error, 'lineno', 1), ' '.join(str(error).split())) from None


def every() -> list[Arch]:
    return [read(arch.name) for arch in tables.read_arches()]


def foreign() -> list[Arch]:
    """Those that are cross-built here."""
    return [arch for arch in every() if not arch.native]
