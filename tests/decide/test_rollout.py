"""A deploy that is cut off anywhere and taken up again ends as one that was not: every persisted state is replayed.

A model of the host: what a step does to the world, and then what it writes. It is cut off between the two, or before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from reef.decide.rollout import (
    End,
    PinAll,
    PromoteWave,
    Settle,
    Standing,
    Step,
    TakeBack,
    WatchWave,
    next_step,
)

WAVES = (("a",), ("b", "c"), ("d",))


@dataclass
class World:
    """What outlives the host: served versions and pins."""

    served: dict[str, str] = field(default_factory=lambda: dict.fromkeys("abcd", "old"))
    pins: dict[str, str] = field(default_factory=dict)


class CutOff(Exception):
    pass


@dataclass
class Host:
    """One life of a host: it dies after `acts` acts, each of which is one that outlives it."""

    world: World
    bad: frozenset[str]  # halt the deploy: refused
    acts: int

    def act(self) -> None:
        if self.acts == 0:
            raise CutOff
        self.acts -= 1

    def run(self, now: Standing, journal: list[Standing]) -> End:
        while not isinstance(step := next_step(now), End):
            now = self.do(step, now, journal)
            self.act()
            journal.append(now)
        return step

    def do(self, step: Step, now: Standing, journal: list[Standing]) -> Standing:
        match step:
            case PinAll():
                for name in now.locations:
                    self.act()
                    self.world.pins[name] = "waits"
                return replace(now, pinned=True)
            case PromoteWave(_, names):
                for name in names:
                    self.act()
                    state = "refused" if name in self.bad else "promoted"
                    if state == "promoted":
                        self.world.served[name] = "new"
                        self.world.pins.pop(name, None)
                    else:
                        self.world.pins[name] = "refused"
                    self.act()
                    now = replace(now, done={**now.done, name: state})
                    journal.append(now)
                return now
            case WatchWave(wave):
                halts = any(now.done[name] == "refused" for name in now.waves[wave]) and now.waved
                return replace(now, halted=True) if halts else replace(now, passed=now.passed + 1)
            case TakeBack(names):
                self.act()
                self.world.served[names[0]] = "old"
                self.world.pins[names[0]] = "rolled back"
                return replace(now, rolled_back=(*now.rolled_back, names[0]))
            case Settle(names):
                for name in names:
                    self.act()
                    if now.abandoned:
                        self.world.pins.pop(name, None)
                    else:
                        self.world.pins[name] = "halted"
                return replace(now, settled=True)
        raise AssertionError(step)


def whole(begin: Standing, bad: frozenset[str]) -> tuple[World, End, int]:
    host = Host(World(), bad, acts=1000)
    return host.world, host.run(begin, []), 1000 - host.acts


@pytest.mark.parametrize("bad", [frozenset(), frozenset("a"), frozenset("c"), frozenset("d")])
@pytest.mark.parametrize("rolls_back", [False, True])
@pytest.mark.parametrize("abandoned", [False, True])
def test_cut_off_anywhere_and_resumed_it_ends_the_same(
    bad: frozenset[str], rolls_back: bool, abandoned: bool
) -> None:
    begin = Standing(WAVES, rolls_back=rolls_back, abandoned=abandoned)
    world, end, acts = whole(begin, bad)
    assert acts > 3
    for cut in range(acts):
        host = Host(World(), bad, acts=cut)
        journal = [begin]
        with pytest.raises(CutOff):
            host.run(begin, journal)
        for at in range(len(journal)):  # also from what an earlier write left, where later ones were lost
            again = Host(World(dict(host.world.served), dict(host.world.pins)), bad, acts=1000)
            assert again.run(journal[at], []) == end
            assert again.world == world, f"cut off after {cut} acts, taken up from {journal[at]}"


@pytest.mark.parametrize("cut", range(14))
def test_abandoned_after_a_cut_what_is_promoted_stays_and_nothing_waits(cut: int) -> None:
    host = Host(World(), frozenset(), acts=cut)
    journal = [Standing(WAVES)]
    with pytest.raises(CutOff):
        host.run(journal[0], journal)
    again = Host(host.world, frozenset(), acts=1000)
    assert again.run(replace(journal[-1], abandoned=True), []) == End("abandoned")
    assert not again.world.pins


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (Standing(()), PinAll()),
        (Standing((), waved=False), End("finished")),
        (Standing((("a", "b"),), waved=False), PromoteWave(0, ("a", "b"))),
        (Standing((("a", "b"),), waved=False, done={"a": "refused"}), PromoteWave(0, ("b",))),
        (Standing((("a",),), waved=False, done={"a": "refused"}), WatchWave(0)),
        (Standing((("a",),), waved=False, done={"a": "refused"}, passed=1), End("finished")),
        (Standing((("a",), ("b",)), waved=False, abandoned=True), End("abandoned")),
        (Standing(WAVES, pinned=True, done={"a": "promoted"}, passed=1), PromoteWave(1, ("b", "c"))),
        (
            Standing(WAVES, rolls_back=True, halted=True, done={"a": "promoted", "b": "unchanged", "c": "promoted"}),
            TakeBack(("c", "a")),  # the last one first; what did not change is not taken back
        ),
        (Standing(WAVES, halted=True, pinned=True, done={"a": "failed"}), Settle(("b", "c", "d"))),
        (
            Standing(WAVES, rolls_back=True, halted=True, abandoned=True, done={"a": "promoted"}, settled=True),
            End("abandoned"),
        ),
    ],
)  # fmt: skip
def test_what_comes_next(now: Standing, step: Step) -> None:
    assert next_step(now) == step
