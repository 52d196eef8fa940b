"""Parts of a CodeLocation that neither reef.yaml nor a pod has."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.shared import Text, says
from reef.kube.model.pods import StringMap


class ExternalServer(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where somebody else's code server listens."""

    host: Annotated[Text, says("Host name.", "a host name")]
    port: Annotated[Annotated[int, Meta(ge=1, le=65535)], says("TCP port.", "a port from 1 to 65535")]
    ssl: Annotated[bool | UnsetType, says("Whether it speaks TLS.", "true or false")] = UNSET


class LaunchedRuns(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whether runs get what the code server has."""

    enabled: Annotated[
        bool,
        says("Whether runs get the location's variables, volumes, labels and resources.", "true or false"),
    ]


class Service(Struct, forbid_unknown_fields=True, kw_only=True):
    """The Service of the location. Its name is that of the CodeLocation, its port the location's."""

    annotations: Annotated[StringMap | UnsetType, says("Annotations of the Service.", "a map of words")] = (
        UNSET
    )


class SecretKey(Struct, forbid_unknown_fields=True, kw_only=True):
    """One key of a Secret."""

    name: Annotated[Text, says("The Secret's name.", "a name")]
    key: Annotated[Text, says("The key in it.", "a word")]


class Instance(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the Dagster instance gives to a code server."""

    home: Annotated[Text | UnsetType, says("`DAGSTER_HOME` in the container.", "an absolute path")] = UNSET
    postgresqlSecret: Annotated[
        SecretKey | UnsetType,
        says("The Secret that becomes `DAGSTER_PG_PASSWORD`.", "a map with name and key"),
    ] = UNSET
    celeryConfigSecret: Annotated[
        Text | UnsetType,
        says("The Secret with Celery's settings, whose keys become variables where it exists.", "a name"),
    ] = UNSET
    runEnvConfigMap: Annotated[
        Text | UnsetType, says("`DAGSTER_K8S_PIPELINE_RUN_ENV_CONFIGMAP`.", "a name")
    ] = UNSET
