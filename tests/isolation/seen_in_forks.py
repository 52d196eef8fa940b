"""What importing some modules changes, each group in a process of its own. Run as a program, without Reef.

Arguments: a file with the request, a file for the answer, both JSON. Request: `base`, modules that every process has
imported before, and `groups`, name -> modules to import and `only`, whose attributes to look at (all, if empty).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import state_of
from state_of import State


def main(request: str, answer: str) -> None:
    asked = json.loads(Path(request).read_text())
    for name in asked["base"]:
        importlib.import_module(name)
    before: dict[str, State] = {}  # module -> its attributes, "" -> what belongs to none
    for key, text in state_of.state().items():
        module, colon, _ = key.partition(":")
        before.setdefault(module if colon else "", {})[key] = text
    for name, group in asked["groups"].items():
        _look(before, group, f"{answer}.{name}")
    Path(answer).write_text("")


def _look(before: dict[str, State], group: dict[str, Any], answer: str) -> None:
    if pid := os.fork():
        os.waitpid(pid, 0)
        return
    try:
        for name in group["modules"]:
            importlib.import_module(name)
        after = state_of.state({name.partition(".")[0] for name in group["modules"]}, group["only"])
        # attributes of what is not looked at are not gone
        asked = ("", *group["only"]) if group["only"] else before
        earlier = {key: text for module in asked for key, text in before.get(module, {}).items()}
        seen = state_of.differences(earlier, after)
        Path(answer).write_text(json.dumps(seen))
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
