"""What Reef itself takes from a `dagster.yaml`; all else is for Dagster's own processes to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from reef.errors import ReefError, Where
from reef.words import describe

OTHER_STORAGE = {"storage", "run_storage", "event_log_storage", "schedule_storage"}
TIMEOUT = "code_servers.local_startup_timeout"
WAITS = "code_servers.wait_for_local_processes_on_shutdown"
_ENV_FILES = "dagster._core.secrets.env_file"


@dataclass(frozen=True)
class InstanceYaml:
    """`file` is its absolute path, there or not; `values` are its settings."""

    file: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_storage(self) -> bool:
        """Whether it names where runs and ticks are stored."""
        return bool(OTHER_STORAGE & self.values.keys())

    @property
    def injects_variables(self) -> bool:
        """Whether code servers must ask the instance for variables: its secrets loader, or a class of its own."""
        return bool(self.values.get("secrets") or self.values.get("instance_class"))

    def startup_timeout_s(self) -> float | None:
        """How long a load may take, None where it does not say. Raises ReefError."""
        said = self._code_servers().get("local_startup_timeout")
        if said is None:
            return None
        if isinstance(said, bool) or not isinstance(said, int) or said <= 0:
            raise self._error(f"{TIMEOUT} = {said!r}, must be a number of seconds above 0")
        return float(said)

    def not_taken(self) -> list[str]:
        """A line for each setting that has no effect under Reef."""
        if not self._code_servers().get("wait_for_local_processes_on_shutdown"):
            return []
        return [f"{self.file}: {WAITS} has no effect: Reef itself ends the code servers, within 10 s"]

    def env_files_of(self, name: str, cwd: str) -> tuple[str, ...]:
        """The `.env` file that one of Dagster's own secrets loaders reads for a location, there or not."""
        secrets = self.values.get("secrets")
        custom = secrets.get("custom") if isinstance(secrets, dict) else None
        if not isinstance(custom, dict) or custom.get("module") != _ENV_FILES:
            return ()
        config = custom.get("config") or {}
        if custom.get("class") == "EnvFileLoader":
            folder = config.get("base_dir") or "."
        else:
            folder = (config.get("location_paths") or {}).get(name)
        return (os.path.join(cwd, folder, ".env"),) if isinstance(folder, str) else ()

    def _code_servers(self) -> Mapping[str, Any]:
        found = self.values.get("code_servers") or {}
        if not isinstance(found, dict):
            raise self._error("code_servers must be a map")
        return found

    def _error(self, message: str) -> ReefError:
        return ReefError(message, where=Where(self.file))


def read_instance_yaml(file: str) -> InstanceYaml:
    """Without settings where there is no such file. Raises ReefError."""
    try:
        with open(file, "rb") as stream:
            loaded = yaml.safe_load(stream) or {}
    except FileNotFoundError:
        return InstanceYaml(file)
    except (OSError, yaml.YAMLError) as error:
        raise ReefError(f"cannot be read: {describe(error)}", where=Where(file)) from None
    if not isinstance(loaded, dict):
        raise ReefError("must be a mapping of settings", where=Where(file))
    return InstanceYaml(file, loaded)
