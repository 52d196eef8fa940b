"""Labels, annotations and names that Reef puts on objects of a cluster."""

from __future__ import annotations

from reef.kube.group import GROUP

FIELD_MANAGER = "reef-controller"
PART_OF = "app.kubernetes.io/part-of"  # its value is `reef`
COMPONENT = "app.kubernetes.io/component"  # gateway, controller, pack, probe, location, shared-service
GATEWAYS = {PART_OF: "reef", COMPONENT: "gateway"}  # what chooses their pods

# Of a pod: the ReplicaSet of the pack that it is, so that a gateway finds the pod of a CodeLocation's status.
PACK = f"{GROUP}/pack"
# Of a pod, a Deployment or a Service: the name of the CodeLocation.
LOCATION = f"{GROUP}/location"
# Of whatever a shared service is made of: the name of its objects.
SERVICE = f"{GROUP}/service"
# Of a probe pod: the version that it loads.
VERSION = f"{GROUP}/version"
# Of a CodeLocation: `true` leaves it alone until it is gone.
PAUSED = f"{GROUP}/paused"
# Of a CodeLocation: a time, as Kubernetes writes it, at which somebody asked to try its version again.
TRY_AGAIN = f"{GROUP}/try-again"
# Of a CodeLocation: `wake` or `sleep`, which somebody asked for (`kube.errand_annotation`).
ERRAND = f"{GROUP}/errand"
# Of a CodeLocation: `VERSION` to go back to. The controller completes it to `VERSION instead of VERSION`: what holds
# ends when something else is asked for.
ROLLBACK = f"{GROUP}/rollback"
INSTEAD_OF = " instead of "
# Of a CodeLocation: `true` lets Reef take over a Service that somebody else made (`reef cutover`).
CUTOVER = f"{GROUP}/cutover"
# Of a CodeLocation: where its Service led before that, as JSON (`kube.objects.adopted`). Of that Service: the same,
# for the case that the CodeLocation is deleted.
BEFORE_CUTOVER = f"{GROUP}/before-cutover"
# Of an object that Reef made: a digest of what it is made from, to compare without reading it all.
MADE_FROM = f"{GROUP}/made-from"
# Of a ReplicaSet of a pack: what is in each of its containers, as JSON (`kube.objects.contents`).
CONTENTS = f"{GROUP}/contents"

# Of a pod of a pack: container -> how often it had been restarted when its image was changed in place, as JSON. Until
# it was restarted once more, what runs is the old image.
REPLACED = f"{GROUP}/replaced"

# Of a Deployment or a ReplicaSet: nodes that were lost when it was made, which its pods keep off where they can.
AVOIDS = f"{GROUP}/avoids"

PEER_PORT = 7443  # of gateways and pack hosts, mutual TLS
HEALTH_PORT = 8081  # HTTP: /livez, /readyz, /metrics
FIRST_GATEWAY_PORT = 20_000  # a listener for each location, from here on
LAST_GATEWAY_PORT = 29_999

HOST_CONTAINER = "reef"  # of a pack's pod
PROBE_CONTAINER = "location"  # of a probe pod: where the version is tried
TLS_FOLDER = "/reef/tls"  # tls.crt, tls.key and ca.crt, as a Secret mounts them
PACK_FOLDER = "/reef/run"  # the shared volume; each container mounts its own folder of it at the same path
GUEST_FOLDER = "/reef/guest"  # Reef's guest code, read-only in the containers of locations
PACK_CONFIG = "/reef/config/pack.json"  # a PackConfig as JSON, as its ConfigMap mounts it
