"""Given one location's versions, refusals and probe pod -> what is done next, and what is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clusters import NOW, container

from reef.decide.cluster.releasing import (
    Action,
    AskProbe,
    EndProbe,
    Promote,
    Refuse,
    ReleaseSeen,
    ShowError,
    StartProbe,
    release,
)
from reef.decide.cluster.verdicts import Pin, RefusedVersion, Tried, wanted_version
from reef.kube.seen.state import PodSeen

OLD, NEW = "old", "new"
IMAGE = "acme/sales:2"


def probe(state: str = "running", created: float = NOW - 10, **more: Any) -> PodSeen:
    """Its location's container in that state, its host up."""
    host = more.pop("host", container("reef", "reef", since=NOW - 900))
    of_pod = ("phase", "deleting", "unschedulable", "unschedulable_since")
    pod = {name: more.pop(name) for name in of_pod if name in more}
    more.setdefault("since", NOW - 5 if state == "running" else None)
    one = container("location", IMAGE, state, **more)
    return PodSeen("probe", created, containers={"reef": host, "location": one}, **pod)


def seen(there: PodSeen | None = None, **more: Any) -> ReleaseSeen:
    probes = {NEW: there} if there else more.pop("probes", {})
    return ReleaseSeen(
        "sales", **{"wanted": NEW, "served": OLD, "recorded": frozenset({OLD}), "probes": probes, **more}
    )


def refused(**more: Any) -> dict[str, RefusedVersion]:
    return {NEW: RefusedVersion("ImagePull", "It is not pulled.", **{"at": NOW - 10, **more})}


def short(actions: tuple[Action, ...]) -> list[tuple[Any, ...]]:
    """Without sentences."""
    found: list[tuple[Any, ...]] = []
    for each in actions:
        match each:
            case StartProbe(version):
                found.append(("start", version))
            case AskProbe(version, pod):
                found.append(("ask", version, pod))
            case EndProbe(pod):
                found.append(("end", pod))
            case Promote(version):
                found.append(("promote", version))
            case Refuse(version, why):
                found.append(("refuse", version, why.reason, why.times, why.final))
            case ShowError(version, _):
                found.append(("show error", version))
    return found


def refuses(reason: str, final: bool = False, times: int = 1) -> list[tuple[Any, ...]]:
    return [("refuse", NEW, reason, times, final)]


END = ("end", "probe")
MISSING = ("Secret sales-token",)
NOTHING: list[tuple[Any, ...]] = []
PULL = {"reason": "ErrImagePull", "message": "manifest unknown"}

