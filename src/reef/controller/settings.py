"""What the chart tells the controller, in environment variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reef.errors import ReefError
from reef.words import describe

if TYPE_CHECKING:
    from reef.kube.objects.released import ReefPods


@dataclass(frozen=True)
class Settings:
    """`database` is a URL, or "" where libpq's own variables (PGHOST …) say where it is; it may hold a password."""

    namespace: str
    pod_name: str
    identity: str
    image: str
    state: Path
    database: str
    workspace: str = "reef-workspace"
    webserver: str = ""
    share: bool = False
    pull_policy: str | None = None
    pull_secrets: tuple[str, ...] = ()
    host_resources: Mapping[str, Any] | None = None
    rollout: str = ""
    json_logs: bool = False

    def reef_pods(self) -> ReefPods:
        """For objects that have containers of Reef."""
        from reef.kube.objects.released import ReefPods

        return ReefPods(
            self.image,
            self.pull_policy,
            self.pull_secrets,
            resources=self.host_resources,
            json_logs=self.json_logs,
        )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Raises ReefError for what is missing or wrong."""

    def needed(name: str, what: str) -> str:
        if not environ.get(name):
            raise ReefError(f"{name} is not set: it says {what}", hint="the chart sets it")
        return environ[name]

    secrets = _json(environ, "REEF_IMAGE_PULL_SECRETS", [])
    return Settings(
        namespace=needed("REEF_NAMESPACE", "whose CodeLocations this controller looks after"),
        pod_name=environ.get("REEF_POD_NAME", "controller"),
        identity=f"{environ.get('REEF_POD_NAME', 'controller')}_{environ.get('REEF_POD_UID', '')}",
        image=needed("REEF_IMAGE", "which image pack hosts have"),
        state=Path(needed("REEF_STATE", "the folder for files")),
        database=environ.get("REEF_DATABASE_URL", ""),
        workspace=environ.get("REEF_WORKSPACE_CONFIGMAP") or "reef-workspace",
        webserver=environ.get("REEF_WEBSERVER_URL", ""),
        share=environ.get("REEF_PACKS_SHARED_BY_OWNERS", "") == "true",
        pull_policy=environ.get("REEF_IMAGE_PULL_POLICY") or None,
        pull_secrets=tuple(each["name"] for each in secrets),
        host_resources=_json(environ, "REEF_PACK_HOST_RESOURCES", None),
        rollout=environ.get("REEF_ROLLOUT", ""),
        json_logs=environ.get("REEF_LOG_FORMAT", "") == "json",
    )


def pods_of_reef(environ: Mapping[str, str]) -> ReefPods:
    """The same for whoever read the variables of the controller's Deployment. Raises ReefError."""
    said = {name: value for name, value in environ.items() if name.startswith("REEF_")}
    return read_settings({**said, "REEF_NAMESPACE": "-", "REEF_STATE": "/"}).reef_pods()


def _json(environ: Mapping[str, str], name: str, default: Any) -> Any:
    try:
        return json.loads(environ[name]) if environ.get(name) else default
    except ValueError as error:
        raise ReefError(f"{name} is no JSON: {describe(error)}", hint="the chart sets it") from None
