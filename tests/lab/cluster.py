"""The cluster, as tests and other processes find it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lab import control_plane, images, node, programs
from lab.folders import CHECKOUT, own_run
from lab.kubectl import Kubectl
from lab.machine import Machine

NODES = 2


class Cluster:
    """The one of this checkout, or the one below `folder`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or own_run()
        self.cgroup = f"reef-cluster-{self.folder.name}"
        self.control = Machine(self.folder / "control")
        self.nodes = [Machine(self.folder / f"node{number}") for number in range(1, NODES + 1)]
        self.images = self.folder / "images"  # a link to where those that it was brought up with were made
        self.kubeconfig = self.control.folder / "admin.kubeconfig"

    @property
    def machines(self) -> list[Machine]:
        return [self.control, *self.nodes]

    @property
    def up(self) -> bool:
        return all(machine.pid is not None for machine in self.machines)

    @property
    def kubectl(self) -> Kubectl:
        program, cache = programs.program("kubectl"), self.folder / "kubectl"
        return Kubectl(program, self.kubeconfig, self.control.entering(), cache)

    def load(self, archive: Path) -> None:
        """Puts the images of an OCI archive onto all nodes."""
        for machine in self.nodes:
            self.ctr(machine, "images", "import", str(archive))

    def load_locations(self, code: Mapping[str, str]) -> None:
        """Puts images of more code locations onto all nodes: image name -> defs.py. See `images.locations`."""
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "locations.tar"
            images.locations(archive, self.images, code)
            self.load(archive)

    def load_reef(self, name: str = images.REEF, version: str = "") -> None:
        """Puts Reef's own image onto all nodes, of this checkout's code as it is now (`images.reef`). With a `version`
        it says that it is that one."""
        with tempfile.TemporaryDirectory() as folder:
            archive, source = Path(folder) / "reef.tar", CHECKOUT / "src" / "reef"
            if version:
                source = Path(shutil.copytree(source, Path(folder) / "reef"))
                with open(source / "__init__.py", "a") as file:
                    file.write(f"__version__ = {version!r}\n")
            images.reef(archive, self.images, source, name)
            self.load(archive)

    def ctr(self, machine: Machine, *arguments: str) -> str:
        return machine.inside(programs.program("ctr"), "-a", node.SOCKET, "-n", "k8s.io", *arguments)

    def push(self, image: str) -> None:
        """From the first node to the registry; then no node has it any more."""
        who = f"{control_plane.REGISTRY_USER}:{control_plane.REGISTRY_PASSWORD}"
        hosts = self.nodes[0].folder / "registries"
        self.ctr(self.nodes[0], "images", "push", "--user", who, "--hosts-dir", str(hosts), image)
        for machine in self.nodes:
            self.ctr(machine, "images", "remove", "--sync", image)

    def status(self) -> str:
        """As JSON: what a person needs to use it."""
        told = {
            "up": self.up,
            "folder": str(self.folder),
            "kubeconfig": str(self.kubeconfig),
            "kubectl": str(programs.program("kubectl")),
            "machines": {machine.name: machine.pid for machine in self.machines},
        }
        return json.dumps(told, indent=2)
