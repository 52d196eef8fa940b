"""The metrics of a code location that only a controller of a cluster knows."""

from __future__ import annotations

from reef.metrics.metric import Role
from reef.metrics.of_locations import of

_CLUSTER: tuple[Role, ...] = ("controller",)

MEMORY_REQUEST = of(
    "memory_request_bytes",
    "gauge",
    "bytes",
    "What the location's container asks the cluster for, pod of its own or not.",
    _CLUSTER,
)
CPU_REQUEST = of("cpu_request_cores", "gauge", "cores", "The same of processors.", _CLUSTER)
POD_MEMORY_LIMIT = of(
    "pod_memory_limit_bytes", "gauge", "bytes", "The memory limit of the location's container.", _CLUSTER
)

# -- its pods -----------------------------------------------------------------------------------------

PODS = of("pods", "gauge", "", "Pods of the location's own, by phase.", _CLUSTER, "phase")
POD_INFO = of("pod_info", "info", "", "A pod of the location's own: 1.", _CLUSTER, "location_pod")
PODS_READY = of(
    "pod_ready_seconds",
    "gauge",
    "seconds",
    "From the creation of the location's newest pod until it was ready.",
    _CLUSTER,
)
CONTAINER_STARTED = of(
    "container_start_seconds",
    "gauge",
    "seconds",
    "From the creation of the newest pod that has the location's container until that was started; pulls included.",
    _CLUSTER,
)
PULL_SECONDS = of(
    "image_pull_seconds", "gauge", "seconds", "How long kubelet last pulled the location's image.", _CLUSTER
)
IMAGE_BYTES = of(
    "image_size_bytes", "gauge", "bytes", "Size of the location's image as kubelet said it.", _CLUSTER
)
