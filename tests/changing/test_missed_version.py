"""Invariant 16: a version that is promoted between the webserver's load and its first poll, which is silent.

The real webserver, held in that gap by a `sitecustomize` that waits before it starts to poll.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from eyes import Eyes
from reefs import Reef, until, write_location

pytestmark = pytest.mark.timeout(200)

HELD = """
import os, sys, time

NAME = "dagster._core.workspace.context"

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != NAME or not any("dagster-webserver" in word for word in sys.orig_argv):
            return None
        sys.meta_path.remove(self)
        import importlib.util
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        def loaded(module):
            load(module)
            hold(module.WorkspaceProcessContext)
        spec.loader.exec_module = loaded
        return spec

def hold(context):
    begin = context._start_watch_thread
    def held(self, origin):
        open(os.environ["GAP"], "w").close()
        deadline = time.monotonic() + 600
        while not os.path.exists(os.environ["GAP"] + ".over") and time.monotonic() < deadline:
            time.sleep(0.05)
        return begin(self, origin)
    context._start_watch_thread = held

sys.meta_path.insert(0, Finder())
"""
VERSIONS = "{locationStatusesOrError{... on WorkspaceLocationStatusEntries{entries{name versionKey}}}}"


def server_id(version_key: str) -> str:
    """The newer Dagsters wrap it: `["id", null]`."""
    return str(json.loads(version_key)[0]) if version_key.startswith("[") else version_key


def test_invariant_16_the_webserver_is_told_of_a_version_that_it_missed(
    folder: Path, start: Callable[..., Reef]
) -> None:
    defs = write_location(folder / "fleet" / "one", "one")
    (folder / "fleet" / "reef.yaml").write_text("locations:\n  one: {code: one/defs.py}\n")
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(HELD)
    gap = folder / "gap"
    env = {**os.environ, "PYTHONPATH": str(folder / "site"), "GAP": str(gap)}
    reef = start("up", folder / "fleet", folder / "s", "--no-daemon", env=env)
    until(gap.exists, what="the webserver has loaded everything and does not poll yet")
    before = until(lambda: reef.row("one")["server_id"])
    defs.write_text(defs.read_text() + "\n# another version\n")
    reef.command("deploy", "one")
    served = reef.row("one")["server_id"]
    assert served != before
    eyes = Eyes(reef, "one")
    until(
        lambda: eyes.server_id() == served,
        what="the id follows its answers: its first poll must not see the old one",
    )
    (folder / "gap.over").touch()

    def shown() -> str:
        entries = reef.graphql(VERSIONS)["locationStatusesOrError"]["entries"]
        return server_id(entries[0]["versionKey"])

    reef.until_up()
    assert shown() == before  # what it loaded
    until(lambda: shown() == served, what="it was told")
    assert "missed its new version and is told to load it" in (folder / "s" / "logs" / "reef.log").read_text()
    assert reef.row("one")["probes"] == 2
