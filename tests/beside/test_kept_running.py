"""Webserver and daemon: started as asked, started again when they die, ended with the host."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef, processes_mentioning, until

from deadlines import scaled

pytestmark = pytest.mark.timeout(240)

LAUNCH = """mutation { launchRun(executionParams: {selector: {repositoryLocationName: "ticking", repositoryName:
"__repository__", jobName: "ticking_job"}, runConfigData: {}}) { __typename } }"""


def graphql(base: str, query: str) -> Any:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{base}/graphql", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=scaled(30)) as answer:
        return json.load(answer)["data"]


def answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/server_info", timeout=scaled(10)) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _documented(heading: str) -> set[str]:
    """The keys in that table of docs/commands.md."""
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
    rows = page.partition(f"### {heading}\n")[2].partition("\n#")[0].splitlines()
    return {row.split("`")[1] for row in rows if row.startswith("| `")}


def test_options_reach_the_webserver_and_it_comes_back(
    folder: Path, workspace: Path, reefs: list[Reef]
) -> None:
    options = ("--host", "127.0.0.2", "--path-prefix", "/data/dagster", "--read-only")
    reef = Reef("up", workspace, folder / "s", *options, storages=True)
    reefs.append(reef)
    reef.until_up()
    base = f"http://127.0.0.2:{reef.port}/data/dagster"
    assert f"page: {base}\n" in reef.said()
    until(lambda: answers(base), 60.0, "for the page")
    assert not answers(f"http://127.0.0.2:{reef.port}/elsewhere")
    assert not answers(f"http://127.0.0.1:{reef.port}/data/dagster")
    assert graphql(base, LAUNCH)["launchRun"]["__typename"] == "UnauthorizedError"

    printed = json.loads(reef.command("status", "--json").stdout)
    assert set(printed) == _documented("The object that `--json` prints") == set(reef.status())
    before = printed["beside"]
    for each in before.values():
        os.kill(each["pid"], signal.SIGKILL)
    until(lambda: all(each["restarts"] == 1 for each in reef.status()["beside"].values()))
    until(lambda: answers(base), 60.0, "for the page to come back")
    until(lambda: all(each["pid"] for each in reef.status()["beside"].values()))
    after = reef.status()["beside"]
    assert {name: each["pid"] for name, each in after.items()} != {
        name: each["pid"] for name, each in before.items()
    }
    for process in ("webserver", "daemon"):  # at once where it had lived long on a slow machine
        assert re.search(rf"{process} ended \(SIGKILL\), starting it again in [01] s", reef.said())

    # a read-only webserver does not reload its workspace: that is said, with what to do
    (folder / "ticking" / "defs.py").write_text("1 / 0\n")
    reef.command("reload", "ticking")
    until(
        lambda: "does not show new code that does not load: it is read-only" in reef.said(), 20, reef.said()
    )
    workspace.write_text(
        workspace.read_text() + workspace.read_text().partition("\n")[2].replace(": ticking}", ": more}")
    )
    until(lambda: "did not reload its workspace: it is read-only" in reef.said(), 20, reef.said())
    assert "restart it to see which locations there are" in reef.said()
    assert "read-only" in reef.status()["webserver_trouble"]

    os.kill(reef.process.pid, signal.SIGTERM)  # as a process manager ends it
    assert reef.process.wait(scaled(12)) == 0
    assert processes_mentioning(str(folder)) == {}


def test_one_that_cannot_live_is_not_started_in_a_storm(
    folder: Path, workspace: Path, reefs: list[Reef]
) -> None:
    """The pauses grow; `reef status` and the log say what is wrong; the fleet is served on."""
    reef = Reef("up", workspace, folder / "s", "--path-prefix", "no-slash", "--no-daemon", storages=True)
    reefs.append(reef)
    until(lambda: reef.said().count("webserver ended (exit status") >= 2, 90.0, "for two ends")
    pauses = [
        line.partition("again in ")[2].split()[0] for line in reef.said().splitlines() if "again in" in line
    ]
    assert pauses[:2] == ["1", "2"]
    assert reef.status()["beside"]["webserver"]["restarts"] >= 2
    assert reef.row("ticking")["server_id"]
    assert "path prefix" in (folder / "s" / "logs" / "webserver.log").read_text()
