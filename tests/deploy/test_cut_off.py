"""Deploys in waves whose host is killed on the way: they go on, or are abandoned.

The tests of this module share one state directory and follow one another; each leaves a fleet that is deployed.
"""

from __future__ import annotations

import json

import pytest
from reefs import until
from wave_fleet import NAMES, Waves

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize(
    ("held", "done", "passed"),
    [
        (["canary"], 0, 0),  # everything is pinned, the first wave is probed
        ([], 1, 0),  # the first wave is watched
        (["a", "b", "c"], 1, 1),  # a later wave is probed
        (["c"], 3, 1),  # half of a wave is promoted
    ],
)
def test_a_host_that_is_killed_leaves_a_deploy_that_goes_on(
    waves: Waves, held: list[str], done: int, passed: int
) -> None:
    version = f"{done}-{passed}"
    before = waves.served()
    waves.write(version)
    for name in held:
        waves.held(name, version).touch()
    begun = waves.begin("--all", "--wave", "1,100%", "--soak", "2s")
    reached = {"pinned": True, "passed": passed}

    def there() -> bool:
        journal = waves.journal()
        return (
            all(journal.get(key) == value for key, value in reached.items())
            and len(journal["done"]) == done
            and journal["state"] == "running"
        )

    until(there, 60, f"for {reached} with {done} done")
    waves.host.kill()
    waves.end(begun, 2)
    promoted = [name for name in NAMES if waves.journal()["done"].get(name)]
    waves.host = waves.started()
    deploy = waves.host.status()["deploy"]
    assert (deploy["state"], deploy["promoted"]) == ("interrupted", done)
    assert [name for name in NAMES if waves.served()[name] != before[name]] == promoted
    waiting = next(name for name in NAMES if name not in promoted)
    assert "version" in waves.tick(waiting)
    assert f"version {version}" not in waves.tick(waiting)
    refused = waves.host.command("deploy", "--all", check=False)
    assert (refused.returncode, "--abandon" in refused.stderr) == (1, True), refused.stderr
    for name in held:
        waves.held(name, version).unlink()
    told = waves.deploy("--resume")
    assert (told["attached"], told["outcome"], told["refused"]) == (False, "finished", [])
    assert {name: event["state"] for name, event in told["results"].items()} == dict.fromkeys(
        NAMES, "promoted"
    )
    assert f"version {version}" in waves.tick("c")
    newest = [json.loads(waves.host.command("history", name, "--json").stdout)[0] for name in ("canary", "c")]
    assert [entry["by"] for entry in newest] == [told["id"]] * 2


def test_one_that_is_abandoned_leaves_nothing_that_waits(waves: Waves) -> None:
    waves.write("8")
    for kill in (False, True):
        begun = waves.begin("--all", "--wave", "1,100%", "--soak", "60s")
        waves.until_soaking(1, 1)
        if kill:
            waves.host.kill()
            waves.end(begun, 2)
            waves.host = waves.started()
            shown = waves.host.command("status").stdout
            assert "was cut off" in shown, shown
        assert "waits for wave 2" in waves.host.row("b")["pinned"]
        told = waves.deploy("--abandon", status=1)
        assert (told["outcome"], told["not_reached"]) == ("abandoned", ["a", "b", "c"])
        if not kill:
            assert "was abandoned" in waves.end(begun, 1)[1]
        assert waves.host.row("b")["pinned"] is None
        assert waves.host.status()["deploy"] is None
    nothing = waves.host.command("deploy", "--resume", check=False)
    assert (nothing.returncode, "there is no deploy to resume" in nothing.stderr) == (2, True)
    assert "version 8" in waves.tick("b")  # it follows its code again
