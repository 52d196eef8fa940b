"""What is kept up between two calls, by the rule of `decide.rest` that says it of a code server on one machine.

On Kubernetes there is more to keep than a server: a container that waits in a pack, a pack of one, a pod. Each costs
memory while it is kept, and a pod's start where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from reef.decide import rest
from reef.views import Costs

STICKS = 2.0  # what is kept is given up only where calls come half as often as would bring it back


@dataclass(frozen=True)
class Prices:
    """What a cluster charges. The defaults were measured in a cluster of two processors; Reef's own
    part of `pack_bytes` is that of a host on one machine."""

    waiting_bytes: int = 5_000_000  # a container in which the guest waits, and what the node keeps of it
    pack_bytes: int = 70_000_000  # a pack with one location: the pod's shim, Reef's container, one that waits
    pod_bytes: int = 22_000_000  # a pod beside its server: the shim, and what the node keeps of it
    pod_start_s: float = (
        2.3  # from nothing to the first answer, beyond the start of a server in a running container
    )


PRICES = Prices()


def keeps_waiting(costs: Costs, kept: bool, prices: Prices = PRICES, alone: bool = False) -> bool | None:
    """Whether a container waits in a pack between two calls; else its pod goes. None: the calls are not known yet.

    `kept` says what is the case now, `alone` that the pack would have no other location.
    """
    held = prices.pack_bytes if alone else prices.waiting_bytes
    return _stays(Costs(prices.pod_start_s, None, held, costs.call_interval_s), kept, None)


def keeps_standing(
    costs: Costs, kept: bool, chosen_s: float | None = None, prices: Prices = PRICES
) -> bool | None:
    """Whether a pod of its own stays up between two calls. `chosen_s` is the user's idle timeout."""
    return _stays(in_own_pod(costs, prices), kept, chosen_s)


def in_own_pod(costs: Costs, prices: Prices = PRICES) -> Costs:
    """What a server costs whose pod comes and goes with it."""
    return Costs(
        cold_start_s=None if costs.cold_start_s is None else costs.cold_start_s + prices.pod_start_s,
        cold_start_cpu_s=None
        if costs.cold_start_cpu_s is None
        else costs.cold_start_cpu_s + prices.pod_start_s,
        private_bytes=costs.private_bytes and costs.private_bytes + prices.pod_bytes,
        call_interval_s=costs.call_interval_s,
        reaches_outside=costs.reaches_outside,
    )


def _stays(costs: Costs, kept: bool, chosen_s: float | None) -> bool | None:
    if costs.call_interval_s is None:
        return None
    interval_s = costs.call_interval_s / STICKS if kept else costs.call_interval_s
    seen = Costs(
        costs.cold_start_s, costs.cold_start_cpu_s, costs.private_bytes, interval_s, costs.reaches_outside
    )
    return interval_s <= rest.idle_timeout_s(seen, chosen_s)
