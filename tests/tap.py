# SPDX-License-Identifier: MIT
"""Run the unittest cases of a module, and say the results as TAP, which Meson reads."""
from __future__ import annotations

import sys
import traceback
import unittest


class Result(unittest.TestResult):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.failed = False

    def say(self, ok: bool, test: unittest.TestCase, rest: str = '', detail: str = '') -> None:
        self.count += 1
        name = test.id().partition('.')[2].replace('#', '')
        print(f'{"ok" if ok else "not ok"} {self.count} - {name}{rest}')
        for line in detail.splitlines():
            print(f'# {line}')
        sys.stdout.flush()

    def addSuccess(self, test: unittest.TestCase) -> None:
        if not self.failed:
            self.say(True, test)

    def addFailure(self, test, error) -> None:
        self.say(False, test, detail=''.join(traceback.format_exception(*error)))

    addError = addFailure

    def addSubTest(self, test, subtest, error) -> None:
        if error:
            self.failed = True
            self.addFailure(subtest, error)

    def addSkip(self, test, reason: str) -> None:
        self.say(True, test, f' # SKIP {reason}')

    def startTest(self, test) -> None:
        super().startTest(test)
        self.failed = False


def main() -> None:
    names = sys.argv[1:]
    module = sys.modules['__main__']
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    result = Result()
    suite.run(result)
    if not result.count:
        print('not ok 1 - no test ran')
        result.count = 1
    print(f'1..{result.count}')
    sys.stdout.flush()

