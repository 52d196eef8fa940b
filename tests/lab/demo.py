"""The main job in the lab's cluster, from a pod for each of forty locations to Reef and back: `make demo-cluster`."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from lab import dagster_objects, fleet, memory, model1, ticking
from lab.cluster import Cluster
from lab.errors import LabError
from lab.told import Told
from lab.world import VALUES, ReefWorld

NAMESPACE = "reef-demo"
OLD_WORKSPACE = "dagster-workspace"  # what the official chart calls its own
BROKEN = ("own-15", "own-19")


class Demo:
    """Its namespace is deleted first: it begins from nothing each time. Every step raises LabError where it does not
    come to its end."""

    def __init__(self, cluster: Cluster) -> None:
        self.world = ReefWorld(cluster, NAMESPACE)
        self.fleet = fleet.members()
        self.loading = [each for each in self.fleet if each.loads]
        self.ticking = [
            next(each.name for each in self.loading if each.owner == owner) for owner in fleet.OWNERS
        ]
        self.told = Told(self.world)

    def run(self) -> None:
        self.prepare()
        self.pod_for_each()
        before = self.shown("a pod for each location")
        self.ticks("before Reef")
        standing = self.measured("a pod for each location", "user-deployments")
        self.install()
        self.take_over()
        self.cut_over()
        self.told.check("the webserver shows the same assets as before", self.shown("Reef") == before)
        self.ticks("with Reef")
        self.launch()
        self.change_one()
        self.rest()
        packed = self.measured("Reef", None)
        self.told.sum_up(
            f"memory: {standing >> 20} MiB with a pod for each location, {packed >> 20} MiB with Reef"
        )
        self.back()
        self.told.summary()

    # -- a pod for each ----------------------------------------------------------------------------

    def prepare(self) -> None:
        world = self.world
        world.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", timeout_s=300)
        world.kubectl.make_namespace(NAMESPACE)

    def pod_for_each(self) -> None:
        """What the official chart makes."""
        with self.told.step(
            "a Deployment and a Service for each of 40 locations, and Dagster itself"
        ) as wait:
            self.world.kubectl.apply(
                *dagster_objects.dagster(NAMESPACE, OLD_WORKSPACE),
                dagster_objects.workspace(NAMESPACE, OLD_WORKSPACE, [each.name for each in self.fleet]),
                *(each for one in self.fleet for each in model1.standing(one, NAMESPACE, probe=model1.LIGHT)),
            )
            wait(
                lambda: self._ready() >= len(self.loading),
                900,
                f"{len(self.loading)} pods to be ready",
                self._ready,
            )
            self.world.dagster_is_up()
            wait(self._all_shown, 600, "the webserver to show them", self._good)

    def _ready(self) -> int:
        label = "component=user-deployments"
        found = self.world.kubectl.json("-n", NAMESPACE, "get", "deployments", "-l", label)["items"]
        return sum((each.get("status") or {}).get("readyReplicas", 0) for each in found)

    def _all_shown(self) -> bool:
        """All forty are listed, and those that load show their assets."""
        return len(self.world.shown()) == len(self.fleet) and self._good() == len(self.loading)

    def _good(self) -> int:
        return sum(not _error(each) for each in self.world.shown().values())

    def shown(self, what: str) -> dict[str, set[str]]:
        """Location -> assets of those that load."""
        found = self.world.shown()
        errors = sorted(name for name, each in found.items() if _error(each))
        self.told.sum_up(
            f"{what}: the webserver lists {len(found)} locations, {len(found) - len(errors)} with their assets; "
            f"with an error: {', '.join(errors)}"
        )
        return {name: each for name, each in found.items() if not _error(each)}

    def ticks(self, when: str) -> None:
        """One location of each owner: its schedule each minute, its sensor each thirty seconds."""
        with self.told.step(f"schedules and sensors of {', '.join(self.ticking)}, {when}") as wait:
            began = time.time()
            if when.startswith("before"):
                for name in self.ticking:
                    ticking.start(self.world, name)
            wait(lambda: all(self._ticked(name, began) for name in self.ticking), 240, "each to tick")
        self.told.sum_up(f"{when}: schedules and sensors tick")

    def _ticked(self, name: str, after: float) -> bool:
        """Both of them, and none fails. Raises LabError."""
        found = ticking.ticks(self.world, name, after)
        failed = [each for kind in found.values() for each in kind if each["status"] == "FAILURE"]
        if failed:
            raise LabError(f"a tick of {name} failed: {failed[0]['error']}")
        return all(any(each["status"] in ("SKIPPED", "SUCCESS") for each in kind) for kind in found.values())

    # -- Reef --------------------------------------------------------------------------------------

    def install(self) -> None:
        with self.told.step("helm upgrade --install reef charts/reef"):
            self.world.install(VALUES, dagster=False)

    def take_over(self) -> None:
        with self.told.step(
            "reef import helm values.yaml, kubectl apply; each image is tried in a pod"
        ) as wait:
            with tempfile.TemporaryDirectory() as folder:
                values = Path(folder) / "values.yaml"
                values.write_text(json.dumps(fleet.values(self.fleet)))
                text = self.told.reef("import", "helm", str(values), "--namespace", NAMESPACE)
            self.world.kubectl.apply(*(_with_owner(each) for each in yaml.safe_load_all(text) if each))
            wait(lambda: self._served() >= len(self.loading), 1200, "all to be served", self._served)
        print(self.world.k("get", "codelocations"))
        for name in BROKEN:
            message = self.world.condition(name, "Ready")["message"].partition("\n")[0]
            self.told.sum_up(f"{name} says: {message}")

    def _served(self) -> int:
        text = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'
        return self.world.k("get", "codelocations", "-o", f"jsonpath={text}").count("True")

    def cut_over(self) -> None:
        with self.told.step("reef cutover --all; then Dagster's workspace is Reef's") as wait:
            states = self.told.cutover("--all")
            self.told.check(
                f"{len(self.loading)} Services lead to Reef, {', '.join(BROKEN)} stay",
                states == {each.name: "cut_over" for each in self.loading} | dict.fromkeys(BROKEN, "refused"),
            )
            self.world.kubectl.apply(*dagster_objects.dagster(NAMESPACE))
            self.world.dagster_is_up()
            wait(self._all_shown, 300, "the webserver to show them", self._good)

    def launch(self) -> None:
        name = self.fleet[1].name
        with self.told.step(f"a run of {name}, launched as the UI does"):
            status = self.world.launch(name)
        self.told.check(f"the run of {name} ended: {status}", status == "SUCCESS")

    def change_one(self) -> None:
        changed = fleet.members(2)[0]
        asset = f"{changed.name.replace('-', '_')}_v2"
        with self.told.step(f"kubectl patch codelocation {changed.name}: image {changed.image}") as wait:
            began = time.monotonic()
            patch = json.dumps({"spec": {"image": changed.image}})
            self.world.k("patch", "codelocation", changed.name, "--type=merge", "-p", patch)
            wait(
                lambda: asset in self.world.shown().get(changed.name, ()),
                120,
                f"the webserver to show {asset}",
            )
            took = time.monotonic() - began
        self.told.sum_up(f"a changed image: its new asset is shown {took:.0f} s after the patch")

    def rest(self) -> None:
        """Nobody calls, and the old pods are gone."""
        with self.told.step("the old pods go, schedules and sensors stop, everybody sleeps") as wait:
            for name in self.ticking:
                ticking.stop(self.world, name)
            self.world.k("scale", "deployment", "-l", "component=user-deployments", "--replicas=0")
            wait(lambda: not self._user_pods(), 240, "the old pods to go")
            wait(lambda: not self._awake(), 900, "the last code server to end", self._awake)

    def _awake(self) -> int:
        return len(memory.servers(self.world))

    def _user_pods(self) -> list[str]:
        return self.world.k("get", "pods", "-l", "component=user-deployments", "-o", "name").split()

    def measured(self, what: str, component: str | None) -> int:
        """PSS of everything in the pods, in bytes."""
        found = memory.pods(self.world, component)
        self.told.sum_up(f"{what}: {len(found)} pods, {sum(found.values()) >> 20} MiB")
        return sum(found.values())

    def back(self) -> None:
        """The Deployments first, then the Services."""
        with self.told.step("reef cutover --back --all, once the old pods are there again") as wait:
            self.world.k("scale", "deployment", "-l", "component=user-deployments", "--replicas=1")
            wait(
                lambda: self._ready() >= len(self.loading),
                900,
                f"{len(self.loading)} pods to be ready",
                self._ready,
            )
            states = self.told.cutover("--back", "--all")
            self.told.check(
                "all Services lead to their old pods", states == {each.name: "back" for each in self.loading}
            )
            wait(self._all_shown, 300, "the webserver to show them", self._good)


def _error(assets: set[str]) -> bool:
    return any(each.startswith("error") for each in assets)


def _with_owner(document: dict[str, Any]) -> dict[str, Any]:
    """As an overlay would: the values of the chart know no owner."""
    if document["kind"] == "CodeLocation":
        document["spec"]["owner"] = document["spec"].get("labels", {}).get("owner", "nobody")
    return document


def main() -> int:
    try:
        Demo(Cluster()).run()
    except (LabError, AssertionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
