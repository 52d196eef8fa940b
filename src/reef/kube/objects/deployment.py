"""A location with a pod of its own: standing, or on demand."""

from __future__ import annotations

from typing import Any

from reef.kube import labels
from reef.kube.asked import document
from reef.kube.model import CodeLocation
from reef.kube.objects.environment import own_variables, sources, variables
from reef.kube.objects.meta import digest, location_owner, metadata
from reef.kube.objects.names import deployment_name
from reef.kube.objects.pack_config_map import grpc_args
from reef.kube.objects.packed_pod import policy
from reef.kube.objects.reef_parts import tolerations
from reef.kube.objects.released import ReefPods, Released

COMPONENT = "location"
ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - of a pod
SERVICE = "DagsterApi"  # the name by which Dagster's server answers a health check


def own_deployment(
    released: Released, namespace: str, uid: str, reef: ReefPods, replicas: int | None
) -> dict[str, Any]:
    """`replicas` None leaves the number to who scales it (on demand, gateways and controller do, by the scale
    subresource): create it with 0 under another field manager, or Kubernetes makes it 1."""
    location = released.location
    own = {labels.LOCATION: released.name, labels.COMPONENT: COMPONENT}
    template = {"metadata": _template_metadata(released, own), "spec": _pod(released, namespace, reef)}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": own},
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": 600,
        "template": template,
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(
            deployment_name(released.name),
            namespace,
            COMPONENT,
            label={labels.LOCATION: location.name},
            annotations={labels.MADE_FROM: digest(template)},
            owners=(location_owner(location.name, uid),),
        ),
        "spec": spec,
    }


def _template_metadata(released: Released, own: dict[str, str]) -> dict[str, Any]:
    asked = document(released.location)["metadata"]
    found: dict[str, Any] = {
        "labels": {
            **asked.get("labels", {}),
            labels.PART_OF: "reef",
            labels.VERSION: released.version,
            **own,
        }
    }
    if asked.get("annotations"):
        found["annotations"] = dict(asked["annotations"])
    return found


def _pod(released: Released, namespace: str, reef: ReefPods) -> dict[str, Any]:
    whole = document(released.location)
    pod = {name: value for name, value in whole["pod"].items() if name != "containers"}
    pod["tolerations"] = tolerations(list(pod.get("tolerations", ())), reef.node_lost_s)
    sidecars = whole["pod"].get("containers", ())
    return {**pod, "containers": [_server(released, namespace, whole["container"]), *sidecars]}


def _server(released: Released, namespace: str, asked: dict[str, Any]) -> dict[str, Any]:
    location = released.location
    found = {name: value for name, value in asked.items() if name not in ("env", "envFrom")}
    found |= {"name": location.name, "image": released.image, **policy(location, released.image)}
    if args := server_args(location):
        found["args"] = args
    if location.spec.cwd:
        found["workingDir"] = location.spec.cwd
    found["env"] = variables(location, namespace, own_variables(released, namespace))
    if env_from := sources(location):
        found["envFrom"] = env_from
    port = {"name": "grpc", "containerPort": location.port, "protocol": "TCP"}
    others = [each for each in asked.get("ports", ()) if each.get("containerPort") != location.port]
    found["ports"] = [port, *others]
    found.setdefault("readinessProbe", _answers(location.port))
    return found


def server_args(location: CodeLocation) -> list[str]:
    """Arguments of the image's ENTRYPOINT, as the chart gives them; empty where the image says them, or the location's
    own `args` do."""
    spec = location.spec
    if spec.startCommand == "image":
        return []
    address = ["-h", ANY_ADDRESS, "-p", str(location.port)]
    dagster = [spec.python, "-m", "dagster"] if spec.python else ["dagster"]
    if spec.startCommand == "code-server":
        return [*dagster, "code-server", "start", *address, *grpc_args(location)]
    return [*dagster, "api", "grpc", *address, *grpc_args(location)]


def _answers(port: int) -> dict[str, Any]:
    """Kubelet asks by itself: no interpreter is started in the container for it."""
    return {
        "grpc": {"port": port, "service": SERVICE},
        "periodSeconds": 2,
        "timeoutSeconds": 3,
        "failureThreshold": 5,
    }
