"""The placement of one location."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reef.decide.placements.calls import PRICES, Prices, keeps_standing, keeps_waiting
from reef.decide.placements.fields import Verdict
from reef.decide.placements.judging import judged
from reef.decide.placements.wish import Chosen, DecidingSetting, Placement, Wish
from reef.views import Costs
from reef.words import seconds

UNMEASURED = Costs()
UNKNOWN_CALLS = "How often it is called is not known yet."
_KEEPS_ALL = "A pack keeps all that it asks for."
_IMAGE_STARTS = "The image starts its server by itself, and in a pack Reef starts and ends the server."
_CODE_SERVER = "`dagster code-server start` loads code again by itself, which in a pack is Reef's part."
_OPENS_PORT = "It listens on a port when its code is loaded, and the containers of a pack share one network."


def chosen(
    wish: Wish, costs: Costs = UNMEASURED, now: Placement | None = None, prices: Prices = PRICES
) -> Chosen:
    """`costs` are those of its code server in a running container, `now` is where it runs at present."""
    if wish.has_server:
        return _external(wish)
    if wish.paused_in is not None:
        return Chosen(wish.paused_in, "It is paused, and stays where it is.")
    if wish.placement == "external":
        return Chosen(None, "It says placement: external, and names no server: {host: ..., port: ...}.")
    if refusals := reasons(wish, "refused"):
        return Chosen(None, f"No placement has {listed(refusals)}", refusals)
    if wish.replicas > 1 and wish.placement in ("packed", "on_demand"):
        return Chosen(
            None, f"placement: {wish.placement} has one server, and replicas asks for {wish.replicas}."
        )
    needs = needs_of(wish)
    if wish.placement != "auto":
        return _as_asked(wish.placement, needs)
    if wish.replicas > 1:
        return Chosen("standing", f"replicas asks for {wish.replicas} servers that are up.", needs)
    return _own_pod(wish, costs, now, prices, needs) if needs else _light(wish, costs, now, prices)


def reasons(wish: Wish, verdict: Verdict) -> tuple[DecidingSetting, ...]:
    """The fields of a location with that verdict of the table."""
    found = judged(wish.document)
    return tuple(DecidingSetting(wish.place(each), each.why) for each in found if each.verdict == verdict)


def needs_of(wish: Wish) -> tuple[DecidingSetting, ...]:
    """Why it needs a pod of its own; empty where a pack keeps all that it asks for."""
    found = []
    if wish.start != "api-grpc":
        found.append(
            DecidingSetting("startCommand", _CODE_SERVER if wish.start == "code-server" else _IMAGE_STARTS)
        )
    if wish.opens_port:
        found.append(DecidingSetting("port", _OPENS_PORT))
    return (*found, *reasons(wish, "own_pod"))


def listed(found: Sequence[DecidingSetting]) -> str:
    """The first of them in full, the others by name."""
    first, *others = found
    more = f" Also: {', '.join(each.where for each in others)}." if others else ""
    return f"{first.where}. {first.why}{more}"


def _external(wish: Wish) -> Chosen:
    if wish.placement not in ("auto", "external"):
        return Chosen(
            None, f"Its server runs elsewhere, so it cannot be {wish.placement}: leave placement out."
        )
    return Chosen("external", "Somebody else runs its server.")


def _as_asked(placement: Placement, needs: tuple[DecidingSetting, ...]) -> Chosen:
    if placement == "packed" and needs:
        return Chosen(None, f"It says placement: packed, and a pack does not keep {listed(needs)}", needs)
    return Chosen(placement, f"It says placement: {placement}.")


def _own_pod(
    wish: Wish,
    costs: Costs,
    now: Placement | None,
    prices: Prices,
    needs: tuple[DecidingSetting, ...],
) -> Chosen:
    why = f"It needs a pod of its own for {listed(needs)}"
    if wish.idle_timeout_s == math.inf:
        return Chosen("standing", f"{why} It says idle_timeout: never.", needs)
    stays = keeps_standing(costs, now == "standing", wish.idle_timeout_s, prices)
    return Chosen("standing" if stays else "on_demand", f"{why} {called(costs, stays, 'pod')}", needs)


def _light(wish: Wish, costs: Costs, now: Placement | None, prices: Prices) -> Chosen:
    if wish.idle_timeout_s == math.inf:
        return Chosen("packed", f"{_KEEPS_ALL} It says idle_timeout: never.")
    stays = keeps_waiting(costs, now == "packed", prices)
    calls = called(costs, stays, "waiting container")
    if stays is False:
        return Chosen("on_demand", calls, movable=True)
    return Chosen("packed", f"{_KEEPS_ALL} {calls}", movable=True)


def called(costs: Costs, stays: bool | None, what: str) -> str:
    """What the calls say for or against keeping `what` between them."""
    if stays is None or costs.call_interval_s is None:
        return UNKNOWN_CALLS
    every = f"It is called about every {seconds(costs.call_interval_s)}"
    return f"{every}, so a {what} is kept." if stays else f"{every}, too seldom to keep a {what}."
