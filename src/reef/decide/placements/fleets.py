"""The placements of a whole fleet. What one location costs depends on the others: who shares a container with it, and
whether anybody shares its pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reef.decide.placements.calls import PRICES, Prices, keeps_waiting
from reef.decide.placements.choosing import UNMEASURED, called, chosen
from reef.decide.placements.keys import PackKey, container_of, pack_key
from reef.decide.placements.packing import BOUNDS, Pack, PackBounds, packs
from reef.decide.placements.wish import Chosen, Placement, Wish
from reef.views import Costs


@dataclass(frozen=True)
class Seen:
    """What is known of the locations beside their wishes, by name: costs, where they run, which pack they are in."""

    costs: Mapping[str, Costs]
    placements: Mapping[str, Placement]
    packs: Mapping[str, str]


NOTHING_SEEN = Seen({}, {}, {})


@dataclass(frozen=True)
class Placed:
    """What was chosen for each location, by name, and the packs."""

    chosen: Mapping[str, Chosen]
    packs: tuple[Pack, ...]

    def pack_of(self, name: str) -> Pack | None:
        """The pack of a location, None where it is in none."""
        return next((pack for pack in self.packs if name in pack.locations), None)


def placed(
    wishes: Sequence[Wish],
    share: bool,
    seen: Seen = NOTHING_SEEN,
    bounds: PackBounds = BOUNDS,
    prices: Prices = PRICES,
) -> Placed:
    """Names are those of one fleet, each once. `share`: whether locations of several owners may share a pack."""
    found = {
        wish.name: chosen(wish, seen.costs.get(wish.name, UNMEASURED), seen.placements.get(wish.name), prices)
        for wish in wishes
    }
    members: dict[PackKey, list[Wish]] = {}
    for key, candidates in _by_key(wishes, found, share).items():
        _join_containers(candidates, found)
        _leave_lonely_pack(candidates, found, seen, prices)
        if inside := [wish for wish in candidates if found[wish.name].placement == "packed"]:
            members[key] = inside
    return Placed(found, packs(members, seen.packs, bounds))


def _by_key(wishes: Sequence[Wish], found: Mapping[str, Chosen], share: bool) -> Mapping[PackKey, list[Wish]]:
    """Those that are in a pack, and those that could be."""
    by_key: dict[PackKey, list[Wish]] = {}
    for wish in wishes:
        if found[wish.name].placement == "packed" or found[wish.name].movable:
            by_key.setdefault(pack_key(wish, share), []).append(wish)
    return by_key


def _join_containers(wishes: Sequence[Wish], found: dict[str, Chosen]) -> None:
    """A container that waits for one location costs no more for two."""
    there: dict[str, str] = {}
    for wish in wishes:
        if found[wish.name].placement == "packed":
            there.setdefault(container_of(wish), wish.name)
    for wish in wishes:
        if found[wish.name].placement != "packed" and (other := there.get(container_of(wish))):
            why = f"Its image and settings are those of {other}, in whose container it takes no memory while it sleeps."
            found[wish.name] = Chosen("packed", why, movable=True)


def _leave_lonely_pack(wishes: Sequence[Wish], found: dict[str, Chosen], seen: Seen, prices: Prices) -> None:
    """A pack with one location costs a pod, so its pod must be worth keeping."""
    inside = [wish for wish in wishes if found[wish.name].placement == "packed"]
    if len(inside) != 1 or not found[inside[0].name].movable:
        return
    name = inside[0].name
    costs = seen.costs.get(name, UNMEASURED)
    stays = keeps_waiting(costs, seen.placements.get(name) == "packed", prices, alone=True)
    alone = f"No other location can share a pack with it. {called(costs, stays, 'pack for it alone')}"
    found[name] = replace(found[name], placement="packed" if stays else "on_demand", why=alone)
