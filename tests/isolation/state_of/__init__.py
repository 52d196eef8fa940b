"""The visible state of this process as a flat dict of texts. Standard library only; knows nothing of Reef.

Two processes in the same state give the same texts, whatever their addresses and pids are. It looks, and calls no
code of those whose objects it looks at.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection

from . import objects, process, running

State = dict[str, str]


def state(without: Collection[str] = (), only: Collection[str] = ()) -> State:
    """`modules.NAME`, `NAME:attribute`, `NAME:Class.attribute`, `process.…` -> a description. Modules whose top-level
    name is one of `without` are passed over, as is what describes; of others than `only`, if given, no attributes."""
    passed_over = {*without, __name__}
    found: State = {**running.state(), **process.state()}
    seen = objects.Descriptions()
    for name, module in sorted(sys.modules.copy().items(), key=lambda item: item[0]):
        if name.partition(".")[0] not in passed_over and name not in ("__main__", "__mp_main__"):
            found[f"modules.{name}"] = objects.of_module(module)
            if not only or name in only:
                found.update(seen.attributes(name, module))
    return found


def dump(path: str, without: Collection[str] = (), only: Collection[str] = ()) -> None:
    """Into a file, which is whole as soon as it is there."""
    text = json.dumps(state(without, only), indent=0, sort_keys=True)
    with open(f"{path}.part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.part", path)


def differences(before: State, after: State) -> dict[str, tuple[str, str]]:
    """Key -> both descriptions, "-" where there is none."""
    keys = {key for key, _ in before.items() ^ after.items()}
    return {key: (before.get(key, "-"), after.get(key, "-")) for key in sorted(keys)}
