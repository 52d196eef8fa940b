"""Security contexts, of a pod and of a container."""

from __future__ import annotations

from reef.decide.placements.fields.row import Row, below, kept, key, own_pod, refused

_POD, _CONTAINER = "pod.securityContext", "container.securityContext"
_WRITTEN_DOWN = "Reef writes it into the location's own container, where it means the same."
_CONTAINERS = "Each container of a pod has its own."
_PARTS = "Its parts say it."
_NO_WINDOWS = "Reef's part of a container runs on Linux only."
_PROFILE = "localhostProfile type"

OF_A_POD: tuple[Row, ...] = (
    *kept(_POD, _PARTS),
    *kept(below(_POD, "runAsUser runAsGroup runAsNonRoot seccompProfile appArmorProfile"), _WRITTEN_DOWN),
    *kept(below(f"{_POD}.seccompProfile", _PROFILE), _WRITTEN_DOWN),
    *kept(below(f"{_POD}.appArmorProfile", _PROFILE), _WRITTEN_DOWN),
    *key(
        below(_POD, "fsGroup fsGroupChangePolicy supplementalGroups supplementalGroupsPolicy"),
        "Groups are given to all containers of a pod, and its volumes belong to them.",
    ),
    *key(below(_POD, "seLinuxOptions seLinuxChangePolicy"), "The volumes of a pod have one SELinux label."),
    *key(below(_POD, "sysctls"), "Kernel settings hold for all containers of a pod."),
    *refused(below(_POD, "windowsOptions"), _NO_WINDOWS),
)

OF_A_CONTAINER: tuple[Row, ...] = (
    *kept(_CONTAINER, _PARTS),
    *kept(
        below(
            _CONTAINER, "runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation"
        ),
        _CONTAINERS,
    ),
    *kept(below(_CONTAINER, "seccompProfile appArmorProfile seLinuxOptions capabilities"), _CONTAINERS),
    *kept(below(f"{_CONTAINER}.seccompProfile", _PROFILE), _CONTAINERS),
    *kept(below(f"{_CONTAINER}.appArmorProfile", _PROFILE), _CONTAINERS),
    *kept(below(f"{_CONTAINER}.seLinuxOptions", "level role type user"), _CONTAINERS),
    *kept(f"{_CONTAINER}.capabilities.drop", _CONTAINERS),
    *kept(
        f"{_CONTAINER}.capabilities.add",
        "Pod Security allows it everywhere, and it reaches nothing of another location.",
        ("NET_BIND_SERVICE",),
    ),
    *own_pod(
        f"{_CONTAINER}.capabilities.add",
        "With a capability of the kernel a location may reach the network and the files that it shares with a pack.",
    ),
    *kept(f"{_CONTAINER}.privileged", "This is what a container has where nobody says it.", (False,)),
    *own_pod(
        f"{_CONTAINER}.privileged",
        "A privileged container reaches all that is on its node, a pack's other locations too.",
    ),
    *kept(f"{_CONTAINER}.procMount", "This is what a container has where nobody says it.", ("Default",)),
    *own_pod(
        f"{_CONTAINER}.procMount", "With an open /proc a container may change settings that a pack shares."
    ),
    *refused(below(_CONTAINER, "windowsOptions"), _NO_WINDOWS),
)

SECURITY = OF_A_POD + OF_A_CONTAINER
