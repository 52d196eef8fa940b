"""The second load: which imports are put off, and what that told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reef.doctor.causes import Cause
from reef.doctor.findings_of import Sources, Trial
from reef.doctor.graph import At, Took


def trial_request(
    causes: Sequence[Cause], sources: Sources, stars: Mapping[At, Sequence[str]]
) -> dict[str, Any] | None:
    """`statements` and `forces` of the guest's `without`; None where nothing can be put off."""
    chosen = [cause for cause in causes if _can_wait(cause, sources)]
    if not chosen:
        return None
    statements = dict.fromkeys(at for cause in chosen for at in cause.statements)
    by_place = {at: cause for cause in chosen for at in cause.statements}
    forces = [
        {"force": [list(at) for at in cause.statements], "first": _before(cause, by_place)}
        for cause in chosen
    ]
    return {
        "causes": [cause.at for cause in chosen],
        "statements": [[*at, list(stars.get(at, ()))] for at in statements],
        "forces": forces,
    }


def _can_wait(cause: Cause, sources: Sources) -> bool:
    for file, line in cause.statements:
        statement = sources(file).at(line)
        if statement is None or not statement.is_import or statement.in_function:
            return False
    return True


def _before(cause: Cause, by_place: Mapping[At, Cause]) -> list[list[Any]]:
    """Statements of other causes that bring some of the same: only what this one brings besides is its own."""
    others = [by_place[at] for at in cause.overlaps if at in by_place]
    places = dict.fromkeys(at for other in others if other is not cause for at in other.statements)
    return [list(at) for at in places]


Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Asks the guest to load `without`; its answer, with `trouble` where it did not load."""


def trial_by(
    ask: Ask, causes: Sequence[Cause], sources: Sources, stars: Mapping[At, Sequence[str]], digest: str
) -> Trial:
    """Where the location did not load without them, or its definitions were others, it is tried once more with those
    imports alone that the source itself says are needed to run only. `digest`: of the definitions with everything."""
    asked = trial_request(causes, sources, stars)
    if asked is None:
        return Trial()
    answer = ask(asked)
    trial = _trial_of(answer, asked, digest)
    if not trial.differs and "digest" in answer:
        return trial
    plain = [cause for cause in causes if _runs_only(cause, sources, stars)]
    again = trial_request(plain, sources, stars) if len(plain) < len(asked["causes"]) else None
    return _joined(trial, _trial_of(ask(again), again, digest)) if again else trial


def _runs_only(cause: Cause, sources: Sources, stars: Mapping[At, Sequence[str]]) -> bool:
    for file, line in cause.statements:
        source = sources(file)
        statement = source.at(line)
        if statement is None or source.needed(statement, tuple(stars.get((file, line), ())))[0] != "run":
            return False
    return True


def _joined(first: Trial, second: Trial) -> Trial:
    """What the second says goes before what the first one said of the same statements."""
    known = second.untouched | set(second.touched)
    return Trial(
        {**first.touched, **second.touched},
        {**first.touched_took, **second.touched_took},
        {**first.alone, **second.alone},
        first.untouched | second.untouched,
        (first.differs - known) | second.differs,
    )


def _trial_of(answer: Mapping[str, Any], asked: Mapping[str, Any], digest: str) -> Trial:
    touched: dict[At, At] = {}
    took: dict[At, Took] = {}
    for put in answer.get("puts", ()):
        if put["touched"]:
            at = (put["file"], put["line"])
            touched[at] = (put["touched"][0], put["touched"][1])
            if put["took"]:
                took[at] = _took(put["took"])
    if "digest" not in answer:
        return Trial(touched, took)
    untouched = frozenset(
        (put["file"], put["line"]) for put in answer["puts"] if put["met"] and not put["touched"]
    )
    alone = {}
    for at, force, said in zip(asked["causes"], asked["forces"], answer.get("forces", ()), strict=False):
        if "took" in said and untouched.issuperset((file, line) for file, line in force["force"]):
            alone[at] = _took(said["took"])
    differs = untouched if answer["digest"] != digest else frozenset[At]()
    return Trial(touched, took, alone, untouched, differs)


def _took(found: Mapping[str, Any]) -> Took:
    return Took(
        found["wall_s"], found["cpu_s"], found["private_bytes"], found["shared_bytes"], found["threads"]
    )
