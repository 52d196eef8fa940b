"""Memory of idle and of warm locations, beside a pod for each: PSS of everything in the pods."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from deadlines import until
from kubernetes_bench import Bench, addresses, at_rest, containers, pack, stand
from kubernetes_calls import Called
from kubernetes_rest import resting
from lab import fleet, memory
from lab.fleet import Member
from lab.world import ReefWorld
from reef.packs.zygotes import UNUSED_S

IDLE_BAR, WARM_BAR = 1 / 8, 1 / 4
PARTS = ("controller", "gateway", "pack")
AT_ONCE = 4  # calls: two processors start servers


def idle_memory(bench: Bench) -> None:
    """Nobody calls: as soon as everybody sleeps, and once zygotes have ended too."""
    members = bench.members()
    with bench.world("standing", reef=False) as world:
        stand(world, members)
        standing = sum(memory.pods(world, "user-deployments").values())
    with bench.world("packed") as world:
        pack(world, members)
        until(lambda: not memory.servers(world), 240, "for everybody to sleep", every_s=2.0)
        asleep = sum(memory.pods(world).values())
        resting(bench, world, f"{len(members)} locations that are served, at rest")
        until(lambda: at_rest(world), UNUSED_S * 1.5, "for the zygotes to end", every_s=5.0)
        pods = memory.pods(world)
        parts = {each: sum(memory.pods(world, part=each).values()) for each in PARTS}
        hosts = sum(
            memory.pss(pid) for _, name, pids in containers(world, "pack") if name == "reef" for pid in pids
        )
    reef = sum(pods.values())
    report, group = bench.report, f"{len(members)} idle locations"
    report.figure(group, "a pod for each", standing / 1e6, "MB")
    report.figure(group, "Reef, as soon as all sleep", asleep / 1e6, "MB")
    report.figure(group, "Reef, all of its pods", reef / 1e6, "MB")
    for each, held in parts.items():
        report.figure(group, f"Reef, pods of {each}", held / 1e6, "MB")
    report.figure(group, "Reef, hosts of packs among them", hosts / 1e6, "MB")
    report.figure(group, "Reef's pods", len(pods), "pods")
    report.at_most("idle memory, Reef's part", reef / standing, IDLE_BAR, "")
    packs = len({each.owner for each in members})
    report.at_most("pods of Reef", len(pods), 4 + packs, "pods")


def warm_memory(bench: Bench) -> None:
    """Locations of two images, each after a repository read, a plan and a tick. Reef's zygotes stand before."""
    members = [each for each in bench.members() if each.name.startswith(fleet.SHARED)]
    with bench.world("standing-warm", reef=False) as world:
        stand(world, members)
        _call(world, members)
        standing = sum(memory.pods(world, "user-deployments").values())
    with bench.world("packed-warm") as world:
        pack(world, members, idle_timeout="1h")
        until(lambda: _zygotes(world), 300, "for the zygotes", every_s=1.0)
        _call(world, members)
        warm = memory.servers(world)
        pods = memory.pods(world)
        parts = {each: sum(memory.pods(world, part=each).values()) for each in PARTS}
    assert warm >= {each.name for each in members}, f"only {sorted(warm)} are warm"
    reef = sum(pods.values())
    report, group = bench.report, f"{len(members)} warm locations of two images"
    report.figure(group, "a pod for each", standing / 1e6, "MB")
    report.figure(group, "Reef, all of its pods", reef / 1e6, "MB")
    for each, held in parts.items():
        report.figure(group, f"Reef, pods of {each}", held / 1e6, "MB")
    report.at_most("warm memory, Reef's part", reef / standing, WARM_BAR, "")


def _zygotes(world: ReefWorld) -> bool:
    """Each container has its agent and one more, and nobody is served yet."""
    found = [len(pids) for _, name, pids in containers(world, "pack") if name != "reef"]
    return bool(found) and min(found) >= 2 and not memory.servers(world)


def _call(world: ReefWorld, members: list[Member]) -> None:
    targets = addresses(world, members)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda each: Called(each.name, targets[each.name]).warm(), members))
