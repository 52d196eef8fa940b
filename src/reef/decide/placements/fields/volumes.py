"""Volumes of a pod, and where a container has them.

A kubelet starts no container of a pod before all its volumes are mounted. So a pack has only volumes of which the mount
cannot fail; Secrets and ConfigMaps are mounted as optional ones, and a server is started once its files are there.
"""

from __future__ import annotations

from reef.decide.placements.fields.row import Row, below, kept, own_pod

_VOLUMES, _MOUNTS = "pod.volumes", "container.volumeMounts"
_OPTIONAL = (
    "Reef mounts it as an optional one and starts the location's server once its files are there, so that one that is "
    "missing keeps no other location from running."
)
_FILES = "It says which files the volume has, and only the location's own container mounts it."
_EMPTY = "Each location has an empty folder of its own."
_OWN_MOUNT = "It is of the location's own container."
_ABOUT_THE_POD = "It tells of the pod, and the pod of a pack is not the location's."
_MAY_FAIL = (
    "All containers of a pod wait until it is mounted: one that fails would hold up all locations of a pack."
)
_ITEMS = "key mode path"

SOURCES: tuple[Row, ...] = (
    *kept(_VOLUMES, "Its parts say it."),
    *kept(f"{_VOLUMES}[].name", "Reef gives the volumes of a pack names of their own."),
    *kept(f"{_VOLUMES}[].secret {_VOLUMES}[].configMap", _OPTIONAL),
    *kept(below(f"{_VOLUMES}[].secret", "secretName optional"), _OPTIONAL),
    *kept(below(f"{_VOLUMES}[].configMap", "name optional"), _OPTIONAL),
    *kept(below(f"{_VOLUMES}[].secret", "defaultMode items"), _FILES),
    *kept(below(f"{_VOLUMES}[].configMap", "defaultMode items"), _FILES),
    *kept(below(f"{_VOLUMES}[].secret.items[]", _ITEMS), _FILES),
    *kept(below(f"{_VOLUMES}[].configMap.items[]", _ITEMS), _FILES),
    *kept(f"{_VOLUMES}[].emptyDir {_VOLUMES}[].emptyDir.medium", _EMPTY),
    *own_pod(
        f"{_VOLUMES}[].emptyDir.sizeLimit",
        "A folder that grows beyond its limit gets its whole pod evicted, with all locations of a pack.",
    ),
    *own_pod(f"{_VOLUMES}[].downwardAPI", _ABOUT_THE_POD),
    *own_pod(
        f"{_VOLUMES}[].hostPath",
        "It is a folder of the node: a node without it holds up all locations of a pack, and Pod Security may refuse "
        "the pod for it.",
    ),
    *own_pod(f"{_VOLUMES}[].image", _MAY_FAIL),
    *own_pod(
        below(
            f"{_VOLUMES}[]", "persistentVolumeClaim ephemeral csi nfs iscsi fc cephfs rbd glusterfs cinder"
        ),
        _MAY_FAIL,
    ),
    *own_pod(
        below(
            f"{_VOLUMES}[]",
            "awsElasticBlockStore azureDisk azureFile gcePersistentDisk vsphereVolume flexVolume",
        ),
        _MAY_FAIL,
    ),
    *own_pod(
        below(
            f"{_VOLUMES}[]", "flocker gitRepo photonPersistentDisk portworxVolume quobyte scaleIO storageos"
        ),
        _MAY_FAIL,
    ),
)

_SOURCES = f"{_VOLUMES}[].projected.sources[]"
PROJECTED: tuple[Row, ...] = (
    *kept(f"{_VOLUMES}[].projected {_VOLUMES}[].projected.sources", "Its sources say it."),
    *kept(f"{_VOLUMES}[].projected.defaultMode", _FILES),
    *kept(f"{_SOURCES}.secret {_SOURCES}.configMap", _OPTIONAL),
    *kept(below(f"{_SOURCES}.secret", "name optional"), _OPTIONAL),
    *kept(below(f"{_SOURCES}.configMap", "name optional"), _OPTIONAL),
    *kept(f"{_SOURCES}.secret.items {_SOURCES}.configMap.items", _FILES),
    *kept(below(f"{_SOURCES}.secret.items[]", _ITEMS), _FILES),
    *kept(below(f"{_SOURCES}.configMap.items[]", _ITEMS), _FILES),
    *kept(
        f"{_SOURCES}.serviceAccountToken",
        "The token is that of the service account, which the whole pack has.",
    ),
    *kept(
        below(f"{_SOURCES}.serviceAccountToken", "audience expirationSeconds path"),
        "It says what the token is for, and only the location's own container mounts it.",
    ),
    *own_pod(f"{_SOURCES}.downwardAPI", _ABOUT_THE_POD),
    *own_pod(f"{_SOURCES}.clusterTrustBundle", _MAY_FAIL),
    *own_pod(
        f"{_SOURCES}.podCertificate",
        "The certificate names the pod, and the pod of a pack is not the location's.",
    ),
)

MOUNTS: tuple[Row, ...] = (
    *kept(_MOUNTS, _OWN_MOUNT),
    *kept(below(f"{_MOUNTS}[]", "name mountPath readOnly recursiveReadOnly subPath subPathExpr"), _OWN_MOUNT),
    *kept(f"{_MOUNTS}[].mountPropagation", _OWN_MOUNT, ("None", "HostToContainer")),
    *own_pod(
        f"{_MOUNTS}[].mountPropagation",
        "What the location mounts there would be mounted on the node, and for a pack's other locations.",
    ),
    *own_pod(
        "container.volumeDevices",
        "A block device comes from a claim, and claims are mounted for a whole pod.",
    ),
)

VOLUMES = SOURCES + PROJECTED + MOUNTS
