"""New code that does not load is on the real webserver's page while the version before it is served on.

The tests of this module share one host and follow one another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef, until

pytestmark = pytest.mark.timeout(120)

ENTRY = "alone (new code, not served)"
DEFS = """
from dagster import Definitions, asset

@asset
def {name}(): ...

defs = Definitions(assets=[{name}])
{after}
"""
PAGE = (
    "{workspaceOrError{... on Workspace{locationEntries{name locationOrLoadError{__typename "
    "... on RepositoryLocation{repositories{assetNodes{assetKey{path}}}} "
    "... on PythonError{message causes{message}}}}}}}"
)


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Path:
    fleet = folder / "fleet"
    fleet.mkdir()
    (fleet / "reef.yaml").write_text(
        "locations:\n"
        + "".join(f"  {name}: {{code: {name}/defs.py}}\n" for name in ("alone", "other", "broken"))
    )
    (fleet / "broken").mkdir()
    (fleet / "broken" / "defs.py").write_text("import missing_for_good\n")
    for name in ("alone", "other"):
        save(fleet, name, "first")
    return fleet


@pytest.fixture(scope="module")
def reef(fleet: Path, folder: Path, start: Callable[..., Reef]) -> Reef:
    reef = start("up", fleet, folder / "s", "--watch", "--no-daemon").until_up()
    until(lambda: reef.row("alone") and len(page(reef)) == 3, 60, "for the webserver")
    until(lambda: reef.status()["watch"]["ready"], 20, "for the watcher")
    return reef


def save(fleet: Path, name: str, asset: str, after: str = "") -> None:
    (fleet / name).mkdir(exist_ok=True)
    (fleet / name / "defs.py").write_text(DEFS.format(name=asset, after=after))


def page(reef: Reef) -> dict[str, Any]:
    entries = reef.graphql(PAGE)["workspaceOrError"]["locationEntries"]
    return {one["name"]: one["locationOrLoadError"] for one in entries if one["locationOrLoadError"]}


def assets(reef: Reef, name: str) -> list[str]:
    return [
        node["assetKey"]["path"][-1]
        for repository in page(reef)[name].get("repositories", [])
        for node in repository["assetNodes"]
    ]


def reload(reef: Reef, name: str) -> None:
    """As the button does it."""
    query = "mutation($n:String!){reloadRepositoryLocation(repositoryLocationName:$n){__typename}}"
    reef.graphql(query, {"n": name})


def told(reef: Reef) -> str:
    """All that the entry's error says, empty where there is no entry."""
    error = page(reef).get(ENTRY)
    if error is None:
        return ""
    assert error["__typename"] == "PythonError"
    return "\n".join([error["message"], *(cause["message"] for cause in error["causes"])])


def probes(reef: Reef) -> dict[str, int]:
    return {row["name"]: row["probes"] for row in reef.status()["locations"]}


def test_the_error_is_an_entry_of_its_own_and_the_version_before_is_served(reef: Reef, fleet: Path) -> None:
    before = probes(reef)
    assert set(page(reef)) == {"alone", "other", "broken"}  # what never loaded needs no second entry
    save(fleet, "alone", "second", "1 / 0")
    until(lambda: "division by zero" in told(reef), 20, "for the error on the page")
    assert "'alone' does not load" in told(reef)
    assert assets(reef, "alone") == ["first"]
    assert {name for name, count in probes(reef).items() if count > before[name]} <= {"alone", "broken"}
    assert probes(reef)["alone"] == before["alone"] + 1
    assert [row["name"] for row in reef.status()["locations"]] == ["alone", "other", "broken"]


def test_another_error_takes_its_place(reef: Reef, fleet: Path) -> None:
    save(fleet, "alone", "second", "raise ValueError('not like this either')")
    until(lambda: "not like this either" in told(reef), 20, "for the new error on the page")
    assert "division" not in told(reef)


def test_the_page_s_reload_of_the_entry_loads_the_location(reef: Reef) -> None:
    before = probes(reef)
    reload(reef, ENTRY)
    assert "not like this either" in told(reef)
    assert probes(reef) == {**before, "alone": before["alone"] + 1}


def test_the_next_save_that_loads_takes_it_away(reef: Reef, fleet: Path) -> None:
    save(fleet, "alone", "third")
    until(lambda: set(page(reef)) == {"alone", "other", "broken"}, 20, "for the entry to go")
    until(lambda: assets(reef, "alone") == ["third"], 20, "for the new version")
    assert "warning" not in reef.said()


def test_the_daemon_s_workspace_never_names_it(reef: Reef, fleet: Path) -> None:
    save(fleet, "other", "second", "1 / 0")
    until(lambda: "other (new code, not served)" in page(reef), 20, "for the error on the page")
    assert "not served" not in (reef.state / "workspace.yaml").read_text()
    reef.kill()
    assert "not served" in (reef.state / "unserved.yaml").read_text()


def test_a_host_that_takes_the_webserver_up_again_clears_it(
    reef: Reef, fleet: Path, start: Callable[..., Reef]
) -> None:
    save(fleet, "other", "second")
    again = start("up", fleet, reef.state, "--no-daemon", port=reef.port).until_up()
    until(lambda: set(page(again)) == {"alone", "other", "broken"}, 30, "for the entry to go")
    assert again.status()["beside"]["webserver"]["pid"], again.said()

    # without --watch, whoever presses Reload sees it, too
    save(fleet, "other", "third", "1 / 0")
    reload(again, "other")
    until(lambda: "other (new code, not served)" in page(again), 20, "for the error on the page")
    assert assets(again, "other") == ["second"]
    save(fleet, "other", "third")
    reload(again, "other (new code, not served)")
    until(lambda: set(page(again)) == {"alone", "other", "broken"}, 20, "for the entry to go")
    until(lambda: assets(again, "other") == ["third"], 20, "for the new version")
