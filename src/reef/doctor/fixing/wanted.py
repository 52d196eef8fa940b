"""Which imports are to be moved, from what the diagnosis found. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reef.doctor.findings import Diagnosis, Finding

At = tuple[str, int]


@dataclass(frozen=True)
class Promise:
    """What one load of a location is spared."""

    bytes: int = 0
    seconds: float = 0.0
    threads: int = 0
    children: int = 0

    def or_more(self, other: Promise) -> Promise:
        """Of two promises of the same saving the larger one."""
        return Promise(
            max(self.bytes, other.bytes),
            max(self.seconds, other.seconds),
            max(self.threads, other.threads),
            max(self.children, other.children),
        )


@dataclass(frozen=True)
class HeavyModule:
    """One module and every statement that brings it: only all of them together save it. `promised`: by
    location."""

    module: str
    statements: tuple[At, ...]
    promised: Mapping[str, Promise] = field(default_factory=dict)

    @property
    def total_bytes(self) -> int:
        return sum(one.bytes for one in self.promised.values())

    @property
    def total_seconds(self) -> float:
        return sum(one.seconds for one in self.promised.values())


def causes_in(diagnoses: Iterable[Diagnosis]) -> list[HeavyModule]:
    """The same statements in several locations are one cause. Those that save most come first."""
    found: list[HeavyModule] = []
    for diagnosis in diagnoses:
        for finding in diagnosis.findings:
            if finding.kind == "import":
                _add(found, _cause_of(finding))
    return sorted(found, key=lambda one: (-one.total_bytes, -one.total_seconds, one.statements))


def _cause_of(finding: Finding) -> HeavyModule:
    others = [(p.file, p.line) for p in finding.shared_with if p.module == finding.module and not p.bytes]
    statements = dict.fromkeys([(finding.file, finding.line), *others])
    return HeavyModule(finding.module, tuple(statements), {finding.location: _promise_of(finding)})


def _promise_of(finding: Finding) -> Promise:
    """What definitions need saves nothing as it stands; with its annotation quoted it saves what it costs."""
    costs = finding.costs
    if finding.saving_bytes or finding.saving_s:
        return Promise(finding.saving_bytes, finding.saving_s, costs.threads, costs.children)
    return Promise(costs.private_bytes, costs.wall_s, costs.threads, costs.children)


def _add(found: list[HeavyModule], cause: HeavyModule) -> None:
    for index, other in enumerate(found):
        if other.module == cause.module and set(other.statements) & set(cause.statements):
            statements = tuple(dict.fromkeys((*other.statements, *cause.statements)))
            promised = dict(other.promised)
            for location, promise in cause.promised.items():
                promised[location] = promise.or_more(promised.get(location, Promise()))
            found[index] = HeavyModule(cause.module, statements, promised)
            return
    found.append(cause)
