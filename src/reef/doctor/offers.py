"""Which libraries had better be shared services, and from how many users at the same time on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from reef.doctor.findings import Diagnosis, Finding

PROCESS_BYTES = 20_000_000  # of a service's process without a library: interpreter, gRPC, threads
CALL_S = 0.001  # over a socket, without what the function computes
ALONE_BYTES = 200_000_000  # from here on a library is worth it for one location too


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A library that `locations` import and only need to run. `library_bytes` and `import_s` are of one process.

    `now_bytes`: in the servers of those locations, as they are, while all are up; a run adds `library_bytes`, as it
    does with a lazy import, where servers have nothing. `service_bytes`: once, while the service is used.
    `pays_from`: so many runs that use it at the same time take more memory with a lazy import than the service.
    """

    library: str
    module: str  # that the heaviest of the statements asks for
    locations: tuple[str, ...]
    library_bytes: int
    import_s: float
    now_bytes: int
    service_bytes: int
    call_s: float
    pays_from: int


def offers_of(diagnoses: Iterable[Diagnosis]) -> tuple[Offer, ...]:
    """What saves most first. Two locations need a library that is no lighter than the process of a service, one
    alone needs a heavy one. A location that needs the library to define, or where nobody can tell, does not count:
    it imports the library all the same."""
    ways: dict[str, dict[str, list[Finding]]] = {}
    for diagnosis in diagnoses:
        for name, findings in _by_library(diagnosis).items():
            if all(one.needed == "run" for one in findings):
                ways.setdefault(name, {})[diagnosis.location] = findings
    found = [_offer(name, of_locations) for name, of_locations in ways.items()]
    worth = [one for one in found if _is_worth_it(one)]
    return tuple(sorted(worth, key=lambda one: (one.service_bytes - one.now_bytes, one.library)))


def pays_from(library_bytes: int) -> int:
    """The fewest processes that have the library at the same time and take more than one with it for all of them."""
    return 2 + PROCESS_BYTES // library_bytes


def _by_library(diagnosis: Diagnosis) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in diagnosis.findings:
        if one.kind == "import" and one.module.strip("."):
            found.setdefault(one.module.partition(".")[0], []).append(one)
    return found


def _offer(name: str, ways: dict[str, list[Finding]]) -> Offer:
    sizes = {location: _sum(findings) for location, findings in ways.items()}
    most = max(sizes.values())
    findings = [one for each in ways.values() for one in each]
    return Offer(
        library=name,
        module=max(findings, key=lambda one: one.costs.private_bytes).module,
        locations=tuple(ways),
        library_bytes=most,
        import_s=max(sum(one.costs.wall_s for one in each) for each in ways.values()),
        now_bytes=sum(sizes.values()),
        service_bytes=most + PROCESS_BYTES,
        call_s=CALL_S,
        pays_from=pays_from(most) if most > 0 else 0,
    )


def _sum(findings: Sequence[Finding]) -> int:
    return sum(one.costs.private_bytes for one in findings)


def _is_worth_it(one: Offer) -> bool:
    least = PROCESS_BYTES if len(one.locations) > 1 else ALONE_BYTES
    return one.library_bytes >= least
