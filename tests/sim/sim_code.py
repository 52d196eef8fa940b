"""SIMULATED: what stands in a location's file, and how its code server answers. No Python is run.

A file has one `word: value` a line, all optional; other lines are only text.

- `jobs: a b`, `assets: a b`: what it defines; `says: TEXT` is in each job; `repositories: none`: nothing at all.
- `outside: NAME`: defines the jobs, too, that `outside` holds under that name when it is loaded: they are in no file.
- `raises: TEXT`, `exits: STATUS`, `hangs: yes`, `loads_s: SECONDS`: how its load goes; `reads: PATH` is reported.
- `ignores: sigterm`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reef.wire import messages, serdes

REPOSITORY = "__repository__"

_addresses = itertools.count(1 << 40, 64)


@dataclass(frozen=True)
class Code:
    """One file, as it was at its load."""

    path: str
    text: str
    words: Mapping[str, str]
    outside: tuple[str, ...] = ()

    @property
    def jobs(self) -> tuple[str, ...]:
        return (*self.words.get("jobs", "").split(), *self.outside)

    @property
    def raises(self) -> str | None:
        return self.words.get("raises")

    @property
    def loads_s(self) -> float:
        return float("inf") if "hangs" in self.words else float(self.words.get("loads_s", 0.0))


def read_code(path: str, outside: Mapping[str, tuple[str, ...]]) -> Code:
    """Raises OSError where there is no such file."""
    text = Path(path).read_text()
    pairs = (line.split(": ", 1) for line in text.splitlines() if ": " in line)
    words = {word.strip(): value.strip() for word, value in pairs}
    return Code(path, text, words, outside.get(words.get("outside", ""), ()))


def load_error(code: Code) -> str:
    """The same code fails with other details each time, as a traceback that names addresses does."""
    stack = (f"  object at {next(_addresses):#x}\n",)
    return serdes.error_json(serdes.ErrorInfo(f"ValueError: {code.raises}\n", stack, "ValueError"))


def listed(code: Code) -> bytes:
    """A ListRepositoriesReply."""
    if code.raises is not None:
        return messages.text_reply(load_error(code))
    symbol = {"__class__": "LoadableRepositorySymbol", "repository_name": REPOSITORY, "attribute": "defs"}
    none = code.words.get("repositories") == "none"
    versions = {"dagster": "1.13.0"}
    reply = {
        "__class__": "ListRepositoriesResponse",
        "repository_symbols": [] if none else [symbol],
        "dagster_library_versions": versions,
    }
    return messages.text_reply(json.dumps(reply))


def repository(code: Code) -> bytes:
    """An ExternalRepositoryReply."""
    assets = code.words.get("assets", "").split()
    return messages.text_reply(
        json.dumps(
            {
                "__class__": "ExternalRepositoryData",
                "name": REPOSITORY,
                "external_pipeline_datas": [
                    {"name": job, "says": code.words.get("says", "")} for job in code.jobs
                ],
                "external_asset_graph_data": [{"asset_key": {"path": [asset]}} for asset in assets],
                "external_schedule_datas": [],
                "external_sensor_datas": [],
            }
        )
    )
