"""What failed while several tests ran at a time must pass alone: whole files, since tests of one may build on others.

`python tests/again.py [--cache FOLDER] [PYTEST ARGUMENTS]`; exit status 1 where nothing says what failed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CACHE = Path(".pytest_cache")


def failed_files(cache: Path) -> list[str]:
    """Files with a test that failed in the last run, in pytest's own record."""
    try:
        failed = json.loads((cache / "v" / "cache" / "lastfailed").read_bytes())
    except (OSError, ValueError):
        return []
    return sorted({str(test).partition("::")[0] for test in failed})


def main(words: list[str]) -> int:
    cache = CACHE
    if words[:1] == ["--cache"]:
        cache, words = Path(words[1]), words[2:]
    files = failed_files(cache)
    if not files:
        print("nothing says which tests failed", file=sys.stderr)
        return 1
    print(f"again, one at a time: {' '.join(files)}", flush=True)
    return subprocess.run([sys.executable, "-m", "pytest", *words, *files]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
