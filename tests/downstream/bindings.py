# SPDX-License-Identifier: MIT
"""Make a binding from liblinux.json: `bindings.py rust|go ARCH FILE` writes its source to the output.

Rust: a declaration of each function of the library. Go: each call's number.
"""
import json
import sys
from pathlib import Path

RUST = {'int': 'c_int', 'unsigned int': 'c_uint', 'long': 'c_long', 'unsigned long': 'c_ulong',
        'long long': 'c_longlong', 'unsigned long long': 'c_ulonglong'}


def rust_type(c_type: str) -> str:
    if c_type.endswith('*'):
        return '*const c_void' if c_type.startswith('const ') else '*mut c_void'
    return RUST[c_type]


def rust(calls: list) -> str:
    text = '#![allow(dead_code)]\nuse std::os::raw::*;\n\n#[link(name = "linux")]\nextern "C" {\n'
    for call in calls:
        arguments = ', '.join(f'r#{arg["name"]}: {rust_type(arg["type"])}' for arg in call['args'])
        text += f'    /// {call["summary"]}.\n    pub fn linux_{call["name"]}({arguments}) -> c_long;\n'
    return text + '}\n'


def go(calls: list, arch: str) -> str:
    return 'package main\n\nconst (\n' + ''.join(
        f'\tNr_{call["name"]} = {call["numbers"][arch]} // {call["summary"]}.\n' for call in calls) + ')\n'


def main() -> None:
    language, arch, path = sys.argv[1:]
    calls = [call for call in json.loads(Path(path).read_text())['calls'] if arch in call['numbers']]
    sys.stdout.write('// Made from liblinux.json by bindings.py. Do not edit.\n' + {'rust': lambda: rust(calls), 'go': lambda: go(calls, arch)}[language]())


if __name__ == '__main__':
    main()
