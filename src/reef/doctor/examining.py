"""The examination of one location: loads it, watched and then with some imports put off, and says what it found."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from reef.doctor.besides import definition_findings, tick_findings
from reef.doctor.causes import Cause, Watched, causes_of
from reef.doctor.findings import Costs, Diagnosis, Finding, Trouble, TroubleKind
from reef.doctor.findings_of import Subject, Trial, finding_of, makes_client, ranked
from reef.doctor.flames import Flame, flame_of
from reef.doctor.graph import At, graph_of
from reef.doctor.guest_process import GuestProcess
from reef.doctor.guest_talk import Ended, GuestTalk
from reef.doctor.limits import Limits
from reef.doctor.loading import TIMEOUT_S, definitions_of, environ_of, target_of, troubles_of
from reef.doctor.trial import trial_by
from reef.doctor.variables import readings, variable_findings
from reef.fleet.model import Location
from reef.words import describe

TRIALS = (1.2, 0.6)  # what the trials may take, of one plain load; with the watched one that is below three
LEAST_BUDGET_S = 0.3


@dataclass(frozen=True)
class Examined:
    """`flame`: what each module took, by who asked for it first."""

    diagnosis: Diagnosis
    flame: Flame | None = None


@dataclass(frozen=True)
class Wishes:
    """`ticks`: evaluate sensors and schedules too, which runs the user's code. `variables`: load with other values of
    those that are read at module level."""

    limits: Limits = field(default_factory=Limits)
    timeout_s: float = TIMEOUT_S
    ticks: bool = False
    variables: bool = False


def examine(spec: Location, environ: Mapping[str, str], wishes: Wishes) -> Examined:
    """Blocks for as long as some three loads take. Never raises for what the location is or does."""
    started = time.perf_counter()
    if spec.code is None or spec.broken:
        return _not_loaded(spec)
    try:
        with GuestProcess(spec.python, spec.cwd, environ_of(spec, environ)) as guest:
            return examine_in(guest, spec, wishes, started)
    except OSError as error:
        return _failed(
            spec, Trouble(kind="error", message=f"{spec.python} cannot be started: {describe(error)}")
        )


def examine_in(
    guest: GuestTalk,
    spec: Location,
    wishes: Wishes,
    started: float,
    become: Mapping[str, Any] = MappingProxyType({}),
) -> Examined:
    """`become`: `cwd` and `env` of the location, where the process was not started for it. `started`: the clock's
    perf_counter()."""
    return _Examination(spec, wishes, guest, started, become).run()


def _not_loaded(spec: Location) -> Examined:
    if spec.broken:
        return _failed(spec, Trouble(kind="unreadable", message=spec.broken))
    return _failed(spec, Trouble(kind="partial", message="external: its server runs elsewhere"))


def _failed(spec: Location, *trouble: Trouble, took_s: float = 0.0) -> Examined:
    nothing = Diagnosis(
        location=spec.name, load=Costs(), own=Costs(), definitions={}, trouble=trouble, diagnosis_s=took_s
    )
    return Examined(nothing)


class _Examination:
    def __init__(
        self,
        spec: Location,
        wishes: Wishes,
        guest: GuestTalk,
        started: float,
        become: Mapping[str, Any],
    ) -> None:
        self.spec, self.wishes, self.guest, self.started = spec, wishes, guest, started
        assert spec.code is not None
        self.request: dict[str, Any] = {
            "roots": [],
            "target": target_of(spec.code),
            "location": spec.name,
            "place": guest.place_file,
            "big_file": wishes.limits.file_bytes,
            "timeout_s": spec.load_timeout_s or wishes.timeout_s,
            **become,
        }
        self.sources = functools.cache(guest.source)

    def run(self) -> Examined:
        try:
            self.request["roots"] = self.guest.roots(self.spec)
            ready = self._ask("prepare")
            if "failed" in ready:
                return self._failed(Trouble(kind="error", message=ready["failed"]))
            watched = self._ask("watch")
        except Ended as end:
            return self._failed(self._ended(end.kind, describe(end)))
        if "ended" in watched:
            return self._failed(self._ended(watched["ended"], _how(watched)))
        return self._diagnosed(ready, watched)

    def _ask(self, what: str, **more: Any) -> dict[str, Any]:
        timeout_s = cast("float", self.request["timeout_s"])
        return self.guest.ask({**self.request, "do": what, **more}, timeout_s + 10.0)

    def _failed(self, trouble: Trouble) -> Examined:
        return _failed(self.spec, trouble, took_s=time.perf_counter() - self.started)

    def _ended(self, kind: str, message: str) -> Trouble:
        file, line = self.guest.place()
        told = (
            f"loading did not end within {self.request['timeout_s']:g} s"
            if kind == "timeout"
            else self.guest.killed() or message
        )
        return Trouble(kind=cast("TroubleKind", kind), message=told, file=file, line=line)

    def _diagnosed(self, ready: dict[str, Any], answer: dict[str, Any]) -> Examined:
        limits = self.wishes.limits
        watched = Watched({(one["file"], one["line"]): one for one in answer["statements"]}, graph_of(answer))
        stars = {at: one["star"] for at, one in watched.statements.items() if one["star"]}
        clients = frozenset(at for at in watched.statements if makes_client(self.sources(at[0]).at(at[1])))
        causes = causes_of(watched, limits, clients)
        trouble = list(troubles_of(answer))
        trial = Trial() if trouble else self._trial(causes, stars, ready, answer)
        subject = Subject(self.spec.name, self.spec.placement == "packed")
        found = [finding_of(subject, cause, trial, self.sources, stars) for cause in causes]
        kept = [
            one
            for one in found
            if limits.heavy(one.costs.private_bytes, one.costs.cpu_s, one.costs.wall_s) or _acts(one)
        ]
        definitions = definitions_of(answer)
        kept += self._variables(watched, answer.get("digest", ""))
        kept += definition_findings(self.spec, definitions, limits)
        kept += self._ticks(trouble)
        diagnosis = Diagnosis(
            location=self.spec.name,
            load=_whole(ready, answer),
            own=_own(answer),
            definitions=definitions,
            findings=ranked(kept),
            trouble=tuple(trouble),
            diagnosis_s=time.perf_counter() - self.started,
        )
        return Examined(diagnosis, flame_of(answer))

    def _trial(
        self,
        causes: list[Cause],
        stars: Mapping[At, list[str]],
        ready: dict[str, Any],
        answer: dict[str, Any],
    ) -> Trial:
        plain_s = ready["wall_s"] + answer["own"]["wall_s"] + answer.get("snapshot_s", 0.0)
        shares = iter(TRIALS)

        def ask(asked: Mapping[str, Any]) -> Mapping[str, Any]:
            wanted = {key: asked[key] for key in ("statements", "forces")}
            try:
                found = self._ask("without", budget_s=max(LEAST_BUDGET_S, next(shares) * plain_s), **wanted)
            except Ended as end:
                return {"trouble": describe(end)}
            return found if "ended" not in found else {"trouble": _how(found)}

        return trial_by(ask, causes, self.sources, stars, answer.get("digest", ""))

    def _asked(self, what: str, **more: Any) -> dict[str, Any]:
        """The same; where the process ends it is `ended`."""
        try:
            return self._ask(what, **more)
        except Ended as end:
            return {"ended": end.kind}

    def _variables(self, watched: Watched, digest: str) -> list[Finding]:
        asked = self.wishes.variables and digest
        load = (lambda others: self._asked("load", others=others)) if asked else None
        return variable_findings(self.spec.name, readings(watched, self.sources), digest, load)

    def _ticks(self, trouble: list[Trouble]) -> list[Any]:
        if not self.wishes.ticks or trouble:
            return []
        answer = self._asked("ticks")
        if "ended" in answer:
            trouble.append(
                Trouble(kind="partial", message="evaluating its sensors and schedules did not end well")
            )
            return []
        return tick_findings(self.spec.name, answer["ticks"], self.wishes.limits, self.sources)


def _how(answer: Mapping[str, Any]) -> str:
    status = answer.get("status", "")
    if answer["ended"] == "crash":
        return f"loading it ended the process by {status}"
    return f"its code ended the process with exit status {status} while loading"


def _acts(finding: Any) -> bool:
    costs = finding.costs
    return finding.kind in ("client", "http", "thread", "process", "file") or bool(
        costs.threads or costs.children
    )


def _whole(ready: Mapping[str, Any], answer: Mapping[str, Any]) -> Costs:
    own = answer["own"]
    return Costs(
        wall_s=ready["wall_s"] + own["wall_s"],
        cpu_s=ready["cpu_s"] + own["cpu_s"],
        private_bytes=answer["private_bytes"],
        shared_bytes=ready["shared_bytes"] + max(0, own["shared_bytes"]),
        threads=answer["threads"],
        sockets=max(0, answer["sockets"] - 1),
        children=answer["children"],
    )


def _own(answer: Mapping[str, Any]) -> Costs:
    own = answer["own"]
    return Costs(
        wall_s=own["wall_s"],
        cpu_s=own["cpu_s"],
        private_bytes=max(0, own["private_bytes"]),
        shared_bytes=max(0, own["shared_bytes"]),
        threads=max(0, own["threads"]),
        sockets=max(0, answer["sockets"] - 1),
        children=answer["children"],
    )
