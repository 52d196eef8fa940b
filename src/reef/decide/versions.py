"""The version of a location: a content hash of what it runs. Pure.

Equal over restarts, machines, checkouts, dates and hash seeds; owner, limits, timeouts and the like do not
count, for they do not change what runs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from posixpath import isabs, relpath  # of absolute paths: they compare text, and look at no file

from reef.fleet.model import Location


def version(
    spec: Location, source_hash: str, environment_fingerprint: str, settings: str, defs_state: str = ""
) -> str:
    """32 hexadecimal digits; `settings` is `settings_hash(spec)`, `defs_state` the digest of Dagster's defs
    state where the location has one."""
    parts = [spec.name, source_hash, environment_fingerprint, settings, defs_state]
    return _digest(parts)


def settings_hash(spec: Location, root: str | None = None) -> str:
    """Digest of every setting that changes what runs; `root` is the location's source root, relative to which
    paths are taken. The values of its variables (`.env` files included) go in, and cannot be read back."""
    return _digest(sorted(_settings(spec, root).items()))


def setting_marks(spec: Location, key: bytes, root: str | None = None) -> dict[str, str]:
    """A mark for each setting, to say which one changed. `key` (a secret of this host) keeps anybody who reads
    the marks from trying out values."""
    return {
        name: hmac.new(key, json.dumps(value, sort_keys=True).encode(), hashlib.sha256).hexdigest()[:24]
        for name, value in _settings(spec, root).items()
    }


def changed_settings(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the settings whose marks differ, such as `env.API_KEY` or `code.attribute`."""
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def _settings(spec: Location, root: str | None) -> dict[str, object]:
    found: dict[str, object] = {f"env.{name}": value for name, value in spec.env.items()}
    found |= {f"code.{name}": value for name, value in _code(spec, root).items() if value is not None}
    if spec.server is not None:
        found["server"] = spec.server.target()
    found |= {
        "cwd": _relative(spec.cwd, root),
        "python_explicit": spec.python_explicit,
        "container_image": spec.container_image,
        "container_context": spec.container_context,
    }
    return found


def _code(spec: Location, root: str | None) -> dict[str, str | None]:
    code = spec.code
    if code is None:
        return {}
    return {
        "python_file": _relative(code.python_file, root),
        "module_name": code.module_name,
        "package_name": code.package_name,
        "autoload_defs_module_name": code.autoload_defs_module_name,
        "attribute": code.attribute,
        "working_directory": _relative(code.working_directory, root),
    }


def _relative(path: str | None, root: str | None) -> str | None:
    """Where somebody has their checkout does not matter, where things lie in it does."""
    return relpath(path, root) if path and root and isabs(path) else path


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
