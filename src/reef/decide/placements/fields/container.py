"""Fields of a container, but for its mounts and its security context."""

from __future__ import annotations

from reef.decide.placements.fields.row import Row, below, kept, own_pod, refused

_OWN = "The location has a container of its own image in a pack, and kubelet gives it to that."
_DEFAULT = "This is what a container has where nobody says it."
_ASKS_THE_SERVER = (
    "It asks the server, which in a pack often sleeps: kubelet would take the container for broken."
)
_ENV = "container.env[]"
_MISSING = "Kubelet reads it for the location's own container; where it is missing, that one alone waits."

PROCESS: tuple[Row, ...] = (
    *kept("container.image container.imagePullPolicy container.workingDir", _OWN),
    *refused(
        "container.name",
        "Reef names the container, so that logs and metrics are found by the location's name.",
    ),
    *own_pod(
        "container.command container.args",
        "The image starts its server by itself, and in a pack Reef starts and ends the server.",
    ),
    *own_pod(
        "container.ports",
        "The containers of a pod share one network, and another location may use the same port.",
    ),
    *own_pod("container.livenessProbe container.readinessProbe container.startupProbe", _ASKS_THE_SERVER),
    *own_pod(
        "container.lifecycle",
        "It belongs to the start and the end of a container, and in a pack the server starts and ends at other times.",
    ),
    *kept("container.restartPolicy", _DEFAULT, ("Always",)),
    *own_pod(
        "container.restartPolicy container.restartPolicyRules",
        "It depends on how the server ends, and in a pack the container goes on when the server ends.",
    ),
    *kept("container.stdin container.stdinOnce container.tty", _DEFAULT, (False,)),
    *own_pod(
        "container.stdin container.stdinOnce container.tty",
        "Whoever attaches to the container would reach Reef's part of it, not the server.",
    ),
    *kept(
        "container.terminationMessagePath container.terminationMessagePolicy",
        "It says what is told when the container ends. The end of a server in it is told by Reef.",
    ),
)

RESOURCES: tuple[Row, ...] = (
    *kept("container.resources", "Its parts say it."),
    *kept("container.resources.limits", "Each container of a pod has limits of its own.", ("cpu", "memory")),
    *own_pod(
        "container.resources.limits",
        "A container that uses more disk than its limit gets its whole pod evicted, and huge pages and devices belong "
        "to one pod.",
    ),
    *kept(
        "container.resources.requests",
        "A pod asks for what its containers ask for together.",
        ("cpu", "memory", "ephemeral-storage"),
    ),
    *own_pod("container.resources.requests", "Huge pages and devices belong to one pod."),
    *own_pod(
        "container.resources.claims",
        "A device is claimed for a pod, and every container of a pack could reach it.",
    ),
    *kept("container.resizePolicy", _OWN),
    *kept(below("container.resizePolicy[]", "resourceName restartPolicy"), _OWN),
)

_OF_ANY_POD = (
    "metadata.namespace",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
)
VARIABLES: tuple[Row, ...] = (
    *kept("container.env container.envFrom", _OWN),
    *kept(f"{_ENV}.name {_ENV}.value", _OWN),
    *kept(f"{_ENV}.valueFrom", "Its source says it."),
    *kept(f"{_ENV}.valueFrom.secretKeyRef {_ENV}.valueFrom.configMapKeyRef", _MISSING),
    *kept(below(f"{_ENV}.valueFrom.secretKeyRef", "name key optional"), _MISSING),
    *kept(below(f"{_ENV}.valueFrom.configMapKeyRef", "name key optional"), _MISSING),
    *kept(f"{_ENV}.valueFrom.fieldRef {_ENV}.valueFrom.fieldRef.apiVersion", "Its field path says it."),
    *kept(
        f"{_ENV}.valueFrom.fieldRef.fieldPath",
        "It is the same for all that may share a pack, or says where the pod runs.",
        _OF_ANY_POD,
    ),
    *own_pod(
        f"{_ENV}.valueFrom.fieldRef.fieldPath",
        "It tells of the pod, and the pod of a pack is not the location's.",
    ),
    *kept(f"{_ENV}.valueFrom.resourceFieldRef", "Its parts say it."),
    *kept(
        below(f"{_ENV}.valueFrom.resourceFieldRef", "resource divisor"),
        "It tells the requests and limits of the location's own container.",
    ),
    *own_pod(
        f"{_ENV}.valueFrom.resourceFieldRef.containerName",
        "It names a container, and in a pack the containers have other names.",
    ),
    *own_pod(
        f"{_ENV}.valueFrom.fileKeyRef",
        "An init container writes the file, and a pack has no init containers.",
    ),
    *kept("container.envFrom[].prefix", _OWN),
    *kept("container.envFrom[].secretRef container.envFrom[].configMapRef", _MISSING),
    *kept(below("container.envFrom[].secretRef", "name optional"), _MISSING),
    *kept(below("container.envFrom[].configMapRef", "name optional"), _MISSING),
)

CONTAINER = PROCESS + RESOURCES + VARIABLES
