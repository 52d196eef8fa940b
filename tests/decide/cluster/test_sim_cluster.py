"""All decisions together in a simulated cluster, with failures, until nothing is left to do.

Each seed is another story: what is asked for changes, pods die, the registry goes away, nodes are full, and what is
done is lost now and then.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest
from msgspec import structs
from sim_cluster import SimCluster
from sim_controller import SimController

from reef.kube import labels

SEEDS = range(int(os.environ.get("REEF_TEST_SIM_SEEDS", "6")))
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
STORY_S = 300
REST_S = 2_400
QUIET_S = 130


class Story:
    """One seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.cluster = SimCluster(self.rng)
        self.controller = SimController(self.cluster)
        self.controller.lost = 0.15
        self.was_full = False
        self.left_alone: dict[str, tuple[str | None, str]] = {}
        for name in NAMES:
            self.change(name)

    def change(self, name: str) -> None:
        """Somebody asks for something else: an image of its own or a shared one, another setting, another placement."""
        image = self.rng.choice(
            [f"acme/{name}:{self.rng.randint(1, 3)}", f"acme/shared:{self.rng.randint(1, 2)}"]
        )
        spec: dict[str, object] = {"image": image}
        if self.rng.random() < 0.3:
            spec["env"] = [{"name": "A", "value": self.rng.choice("xy")}]
        if self.rng.random() < 0.25:
            spec["placement"] = self.rng.choice(["standing", "on_demand", "packed"])
        self.controller.applied(name, **spec)

    def disturb(self) -> None:
        rng, cluster = self.rng, self.cluster
        match rng.randint(0, 50):
            case 0 | 1 | 2:
                self.change(rng.choice(NAMES))
            case 3:
                cluster.broken[f"acme/{rng.choice(NAMES)}:{rng.randint(1, 3)}"] = rng.choice(
                    ["missing", "ends"]
                )
            case 4:
                self.controller.does_not_load.add(f"acme/{rng.choice(NAMES)}:{rng.randint(1, 3)}")
            case 5 if cluster.pods:
                del cluster.pods[rng.choice(sorted(cluster.pods))]
            case 6:
                cluster.down = not cluster.down
            case 7:
                cluster.room = rng.choice([2, 3, 100])
                self.was_full = self.was_full or cluster.room < 100
            case 8:
                where = sorted(cluster.replica_sets)
                self.controller.busy = {each: frozenset({rng.choice(NAMES)}) for each in where}
            case 9:
                name = rng.choice(NAMES)
                self.controller.deleted(name)
                self.left_alone.pop(name, None)
            case 10:
                self.controller.forgets()
            case 12:
                self.pause(rng.choice(NAMES))
            case 13 if self.left_alone:
                self.resume(rng.choice(sorted(self.left_alone)))
            case 14 | 15:
                self.lose_node(not cluster.lost)
            case 11:
                cluster.pulled.clear()  # its images are no longer on the node
        if rng.random() < 0.1:
            self.controller.busy = {}

    def lose_node(self, lost: bool) -> None:
        """Pods there stay as they were last seen; the controller knows before the scheduler does."""
        self.cluster.lost = {"node"} if lost else set()
        self.controller.lost_nodes = frozenset(self.cluster.lost)

    def pause(self, name: str) -> None:
        """Once it was looked at, nothing of it changes."""
        if name in self.controller.objects and name not in self.left_alone:
            self.controller.paused(name, True)
            while self.controller.books[name].paused_spec is None:
                self.cluster.tick()
                self.controller.step()
            place = self.controller.serving.get(name, "").partition("-")[0]
            self.left_alone[name] = self.controller.books[name].version, place

    def resume(self, name: str) -> None:
        self.controller.paused(name, False)
        del self.left_alone[name]

    def calm(self) -> None:
        self.controller.lost = 0.0
        self.controller.busy = {}
        self.cluster.down = False
        self.lose_node(False)
        self.cluster.room = 100

    def step(self) -> list[object]:
        self.cluster.tick()
        done = self.controller.step()
        self.check()
        return done

    def check(self) -> None:
        """What holds at every moment."""
        for name, (version, place) in self.left_alone.items():
            there = self.controller.serving.get(name, "").partition("-")[0]
            assert self.controller.books[name].version == version, f"{name} is paused, and was promoted"
            assert version is None or there == place, f"{name} is paused, and was moved"
        for name, book in self.controller.books.items():
            assert book.version is None or book.version in book.kept, f"{name} serves what never loaded"
            assert book.version not in book.refused, f"{name} serves what was refused"
            place = self.controller.serving.get(name, "")
            if not self.was_full and place.startswith("pack-"):
                assert place in self.cluster.replica_sets, f"{name} is served from nowhere"

    def rest(self) -> int:
        """Until nothing was done for a while; how long it took."""
        quiet = 0
        for second in range(REST_S):
            quiet = 0 if self.step() else quiet + 1
            if quiet >= QUIET_S:
                return second
        raise AssertionError(f"not at rest: {[str(each)[:200] for each in self.controller.step()]}")


