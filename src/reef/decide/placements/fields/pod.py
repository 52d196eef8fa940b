"""Fields of a pod's spec, but for its volumes and its security context."""

from __future__ import annotations

from reef.decide.placements.fields.row import Row, kept, key, own_pod, refused

_DEFAULT = "This is what a pod has where nobody says it."

NAMES_OF_A_POD: tuple[Row, ...] = (
    *key(
        "metadata.labels",
        "Network policies, cost reports and injectors choose pods by their labels, and a pack has one set of labels.",
    ),
    *key(
        "metadata.annotations",
        "Injectors and scrapers read the annotations of a pod, and a pack has one set of annotations.",
    ),
)

WHERE_AND_AS_WHOM: tuple[Row, ...] = (
    *kept("pod.serviceAccountName pod.serviceAccount", _DEFAULT, ("default",)),
    *key("pod.serviceAccountName pod.serviceAccount", "All containers of a pod have one service account."),
    *key(
        "pod.automountServiceAccountToken",
        "The token of the service account is mounted for a whole pod, or not.",
    ),
    *key("pod.nodeName pod.nodeSelector pod.affinity pod.tolerations", "A pod runs on one node."),
    *key("pod.topologySpreadConstraints", "Kubernetes spreads pods, not containers."),
    *kept("pod.schedulerName", _DEFAULT, ("default-scheduler",)),
    *key("pod.schedulerName", "One scheduler chooses the node of a pod."),
    *key("pod.priorityClassName pod.priority", "A pod has one priority when nodes are full."),
    *kept("pod.preemptionPolicy", _DEFAULT, ("PreemptLowerPriority",)),
    *key("pod.preemptionPolicy", "A pod as a whole pushes others from a node, or does not."),
    *key("pod.runtimeClassName", "One container runtime runs all containers of a pod."),
    *key("pod.overhead", "The runtime class of a pod says what the pod costs beside its containers."),
    *kept("pod.hostUsers", _DEFAULT, (True,)),
    *key("pod.hostUsers", "All containers of a pod are in one user namespace."),
    *kept("pod.os", "A location runs on Linux."),
    *kept("pod.os.name", "A location runs on Linux.", ("linux",)),
    *refused("pod.os.name", "Reef's part of a container runs on Linux only."),
    *own_pod(
        "pod.schedulingGates",
        "A gate holds a pod back until somebody opens it, and would hold all locations of a pack back.",
    ),
    *own_pod(
        "pod.schedulingGroup", "A group of pods is scheduled together, and the location is one of its pods."
    ),
    *own_pod(
        "pod.resourceClaims", "A device is claimed for a pod, and every container of a pack could reach it."
    ),
    *own_pod(
        "pod.resources", "Resources of a pod are shared by all its containers, other locations' among them."
    ),
)

NETWORK: tuple[Row, ...] = (
    *kept("pod.hostNetwork", _DEFAULT, (False,)),
    *key("pod.hostNetwork", "All containers of a pod share one network."),
    *kept("pod.dnsPolicy", _DEFAULT, ("ClusterFirst",)),
    *key("pod.dnsPolicy pod.dnsConfig", "All containers of a pod ask the same name servers."),
    *key("pod.hostAliases", "All containers of a pod have the same /etc/hosts."),
    *own_pod(
        "pod.hostname pod.subdomain pod.hostnameOverride",
        "A pod has one name in the network, and this one is meant for the location alone.",
    ),
    *kept("pod.setHostnameAsFQDN", _DEFAULT, (False,)),
    *own_pod(
        "pod.setHostnameAsFQDN",
        "A pod has one name in the network, and this one is meant for the location alone.",
    ),
    *kept("pod.enableServiceLinks", _DEFAULT, (True,)),
    *key(
        "pod.enableServiceLinks", "Variables for the Services of a namespace are set for a whole pod, or not."
    ),
)

LIFE: tuple[Row, ...] = (
    *kept("pod.restartPolicy", _DEFAULT, ("Always",)),
    *refused("pod.restartPolicy", "A Deployment has only pods whose containers are always restarted."),
    *refused("pod.activeDeadlineSeconds", "A Deployment has no pods that end after a time."),
    *kept("pod.terminationGracePeriodSeconds", _DEFAULT, (30,)),
    *key("pod.terminationGracePeriodSeconds", "All containers of a pod have the same time to end."),
    *own_pod(
        "pod.readinessGates",
        "Somebody says when this pod is ready, and would say it of all locations of a pack.",
    ),
    *own_pod(
        "pod.initContainers",
        "Init containers run before all others of a pod: one that fails would keep all locations of a pack from "
        "starting.",
    ),
    *own_pod(
        "pod.containers",
        "A container beside the server shares its network and its life, and a pack has many servers.",
    ),
    *refused("pod.ephemeralContainers", "`kubectl debug` adds them to a running pod; no template has them."),
    *kept("pod.hostPID pod.hostIPC pod.shareProcessNamespace", _DEFAULT, (False,)),
    *own_pod(
        "pod.hostPID",
        "The location sees all processes of its node, the other locations of a pack among them.",
    ),
    *own_pod(
        "pod.hostIPC", "The location reaches shared memory of its node, that of other locations among it."
    ),
    *own_pod(
        "pod.shareProcessNamespace",
        "The containers of a pack would see the processes of each other's locations.",
    ),
    *key(
        "pod.imagePullSecrets",
        "Pull secrets count for all images of a pod: with another's, a location could have an image that is not its "
        "own to have.",
    ),
)

POD = NAMES_OF_A_POD + WHERE_AND_AS_WHOM + NETWORK + LIFE
