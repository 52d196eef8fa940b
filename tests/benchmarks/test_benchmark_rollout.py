"""When the rollout benchmark deploys, and what it says of a location that was not promoted. The hosts are fakes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rollout


class FakeHost:
    """One more location is warm each time that it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def server_pids(self) -> dict[str, int]:
        self.asked += 1
        return {f"loc_{number}": 100 + number for number in range(self.asked)}

    def history(self, name: str) -> list[dict[str, Any]]:
        return [{"time": 107.5, "version": "v2", "by": None, "why": [{"text": "changed"}]}]


@pytest.fixture
def host() -> Any:
    return FakeHost()


def test_the_library_is_not_saved_while_a_location_is_waking(
    host: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "_until_sent", lambda folder, more: (folder / "sent").write_text("." * more))
    bench: Any = SimpleNamespace(count=3)
    assert rollout._until_called(bench, host, tmp_path, 2) == 8
    assert host.asked == 3


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"state": "refused", "reason": "it does not load"}, "a: refused: it does not load"),
        ({"state": "unchanged"}, "a: unchanged: no reason was given"),
        (
            None,
            "a: was not in the deploy: v2 was promoted 2.50 s after the save, by a wake, not by a deploy: ",
        ),
    ],
)
def test_what_was_not_promoted_says_why(host: Any, event: dict[str, Any] | None, said: str) -> None:
    assert not rollout._promoted(event)
    assert rollout._why_not(host, "a", event, 105.0).startswith(said)
    assert rollout._promoted({"state": "promoted"})
