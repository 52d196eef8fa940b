"""From a location of the fleet to the child that serves it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reef.beside.instance_yaml import TIMEOUT, InstanceYaml
from reef.beside.variables import CHOSEN
from reef.calls_of_services import FOLDER
from reef.fleet.model import Location
from reef.hosting.contract import ChildSpec, LoadTimeout, Purpose
from reef.hosting.launch import path_of
from reef.statedir import StateDir, slug

# What would change a child that is not a user's wish for it: Reef's own settings, and where and as whom the process
# that started Reef serves. A server in production sees no DAGSTER_IS_DEV_CLI either.
NOT_INHERITED = ("REEF_", "DAGSTER_IS_DEV_CLI", "DAGSTER_LOCATION_NAME", "DAGSTER_HOME", *CHOSEN)
ADDRESS = ("DAGSTER_GRPC_PORT", "DAGSTER_GRPC_SOCKET", "DAGSTER_GRPC_HOST")  # it listens where Reef tells it


# Of the machine's memory, for a location that names no limit of its own.
DEFAULT_LIMIT_SHARE = 0.5
DEFAULT_TIMEOUT_S = 180.0  # Dagster's own


def load_timeouts(instance: InstanceYaml | None) -> LoadTimeout:
    """How long a location that does not say it may take to load. Raises ReefError."""
    seconds = instance.startup_timeout_s() if instance else None
    if instance is None or seconds is None:
        return LoadTimeout(DEFAULT_TIMEOUT_S, f"Dagster's default; {TIMEOUT} in dagster.yaml sets it")
    return LoadTimeout(seconds, f"{TIMEOUT} of {instance.file}")


@dataclass(frozen=True)
class Surroundings:
    """What all children of one host share."""

    state: StateDir
    environ: Mapping[str, str]  # the host's own
    dagster_home: str | None
    injects_secrets: bool = False
    is_dev: bool = False  # `reef up`, which stands where `dagster dev` stood
    loads: LoadTimeout = field(default_factory=lambda: load_timeouts(None))
    services: str = ""  # the folder with the sockets of shared services, where there are any

    def load_timeout(self, spec: Location) -> LoadTimeout:
        """Of one location."""
        if spec.load_timeout_s is None:
            return self.loads
        return LoadTimeout(spec.load_timeout_s, "load_timeout")


def with_limits(spec: Location) -> Location:
    """Every location has a memory limit: one that eats the machine would take the others with it."""
    if spec.memory_limit_bytes is not None or spec.placement == "external":
        return spec
    return replace(spec, memory_limit_bytes=default_limit_bytes())


def default_limit_bytes() -> int:
    """Of a location that names none."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(total * DEFAULT_LIMIT_SHARE)


def child_env(spec: Location, around: Surroundings) -> dict[str, str]:
    """The complete environment of a location's process."""
    return location_env(spec, around.environ, around.dagster_home, around.services)


def location_env(
    spec: Location, environ: Mapping[str, str], dagster_home: str | None, services: str = ""
) -> dict[str, str]:
    """The same for whoever loads the location without a host; `environ`: Reef's own."""
    env = {name: value for name, value in environ.items() if not name.startswith(NOT_INHERITED)}
    env["PATH"] = path_of(spec.python, env)
    if dagster_home:
        env["DAGSTER_HOME"] = dagster_home
    if services:
        env[FOLDER] = services
    env.update(spec.env)
    return {name: value for name, value in env.items() if name not in ADDRESS}


def grpc_args(spec: Location, around: Surroundings, purpose: Purpose) -> tuple[str, ...]:
    """The arguments of `dagster api grpc` that Dagster's own launcher would give, without the address."""
    assert spec.code is not None, "external locations have no child"
    args = [*spec.code.cli_args(), "--location-name", spec.name]
    if spec.python_explicit:
        args.append("--use-python-environment-entry-point")
    if spec.container_image:
        args += ["--container-image", spec.container_image]
    if spec.container_context is not None:
        args += ["--container-context", json.dumps(spec.container_context)]
    if around.injects_secrets:
        args.append("--inject-env-vars-from-instance")
    if purpose == "probe":
        args.append("--lazy-load-user-code")  # a load error is then told as Dagster tells it
    return tuple(args)


def child_spec(
    spec: Location, around: Surroundings, purpose: Purpose, version: str, copy: str = ""
) -> ChildSpec:
    """`copy`: the tree of kept source that it runs from; `spec` is then what runs there (`copies.mapped`)."""
    socket = around.state.folder("c") / f"{slug(spec.name)[-8:]}-{secrets.token_hex(4)}.sock"
    return ChildSpec(
        location=spec.name,
        version=version,
        purpose=purpose,
        python=spec.python,
        grpc_args=grpc_args(spec, around, purpose),
        cwd=spec.cwd,
        env=child_env(spec, around),
        socket=str(socket),
        log_path=str(around.state.log_file(spec.name)),
        copy=copy,
        memory_limit_bytes=spec.memory_limit_bytes,
        load_timeout=around.load_timeout(spec),
    )
