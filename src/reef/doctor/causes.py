"""Which statements are to blame, for what: shares of the graph, what statements took themselves, and what they did.
Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reef.doctor.findings import Kind
from reef.doctor.graph import At, Graph, Share, Took
from reef.doctor.limits import Limits

Event = tuple[str, str, int]


@dataclass
class Cause:
    """`statements`: all that would have to go; the first is the one that is shown. `overlaps`: statements of other
    causes that bring some of the same modules, with the bytes of those."""

    statements: tuple[At, ...]
    took: Took
    module: str = ""
    overlaps: dict[At, int] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def at(self) -> At:
        return self.statements[0]

    def acts(self, what: str) -> list[Event]:
        return [one for one in self.events if one[0] == what]


@dataclass(frozen=True)
class Watched:
    """Statements of a watched load by place, in the order in which they ran."""

    statements: Mapping[At, Mapping[str, Any]]
    graph: Graph

    def order(self) -> dict[At, int]:
        return {at: number for number, at in enumerate(self.statements)}


def causes_of(watched: Watched, limits: Limits, clients: frozenset[At] = frozenset()) -> list[Cause]:
    """Every cause over a limit, every statement that acted on the world outside, and `clients`. In the order of the
    load."""
    order = watched.order()
    found: dict[At, Cause] = {}
    for at, one in watched.statements.items():
        cause = _alone(at, one, watched.graph)
        if at in clients or _counts(cause, limits):
            found[at] = cause
    for share in watched.graph.shares:
        if len(share.statements) > 1:
            _share(share, watched, order, found, limits)
    for cause in found.values():
        cause.overlaps = {at: size for at, size in cause.overlaps.items() if at not in cause.statements}
    return sorted(found.values(), key=lambda cause: order.get(cause.at, 0))


def _alone(at: At, one: Mapping[str, Any], graph: Graph) -> Cause:
    """What only this statement brings, and what it took itself."""
    share = graph.only_of(at)
    took = Took()
    took.add(one["took"])
    took.add(share.took.each())
    events = tuple((what, name, number) for what, name, number in one["events"])
    return Cause((at,), took, _asked(one, share), events=events)


def _asked(one: Mapping[str, Any], share: Share) -> str:
    """The module that the statement names, else the heaviest that it brings."""
    wanted: list[str] = one["wanted"]
    tops = {name.partition(".")[0] for name in share.modules}
    for name in wanted:
        if name.partition(".")[0] in tops:
            return name
    if wanted:
        return wanted[0]
    return min(share.modules, key=lambda name: (name.count("."), name)) if share.modules else ""


def _counts(cause: Cause, limits: Limits) -> bool:
    took = cause.took
    if limits.heavy(took.private_bytes, took.cpu_s, took.wall_s) or took.threads > 0:
        return True
    return any(cause.acts(what) for what in ("thread", "process", "http", "connect", "file"))


def _share(
    share: Share, watched: Watched, order: Mapping[At, int], found: dict[At, Cause], limits: Limits
) -> None:
    """What several statements bring: a cause of its own where all of them ask for it, or none of them is heavy alone;
    else it is told of those who are to blame."""
    statements = tuple(sorted(share.statements, key=lambda at: order.get(at, 0)))
    named = [_named(at, share, watched.graph) for at in statements]
    same = all(named) and len({name.partition(".")[0] for name in named}) == 1
    blamed = [at for at in statements if at in found]
    size = share.took.private_bytes
    alone = [found[at].took for at in blamed]
    is_told = any(limits.heavy(took.private_bytes, took.cpu_s, took.wall_s) for took in alone)
    if limits.heavy(size, share.took.cpu_s, share.took.wall_s) and (same or not is_told):
        took = Took()
        took.add(share.took.each())
        _add(Cause(statements, took, next(filter(None, named), "")), found)
    elif size >= limits.shared_bytes:
        for at in blamed:
            for other in statements:
                if other != at:
                    found[at].overlaps[other] = found[at].overlaps.get(other, 0) + size


def _named(at: At, share: Share, graph: Graph) -> str:
    """The topmost module of a share that a statement itself asks for."""
    asked = graph.direct.get(at, frozenset()) & frozenset(share.modules)
    return min(asked, key=lambda name: (name.count("."), name)) if asked else ""


def _add(cause: Cause, found: dict[At, Cause]) -> None:
    """A statement has one cause: what it shares becomes part of what it brings alone, where both are heavy."""
    own = found.get(cause.at)
    if own is None:
        found[cause.at] = cause
        return
    own.took.add(cause.took.each())
    own.statements = tuple(dict.fromkeys((*own.statements, *cause.statements)))
    own.module = own.module or cause.module


def kind_of(cause: Cause, is_import: bool, is_client: bool) -> Kind:
    if is_import:
        return "import"
    if cause.acts("http"):
        return "http"
    if is_client or cause.acts("connect"):
        return "client"
    if cause.acts("file"):
        return "file"
    if cause.acts("thread"):
        return "thread"
    if cause.acts("process"):
        return "process"
    return "body"
