"""`reef render --placements`: where a cluster would run each location, and why. No cluster is asked."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from reef.cli.fleet_source import Source
from reef.controller.wishes import wish_of
from reef.decide.placements.fleets import Placed, placed
from reef.decide.placements.packing import Pack
from reef.decide.placements.wish import Chosen, Wish
from reef.kube.asked import WRITTEN
from reef.kube.findings import grouped
from reef.kube.model import CodeLocation
from reef.words import count

HEADING = ("LOCATION", "OWNER", "PLACEMENT", "PACK", "WHY")


def show(source: Source, share: bool, as_json: bool) -> None:
    """To stdout, findings to stderr; exit status 1 where a location is left out or refused."""
    wishes = [
        wish_of(each, name) for each, name in zip(source.locations, _names(source.locations), strict=True)
    ]
    done = placed(wishes, share)
    if as_json:
        found = _data(wishes, done)
        click.echo(
            json.dumps(
                {**found, "findings": [each.to_json() for each in source.findings]}, ensure_ascii=False
            )
        )
    else:
        click.echo("\n".join(lines(wishes, done)))
    for line in grouped(source.findings):
        click.echo(line, err=True)
    if any(each.placement is None for each in done.chosen.values()) or any(
        each.kind == "left_out" for each in source.findings
    ):
        sys.exit(1)


def lines(wishes: Sequence[Wish], done: Placed) -> list[str]:
    """What a person reads."""
    return [*_table(wishes, done), "", *map(_of_pack, done.packs), _totals(wishes, done)]


def _names(locations: Sequence[CodeLocation]) -> list[str]:
    """Their names in Dagster, with the namespace where two namespaces have the same one."""
    seen = Counter(each.location_name for each in locations)
    return [
        each.location_name if seen[each.location_name] == 1 else f"{each.namespace}/{each.location_name}"
        for each in locations
    ]


def _data(wishes: Sequence[Wish], done: Placed) -> dict[str, Any]:
    return {
        "locations": [_location(wish, done.chosen[wish.name], done.pack_of(wish.name)) for wish in wishes],
        "packs": [
            {
                "name": pack.name,
                "key": pack.key.to_json(),
                "containers": [
                    {"image": each.image, "locations": list(each.locations)} for each in pack.containers
                ],
            }
            for pack in done.packs
        ],
    }


def _location(wish: Wish, found: Chosen, pack: Pack | None) -> dict[str, Any]:
    return {
        "name": wish.name,
        "namespace": wish.namespace,
        "owner": wish.owner,
        "placement": found.placement,
        "pack": pack.name if pack else None,
        "why": found.why,
        "reasons": [{"field": each.where, "why": each.why} for each in found.reasons],
    }


def _table(wishes: Sequence[Wish], done: Placed) -> list[str]:
    rows = [HEADING]
    for wish in wishes:
        found, pack = done.chosen[wish.name], done.pack_of(wish.name)
        placement = found.placement or "refused"
        rows.append((wish.name, wish.owner or "-", placement, pack.name if pack else "-", found.why))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADING) - 1)]
    return ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]) for row in rows]


def _of_pack(pack: Pack) -> str:
    key = pack.key
    words = [
        f"{name} {value}" for name, value in (("namespace", key.namespace), ("owner", key.owner)) if value
    ]
    words += [f"{WRITTEN.get(path, path)} {value}" for path, value in key.fields]
    held = f"{count(len(pack.locations), 'location')} in {count(len(pack.containers), 'container')}"
    return f"{pack.name}: {held}" + (f"; all have {', '.join(words)}" if words else "")


def _totals(wishes: Sequence[Wish], done: Placed) -> str:
    seen = Counter(found.placement or "refused" for found in done.chosen.values())
    said = ", ".join(f"{number} {placement}" for placement, number in sorted(seen.items()))
    return f"{count(len(wishes), 'location')}: {said or 'none'}; {count(len(done.packs), 'pack')}"