TABLE: dict[str, tuple[ReleaseSeen, list[tuple[Any, ...]], str]] = {
    "rest": (seen(wanted=OLD), NOTHING, "served"),
    "something else is asked for": (seen(), [("start", NEW)], "under_way"),
    "the first time": (seen(served=None, recorded=frozenset()), [("start", NEW)], "under_way"),
    "it is not its turn": (seen(may_probe=False, held="Later."), NOTHING, "waiting"),
    "back to what loaded before": (
        seen(wanted=OLD, served=NEW, recorded=frozenset({OLD, NEW})),
        [("promote", OLD)],
        "under_way",
    ),
    # the probe's pod
    "it starts": (seen(probe("waiting", reason="ContainerCreating")), NOTHING, "under_way"),
    "it runs": (seen(probe()), [("ask", NEW, "probe")], "under_way"),
    "its host does not yet": (
        seen(probe(host=container("reef", "reef", "waiting", reason="PodInitializing"))),
        NOTHING,
        "under_way",
    ),
    "it loads": (seen(probe(), recorded=frozenset({NEW, OLD})), [("promote", NEW), END], "under_way"),
    "it loads, and waits for its wave": (
        seen(probe(), recorded=frozenset({NEW, OLD}), may_promote=False, held="Later."),
        [END],
        "waiting",
    ),
    "it is promoted, and its pod is there": (
        seen(probe(), served=NEW, recorded=frozenset({NEW})),
        [END],
        "served",
    ),
    "a probe of what nobody asks for any more": (
        seen(wanted="newer", probes={NEW: probe()}),
        [("start", "newer"), END],
        "under_way",
    ),
    "one that goes already": (seen(probe(deleting=True)), NOTHING, "under_way"),
    # it does not load
    "its code does not load": (
        seen(probe(), tried=Tried(NEW, NOW - 1, "ImportError: no pandas")),
        refuses("LoadError", final=True),
        "refused",
    ),
    "an answer of the pod before": (
        seen(probe(created=NOW - 1), tried=Tried(NEW, NOW - 60, "ImportError")),
        [("ask", NEW, "probe")],
        "under_way",
    ),
    "it takes too long": (seen(probe(since=NOW - 211)), refuses("LoadTimeout", final=True), "refused"),
    "but it may": (seen(probe(since=NOW - 211), load_timeout_s=600), [("ask", NEW, "probe")], "under_way"),
    # it does not start
    "no image yet": (seen(probe("waiting", **PULL)), NOTHING, "under_way"),
    "no image": (
        seen(probe("waiting", created=NOW - 121, **PULL)),
        refuses("ImagePull"),
        "refused",
    ),
    "a name of an image that cannot be": (
        seen(probe("waiting", reason="InvalidImageName")),
        refuses("BadImage", final=True),
        "refused",
    ),
    "settings that lack a key": (
        seen(probe("waiting", created=NOW - 31, reason="CreateContainerConfigError", message="no key")),
        refuses("Settings"),
        "refused",
    ),
    "an image that ends at once": (
        seen(probe("terminated", exit_code=1, reason="Error")),
        refuses("ImageEnds", final=True),
        "refused",
    ),
    "too little memory": (
        seen(probe("terminated", exit_code=137, reason="OOMKilled")),
        refuses("OutOfMemory", final=True),
        "refused",
    ),
    "no python in it": (
        seen(probe("terminated", exit_code=128, reason="StartError", message="exec: python3: not found")),
        refuses("CannotStart", final=True),
        "refused",
    ),
    "no room": (
        seen(probe("waiting", unschedulable="0/2 nodes.", unschedulable_since=NOW - 9)),
        NOTHING,
        "under_way",
    ),
    "no room for long": (
        seen(probe("waiting", unschedulable="0/2 nodes.", unschedulable_since=NOW - 301)),
        refuses("NoRoom"),
        "refused",
    ),
    "its pod is lost": (
        seen(probe("waiting", phase="Failed")),
        refuses("PodLost"),
        "refused",
    ),
    "Reef's own container ends": (
        seen(probe(host=container("reef", "reef", "terminated", exit_code=1))),
        refuses("ReefFailed"),
        "refused",
    ),
    "a silent pull": (
        seen(probe("waiting", created=NOW - 901, reason="ContainerCreating")),
        refuses("Starting"),
        "refused",
    ),
    # it loaded, and does not run where it shall
    "its place does not run it": (
        seen(recorded=frozenset({NEW, OLD}), stuck="It does not run."),
        refuses("NotRunning"),
        "refused",
    ),
    "it gave its place back": (
        seen(recorded=frozenset({NEW, OLD}), refused=refused(), stuck="It does not run."),
        NOTHING,
        "refused",
    ),
    "it is promoted again later": (
        seen(recorded=frozenset({NEW, OLD}), refused=refused(at=NOW - 31)),
        [("promote", NEW)],
        "under_way",
    ),
    "there is nothing to give it back to": (
        seen(recorded=frozenset({NEW}), served=None, stuck="It does not run."),
        [("show error", NEW)],
        "under_way",
    ),
    "it is served, and does not run": (
        seen(wanted=OLD, stuck="It does not run."),
        NOTHING,
        "served",
    ),
    # refused
    "refused, and its pod is there": (seen(probe(), refused=refused()), [END], "refused"),
    "refused, not yet again": (seen(refused=refused()), NOTHING, "refused"),
    "refused, again": (seen(refused=refused(at=NOW - 31)), [("start", NEW)], "under_way"),
    "refused often, not yet again": (seen(refused=refused(at=NOW - 31, times=2)), NOTHING, "refused"),
    "refused again": (
        seen(probe("waiting", created=NOW - 121, **PULL), refused=refused(at=NOW - 200, times=3)),
        refuses("ImagePull", times=4),
        "refused",
    ),
    "refused for good": (seen(refused=refused(at=0.0, final=True)), NOTHING, "refused"),
    "somebody asks again": (
        seen(refused=refused(at=NOW - 9, final=True), asked_again_at=NOW - 1),
        [("start", NEW)],
        "under_way",
    ),
    "somebody asked before": (
        seen(refused=refused(at=NOW - 9, final=True), asked_again_at=NOW - 10),
        NOTHING,
        "refused",
    ),
    "the pod of the last time is still there": (
        seen(probe(created=NOW - 300), refused=refused(at=NOW - 100)),
        [END],
        "under_way",
    ),
    "nothing was ever served": (
        seen(served=None, refused=refused(), recorded=frozenset()),
        [("show error", NEW)],
        "refused",
    ),
    "its error shows": (
        seen(served=None, refused=refused(), shown_error="It is not pulled."),
        NOTHING,
        "refused",
    ),
    # what it reads
    # a person has paused it
    "paused": (seen(paused=True), NOTHING, "paused"),
    "paused at rest": (seen(wanted=OLD, paused=True), NOTHING, "paused"),
    "paused while it is tried": (seen(probe(), paused=True), [END], "paused"),
    "paused before it is promoted": (
        seen(recorded=frozenset({OLD, NEW}), paused=True),
        NOTHING,
        "paused",
    ),
    "paused, and a Secret is missing": (seen(missing=MISSING, paused=True), NOTHING, "paused"),
    "paused, and nothing was ever served": (
        seen(served=None, recorded=frozenset(), refused=refused(), paused=True),
        NOTHING,
        "paused",
    ),
    "a Secret is missing": (seen(missing=MISSING), NOTHING, "refused"),
    "a Secret went while it was tried": (seen(probe(), missing=MISSING), [END], "refused"),
    "a Secret is missing the first time": (
        seen(served=None, missing=MISSING),
        [("show error", NEW)],
        "refused",
    ),
    "a Secret is missing that was there when it loaded": (
        seen(missing=MISSING, recorded=frozenset({NEW, OLD})),
        [("promote", NEW)],
        "under_way",
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_is_done(case: str) -> None:
    given, actions, phase = TABLE[case]
    found = release(given, NOW)
    assert (short(found.actions), found.phase) == (actions, phase)
    assert found.message or given.held


def done(given: ReleaseSeen, action: Action) -> ReleaseSeen:
    """What the next look sees after an action was done."""
    match action:
        case StartProbe(version):
            return replace(given, probes={**given.probes, version: probe("waiting", created=NOW)})
        case EndProbe(name):
            return replace(
                given, probes={key: each for key, each in given.probes.items() if each.name != name}
            )
        case Promote(version):
            return replace(given, served=version)
        case Refuse(version, why):
            return replace(given, refused={**given.refused, version: why})
        case ShowError(_, message):
            return replace(given, shown_error=message)
        case AskProbe(version, _):
            return replace(given, recorded=given.recorded | {version})


@pytest.mark.parametrize("case", TABLE)
def test_what_is_done_is_not_done_again(case: str) -> None:
    given = TABLE[case][0]
    for _ in range(6):
        actions = release(given, NOW).actions
        for action in actions:
            given = done(given, action)
    assert actions == ()


def test_a_refusal_says_what_to_look_for() -> None:
    told = release(seen(missing=(*MISSING, "ConfigMap a")), NOW).message
    assert told == "It needs Secret sales-token, ConfigMap a, which do not exist."
    (one,) = release(seen(probe("terminated", exit_code=127, message="sh: dagster: not found")), NOW).actions
    assert isinstance(one, Refuse)
    assert "exit code 127. It said: sh: dagster: not found" in one.refused.message
    assert "spec.python" in one.refused.message


def test_a_version_without_a_predecessor_keeps_its_place_until_it_runs() -> None:
    """What Dagster is shown stays the same while kubelet's words change: else each would be shown anew."""
    given = seen(recorded=frozenset({NEW}), served=None)
    first = release(replace(given, stuck="It waits: ErrImagePull."), NOW)
    assert (first.promoting, first.reason) == (NEW, "NotRunning")
    assert "ErrImagePull" in first.message
    given = done(given, first.actions[0])
    assert "ErrImagePull" not in str(given.shown_error)
    later = release(replace(given, stuck="It waits: ImagePullBackOff."), NOW)
    assert (later.actions, later.promoting) == ((), NEW)
    assert release(given, NOW).actions == (Promote(NEW),)
    served = release(seen(wanted=OLD, stuck="It does not run."), NOW)
    assert (served.phase, served.not_running) == ("served", "It does not run.")


def test_retries_become_rare() -> None:
    one = RefusedVersion("ImagePull", "", at=0.0)
    assert [replace(one, times=times).again_at for times in (1, 2, 3, 6, 40)] == [30, 60, 120, 900, 900]
    assert release(seen(refused=refused()), NOW).look_at == NOW + 20


def test_a_rollback_holds_until_something_else_is_asked_for() -> None:
    pin = Pin(OLD, instead_of=NEW)
    assert wanted_version(NEW, pin) == OLD
    assert wanted_version("newer", pin) == "newer"
    assert wanted_version(NEW, None) == NEW
