"""The Job in which `reef doctor --in-cluster` examines a location: the pod is the one in which the controller tries a
version (`probe`), but for Reef's own container, which examines and needs no certificate.

A Job, since Kubernetes itself ends its pod when the time is over and removes both afterwards, also where whoever asked
for it is gone. Its containers are not restarted: a load that the kernel ends at the memory limit is a finding.
"""

from __future__ import annotations

import json
from typing import Any

from reef.kube import labels
from reef.kube.helm.arguments import understood
from reef.kube.model import CodeLocation
from reef.kube.objects.meta import location_owner, metadata
from reef.kube.objects.names import shortened
from reef.kube.objects.pack_config_map import grpc_args, pack_location
from reef.kube.objects.probe import probe_pod
from reef.kube.objects.reef_parts import CONFIG, TLS
from reef.kube.objects.released import PackedContainer, ReefPods, Released
from reef.peers.diagnosis import DoctorOrder, order_to_json

COMPONENT = "doctor"
KEPT_S = 300  # of a Job that has ended
ORDER = "REEF_DOCTOR_ORDER"
DIAGNOSIS = "diagnosis.json"
_TARGETS = {
    "python_file": "python_file",
    "module": "module_name",
    "package": "package_name",
    "autoload_defs_module": "autoload_defs_module_name",
    "attribute": "attribute",
}
_GONE = (TLS, CONFIG)


def doctor_order(released: Released, namespace: str, **wishes: Any) -> DoctorOrder:
    """`wishes`: further fields of the order."""
    container = PackedContainer(labels.PROBE_CONTAINER, (released,))
    found = understood(grpc_args(released.location))
    target = {_TARGETS[name]: value for name, value in found.code.items()}
    if found.working_directory:
        target["working_directory"] = found.working_directory
    location = pack_location(released, container, namespace)
    return DoctorOrder(
        location=location,
        name=released.location.location_name,
        target=target,
        packed=released.location.spec.placement != "standing",
        **wishes,
    )


def doctor_job(
    released: Released, namespace: str, uid: str, reef: ReefPods, order: DoctorOrder, mark: str, most_s: int
) -> dict[str, Any]:
    """`mark` tells apart the Jobs of one location; `most_s`: when Kubernetes ends it, whatever it does."""
    probe = probe_pod(released, namespace, uid, reef)
    meta, spec = probe["metadata"], probe["spec"]
    name = shortened(f"reef-doctor-{released.name}", mark)
    host = spec["containers"][0]
    host["command"] = ["reef", "doctor-pod"]
    host["env"] = [{"name": ORDER, "value": order_to_json(order)}]
    for key in ("ports", "readinessProbe", "livenessProbe"):
        del host[key]
    host["volumeMounts"] = [each for each in host["volumeMounts"] if each["name"] not in _GONE]
    spec["volumes"] = [each for each in spec["volumes"] if each["name"] not in _GONE]
    own = {**meta["labels"], labels.COMPONENT: COMPONENT}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(
            name,
            namespace,
            COMPONENT,
            label={labels.LOCATION: released.name},
            owners=(location_owner(released.name, uid),),
        ),
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": most_s,
            "ttlSecondsAfterFinished": KEPT_S,
            "template": {
                "metadata": {"labels": own, "annotations": meta.get("annotations", {})},
                "spec": spec,
            },
        },
    }


def findings_map_name(location: str) -> str:
    """Of the ConfigMap with what the doctor found last."""
    return shortened(f"reef-doctor-{location}", "last")


def findings_map(
    location: CodeLocation, namespace: str, uid: str, at: float, lines: tuple[str, ...]
) -> dict[str, Any]:
    """What the doctor found last of a location, for a page: as `records.diagnoses.KeptDiagnosis`. It goes with the
    location."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(
            findings_map_name(location.name),
            namespace,
            COMPONENT,
            label={labels.LOCATION: location.name},
            owners=(location_owner(location.name, uid),),
        ),
        "data": {DIAGNOSIS: json.dumps({"at": at, "lines": list(lines)}, ensure_ascii=False)},
    }
