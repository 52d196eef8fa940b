"""`make test-all`: the tests on every Python from 3.11 to 3.13 that is found, newest Dagster and one a year older.

Each gets an environment of its own below `.venv-matrix/`, with Reef itself in it. Prints a table; `--record FILE`
puts its rows into a page, which keeps the rows that were not run now. So rows can be run one after the other:
`--row 3.12`, `--row 3.12:1.12.3`. Exit status 1 where one fails. What follows `--` goes to pytest.
"""

from __future__ import annotations

import argparse
import datetime
import glob
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
MATRIX = ROOT / ".venv-matrix"
MINORS = (11, 12, 13)
OLDER = "1.12.3"  # a year before the newest
OLDER_LIBRARIES = "0.28.3"
OLDER_ON = 12
INDEPENDENT = (
    "tests/benchmarks",
    "tests/decide",
    "tests/docs",
    "tests/records",
    "tests/versions",
)  # of Python and Dagster
AT_A_TIME = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
NEWER_MESSAGES = (  # these build or list messages that the older Dagster does not have yet
    "tests/wire/test_lanes.py::test_the_table_knows_every_rpc_and_whether_it_streams",
    "tests/wire/test_messages.py::test_component_state",
    "tests/gateway/test_held.py::test_a_refresh_that_fails_is_told_and_not_probed",
    "tests/gateway/test_held.py::test_a_refresh_is_probed_again_and_its_reply_untouched",
    "tests/gateway/test_held.py::test_a_reload_with_state_names_the_server_id_that_is_served",
    "tests/gateway/test_held.py::test_a_reload_with_state_that_fails_is_told",
    "tests/watch/test_revalidating.py::test_a_state_backed_component_is_refreshed_through_dagster",
)


@dataclass(frozen=True)
class Python:
    path: str
    version: tuple[int, ...]

    @property
    def minor(self) -> int:
        return self.version[1]


class Counts(NamedTuple):
    passed: int
    failed: int
    skipped: int


@dataclass(frozen=True)
class Row:
    python: str
    dagster: str
    passed: int
    failed: int
    skipped: int
    minutes: float
    date: str = ""

    @property
    def holds(self) -> bool:
        return self.passed > 0 and self.failed == 0

    @property
    def key(self) -> tuple[int, bool]:
        """A page has one row of each."""
        return int(self.python.split(".")[1]), self.dagster == OLDER


