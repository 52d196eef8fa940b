"""The corpus: small locations with planted causes. Each says what is to be found in comments at the line itself:

`# blame: NEEDED [kind=KIND] [memory=no] [same=ID]`: a cause; NEEDED is run, define, unknown or any; KIND is import by
default; memory=no where it costs another thing; statements with one `same` are one cause together.
`# without: TEXT`: what the line is where the cause is gone; other lines of the cause become `pass`.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reef.fleet.model import CodeTarget, Location

CORPUS = Path(__file__).parent / "corpus"
MODEL_BYTES = 12_000_000
_BLAME = re.compile(r"# (?:blame: (\w+))?((?: ?\w+=\w+)*)\s*$")
_WITHOUT = re.compile(r"\s*# without: ?(.*)$")


@dataclass(frozen=True)
class Planted:
    file: Path
    line: int
    needed: str
    kind: str
    memory: bool
    same: str


@dataclass(frozen=True)
class Case:
    name: str
    folder: Path
    planted: tuple[Planted, ...]

    def location(self, python: str, packages: Path) -> Location:
        target = self.folder / "target.txt"
        code = CodeTarget(python_file=str(self.folder / "defs.py"), working_directory=str(self.folder))
        if target.is_file():
            name, _, value = target.read_text().strip().partition("=")
            code = CodeTarget(**{name: value}, working_directory=str(self.folder))
        env = {"PYTHONPATH": str(packages)}
        return Location(self.name, code=code, python=python, cwd=str(self.folder), env=env)


def written(folder: Path) -> Path:
    """A copy of the corpus, with the big file that is not kept in the repository."""
    shutil.copytree(CORPUS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "locations" / "big_file" / "model.bin").write_bytes(b"\1" * MODEL_BYTES)
    return folder


def cases(corpus: Path) -> list[Case]:
    return [
        Case(folder.name, folder, tuple(_planted(folder)))
        for folder in sorted((corpus / "locations").iterdir())
    ]


def _planted(folder: Path) -> Iterator[Planted]:
    for file in sorted(folder.rglob("*.py")):
        for number, text in enumerate(file.read_text().splitlines(), 1):
            found = _BLAME.search(text)
            if not found or not (found[1] or found[2]):
                continue
            options = dict(pair.split("=") for pair in found[2].split())
            if found[1]:
                kind, memory = options.get("kind", "import"), options.get("memory") != "no"
                yield Planted(file, number, found[1], kind, memory, options.get("same", ""))


def cured(case: Case, planted: Planted, into: Path) -> Case:
    """A copy of the location in which one cause is gone."""
    folder = Path(shutil.copytree(case.folder, into))
    uses = planted.needed == "define" or len(case.planted) == 1
    for file in folder.rglob("*.py"):
        same = folder / planted.file.relative_to(case.folder)
        file.write_text(_cured(file.read_text(), planted, file == same, uses))
    return Case(case.name, folder, ())


def _cured(text: str, planted: Planted, is_file: bool, with_uses: bool) -> str:
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt) and _is_cause(lines[node.lineno - 1], node.lineno, planted, is_file):
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                lines[number - 1] = ""
            lines[node.lineno - 1] = " " * node.col_offset + "pass"
    if with_uses:
        lines = [_replaced(line) for line in lines]
    return "\n".join(lines) + "\n"


def _is_cause(text: str, line: int, planted: Planted, is_file: bool) -> bool:
    if planted.same:
        return f"same={planted.same}" in text
    return is_file and line == planted.line


def _replaced(line: str) -> str:
    found = _WITHOUT.search(line)
    if not found:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return indent + found[1].strip() if found[1].strip() else ""