@pytest.mark.parametrize("seed", SEEDS)
def test_it_comes_to_rest_and_is_right(seed: int) -> None:
    story = Story(seed)
    for _ in range(STORY_S):
        story.disturb()
        story.step()
    story.calm()
    for (
        name,
        book,
    ) in story.controller.books.items():  # what may have been the registry's fault is tried again
        final = {version: why for version, why in book.refused.items() if why.final}
        story.controller.books[name] = structs.replace(book, refused=final)
    story.rest()
    at_rest(story)
    for name in list(story.left_alone):
        story.resume(name)
    story.rest()
    at_rest(story)


def test_a_location_whose_image_vanishes_after_its_probe_says_so_and_goes_on() -> None:
    """It was never served, so no older version can take its place."""
    cluster = SimCluster(random.Random(1))
    controller = SimController(cluster)
    controller.applied("alpha", image="acme/alpha:1", placement="packed")

    def step_until(holds: Callable[[], bool], most_s: int = 400) -> None:
        for _ in range(most_s):
            cluster.tick()
            controller.step()
            if holds():
                return
        raise AssertionError(controller.books["alpha"])

    step_until(lambda: bool(controller.books["alpha"].kept))
    cluster.broken["acme/alpha:1"] = "missing"
    cluster.pulled.clear()
    step_until(lambda: bool(controller.books["alpha"].shown_error))
    assert "does not run where it shall" in (controller.books["alpha"].shown_error or "")
    for _ in range(QUIET_S):
        cluster.tick()
        assert controller.step() == []
    (told,) = controller.said.values()
    assert (told.reason, "no such image" in told.message) == ("NotRunning", True)
    cluster.broken.clear()
    step_until(lambda: controller.books["alpha"].version is not None)
    assert not controller.books["alpha"].shown_error


def test_packs_of_a_lost_node_come_up_on_another_one() -> None:
    """The scheduler would still send pods to the lost one. The old pod serves until the new one can."""
    cluster = SimCluster(random.Random(1))
    controller = SimController(cluster)
    for name in ("alpha", "beta"):
        controller.applied(name, image=f"acme/{name}:1", placement="packed")

    def step_until(holds: Callable[[], bool]) -> int:
        for seconds in range(300):
            cluster.tick()
            controller.step()
            if holds():
                return seconds
        raise AssertionError(controller.serving)

    def serving_nodes() -> set[str | None]:
        by_name = {each.name: each.pod.node for each in controller.sets() if each.pod}
        return {by_name.get(place) for place in controller.serving.values()}

    step_until(lambda: all(book.version for book in controller.books.values()))
    assert serving_nodes() == {"node"}
    before = dict(controller.serving)
    cluster.lost.add("node")
    controller.lost_nodes = frozenset({"node"})
    cluster.tick()
    controller.step()
    assert controller.serving == before
    assert step_until(lambda: serving_nodes() == {"other"}) <= 20
    step_until(lambda: len(controller.sets()) == 1)
    cluster.lost.clear()
    controller.lost_nodes = frozenset()
    for _ in range(QUIET_S):
        cluster.tick()
        assert controller.step() == []


def at_rest(story: Story) -> None:
    cluster, controller = story.cluster, story.controller
    sets = controller.sets()
    probes = [
        each for each in cluster.pods.values() if each["metadata"]["labels"][labels.COMPONENT] == "probe"
    ]
    assert not probes
    assert len({each.pack for each in sets}) == len(sets), "two ReplicaSets of one pack"
    wanted = controller.wanted(controller.fleet(), None, sets)
    assert {each.pack for each in sets} == {each.name for each in wanted.packs}
    assert set(cluster.deployments) == {each.deployment for each in wanted.own}
    halted = controller.rollout.wanted if controller.rollout and controller.rollout.halted else {}
    for each in controller.fleet():
        name, book, image = each.name, each.book, str(each.location.spec.image)
        if book.version is None and name in story.left_alone:
            continue
        if book.version is None:
            assert book.shown_error, f"{name} has nothing to show"
            continue
        homes = [one.name for one in sets if one.container_of(name)]
        assert len(homes) + (f"reef-{name}" in cluster.deployments) == 1, f"{name} runs twice"
        assert controller.serving[name] in (*homes, f"reef-{name}")
        goes_on = name not in halted and name not in story.left_alone
        if goes_on and image not in cluster.broken and image not in controller.does_not_load:
            assert book.version == each.version, f"{name}: {book.refused}"
        if book.kept[book.version].image not in cluster.broken:
            assert controller.in_place(name, wanted, sets), f"{name} does not run where it shall"
