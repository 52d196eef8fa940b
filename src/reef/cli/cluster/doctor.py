"""`reef doctor --in-cluster`: the locations of a namespace, each examined in a pod with its own image."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
import msgspec

from reef import fleet as fleets
from reef.cli.doctor_run import Asked, check_budgets, span_of, wishes_of
from reef.cluster.errors import ClusterError
from reef.doctor.findings import Costs, Diagnosis, Trouble
from reef.doctor.flames import Flame
from reef.doctor.in_pod import Told, out_of_memory
from reef.doctor.limits import Limits
from reef.doctor.report import Report, report_of
from reef.doctor.since import heavier
from reef.doctor.table import lines_of
from reef.doctor.verdicts import over_budget
from reef.fleet.model import DoctorSpec
from reef.kube.objects.released import ReefPods
from reef.remote.doctoring import NotExamined, Patient, Printed, diagnosed, kept, patient, reefs
from reef.remote.images import image_before
from reef.remote.reaching import Remote, run
from reef.words import describe

AT_ONCE = 4
_TOP = "/"


@dataclass(frozen=True)
class There:
    """`image`: what is examined in place of what the locations ask for."""

    context: str | None
    namespace: str | None
    image: str | None = None


def diagnose_there(asked: Asked, there: There) -> tuple[Report, dict[str, Flame]]:
    """The report, and for each location what its modules took. Raises ReefError."""
    spec = _spec(asked)
    limits = wishes_of(asked, spec).limits
    return run(
        there.context, there.namespace, lambda remote: _Round(remote, asked, spec, limits).report(there.image)
    )


def _spec(asked: Asked) -> DoctorSpec:
    """Budgets are in the fleet's file, on a cluster too: it is read where it is asked for."""
    if not asked.check and asked.path is None:
        return DoctorSpec()
    fleet = fleets.read(asked.path, os.environ, sys.executable)
    check_budgets(fleet, asked)
    return fleet.doctor


class _Round:
    """One examination of some locations."""

    def __init__(self, remote: Remote, asked: Asked, spec: DoctorSpec, limits: Limits) -> None:
        self._remote, self._asked, self._spec, self._limits = remote, asked, spec, limits
        self._slots = asyncio.Semaphore(asked.jobs or AT_ONCE)
        self._flames: dict[str, Flame] = {}
        self._number = self._done = 0

    async def report(self, image: str | None) -> tuple[Report, dict[str, Flame]]:
        asked = self._asked
        documents = await self._chosen()
        whos = {each["metadata"]["name"]: patient(each) for each in documents}
        if image:
            whos = {name: _with(who, image) for name, who in whos.items()}
        before = _before(documents, whos, asked.since) if asked.since else {}
        reef = await reefs(self._remote)
        found = await self._all(reef, whos, "")
        flames = dict(self._flames)
        over = over_budget(found, self._spec.budgets) if asked.check else ()
        if asked.since:
            found = heavier(await self._all(reef, before, "before: "), found, _TOP, _TOP, self._limits)
        report = report_of(f"namespace {self._remote.namespace}", "", found)
        if not asked.since and not image:
            await self._keep(whos, found)
        offers = () if asked.since else report.offers
        return msgspec.structs.replace(
            report, over_budget=over, since=asked.since or "", offers=offers
        ), flames

    async def _chosen(self) -> list[dict[str, Any]]:
        if not self._asked.locations:
            return await self._remote.locations()
        found = [await self._remote.location(name) for name in dict.fromkeys(self._asked.locations)]
        return list({each["metadata"]["name"]: each for each in found}.values())

    async def _all(
        self, reef: ReefPods, whos: Mapping[str, Patient | NotExamined], what: str
    ) -> list[Diagnosis]:
        self._number, self._done = len(whos), 0
        return list(await asyncio.gather(*(self._one(reef, name, who, what) for name, who in whos.items())))

    async def _one(self, reef: ReefPods, name: str, who: Patient | NotExamined, what: str) -> Diagnosis:
        async with self._slots:
            found = await self._told(reef, name, who)
        self._done += 1
        said = (
            found.trouble[0].message.splitlines()[0][:60] if found.trouble else f"{found.diagnosis_s:.1f} s"
        )
        click.echo(f"{what}{self._done}/{self._number} {name}: {said}", err=True)
        return found

    async def _told(self, reef: ReefPods, name: str, who: Patient | NotExamined) -> Diagnosis:
        if isinstance(who, NotExamined):
            return _not_loaded(name, who)
        known_as = who.location.location_name
        try:
            said = await diagnosed(self._remote, reef, who, secrets.token_hex(3), **self._wishes())
        except ClusterError as error:
            return _not_loaded(known_as, NotExamined("error", f"its pod cannot be made: {describe(error)}"))
        if isinstance(said, NotExamined):
            return _not_loaded(known_as, said)
        return self._read(known_as, said)

    def _wishes(self) -> dict[str, Any]:
        asked, limits, spec = self._asked, self._limits, self._spec
        found: dict[str, Any] = {"ticks": asked.ticks}
        if asked.timeout:
            found["timeout_s"] = span_of("--timeout", asked.timeout)
        if asked.memory or spec.memory_bytes is not None:
            found["memory_bytes"] = limits.memory_bytes
        if asked.time or spec.time_s is not None:
            found["time_s"] = limits.cpu_s
        return found

    def _read(self, name: str, said: Printed) -> Diagnosis:
        try:
            told = msgspec.json.decode(said.content, type=Told)
        except msgspec.MsgspecError as error:
            return _not_loaded(
                name, NotExamined("partial", f"its pod's answer is not understood: {describe(error)}")
            )
        if told.flame is not None:
            self._flames[name] = told.flame
        if not said.out_of_memory:
            return told.diagnosis
        return msgspec.structs.replace(told.diagnosis, trouble=tuple(map(_at_limit, told.diagnosis.trouble)))

    async def _keep(self, whos: Mapping[str, Patient | NotExamined], found: Sequence[Diagnosis]) -> None:
        now, lost = time.time(), ""
        for who, diagnosis in zip(whos.values(), found, strict=True):
            if isinstance(who, Patient):
                lost = await kept(self._remote, who, now, lines_of(diagnosis, "")) or lost
        if lost:
            click.echo(f"warning: what was found is not kept for Reef's page: {lost}", err=True)


def _with(who: Patient | NotExamined, image: str) -> Patient | NotExamined:
    return who.with_image(image) if isinstance(who, Patient) else who


def _before(
    documents: Sequence[dict[str, Any]], whos: Mapping[str, Patient | NotExamined], since: str
) -> dict[str, Patient | NotExamined]:
    return {
        name: _with(who, image_before(document, since))
        for document, (name, who) in zip(documents, whos.items(), strict=True)
    }


def _not_loaded(name: str, why: NotExamined) -> Diagnosis:
    trouble = Trouble(kind=why.kind, message=why.message)  # type: ignore[arg-type]
    return Diagnosis(location=name, load=Costs(), own=Costs(), definitions={}, trouble=(trouble,))


def _at_limit(trouble: Trouble) -> Trouble:
    """What the process beside the container cannot know of its end, kubelet does."""
    if trouble.kind not in ("exit", "crash"):
        return trouble
    return msgspec.structs.replace(trouble, kind="crash", message=out_of_memory(None))
