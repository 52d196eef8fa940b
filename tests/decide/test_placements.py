"""Where one location runs on Kubernetes: tables of what it asks for and what is known of it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from reef.decide import rest
from reef.decide.placements.calls import PRICES, keeps_standing, keeps_waiting
from reef.decide.placements.choosing import UNKNOWN_CALLS, chosen
from reef.decide.placements.fields import TABLE
from reef.decide.placements.wish import Wish
from reef.views import Costs

MB = 1_000_000
CSI = {"pod": {"volumes": [{"name": "data", "csi": {"driver": "d"}}]}}
BATCH = {"pod": {"restartPolicy": "Never"}}


def wish(document: dict[str, Any] | None = None, **more: Any) -> Wish:
    return Wish("sales", document or {}, **more)


def called(interval_s: float | None, start_s: float = 1.1, megabytes: int = 150) -> Costs:
    return Costs(start_s, start_s, megabytes * MB, interval_s)


ASKED: list[tuple[Wish, Costs, str | None, str]] = [
    # nobody says anything
    (wish(), Costs(), "packed", f"A pack keeps all that it asks for. {UNKNOWN_CALLS}"),
    (wish(), called(30), "packed", "It is called about every 30 s, so a waiting container is kept."),
    (
        wish(),
        called(6 * 3600),
        "on_demand",
        "It is called about every 21600 s, too seldom to keep a waiting container.",
    ),
    (wish(idle_timeout_s=math.inf), called(6 * 3600), "packed", "idle_timeout: never"),
    (
        wish(idle_timeout_s=60),
        called(300),
        "packed",
        "so a waiting container is kept",
    ),  # the server sleeps, not that
    # a field needs a pod
    (wish(CSI), Costs(), "on_demand", "It needs a pod of its own for pod.volumes[data].csi. All containers"),
    (wish(CSI), Costs(), "on_demand", UNKNOWN_CALLS),
    (wish(CSI), called(30), "standing", "It is called about every 30 s, so a pod is kept."),
    (wish(CSI), called(3600), "on_demand", "too seldom to keep a pod"),
    (wish(CSI, idle_timeout_s=math.inf), Costs(), "standing", "It says idle_timeout: never."),
    (wish(CSI, idle_timeout_s=7200), called(3600), "standing", "so a pod is kept"),  # the user's word wins
    (wish(CSI, idle_timeout_s=5), called(30), "on_demand", "too seldom to keep a pod"),
    (wish(CSI, written={"pod.volumes": "volumes"}), Costs(), "on_demand", "for volumes[data].csi. "),
    # a setting needs one
    (wish(start="image"), Costs(), "on_demand", "for startCommand. The image starts its server"),
    (wish(start="code-server"), Costs(), "on_demand", "for startCommand. `dagster code-server start`"),
    (wish(opens_port=True), Costs(), "on_demand", "for port. It listens on a port"),
    (wish(CSI, start="image"), Costs(), "on_demand", "Also: pod.volumes[data].csi."),
    (wish(replicas=2), called(86_400), "standing", "replicas asks for 2 servers"),
    # somebody says it
    (wish(placement="packed"), called(86_400), "packed", "It says placement: packed."),
    (wish(placement="on_demand"), called(1), "on_demand", "It says placement: on_demand."),
    (wish(CSI, placement="on_demand"), called(1), "on_demand", "It says placement: on_demand."),
    (wish(placement="standing", replicas=3), Costs(), "standing", "It says placement: standing."),
    (wish(has_server=True), Costs(), "external", "Somebody else runs its server."),
    (wish(has_server=True, placement="external"), Costs(), "external", "Somebody else runs its server."),
    # it is paused: where it runs it stays
    (wish(paused_in="packed"), called(86_400), "packed", "It is paused"),
    (wish(CSI, paused_in="packed", replicas=2), Costs(), "packed", "It is paused"),
    (wish(placement="standing", paused_in="on_demand"), Costs(), "on_demand", "It is paused"),
    (wish(has_server=True, paused_in="packed"), Costs(), "external", "Somebody else runs its server."),
    # it cannot be
    (
        wish(CSI, placement="packed"),
        Costs(),
        None,
        "a pack does not keep pod.volumes[data].csi. All containers",
    ),
    (wish(placement="packed", replicas=2), Costs(), None, "has one server, and replicas asks for 2"),
    (wish(placement="on_demand", replicas=2), Costs(), None, "has one server, and replicas asks for 2"),
    (wish(has_server=True, placement="standing"), Costs(), None, "cannot be standing"),
    (wish(placement="external"), Costs(), None, "names no server"),
    (wish(BATCH), Costs(), None, "No placement has pod.restartPolicy. A Deployment"),
    (wish(BATCH, placement="standing"), Costs(), None, "No placement has pod.restartPolicy."),
]


@pytest.mark.parametrize(("asked", "costs", "placement", "said"), ASKED, ids=range(len(ASKED)))
def test_given_a_wish_wanted_its_placement(
    asked: Wish, costs: Costs, placement: str | None, said: str
) -> None:
    found = chosen(asked, costs)
    assert found.placement == placement, found.why
    assert said in found.why


def value_of(row_path: str, value: object) -> dict[str, Any]:
    """A document in which the field of a row has a value."""
    document: Any = value
    for part in reversed(row_path.split(".")):
        name, is_list, _ = part.partition("[]")
        document = {name: [document] if is_list else document}
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("row", [row for row in TABLE if row.verdict != "kept"], ids=lambda row: row.path)
def test_each_row_decides(row: Any) -> None:
    """A value of which no row speaks, so the last one of its path holds."""
    document = value_of(row.path, {"no-such-value": {"x": "y"}})
    found = chosen(wish(document))
    wanted = {"key": "packed", "own_pod": "on_demand", "refused": None}[row.verdict]
    assert found.placement == wanted
    assert (row.why in found.why) == (row.verdict != "key")
    asked = chosen(wish(document, placement="packed"))
    assert asked.placement == ("packed" if row.verdict == "key" else None)


def test_the_rule_is_that_of_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it says of what is held, is done."""
    seen: list[tuple[Costs, float | None]] = []

    def rule(costs: Costs, chosen_s: float | None) -> float:
        seen.append((costs, chosen_s))
        return 100.0

    monkeypatch.setattr(rest, "idle_timeout_s", rule)
    costs = Costs(1.0, 0.5, 150 * MB, 100.0, reaches_outside=True)
    assert keeps_waiting(costs, kept=False) is True
    assert keeps_waiting(costs, kept=False, alone=True) is True
    assert keeps_standing(costs, kept=False, chosen_s=7.0) is True
    assert seen == [
        (Costs(PRICES.pod_start_s, None, PRICES.waiting_bytes, 100.0), None),
        (Costs(PRICES.pod_start_s, None, PRICES.pack_bytes, 100.0), None),
        (
            Costs(
                1.0 + PRICES.pod_start_s, 0.5 + PRICES.pod_start_s, 150 * MB + PRICES.pod_bytes, 100.0, True
            ),
            7.0,
        ),
    ]
    assert keeps_waiting(Costs(call_interval_s=101.0), kept=False) is False


def test_what_is_not_measured_is_kept_no_longer_than_on_one_machine() -> None:
    assert keeps_standing(Costs(call_interval_s=rest.UNMEASURED_S), kept=False) is True
    assert keeps_standing(Costs(call_interval_s=rest.UNMEASURED_S + 1), kept=False) is False
    assert keeps_standing(Costs(), kept=True) is None


@pytest.mark.parametrize("alone", [False, True])
def test_calls_at_the_edge_do_not_move_it_to_and_fro(alone: bool) -> None:
    """As calls become rarer it goes once, and comes back only where they are twice as frequent."""
    spans = [1.05**step for step in range(200)]
    stays = [span for span in spans if keeps_waiting(called(span), kept=True, alone=alone)]
    comes = [span for span in spans if keeps_waiting(called(span), kept=False, alone=alone)]
    assert stays == spans[: len(stays)]
    assert comes == spans[: len(comes)]
    assert 1.8 * max(comes) < max(stays) < 2.2 * max(comes)
    standing = [span for span in spans if keeps_standing(called(span, 4.0, 2000), kept=True)]
    starts = [span for span in spans if keeps_standing(called(span, 4.0, 2000), kept=False)]
    assert 1.8 * max(starts) < max(standing) < 2.2 * max(starts)
