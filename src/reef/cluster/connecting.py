"""Which API server, and who asks it: a pod's service account, or a context of a kubeconfig."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from reef.errors import ReefError
from reef.words import describe

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EXEC = "client.authentication.k8s.io"


def connection(
    context: str | None = None,
    kubeconfig: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    account: Path = ACCOUNT,
) -> SingleConfig:
    """A pod's own account where neither is said and there is one, else as kubectl finds it: `kubeconfig`, `KUBECONFIG`,
    `~/.kube/config`. Raises ReefError."""
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.core.exceptions import ConfigError

    try:
        if not context and not kubeconfig and "KUBERNETES_SERVICE_HOST" in environ and account.is_dir():
            return _known(KubeConfig.from_service_account(account).get())
        return _of_files(_files(kubeconfig, environ), context)
    except ConfigError as error:
        raise ReefError(describe(error)) from None


def _files(kubeconfig: Path | None, environ: Mapping[str, str]) -> list[Path]:
    if kubeconfig:
        return [kubeconfig]
    named = [Path(each) for each in environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    return named or [Path(environ.get("HOME", "~")).expanduser() / ".kube" / "config"]


def _of_files(paths: list[Path], context: str | None) -> SingleConfig:
    """The file that has the context must have its cluster and its user too."""
    from lightkube.config.kubeconfig import KubeConfig

    found = {path: _read(path) for path in paths if path.is_file()}
    if not found:
        raise ReefError(
            f"there is no kubeconfig: {', '.join(map(str, paths))} is no file",
            hint="name one with --kubeconfig or in KUBECONFIG",
        )
    wanted = context or next((each for one in found.values() if (each := one.get("current-context"))), None)
    names = dict[str, Path]()
    for path, document in found.items():
        for each in document.get("contexts") or []:
            names.setdefault(str(each.get("name")), path)
    if wanted not in names:
        said = f"has no context {wanted!r}" if wanted else "names no current context"
        raise ReefError(
            f"kubeconfig {', '.join(map(str, found))} {said}",
            hint=f"its contexts are {', '.join(sorted(names)) or 'none'}; choose one with --context",
        )
    path = names[wanted]
    try:
        return _known(KubeConfig.from_dict(found[path], fname=path).get(wanted))
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ReefError(f"context {wanted!r} of {path} cannot be used: {describe(error)}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReefError(f"kubeconfig {path} cannot be read: {describe(error)}") from None
    if not isinstance(found, dict):
        raise ReefError(f"{path} is no kubeconfig")
    return found


def _known(config: SingleConfig | None) -> SingleConfig:
    """Programs that get credentials are asked as kubectl asks them; lightkube knows all but the newest version of it,
    whose answer is the same."""
    from lightkube.config.models import NameValue

    assert config is not None
    program = config.user.exec if config.user else None
    if program is not None:
        asked = {"apiVersion": program.apiVersion, "kind": "ExecCredential", "spec": {"interactive": False}}
        told = NameValue(name="KUBERNETES_EXEC_INFO", value=json.dumps(asked))
        program.env = [*(program.env or []), told]
        if program.apiVersion == f"{_EXEC}/v1":
            program.apiVersion = f"{_EXEC}/v1beta1"
    return config
