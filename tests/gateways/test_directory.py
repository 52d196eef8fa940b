"""What a gateway knows of where locations are, from objects of a cluster alone."""

from __future__ import annotations

import pytest
from objects_of import Thing, location, own_pod, pack_pod

from reef.gateways.directory import GONE_AFTER_S, Directory
from reef.gateways.objects import Site, pod_of, site_of, slim
from reef.kube.labels import COMPONENT


def directory(*locations: Thing, pods: tuple[Thing, ...] = ()) -> Directory:
    one = Directory()
    one.locations_listed(locations, 0.0)
    one.pods_listed(pods)
    return one


def ips(one: Directory, name: str) -> list[str | None]:
    site = one.site(name)
    assert site is not None
    return [pod.ip for pod in one.pods_of(site)]


@pytest.mark.parametrize(
    ("where", "chosen", "placement"),
    [
        ({"pack": "p-1"}, "packed", "packed"),
        ({"deployment": "sales"}, "on_demand", "on_demand"),
        ({"deployment": "sales"}, "standing", "standing"),
        ({"target": "elsewhere:4000"}, "external", "external"),
        ({"pack": "p-1"}, "standing", "packed"),  # it moves: where it is counts, not where it will be
    ],
)
def test_where_a_location_is(where: dict[str, str], chosen: str, placement: str) -> None:
    site = site_of(location("sales", placement=chosen, **where))
    assert site is not None
    assert (site.placement, site.where) == (placement, next(iter(where.values())))


def test_settings_of_the_code_location_that_count_here() -> None:
    site = site_of(location("sales", 20_007, pack="p-1", port=3030, max_concurrent_calls=4, version=None))
    expected = Site(
        name="sales", gateway_port=20_007, placement="packed", where="p-1", port=3030, calls_at_once=4
    )
    assert site == expected


def test_one_that_no_controller_has_placed_is_not_there() -> None:
    assert site_of({"metadata": {"name": "sales"}, "spec": {}}) is None
    assert (
        site_of({"metadata": {"name": "sales"}, "spec": {}, "status": {"serving": {"gatewayPort": 1}}})
        is None
    )


def test_a_pack_is_called_when_its_host_is_ready_whatever_its_other_containers_are() -> None:
    one = directory(location("sales", pack="p-1"))
    for pod, found in (
        (pack_pod("p-1", "10.0.0.1", ready=False), []),
        (pack_pod("p-1", "10.0.0.1"), ["10.0.0.1"]),
        (pack_pod("p-1", "10.0.0.1", leaving=True), []),
    ):
        one.pod(pod)
        assert ips(one, "sales") == found
    one.pod(pack_pod("p-2", "10.0.0.2"))
    assert ips(one, "sales") == []


def test_an_own_pod_counts_from_its_address_on_until_it_leaves() -> None:
    one = directory(location("sales", placement="on_demand", deployment="sales"))
    site = one.site("sales")
    assert site is not None
    for pod, found, coming in (
        (own_pod("sales", None), [], True),
        (own_pod("sales", "10.0.0.1"), ["10.0.0.1"], True),
        (own_pod("sales", "10.0.0.1", leaving=True), [], False),
        (own_pod("sales", "10.0.0.1", phase="Failed"), [], False),
    ):
        one.pod(pod)
        assert (ips(one, "sales"), one.has_pod(site)) == (found, coming)


def test_a_pod_of_nobody_is_not_kept() -> None:
    assert (
        pod_of({"metadata": {"name": "x", "labels": {"app": "x"}}, "status": {"podIP": "10.0.0.1"}}) is None
    )


def test_a_probe_and_what_is_kept_of_an_object() -> None:
    probe = pack_pod("p-1", "10.0.0.1")
    probe["metadata"]["labels"][COMPONENT] = "probe"
    assert pod_of(probe) is None
    thing = location("sales", pack="p-1", port=3030)
    large = {**thing, "spec": {**thing["spec"], "env": [{"name": "X"}]}, "kind": "CodeLocation"}
    assert slim(large) == thing
    assert pod_of(slim(pack_pod("p-1", "10.0.0.1"))) == pod_of(pack_pod("p-1", "10.0.0.1"))


def test_an_empty_list_takes_nothing_away() -> None:
    one = directory(location("sales", pack="p-1"), pods=(pack_pod("p-1", "10.0.0.1"),))
    one.locations_listed((), 1.0)
    one.pods_listed(())
    assert one.forget(1.0 + 10 * GONE_AFTER_S) == ()
    assert ips(one, "sales") == ["10.0.0.1"]


def test_what_is_gone_is_forgotten_later_and_not_where_it_comes_back() -> None:
    one = directory(location("a", pack="p-1"), location("b", 20_001, pack="p-1"))
    one.locations_listed((location("a", pack="p-1"),), 1.0)
    assert one.forget(GONE_AFTER_S) == ()
    assert set(one.sites()) == {"a", "b"}
    one.location(location("b", 20_001, pack="p-1"))
    assert one.forget(1.0 + GONE_AFTER_S) == ()
    one.location_gone("b", 20.0)
    one.location_gone("b", 25.0)
    assert one.forget(20.0 + GONE_AFTER_S) == ("b",)
    assert set(one.sites()) == {"a"}


def test_a_status_that_loses_its_place_keeps_it() -> None:
    """A controller that writes half a status must not close a listener."""
    one = directory(location("sales", pack="p-1"))
    one.location({"metadata": {"name": "sales"}, "spec": {}, "status": {}})
    assert one.site("sales") is not None


def test_what_an_earlier_process_knew_but_no_address_of_an_own_pod() -> None:
    """Somebody else may answer there by now, and a plain call would not notice."""
    before = directory(
        location("a", pack="p-1"),
        location("b", 20_001, placement="standing", deployment="b"),
        pods=(pack_pod("p-1", "10.0.0.1"), own_pod("b", "10.0.0.2", uid="u2")),
    )
    after = Directory()
    after.recall(before.known())
    assert (ips(after, "a"), ips(after, "b"), after.listed) == (["10.0.0.1"], [], False)


def test_changes_are_told() -> None:
    one, told = directory(), []
    one.on_change(lambda: told.append(1))
    one.location(location("sales", pack="p-1"))
    one.pod(pack_pod("p-1", "10.0.0.1"))
    one.pod_gone("p-1-u1")
    one.pod_gone("p-1-u1")
    assert len(told) == 3
