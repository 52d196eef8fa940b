"""Many locations change at once: given how far each is -> who is tried, who is promoted, and when it stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clusters import NOW

from reef.decide.cluster.rolling import (
    Changing,
    Rollout,
    RolloutBounds,
    Standing,
    admitted,
    next_look,
    rollout_of,
)
from reef.decide.waves import WaveFacts, Waves

NAMES = "abcdef"
SPLIT: Waves = (("a",), ("b", "c"), ("d", "e", "f"))
BOUNDS = RolloutBounds(probes=2, many=5, refused_share=0.3, refused_least=2, soak_s=30.0)


def changing(standing: dict[str, Standing] | None = None, **more: Any) -> list[Changing]:
    """All six, `changing` where nothing is said."""
    said = standing or {}
    return [Changing(WaveFacts(name), "v2", said.get(name, "changing"), **more) for name in NAMES]


def look(
    before: Rollout | None, them: list[Changing], now: float = NOW
) -> tuple[Rollout | None, list[str], list[str]]:
    """The rollout, who may be tried, who may be promoted."""
    found = rollout_of(before, them, SPLIT, now, BOUNDS)
    may = admitted(found, them, now, BOUNDS)
    return found, sorted(may.probe), sorted(may.promote)


def test_a_few_go_as_they_come() -> None:
    found, tried, promoted = look(None, changing()[:4])
    assert found is None
    assert (tried, promoted) == (["a", "b"], ["a", "b", "c", "d"])


def test_many_begin_with_the_canary() -> None:
    found, tried, promoted = look(None, changing())
    assert found is not None
    assert (tried, promoted) == (["a"], ["a"])
    may = admitted(found, changing(), NOW, BOUNDS)
    assert "waits for its wave" in may.why["b"]
    assert "a" not in may.why


def test_a_wave_is_watched_before_the_next() -> None:
    begun, *_ = look(None, changing())
    after = changing({"a": "promoted"})
    watched, tried, promoted = look(begun, after)
    assert watched is not None
    assert (dict(watched.since), promoted) == ({0: NOW}, ["a"])
    assert next_look(watched, NOW, BOUNDS) == NOW + 30
    assert look(watched, after, NOW + 29)[2] == ["a"]
    _, tried, promoted = look(watched, after, NOW + 30)
    assert (tried, promoted) == (["b", "c"], ["a", "b", "c"])


def test_it_ends_when_all_are_done_and_watched() -> None:
    all_done = changing(dict.fromkeys(NAMES, "promoted"))
    rollout = Rollout(SPLIT, dict.fromkeys(NAMES, "v2"), 0.0, {0: 0.0, 1: 0.0})
    found, *_ = look(rollout, all_done)
    assert found is not None
    assert look(found, all_done, NOW + 30)[0] is None


def test_one_that_is_refused_lets_the_others_go_on() -> None:
    rollout = Rollout(SPLIT, dict.fromkeys(NAMES, "v2"), 0.0, {0: 0.0})
    _, tried, promoted = look(rollout, changing({"a": "promoted", "b": "refused", "c": "promoted"}))
    assert (tried, promoted) == ([], ["a", "b", "c"])
    found = look(rollout, changing({"a": "promoted", "b": "refused", "c": "promoted"}))[0]
    assert found is not None
    assert found.halted is None
    assert look(found, changing({"a": "promoted", "b": "refused", "c": "promoted"}), NOW + 30)[2] == list(
        NAMES
    )


def test_too_many_refused_stop_it() -> None:
    rollout = Rollout(SPLIT, dict.fromkeys(NAMES, "v2"), 0.0, {0: 0.0})
    them = changing({"a": "promoted", "b": "refused", "c": "refused"})
    found, tried, promoted = look(rollout, them)
    assert found is not None
    assert found.halted == "Refused are 2 of the 3 that were tried: b, c."
    assert promoted == ["a"]
    assert tried == []
    later, tried, promoted = look(found, them, NOW + 900)
    assert later is not None
    assert (later.halted, tried, promoted) == (found.halted, [], ["a"])
    assert "stopped. Refused are 2 of" in admitted(later, them, NOW + 900, BOUNDS).why["d"]


def test_what_goes_wrong_after_a_promotion_stops_it() -> None:
    rollout = Rollout(SPLIT, dict.fromkeys(NAMES, "v2"), 0.0, {})
    them = changing({"a": "promoted"})
    them[0] = replace(them[0], troubled="the sensor new_files failed.")
    found = look(rollout, them)[0]
    assert found is not None
    assert found.halted == "a: the sensor new_files failed."


def test_somebody_who_asks_for_something_else_begins_it_anew() -> None:
    halted = Rollout(SPLIT, dict.fromkeys(NAMES, "v2"), 0.0, {0: 0.0}, "It stopped.")
    them = [replace(each, wanted="v3") for each in changing()]
    found, tried, _ = look(halted, them)
    assert found is not None
    assert (found.halted, tried) == (None, ["a"])


NEW = Changing(WaveFacts("x"), "v2", "changing")


def test_who_comes_later_joins_at_the_end() -> None:
    rollout = Rollout(SPLIT, dict.fromkeys(NAMES, "v2"), 0.0, {0: 0.0})
    found, _, promoted = look(rollout, [*changing({"a": "promoted"}), NEW])
    assert found is not None
    assert found.waves == (*SPLIT, ("x",))
    assert promoted == ["a", "b", "c"]


def test_who_comes_before_the_first_is_promoted_is_one_of_them() -> None:
    rollout = Rollout(SPLIT, dict.fromkeys(NAMES, "v2"), 0.0)
    them = [*changing(), NEW]
    found = rollout_of(rollout, them, (("x",), *SPLIT), NOW, BOUNDS)
    assert found is not None
    assert found.waves == (("x",), *SPLIT)


def test_a_halted_rollout_holds_up_nobody_else() -> None:
    halted = Rollout(SPLIT, dict.fromkeys(NAMES, "v2"), 0.0, {0: 0.0}, "It stopped.")
    found, tried, promoted = look(halted, [*changing({"a": "promoted"}), NEW])
    assert found == halted
    assert (tried, promoted) == (["x"], ["a", "x"])


def test_one_alone_is_not_tried_before_it_is_seen_whether_others_come() -> None:
    one = replace(NEW, seen_at=NOW - 1)
    assert look(None, [one])[1:] == ([], [])
    assert look(None, [one], NOW + 1)[1:] == (["x"], ["x"])
    assert "others" in admitted(None, [one], NOW, BOUNDS).why["x"]


def test_those_of_one_container_go_together() -> None:
    them = [replace(each, alike="shared" if each.facts.name in "af" else "") for each in changing()]
    found, _, promoted = look(None, them)
    assert found is not None
    assert found.waves == (("a", "f"), ("b", "c"), ("d", "e"))
    assert promoted == ["a", "f"]


def test_so_many_are_tried_at_once() -> None:
    them = [replace(each, probing=each.facts.name in "ab") for each in changing()[:4]]
    _, tried, _ = look(None, them)
    assert tried == ["a", "b"]
    assert "2 versions are tried at a time" in admitted(None, them, NOW, BOUNDS).why["c"]
    them[0] = replace(them[0], standing="loads", probing=False)
    assert look(None, them)[1] == ["b", "c"]


@pytest.mark.parametrize("forgotten", [False, True])
def test_every_location_is_promoted_in_the_end(forgotten: bool) -> None:
    """Also where what was kept of the rollout is lost in the middle."""
    state: dict[str, Standing] = dict.fromkeys(NAMES, "changing")
    rollout, now, order = None, NOW, []
    for _ in range(400):
        them = changing(state)
        if forgotten and state["b"] == "promoted" and state["d"] == "changing":
            rollout = None
        rollout, tried, promoted = look(rollout, them, now)
        for name in tried:
            if state[name] == "changing":
                state[name] = "loads"
        for name in promoted:
            if state[name] == "loads":
                state[name] = "promoted"
                order.append(name)
        now += 1
    assert order == sorted(NAMES)
    assert rollout is None
