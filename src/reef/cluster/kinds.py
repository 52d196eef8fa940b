"""The kinds of objects that Reef reads and writes, and where the API server has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reef.kube import group as reefs

Document = dict[str, Any]
Key = tuple[str, str]  # namespace (`""` for what is in none), name


@dataclass(frozen=True)
class Kind:
    """One kind of object. `group` is "" for those of the core."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None, part: str | None = None) -> str:
        """Of one object, of a part of it (`status`, `scale`), or of all. `namespace` None is all namespaces."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        inside = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return "/".join(each for each in (f"{root}{inside}/{self.plural}", name, part) if each)

    def __str__(self) -> str:
        return self.plural


POD = Kind("", "v1", "Pod", "pods")
SERVICE = Kind("", "v1", "Service", "services")
SECRET = Kind("", "v1", "Secret", "secrets")
CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps")
EVENT = Kind("", "v1", "Event", "events")
NAMESPACE = Kind("", "v1", "Namespace", "namespaces", namespaced=False)
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments")
REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets")
JOB = Kind("batch", "v1", "Job", "jobs")
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases")
POD_METRICS = Kind("metrics.k8s.io", "v1beta1", "PodMetrics", "pods")
CODE_LOCATION = Kind(reefs.GROUP, reefs.VERSION, reefs.KIND, reefs.PLURAL)


def key_of(document: Document) -> Key:
    metadata = document["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def version_of(document: Document) -> str:
    """Its resourceVersion."""
    return str(document["metadata"]["resourceVersion"])
