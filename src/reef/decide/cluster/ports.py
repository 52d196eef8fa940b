"""The port at which gateways listen for each location. A client that comes late must not find another's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reef.kube.labels import FIRST_GATEWAY_PORT, LAST_GATEWAY_PORT

REST_S = 86_400.0


@dataclass(frozen=True)
class Ports:
    """`given`: location -> port. `left`: a port that was given back -> when, unix seconds. `lacking` got none."""

    given: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[int, float] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()


def ports(
    names: Iterable[str],
    before: Ports,
    now: float,
    first: int = FIRST_GATEWAY_PORT,
    last: int = LAST_GATEWAY_PORT,
) -> Ports:
    """Who has a port keeps it. Others get the lowest that nobody had for a day, themselves among them."""
    wanted = sorted(set(names))
    resting = {port: at for port, at in before.left.items() if now - at < REST_S}
    given = {name: before.given[name] for name in wanted if name in before.given}
    for name, port in before.given.items():
        if name not in given:
            resting.setdefault(port, now)
    taken = {*given.values(), *resting}
    free = (port for port in range(first, last + 1) if port not in taken)
    given.update(zip([name for name in wanted if name not in given], free, strict=False))
    return Ports(given, resting, tuple(name for name in wanted if name not in given))
