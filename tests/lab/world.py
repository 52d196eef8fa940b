"""Reef and Dagster in a namespace of the lab: what a user would install, and what a user's programs ask."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deadlines import scaled, until
from lab import dagster_objects, programs
from lab.cluster import Cluster
from lab.kubectl import Kubectl, KubectlError

CHART = Path(__file__).parents[2] / "charts" / "reef"
VALUES: Mapping[str, Any] = {
    "image": {"repository": "reef.test/reef", "tag": "1"},
    "database": {"host": dagster_objects.POSTGRES, "name": "postgres", "user": "postgres"},
    "rollout": {"soak": "0s"},
}
SAFE = {
    "runAsNonRoot": True,
    "runAsUser": 10005,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
CODE = """
import dagster as dg


@dg.asset
def {asset}() -> int:
    return 1


@dg.sensor(target="*", minimum_interval_seconds=30)
def looks():
    return dg.SkipReason("nothing")


defs = dg.Definitions(assets=[{asset}], jobs=[dg.define_asset_job("nightly")], sensors=[looks])
"""
STATUSES = (
    "{workspaceOrError{__typename ... on Workspace{locationEntries{name locationOrLoadError{__typename "
    "... on PythonError{message} ... on RepositoryLocation{repositories{assetNodes{assetKey{path}}}}}}}}}"
)
LAUNCH = (
    "mutation($p:ExecutionParams!){launchRun(executionParams:$p){__typename "
    "... on LaunchRunSuccess{run{runId}} ... on PythonError{message}}}"
)
RUN = "query($r:ID!){runOrError(runId:$r){__typename ... on Run{status}}}"


def location(name: str, image: str, owner: str = "team-a", **spec: Any) -> dict[str, Any]:
    """A CodeLocation of the file that `CODE` makes."""
    return {
        "apiVersion": "dagster-reef.io/v1alpha1",
        "kind": "CodeLocation",
        "metadata": {"name": name},
        "spec": {
            "image": image,
            "owner": owner,
            "code": {"python_file": "/opt/app/defs.py"},
            "securityContext": SAFE,
            **spec,
        },
    }


class ReefWorld:
    """One namespace. Everything is asked from the control plane's network, where tests run."""

    def __init__(self, lab: Cluster, namespace: str) -> None:
        self.lab = lab
        self.namespace = namespace

    @property
    def kubectl(self) -> Kubectl:
        return self.lab.kubectl

    def k(self, *arguments: str, timeout_s: float = 120.0) -> str:
        return self.kubectl("-n", self.namespace, *arguments, timeout_s=timeout_s)

    def install(self, values: Mapping[str, Any] = VALUES, *, dagster: bool = True) -> None:
        """Dagster (or its PostgreSQL alone), then Reef, and everything is ready."""
        self.lab.load_reef()
        objects = dagster_objects.dagster(self.namespace)
        self.kubectl.apply(*(objects if dagster else objects[: dagster_objects.OF_POSTGRES]))
        there = self.kubectl(
            "get", "crd", "codelocations.dagster-reef.io", "--ignore-not-found", "-o", "name"
        )
        crds = {"install": not there}  # one release in a cluster has it
        self.helm("upgrade", "--install", "reef", values={**values, "crds": crds})
        for name in ("reef-controller", "reef-gateway", "reef-page", dagster_objects.POSTGRES):
            self.k("rollout", "status", f"deployment/{name}", "--timeout=240s", timeout_s=scaled(250))

    def dagster_is_up(self) -> None:
        for name in (dagster_objects.WEBSERVER, "dagster-daemon"):
            self.k("rollout", "status", f"deployment/{name}", "--timeout=240s", timeout_s=scaled(250))

    def helm(self, *arguments: str, values: Mapping[str, Any]) -> str:
        """With Reef's chart as the last argument."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            json.dump(values, file)
            file.flush()
            command = [*self.lab.control.entering(), str(programs.program("helm")), *arguments, str(CHART)]
            command += ["-n", self.namespace, "--kubeconfig", str(self.lab.kubeconfig), "-f", file.name]
            done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(120))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def reef(self, *arguments: str, code: int = 0) -> str:
        """The command, with kubectl on its PATH; what it printed."""
        path = f"{programs.program('kubectl').parent}:{os.environ['PATH']}"
        environ = {**os.environ, "KUBECONFIG": str(self.lab.kubeconfig), "PATH": path}
        verb, *rest = arguments
        words = [sys.executable, "-m", "reef.cli.main", verb, "-n", self.namespace, *rest]
        done = subprocess.run(
            [*self.lab.control.entering(), *words],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=scaled(180),
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout

    # -- locations ---------------------------------------------------------------------------------

    def apply(self, *objects: dict[str, Any]) -> None:
        for each in objects:
            each["metadata"]["namespace"] = self.namespace
        self.kubectl.apply(*objects)

    def status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.kubectl.json("-n", self.namespace, "get", "codelocation", name)
        return found.get("status") or {}

    def condition(self, name: str, kind: str) -> dict[str, Any]:
        conditions = self.status(name).get("conditions") or []
        return next(
            (each for each in conditions if each["type"] == kind), {"status": "Unknown", "message": ""}
        )

    def all_ready(self, names: Iterable[str], seconds: float = 120) -> None:
        """They are served; fails with what their conditions say."""
        wanted = set(names)

        def lacking() -> list[str]:
            found = self.kubectl.json("-n", self.namespace, "get", "codelocations")["items"]
            return [
                _told(each) for each in found if each["metadata"]["name"] in wanted and not _is_ready(each)
            ]

        missing: list[str] = []

        def done() -> bool:
            missing[:] = lacking()
            return not missing

        try:
            until(done, seconds, "for the locations", every_s=0.5)
        except AssertionError:
            raise AssertionError("\n".join([*missing, self.logs("controller")])) from None

    def versioned(self, name: str, seconds: float = 90) -> str:
        """The version that it has once the newest that is asked for is served."""

        def settled() -> bool:
            found = self.kubectl.json("-n", self.namespace, "get", "codelocation", name)
            observed = (found.get("status") or {}).get("observedGeneration") == found["metadata"][
                "generation"
            ]
            return observed and self.condition(name, "Reconciling")["status"] == "False"

        until(settled, seconds, f"for {name} to settle", every_s=0.3)
        version: str = self.status(name)["version"]
        return version

    def address(self, name: str) -> str:
        """IP:PORT of a Service."""
        spec = self.kubectl.json("-n", self.namespace, "get", "service", name)["spec"]
        return f"{spec['clusterIP']}:{spec['ports'][0]['port']}"

    def pods(self, component: str) -> list[dict[str, Any]]:
        found = self.kubectl.json(
            "-n", self.namespace, "get", "pods", "-l", f"app.kubernetes.io/component={component}"
        )
        pods: list[dict[str, Any]] = found["items"]
        return [each for each in pods if "deletionTimestamp" not in each["metadata"]]

    def logs(self, component: str, container: str = "") -> str:
        chosen = ("-c", container) if container else ()
        label = f"app.kubernetes.io/component={component}"
        try:
            return self.k("logs", "-l", label, "--tail=40", "--prefix", *chosen)
        except KubectlError as error:
            return str(error)

    # -- Dagster -----------------------------------------------------------------------------------

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        url = f"http://{self.address(dagster_objects.WEBSERVER)}/graphql"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=scaled(60)) as answer:
                data: dict[str, Any] = json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            error.msg = f"{error.msg}: {error.read().decode(errors='replace')[:2000]}"
            raise
        return data

    def shown(self) -> dict[str, set[str]]:
        """Location -> its assets, as the webserver shows them; `error: …` for one with an error."""
        try:
            entries = self.graphql(STATUSES)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, OSError):
            return {}
        found = {}
        for entry in entries:
            there = entry["locationOrLoadError"]
            if there is None or there["__typename"] != "RepositoryLocation":
                found[entry["name"]] = {f"error: {(there or {}).get('message', 'not loaded')[:200]}"}
                continue
            nodes = [node for repository in there["repositories"] for node in repository["assetNodes"]]
            found[entry["name"]] = {node["assetKey"]["path"][-1] for node in nodes}
        return found

    def launch(self, name: str) -> str:
        """Launch its job as the UI does; the status at its end."""
        return self.ended(self.launched(name))

    def launched(self, name: str) -> str:
        """The id of the run of its job."""
        selector = {
            "repositoryLocationName": name,
            "repositoryName": "__repository__",
            "pipelineName": "nightly",
        }
        launched = self.graphql(LAUNCH, {"p": {"selector": selector, "mode": "default"}})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def ended(self, run: str) -> str:
        """The status of a run at its end."""

        def ended() -> str:
            status: str = self.graphql(RUN, {"r": run})["runOrError"]["status"]
            return status if status in ("SUCCESS", "FAILURE", "CANCELED") else ""

        return until(ended, 120, f"for the end of run {run}", every_s=0.5)


def _is_ready(found: dict[str, Any]) -> bool:
    conditions = (found.get("status") or {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _told(found: dict[str, Any]) -> str:
    conditions = (found.get("status") or {}).get("conditions") or []
    said = "; ".join(f"{each['type']}={each['status']} {each['message']}" for each in conditions)
    return f"{found['metadata']['name']}: {said}"
