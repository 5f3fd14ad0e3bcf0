# SPDX-License-Identifier: MIT
"""cachestat(2) by ctypes: the functions are liblinux.so's, their types liblinux.json's. Arguments: the two files."""
import ctypes
import errno
import json
import os
import platform
import sys
from pathlib import Path

TYPES = {'int': ctypes.c_int, 'unsigned int': ctypes.c_uint, 'long': ctypes.c_long, 'unsigned long': ctypes.c_ulong,
         'long long': ctypes.c_longlong, 'unsigned long long': ctypes.c_ulonglong}


class Linux:
    """linux.cachestat(...) and so on; an error is an OSError."""

    def __init__(self, library: str, table: str):
        self.library = ctypes.CDLL(library)
        calls = json.loads(Path(table).read_text())['calls']
        self.calls = {call['name']: call for call in calls if platform.machine() in call['numbers']}

    def __getattr__(self, name):
        function = getattr(self.library, f'linux_{name}')
        function.restype = ctypes.c_long
        function.argtypes = [TYPES.get(arg['type'], ctypes.c_void_p) for arg in self.calls[name]['args']]

        def call(*arguments):
            result = function(*arguments)
            if -4095 <= result < 0:
                raise OSError(-result, os.strerror(-result), name)
            return result
        return call


class Range(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ('off', 'len')]


class Cached(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ('cache', 'dirty', 'writeback', 'evicted', 'recently_evicted')]


linux = Linux(*sys.argv[1:])
for name in linux.calls:
    getattr(linux, name)            # all are there
size = os.sysconf('SC_PAGESIZE')
fd = linux.memfd_create(b'downstream', 0)
assert linux.write(fd, bytes(3 * size), 3 * size) == 3 * size
cached = Cached()
try:
    linux.cachestat(fd, ctypes.byref(Range(0, 0)), ctypes.byref(cached), 0)
except OSError as error:
    if error.errno != errno.ENOSYS:
        raise
    print('this kernel has no cachestat (Linux 6.5)')
    sys.exit(77)
print(f'Python: {len(linux.calls)} calls, cachestat 0, {cached.cache} pages')
sys.exit(cached.cache != 3)
