"""Parts of a pod as Kubernetes names them. What Reef only hands on stays a plain object of Kubernetes' own form."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.shared import Text, says

_HANDED_ON = {"x-kubernetes-preserve-unknown-fields": True}
_NAMED = {
    **_HANDED_ON,
    "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 253}},
    "required": ["name"],
}

KubeObject = Annotated[dict[str, Any], Meta(extra_json_schema=_HANDED_ON)]
Named = Annotated[dict[str, Any], Meta(extra_json_schema=_NAMED)]
Mount = Annotated[
    dict[str, Any],
    Meta(
        extra_json_schema={
            **_HANDED_ON,
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 253},
                "mountPath": {"type": "string", "minLength": 1, "maxLength": 4096},
            },
            "required": ["name", "mountPath"],
        }
    ),
]
Quantity = Annotated[str, Meta(min_length=1, max_length=64)] | int
StringMap = dict[str, str]
Args = Annotated[list[Annotated[str, Meta(max_length=32_768)]], Meta(max_length=200)]


class Reference(Struct, forbid_unknown_fields=True, kw_only=True):
    """An object of the same namespace, by name."""

    name: Annotated[Text, says("Its name.", "a name")]


class EnvSource(Struct, forbid_unknown_fields=True, kw_only=True):
    """A ConfigMap or a Secret whose keys become variables."""

    name: Annotated[Text, says("Its name.", "a name")]
    optional: Annotated[bool | UnsetType, says("Whether it may be missing.", "true or false")] = UNSET


class EnvFrom(Struct, forbid_unknown_fields=True, kw_only=True):
    """All keys of one ConfigMap or Secret as variables."""

    prefix: Annotated[str | UnsetType, says("Put before each name.", "a word")] = UNSET
    configMapRef: Annotated[EnvSource | UnsetType, says("A ConfigMap.", "a map with a name")] = UNSET
    secretRef: Annotated[EnvSource | UnsetType, says("A Secret.", "a map with a name")] = UNSET


class EnvVar(Struct, forbid_unknown_fields=True, kw_only=True):
    """One variable, with its value or where it comes from."""

    name: Annotated[Text, says("The variable's name.", "a name")]
    value: Annotated[str | UnsetType, says("Its value.", "a string")] = UNSET
    valueFrom: Annotated[
        KubeObject | UnsetType,
        says("Where its value comes from, as in Kubernetes.", "a map such as {secretKeyRef: {name, key}}"),
    ] = UNSET


class Resources(Struct, forbid_unknown_fields=True, kw_only=True):
    """Requests and limits of a container."""

    requests: Annotated[
        dict[str, Quantity] | UnsetType, says("What is set aside for it.", "a map such as {memory: 256Mi}")
    ] = UNSET
    limits: Annotated[
        dict[str, Quantity] | UnsetType, says("What it may use at most.", "a map such as {memory: 1Gi}")
    ] = UNSET
    claims: Annotated[list[Named] | UnsetType, says("Resource claims, as in Kubernetes.", "a list")] = UNSET


class Toleration(Struct, forbid_unknown_fields=True, kw_only=True):
    """A taint that its pods tolerate, as in Kubernetes."""

    key: Annotated[str | UnsetType, says("The taint's key; without it every key.", "a word")] = UNSET
    operator: Annotated[
        str | UnsetType, says("Equal, Exists, or what Kubernetes adds.", "Equal or Exists")
    ] = UNSET
    value: Annotated[str | UnsetType, says("The taint's value.", "a word")] = UNSET
    effect: Annotated[
        str | UnsetType, says("The taint's effect.", "NoSchedule, PreferNoSchedule or NoExecute")
    ] = UNSET
    tolerationSeconds: Annotated[
        int | UnsetType, says("How long a NoExecute taint is tolerated.", "a whole number")
    ] = UNSET