def main() -> int:
    options = _options()
    if options.record and options.pytest:
        sys.exit("a part of the tests is not recorded: leave out --record, or the arguments of pytest")
    chosen = _environments(options.row)
    if not chosen:
        sys.exit(
            f"no such row: {options.row}; rows are 3.11, 3.12, 3.13 and 3.{OLDER_ON}:{OLDER}, where such a Python is"
        )
    rows = []
    for each in chosen:
        rows.append(_run(*each, options.pytest, options.whole))
        if options.record:  # after each: what is cut off keeps what was run
            _record(Path(options.record), rows)
    print(_table(rows))
    return 0 if all(row.holds for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--record", metavar="FILE", help="put the rows into a page")
    parser.add_argument("--row", metavar="3.12[:1.12.3]", help="only this row")
    parser.add_argument("--whole", action="store_true", help="leave nothing out of the other rows")
    parser.add_argument("pytest", nargs="*", help="arguments of pytest, after --")
    return parser.parse_args()


# -- which Pythons there are -------------------------------------------------------------------------


def pythons() -> list[Python]:
    """One for each minor version, the newest of it that works."""
    best: dict[int, Python] = {}
    for path in dict.fromkeys(_candidates()):
        found = _asked(path)
        if found and (found.minor not in best or found.version > best[found.minor].version):
            best[found.minor] = found
    return [best[minor] for minor in sorted(best)]


def _candidates() -> Iterator[str]:
    for minor in MINORS:
        for folder in os.environ["PATH"].split(os.pathsep):
            yield os.path.join(folder, f"python3.{minor}")
        for root in (os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv")):
            if root:
                yield from sorted(glob.glob(f"{root}/versions/3.{minor}.*/bin/python3.{minor}"))
        yield from sorted(glob.glob(os.path.expanduser(f"~/.local/share/uv/python/*/bin/python3.{minor}")))


def _asked(path: str) -> Python | None:
    """None for what does not run (a shim of a version that is not there) or is another Python."""
    code = (
        "import json, sys, sysconfig; print(json.dumps([sys.version_info[:3], sys.implementation.name, "
        "bool(sysconfig.get_config_var('Py_GIL_DISABLED')), sys.base_prefix == sys.prefix]))"
    )
    try:
        asked = subprocess.run([path, "-c", code], capture_output=True, text=True, timeout=30)
        version, name, free_threaded, is_base = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    fits = name == "cpython" and not free_threaded and is_base and version[0] == 3 and version[1] in MINORS
    return Python(path, tuple(version)) if fits else None


# -- environments ------------------------------------------------------------------------------------


def _environments(row: str | None) -> list[tuple[Python, str, Path]]:
    found = pythons()
    print("found:", ", ".join(f"{_dotted(each.version)} ({each.path})" for each in found), flush=True)
    every = [(each, "newest", MATRIX / f"3.{each.minor}") for each in found]
    on = next((each for each in found if each.minor == OLDER_ON), found[-1] if found else None)
    if on is not None:
        every.append((on, OLDER, MATRIX / f"3.{on.minor}-dagster-{OLDER}"))
    return [one for one in every if row in (None, _name(*one[:2]))]


def _name(python: Python, dagster: str) -> str:
    return f"3.{python.minor}" if dagster == "newest" else f"3.{python.minor}:{dagster}"


def _environment(python: Python, dagster: str, folder: Path) -> str:
    """Its interpreter. It is made anew only where it is not there or the lock file is newer."""
    inside = str(folder / "bin" / "python")
    stamp = folder / ".installed"
    if stamp.exists() and stamp.stat().st_mtime > (ROOT / "requirements.lock").stat().st_mtime:
        return inside
    _uv("venv", "--clear", "--python", python.path, str(folder))
    _install(inside, "uv")  # tests look for it beside their Python
    _install(inside, "--require-hashes", "-r", str(ROOT / "requirements.lock"))
    _install(inside, "--no-deps", "--editable", str(ROOT))
    if dagster != "newest":
        libraries = f"dagster-postgres=={OLDER_LIBRARIES}"
        _install(inside, f"dagster=={dagster}", f"dagster-webserver=={dagster}", libraries)
    stamp.touch()
    return inside


def _install(python: str, *what: str) -> None:
    _uv("pip", "install", "--python", python, "--compile-bytecode", *what)


def _uv(*words: str) -> None:
    beside = os.path.dirname(sys.executable)
    uv = shutil.which("uv", path=os.pathsep.join((beside, os.environ["PATH"])))
    if uv is None:
        sys.exit("uv is needed: `make install` puts it into .venv")
    subprocess.run([uv, "--quiet", *words], check=True, cwd=ROOT)


# -- running -----------------------------------------------------------------------------------------


def _run(python: Python, dagster: str, folder: Path, arguments: list[str], whole: bool) -> Row:
    inside = _environment(python, dagster, folder)
    version = _dagster_version(inside)
    print(f"== Python {_dotted(python.version)}, Dagster {version}", flush=True)
    started = time.monotonic()
    left_out = _left_out(dagster)
    if python.minor != MINORS[0] or dagster != "newest":
        left_out += [] if whole else [f"--ignore={each}" for each in INDEPENDENT]
    counts = _pytest(inside, folder, [*AT_A_TIME, *left_out, *arguments])
    return Row(
        _dotted(python.version),
        version,
        counts.passed,
        counts.failed,
        counts.skipped,
        (time.monotonic() - started) / 60,
        datetime.datetime.now(datetime.UTC).date().isoformat(),
    )


def _left_out(dagster: str) -> list[str]:
    return [f"--deselect={each}" for each in NEWER_MESSAGES] if dagster == OLDER else []


def _pytest(python: str, folder: Path, arguments: list[str]) -> Counts:
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    command = [
        python,
        "-m",
        "pytest",
        f"--junitxml={report}",
        "-o",
        f"cache_dir={folder / 'cache'}",
        *arguments,
    ]
    subprocess.run(command, cwd=ROOT, env=_surroundings())
    return _counts(report)


def _surroundings() -> dict[str, str]:
    older = next(iter(sorted(MATRIX.glob(f"*-dagster-{OLDER}/bin/python"))), None)
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**env, "REEF_TEST_OLDER_PYTHON": str(older)} if older else env


def _dagster_version(python: str) -> str:
    code = "import importlib.metadata as m; print(m.version('dagster'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _counts(report: Path) -> Counts:
    """A report that is missing or damaged is a failure: pytest did not come to its end."""
    try:
        suite = next(iter(xml.parse(report).getroot().iter("testsuite")))
    except (OSError, xml.ParseError, StopIteration):
        return Counts(0, 1, 0)
    total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Counts(total - failed - skipped, failed, skipped)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


# -- telling -----------------------------------------------------------------------------------------


_HEADING = (
    "| Python | Dagster | passed | failed | skipped | minutes | date | |",
    "|---|---|---|---|---|---|---|---|",
)
_RECORDED = re.compile(
    r"^\| ([\d.]+) \| ([\d.]+) \| (\d+) \| (\d+) \| (\d+) \| ([\d.]+) \| ([\d-]+) \|", re.MULTILINE
)


def _table(rows: list[Row]) -> str:
    lines = list(_HEADING)
    for row in rows:
        counts = f"{row.passed} | {row.failed} | {row.skipped} | {row.minutes:.1f} | {row.date}"
        lines.append(f"| {row.python} | {row.dagster} | {counts} | {'holds' if row.holds else 'FAILS'} |")
    return "\n".join(lines)


def recorded(page: str) -> list[Row]:
    """The rows of a page."""
    found = _RECORDED.findall(page)
    return [Row(p, d, int(ok), int(f), int(s), float(m), day) for p, d, ok, f, s, m, day in found]


def _record(page: Path, rows: list[Row]) -> None:
    """New rows in the place of old ones of their kind; the others stay."""
    old = {row.key: row for row in recorded(page.read_text("utf-8"))} if page.exists() else {}
    all_rows = {**old, **{row.key: row for row in rows}}
    page.write_text(_page(_table([all_rows[key] for key in sorted(all_rows)])), "utf-8")


def _page(table: str) -> str:
    machine = f"{os.cpu_count()} cores, Linux {platform.release()}"
    left_out = ", ".join(f"`{each}`" for each in INDEPENDENT)
    return (
        "# Pythons and Dagsters that were tested\n\n"
        "Written by `python tests/every_python.py --record docs/test-matrix.md`, each row on the date that it bears "
        f"(last on {machine}). Reef itself, the locations, the webserver and the daemon run on the Python and the "
        "Dagster of the row.\n\n"
        f"{table}\n\n"
        f"The first row is all tests. The others leave out {left_out}, which depend on neither; `--whole` runs them "
        "too.\n"
        f"With Dagster {OLDER}, {len(NEWER_MESSAGES)} tests are left out: they are about messages that came later.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
