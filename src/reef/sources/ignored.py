"""Names that are never source, whether version control knows of them or not."""

from __future__ import annotations

import re

_FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".jj", "__pycache__", "node_modules", ".venv", ".tox", ".nox", ".direnv"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints", ".eggs"),
        *(".idea", ".vscode", ".reef", ".dagster", ".dagster_home", "dagster_home", ".terraform"),
    )
)
_TEMPORARY_HOME = re.compile(r"^\.?tmp_?dagster_home|^\.tmp_dagster")
_FILES = re.compile(
    r"""\.py[co]$ | ~$ | ^\.\# | ^\#.*\#$ | \.sw[a-z]$ | \.swpx$ | ^4913$ | ^\.DS_Store$
      | \.tmp(\.\d+)*$ | ___jb_(tmp|old)___$ | ^\.coverage(\..*)?$
      | \.(sqlite|db)-(wal|shm|journal)$
    """,
    re.VERBOSE,
)


def ignored_folder(name: str) -> bool:
    """State, caches and things installed; a virtual environment of another name is told by its pyvenv.cfg."""
    return name in _FOLDERS or name.endswith(".egg-info") or bool(_TEMPORARY_HOME.search(name))


def ignored_file(name: str) -> bool:
    """Bytecode, and what editors and databases write beside a file for a moment."""
    return bool(_FILES.search(name))
