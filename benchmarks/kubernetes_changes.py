"""One image changed, and a hundred promotions over three gateways."""

from __future__ import annotations

import contextlib
import itertools
import time

from deadlines import until
from kubernetes_bench import Bench, of
from lab.killing import kill
from lab.polling import Polling

CHANGE_BAR_S = 20.0


def change(bench: Bench) -> None:
    """One image changed, until the new definitions are answered; a client polls meanwhile."""
    member, others = bench.members()[0], bench.members()[1:4]
    with bench.world("change") as world:
        world.apply(*(of(each, placement="packed") for each in (member, *others)))
        world.all_ready([member.name, *(each.name for each in others)], 600)
        with Polling(world.address(member.name)) as polling:
            before = world.versioned(member.name)
            began = time.monotonic()
            newer = next(each for each in bench.members(2) if each.name == member.name)
            world.apply(of(newer, placement="packed"))
            until(lambda: len(set(polling.ids)) > 1, 300, "for another server id", every_s=0.1)
            took = time.monotonic() - began
        assert world.versioned(member.name) != before
    bench.report.figure("one image changed", "Reef, until another server id is answered", took, "s")
    bench.report.at_most("one image changed, with its probe", took, CHANGE_BAR_S, "s")
    bench.report.at_most("failed polls meanwhile", len(polling.failed), 0, "calls")
    bench.report.at_most("server ids that came again", len(polling.went_back()), 0, "ids")


def promotions(bench: Bench) -> None:
    """Two versions in turn over three gateways, one of which is killed meanwhile; three clients poll."""
    versions = [bench.members(number)[0] for number in (1, 2)]
    name = versions[0].name
    with bench.world("promotions", gateways=3) as world:
        world.apply(of(versions[0], placement="packed"))
        world.all_ready([name], 300)
        world.apply(of(versions[1], placement="packed"))
        world.versioned(name, 300)
        done, began = 0, time.monotonic()
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Polling(world.address(name), pause_s=0.1)) for _ in range(3)]
            for number in range(bench.args.promotions):
                before = world.status(name)["version"]
                world.apply(of(versions[number % 2], placement="packed"))
                until(
                    lambda before=before: world.status(name)["version"] != before,
                    120,
                    "for it",
                    every_s=0.1,
                )
                done += 1
                if number == bench.args.promotions // 2:
                    kill(world, world.pods("gateway")[0], "gateway")
        took = time.monotonic() - began
        back = [each for client in clients for each in _backwards(client.ids)]
        changes = max(_changes(client.ids) for client in clients)
    report, group = bench.report, "promotions over three gateways, one killed"
    report.figure(group, "Reef, promoted", done, "times")
    report.figure(group, "Reef, seen by one client", changes, "changes")
    report.figure(group, "Reef, polls that were answered", sum(len(each.ids) for each in clients), "polls")
    report.figure(group, "Reef, polls that failed", sum(len(each.failed) for each in clients), "polls")
    report.figure(group, "Reef, from one to the next", took / done, "s")
    # Two versions take turns, so a client that sees more changes than there were has seen one go back.
    report.at_most("server ids that went back", len(back) + max(0, changes - done), 0, "ids")


def _changes(ids: list[str]) -> int:
    return sum(1 for one, other in itertools.pairwise(ids) if one != other)


def _backwards(ids: list[str]) -> list[str]:
    """An id that is answered once between others of another version was one that went back."""
    return [ids[at] for at in range(1, len(ids) - 1) if ids[at - 1] == ids[at + 1] != ids[at]]
