# SPDX-License-Identifier: MIT
"""The project as a clone of it would have it: no build, no download, nothing that git ignores."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def copy(destination: Path) -> None:
    """All that a commit of the whole tree would hold, or, where there is no git, all but builds."""
    if not (TOP / '.git').exists() or not shutil.which('git'):
        shutil.copytree(TOP, destination, symlinks=True, ignore=shutil.ignore_patterns('.git', 'build', '__pycache__'))
        return
    said = subprocess.run(['git', '-C', TOP, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                          capture_output=True, check=True).stdout
    for name in filter(None, said.decode().split('\0')):
        if (TOP / name).is_symlink() or (TOP / name).exists():      # else it is deleted, and not yet committed
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, destination / name, follow_symlinks=False)
