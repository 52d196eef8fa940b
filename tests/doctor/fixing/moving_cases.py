"""Small sources, each with what a move of its first import of `heavy` has to do: those of `moved.txt` and
`refused.txt`.

`== NAME`, then what is wanted, then the source. `into: f, C.go` are the functions that get the import;
`typing:` names that type checkers read alone; `kept:` names that stay; `offers:` names that
the module brings when they are asked of it; `stays heavy`: the module still loads
`heavy`; `warns`; `line: 2` is the import's. `refused: TEXT` is said instead. Each source that is moved has a
function `result`, which must give the same before and after.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    name: str
    source: str
    into: tuple[str, ...] = ("result",)
    refused: str = ""
    light: bool = True
    typing: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    warns: bool = False
    line: int | None = None
    offers: tuple[str, ...] = ()


def _read(file: str) -> list[Case]:
    text = (Path(__file__).parent / file).read_text()
    return [_case(*part.split("\n", 2)) for part in text.removeprefix("== ").split("\n== ")]


def _case(name: str, wanted: str, source: str) -> Case:
    said = dict(part.partition(": ")[::2] for part in wanted.split("| "))
    return Case(
        name,
        source.rstrip("\n") + "\n",
        _names(said.get("into", "")),
        said.get("refused", ""),
        "stays heavy" not in said,
        _names(said.get("typing", "")),
        _names(said.get("kept", "")),
        "warns" in said,
        int(said["line"]) if "line" in said else None,
        _names(said.get("offers", "")),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


# What a text file would hide.
_ODD = (
    Case("no newline at the end", "import heavy\ndef result():\n    return heavy.VALUE"),
    Case("windows line ends", "import heavy\r\ndef result():\r\n    return heavy.VALUE\r\n"),
    Case("form feed", "import heavy\n\x0c\ndef result():\n    return heavy.VALUE\n"),
)

MOVED = (*_read("moved.txt"), *_ODD)
REFUSED = (*_read("refused.txt"), Case("null byte", "import heavy\n\x00\n", refused="cannot be"))
