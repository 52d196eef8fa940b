"""kubectl against one cluster."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class KubectlError(Exception):
    """What kubectl said."""


class Kubectl:
    """Calls the program.

    `prefix` is what it is started through, to enter a network namespace. `cache` is a folder for what it learns of a
    server: kubectl's own one takes two servers that had one address after each other for the same.
    """

    def __init__(
        self, program: Path, kubeconfig: Path, prefix: Sequence[str] = (), cache: Path | None = None
    ) -> None:
        self.command = [*prefix, str(program), "--kubeconfig", str(kubeconfig)]
        if cache is not None:
            self.command += ["--cache-dir", str(cache)]

    def __call__(self, *arguments: str, stdin: str | bytes | None = None, timeout_s: float = 120.0) -> str:
        """What it printed. Raises KubectlError where it fails or takes longer."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        command = [*self.command, *arguments]
        try:
            done = subprocess.run(command, input=data, capture_output=True, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise KubectlError(f"no answer within {timeout_s:g} s: kubectl {' '.join(arguments)}") from None
        if done.returncode:
            raise KubectlError(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout.decode("utf-8", "replace")

    def json(self, *arguments: str, timeout_s: float = 120.0) -> Any:
        return json.loads(self(*arguments, "-o", "json", timeout_s=timeout_s))

    def make_namespace(self, name: str, security: str | None = "restricted") -> None:
        """`security`: the level of Pod Security that is enforced in it; None for none."""
        labels = {"pod-security.kubernetes.io/enforce": security} if security else {}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def apply(self, *objects: dict[str, Any]) -> str:
        """By server-side apply, so that the server's own words come back."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        return self("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(listed))
