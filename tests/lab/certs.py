"""Keys, certificates and tokens of one cluster."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.processes import run

_DAYS = "3650"


@dataclass(frozen=True)
class Person:
    """Who somebody is for the API server."""

    user: str
    groups: tuple[str, ...] = ()


class Certificates:
    """Of one authority, in `folder`; files that are there are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ca = folder / "ca.crt"
        if not self.ca.exists():
            command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", _DAYS]
            run(*command, "-subj", "/CN=lab", "-keyout", folder / "ca.key", "-out", self.ca)

    def signed(self, name: str, subject: str, addresses: Sequence[str] = ()) -> tuple[Path, Path]:
        """Certificate and key. `subject` as /O=…/CN=…, `addresses` as DNS:… or IP:…."""
        key, asked, certificate = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
        run(
            "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", key, "-out", asked
        )
        extensions = self.folder / f"{name}.ext"
        names = f"subjectAltName={','.join(addresses)}\n" if addresses else ""
        extensions.write_text(f"{names}extendedKeyUsage=serverAuth,clientAuth\n", "ascii")
        command: list[str | Path] = [
            "openssl",
            "x509",
            "-req",
            "-in",
            asked,
            "-CA",
            self.ca,
            "-CAkey",
            self.folder / "ca.key",
        ]
        run(*command, "-CAcreateserial", "-days", _DAYS, "-extfile", extensions, "-out", certificate)
        return certificate, key

    def pair(self, name: str) -> tuple[Path, Path]:
        """A key without a certificate: private, public."""
        private, public = self.folder / f"{name}.key", self.folder / f"{name}.pub"
        run("openssl", "genrsa", "-out", private, "2048")
        run("openssl", "rsa", "-in", private, "-pubout", "-out", public)
        return private, public


def write_tokens(folder: Path, people: dict[str, Person], server: str, ca: Path) -> Path:
    """NAME.kubeconfig for each, and the file of tokens for the API server, whose path is returned."""
    lines = []
    for name, person in people.items():
        token = secrets.token_hex(16)
        lines.append(f'{token},{person.user},{person.user},"{",".join(person.groups)}"')
        write_kubeconfig(folder / f"{name}.kubeconfig", server, ca, token)
    path = folder / "tokens.csv"
    path.touch(0o600)
    path.write_text("\n".join(lines) + "\n", "ascii")
    return path


def write_kubeconfig(path: Path, server: str, ca: Path, token: str) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": {"server": server, "certificate-authority": str(ca)}}],
        "users": [{"name": "lab", "user": {"token": token}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
        "current-context": "lab",
    }
    path.touch(0o600)
    path.write_text(yaml.safe_dump(config), "utf-8")
