"""A cluster as tests of `reef` on one need it: a real API server, objects that somebody made, the command itself.

Where nobody runs a controller, the test plays it and says so: it writes the status that a controller would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deadlines import scaled
from lab.apiserver import ApiServer
from reef.kube.group import API_VERSION, KIND
from reef.kube.model.crd import definition
from reef.kube.objects.location_status import Phase, Promoted, Serving, StatusSeen, status

PORT = 3030
PODS = {"deployment": "sales", "component": "user-deployments"}


def ready_for_locations(server: ApiServer) -> None:
    server.kubectl.apply(definition())
    server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


def location(name: str, **spec: Any) -> dict[str, Any]:
    """A CodeLocation, as a file has it."""
    known = {"image": f"registry.example/{name}:1", "owner": "team-a", "code": {"module": name}, "port": PORT}
    found: dict[str, Any] = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}}
    return {**found, "spec": {**known, **spec}}


def chart_service(name: str, **meta: Any) -> dict[str, Any]:
    """As the official chart makes it."""
    own = {
        "labels": {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/component": "user-deployments"},
        "annotations": {"meta.helm.sh/release-name": "dagster", "meta.helm.sh/release-namespace": "data"},
    }
    port = {"name": "grpc", "protocol": "TCP", "port": PORT, "targetPort": PORT}
    spec = {"selector": {**PODS, "deployment": name}, "ports": [port], "type": "ClusterIP"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, **own, **meta}, "spec": spec}


@dataclass(frozen=True)
class Played:
    """One namespace."""

    server: ApiServer
    namespace: str
    folder: Path
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    def k(self, *arguments: str) -> str:
        return self.server.kubectl("-n", self.namespace, *arguments)

    def apply(self, *objects: dict[str, Any]) -> None:
        for each in objects:
            each["metadata"]["namespace"] = self.namespace
        self.server.kubectl.apply(*objects)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.kubectl.json("-n", self.namespace, "get", kind, name)
        return found

    def patch_status(self, kind: str, name: str, said: Mapping[str, Any]) -> None:
        body = json.dumps({"status": said})
        self.k("patch", kind, name, "--subresource=status", "--type=merge", "-p", body)

    def say(self, name: str, phase: Phase = "served", **more: Any) -> None:
        """As a controller would, of the object as it is now."""
        generation = self.get("codelocation", name)["metadata"]["generation"]
        known: dict[str, Any] = {"reason": phase.title(), "message": f"It is {phase}.", "version": "v1"}
        known |= {"serving": Serving(20_000, pack="pack-a-1"), "placement": "packed", "placement_why": "Why."}
        seen = StatusSeen(generation, phase, **{**known, **more})
        self.patch_status("codelocation", name, status(seen, None, "2026-11-30T02:18:11Z"))

    def reef(self, *arguments: str, code: int = 0) -> Ran:
        done = self.begin(*arguments).wait()
        assert done.code == code, (done.out, done.err)
        return done

    def begin(self, *arguments: str) -> Begun:
        """The command, for this namespace."""
        environ = {**os.environ, "KUBECONFIG": str(self.server.kubeconfig)}
        line = [sys.executable, "-m", "reef.cli.main", *arguments, "--namespace", self.namespace]
        process = subprocess.Popen(
            line, cwd=self.folder, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.begun.append(process)
        return Begun(process)

    def end(self) -> None:
        """Nothing that a test began outlives it."""
        for each in self.begun:
            if each.returncode is None:
                each.kill()
                print(each.communicate())


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Begun:
    process: subprocess.Popen[str]

    def wait(self) -> Ran:
        try:
            out, err = self.process.communicate(timeout=scaled(90))
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(self.process.communicate()) from None
        return Ran(self.process.returncode, out, err)


def promoted(version: str, kept: bool = True, minutes: int = 0) -> Promoted:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_790_000_000 + 60 * minutes))
    return Promoted(at, version, f"registry.example/x@sha256:{version}", "It is asked for.", kept)
