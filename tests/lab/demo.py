"""The main job in the lab's cluster, from a pod for each of forty locations to Reef and back: `make demo-cluster`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from deadlines import Deadline
from lab import fleet, memory, model1
from lab.building import say
from lab.cluster import Cluster
from lab.errors import LabError
from lab.kubectl import KubectlError
from lab.world import VALUES, ReefWorld

NAMESPACE = "reef-demo"
CUT_TOGETHER = 10  # one Service after the other, within the patience of `ReefWorld.reef`
REEF = [sys.executable, "-m", "reef.cli.main"]


class Demo:
    """Its namespace is deleted first: it begins from nothing each time."""

    def __init__(self, cluster: Cluster) -> None:
        self.world = ReefWorld(cluster, NAMESPACE)
        self.fleet = fleet.members()
        self.began = time.monotonic()

    def tell(self, text: str) -> None:
        say(f"[{time.monotonic() - self.began:4.0f} s] {text}")

    def run(self) -> None:
        """Raises LabError where a step does not come to its end."""
        self.prepare()
        self.pod_for_each()
        standing = self.measure("a pod for each location")
        self.take_over()
        self.change_one()
        self.launch()
        self.world.k("scale", "deployment", "-l", "component=user-deployments", "--replicas=0")
        self.until_gone()
        packed = self.measure("Reef")
        self.tell(f"memory: {standing >> 20} MB in {len(self.fleet)} pods, {packed >> 20} MB with Reef")
        self.back()

    def prepare(self) -> None:
        world = self.world
        world.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", timeout_s=300)
        world.kubectl.make_namespace(NAMESPACE)

    def pod_for_each(self) -> None:
        """What the official chart makes."""
        self.tell(
            "a Deployment and a Service for each, as the official chart makes them, but for a lighter probe"
        )
        objects = [
            each for member in self.fleet for each in model1.standing(member, NAMESPACE, probe=model1.LIGHT)
        ]
        self.world.kubectl.apply(*objects)
        wanted = sum(member.loads for member in self.fleet)
        self.wait(lambda: self._ready_pods() >= wanted, 900, f"{wanted} pods to be ready")
        self.tell(f"{wanted} of {len(self.fleet)} pods are ready; the others cannot load")

    def _ready_pods(self) -> int:
        found = self.world.kubectl.json(
            "-n", NAMESPACE, "get", "deployments", "-l", "component=user-deployments"
        )["items"]
        return sum((each.get("status") or {}).get("readyReplicas", 0) for each in found)

    def take_over(self) -> None:
        world = self.world
        self.tell("Dagster and Reef are installed")
        world.install(VALUES)
        with tempfile.TemporaryDirectory() as folder:
            values = Path(folder) / "values.yaml"
            values.write_text(json.dumps(fleet.values(self.fleet)))
            self.tell("reef import helm values.yaml | kubectl apply -f -")
            text = self.reef("import", "helm", str(values), "--namespace", NAMESPACE)
        world.kubectl.apply(*(self._with_owner(each) for each in yaml.safe_load_all(text) if each))
        loading = [member.name for member in self.fleet if member.loads]
        world.all_ready(loading, 900)
        self.tell(f"{len(loading)} locations are tried and have their places:")
        print(world.k("get", "codelocations"))
        self.tell(f"reef cutover {loading[0]} …")
        for at in range(0, len(loading), CUT_TOGETHER):
            self.cut("cutover", *loading[at : at + CUT_TOGETHER])
        world.dagster_is_up()
        self.wait(lambda: self._shown() >= len(loading), 300, "the webserver to show them")
        self.tell(f"the Services lead to Reef's gateways; the webserver shows {len(loading)} locations")

    def _with_owner(self, document: dict[str, Any]) -> dict[str, Any]:
        """As an overlay would: the values of the chart know no owner."""
        if document["kind"] == "CodeLocation":
            document["spec"]["owner"] = document["spec"].get("labels", {}).get("owner", "nobody")
        return document

    def _shown(self) -> int:
        return sum(not any(name.startswith("error") for name in each) for each in self.world.shown().values())

    def change_one(self) -> None:
        began = time.monotonic()
        changed = fleet.members(2)[0]
        patch = json.dumps({"spec": {"image": changed.image}})
        self.world.k("patch", "codelocation", changed.name, "--type=merge", "-p", patch)
        asset = f"{changed.name.replace('-', '_')}_v2"
        self.wait(lambda: asset in self.world.shown().get(changed.name, ()), 120, "the new definitions")
        self.tell(f"{changed.image} is shown, {time.monotonic() - began:.0f} s after the patch")

    def launch(self) -> None:
        name = self.fleet[1].name
        self.tell(f"a run of {name}, launched as the UI does: {self.world.launch(name)}")

    def until_gone(self) -> None:
        self.wait(lambda: not self._user_pods(), 120, "the old pods to go")

    def _user_pods(self) -> list[str]:
        label = "component=user-deployments"
        return self.world.k("get", "pods", "-l", label, "-o", "name").split()

    def measure(self, what: str) -> int:
        """PSS of everything in the pods, in bytes."""
        component = "user-deployments" if what != "Reef" else None
        found = memory.pods(self.world, component)
        self.tell(f"{what}: {len(found)} pods, {sum(found.values()) >> 20} MB")
        return sum(found.values())

    def back(self) -> None:
        """The Deployments first, then the Services."""
        some = [member for member in self.fleet if member.loads][:3]
        for member in some:
            self.world.k("scale", "deployment", f"dagster-user-{member.name}", "--replicas=1")
        for member in some:
            self.world.k("rollout", "status", f"deployment/dagster-user-{member.name}", "--timeout=120s")
        self.cut("cutover", "--back", *(member.name for member in some))
        self.tell(f"{', '.join(member.name for member in some)} are back in pods of their own")

    def cut(self, *arguments: str) -> None:
        """Raises LabError."""
        try:
            print(self.world.reef(*arguments))
        except AssertionError as error:
            raise LabError(f"reef {' '.join(arguments)}: {error}") from None

    def reef(self, *arguments: str) -> str:
        done = subprocess.run([*REEF, *arguments], capture_output=True, text=True, timeout=120)
        if not done.stdout:
            raise LabError(f"reef {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def wait(self, done: object, seconds: float, what: str) -> None:
        assert callable(done)
        deadline = Deadline(seconds)
        while True:
            try:
                if done():
                    return
            except (KubectlError, OSError):
                pass
            if deadline.left_s <= 0:
                raise LabError(f"waited {seconds:g} s in vain for {what}\n{self.world.logs('controller')}")
            time.sleep(1.0)


def main() -> int:
    try:
        Demo(Cluster()).run()
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
