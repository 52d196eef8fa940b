"""What a CodeLocation says. Settings that `reef.yaml` has too have its names and come from its models."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from reef.fleet.shared import Code, Shared, Text, says
from reef.kube.model.parts import ExternalServer, Instance, LaunchedRuns, Service
from reef.kube.model.pods import (
    Args,
    EnvFrom,
    EnvVar,
    KubeObject,
    Mount,
    Named,
    Reference,
    Resources,
    StringMap,
    Toleration,
)

Placement = Literal["auto", "packed", "on_demand", "standing", "external"]
StartCommand = Literal["api-grpc", "code-server", "image"]


class Spec(Shared, forbid_unknown_fields=True, kw_only=True):
    """What a code location is: its image, its code, and what its pod gives it."""

    location_name: Annotated[
        Text | UnsetType,
        says("The name in Dagster, where it is another than this object's.", "the name of a location"),
    ] = UNSET
    placement: Annotated[
        Placement | UnsetType,
        says(
            "auto: the lightest that keeps what the location asks for. packed: in a pod with others. on_demand: a pod "
            "that is there while it is needed. standing: a pod that always runs. external: a server that somebody "
            "else runs.",
            "auto, packed, on_demand, standing or external",
        ),
    ] = UNSET
    replicas: Annotated[
        Annotated[int, Meta(ge=1, le=20)] | UnsetType,
        says("How many pods a standing location has; 1 by default.", "a whole number from 1 to 20"),
    ] = UNSET
    code: Annotated[
        Code | UnsetType,
        says("What to load.", "a map with one of python_file, module, package, autoload_defs_module"),
    ] = UNSET
    server: Annotated[
        ExternalServer | UnsetType,
        says("The server of an external location.", "a map such as {host: sales.legacy, port: 4000}"),
    ] = UNSET
    renamed_from: Annotated[
        Text | UnsetType,
        says(
            "The name that it had before: the state of its schedules and sensors is carried over, once.",
            "the name that the location had before",
        ),
    ] = UNSET
    image: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1024)] | UnsetType,
        says("The image that has the code.", "the name of an image, such as registry/sales:1.4.0"),
    ] = UNSET
    imagePullPolicy: Annotated[
        Literal["Always", "IfNotPresent", "Never"] | UnsetType,
        says("When the image is pulled, as in Kubernetes.", "Always, IfNotPresent or Never"),
    ] = UNSET
    imagePullSecrets: Annotated[
        list[Reference] | UnsetType, says("Secrets for the image's registry.", "a list of {name: ...}")
    ] = UNSET
    startCommand: Annotated[
        StartCommand | UnsetType,
        says(
            "How the server starts, as arguments of the image's own ENTRYPOINT. api-grpc: `dagster api grpc`, the "
            "default. code-server: `dagster code-server start`. image: the image starts it, with `command` and `args` "
            "where they are given.",
            "api-grpc, code-server or image",
        ),
    ] = UNSET
    serverArgs: Annotated[
        Args | UnsetType,
        says("More arguments for Dagster's command, without code, host and port.", "a list of strings"),
    ] = UNSET
    command: Annotated[
        Args | UnsetType,
        says("Takes the place of the image's ENTRYPOINT, with startCommand image.", "a list of strings"),
    ] = UNSET
    args: Annotated[
        Args | UnsetType,
        says("Takes the place of the image's CMD, with startCommand image.", "a list of strings"),
    ] = UNSET
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | UnsetType,
        says("The port of its Service and its server; 4000 by default.", "a port from 1 to 65535"),
    ] = UNSET
    service: Annotated[Service | UnsetType, says("Its Service.", "a map of settings")] = UNSET
    env: Annotated[
        list[EnvVar] | UnsetType,
        says("Variables, as in Kubernetes. They win over envFrom.", "a list of {name, value}"),
    ] = UNSET
    envFrom: Annotated[
        list[EnvFrom] | UnsetType,
        says("ConfigMaps and Secrets whose keys become variables; a later one wins.", "a list"),
    ] = UNSET
    envDefaults: Annotated[
        StringMap | UnsetType, says("Variables that envFrom wins over.", "a map of names to strings")
    ] = UNSET
    instance: Annotated[
        Instance | UnsetType, says("What the Dagster instance gives to the server.", "a map of settings")
    ] = UNSET
    volumes: Annotated[
        Annotated[list[Named], Meta(max_length=100)] | UnsetType,
        says("Volumes of its pod, as in Kubernetes.", "a list"),
    ] = UNSET
    volumeMounts: Annotated[
        Annotated[list[Mount], Meta(max_length=100)] | UnsetType,
        says("Where its container mounts them, as in Kubernetes.", "a list"),
    ] = UNSET
    resources: Annotated[
        Resources | UnsetType, says("Requests and limits of the server.", "a map with requests and limits")
    ] = UNSET
    runResources: Annotated[
        Resources | UnsetType,
        says(
            "Requests and limits of its runs. Without it runs have the server's, where includeConfigInLaunchedRuns "
            "is enabled.",
            "a map with requests and limits",
        ),
    ] = UNSET
    includeConfigInLaunchedRuns: Annotated[
        LaunchedRuns | UnsetType,
        says(
            "Whether runs get the location's variables, volumes, labels and resources; true by default.",
            "a map with enabled",
        ),
    ] = UNSET
    serviceAccountName: Annotated[Text | UnsetType, says("Its service account.", "a name")] = UNSET
    podSecurityContext: Annotated[
        KubeObject | UnsetType, says("Security settings of the pod, as in Kubernetes.", "a map")
    ] = UNSET
    securityContext: Annotated[
        KubeObject | UnsetType, says("Security settings of the container, as in Kubernetes.", "a map")
    ] = UNSET
    nodeSelector: Annotated[StringMap | UnsetType, says("Labels that its node has.", "a map of words")] = (
        UNSET
    )
    tolerations: Annotated[
        list[Toleration] | UnsetType, says("Taints that its pods tolerate, as in Kubernetes.", "a list")
    ] = UNSET
    affinity: Annotated[KubeObject | UnsetType, says("Affinity, as in Kubernetes.", "a map")] = UNSET
    schedulerName: Annotated[Text | UnsetType, says("The scheduler of its pods.", "a name")] = UNSET
    initContainers: Annotated[
        list[Named] | UnsetType, says("Init containers, as in Kubernetes.", "a list of containers")
    ] = UNSET
    sidecarContainers: Annotated[
        list[Named] | UnsetType,
        says("Containers beside the server, as in Kubernetes.", "a list of containers"),
    ] = UNSET
    labels: Annotated[StringMap | UnsetType, says("Labels of its pods.", "a map of words")] = UNSET
    annotations: Annotated[StringMap | UnsetType, says("Annotations of its pods.", "a map of words")] = UNSET
    pod: Annotated[
        KubeObject | UnsetType, says("More fields of the pod's spec, as in Kubernetes.", "a map")
    ] = UNSET
    container: Annotated[
        KubeObject | UnsetType, says("More fields of the server's container, as in Kubernetes.", "a map")
    ] = UNSET
    helm: Annotated[
        KubeObject | UnsetType,
        says(
            "What the official chart's values said and Reef does not act on. `reef export helm` writes it back.",
            "a map",
        ),
    ] = UNSET
