"""etcd and kube-apiserver on loopback, without nodes: custom resources, CEL rules, watches and leases are real.

No controller runs: a Deployment stays an object, nothing is collected or given an address. No root is needed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from lab import programs
from lab.errors import LabError
from lab.kubectl import Kubectl
from lab.processes import check_alive, free_ports, run, start, stop, tail

NAMES = ("etcd", "kube-apiserver", "kubectl")
_TRIES = 3
_START_S = 300.0


def assets() -> dict[str, Path] | None:
    """Program -> path: of KUBEBUILDER_ASSETS, or what was built here; None where there is neither."""
    if folder := os.environ.get("KUBEBUILDER_ASSETS"):
        found = {name: Path(folder) / name for name in NAMES}
        if missing := [name for name, path in found.items() if not os.access(path, os.X_OK)]:
            raise LabError(f"KUBEBUILDER_ASSETS={folder} has no program {', '.join(missing)}.")
        return found
    if all(piece.built for piece in programs.API_SERVER):
        return {name: programs.program(name) for name in NAMES}
    return None


class ApiServer:
    """One below `folder`. `url`, `token` and `ca` for a client of one's own, `kubeconfig` and `kubectl` for kubectl."""

    def __init__(self, folder: Path, found: dict[str, Path]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._found = found
        self.token = secrets.token_hex(16)
        self.ca = folder / "certs" / "apiserver.crt"
        self.kubeconfig = folder / "kubeconfig"
        self.kubectl = Kubectl(found["kubectl"], self.kubeconfig, cache=folder / "kubectl")
        self._etcd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._keys()
        self._start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def _keys(self) -> None:
        run("openssl", "genrsa", "-out", self.folder / "sa.key", "2048")
        run("openssl", "rsa", "-in", self.folder / "sa.key", "-pubout", "-out", self.folder / "sa.pub")
        line = f'{self.token},admin,admin,"system:masters"\n'
        (self.folder / "tokens.csv").write_text(line, "utf-8")

    def _start(self) -> None:
        for left in reversed(range(_TRIES)):
            self._port, self._etcd_port, peers = free_ports(3)
            self._write_kubeconfig()
            try:
                self._start_etcd(peers)
                self.start_server()
                return
            except LabError:
                self.stop()
                if not left:  # otherwise somebody may have taken a port
                    raise

    def _write_kubeconfig(self) -> None:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "lab", "cluster": {"server": self.url, "certificate-authority": str(self.ca)}}
            ],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
            "current-context": "lab",
        }
        self.kubeconfig.write_text(yaml.safe_dump(config), "utf-8")
        self.kubeconfig.chmod(0o600)

    def _start_etcd(self, peers: int) -> None:
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)
        clients, others = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{peers}"
        command: list[str | Path] = [
            self._found["etcd"],
            "--data-dir",
            self.folder / "etcd",
            "--unsafe-no-fsync",
        ]
        command += ["--listen-client-urls", clients, "--advertise-client-urls", clients]
        command += ["--listen-peer-urls", others, "--initial-advertise-peer-urls", others]
        command += ["--initial-cluster", f"default={others}", "--log-level", "warn"]
        self._etcd = start(command, self.folder / "etcd.log")

    def start_server(self) -> None:
        """kube-apiserver alone, on the port that it had; returns when it is ready."""
        command: list[str | Path] = [
            self._found["kube-apiserver"],
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
        ]
        command += ["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"]
        command += [f"--secure-port={self._port}", f"--cert-dir={self.folder / 'certs'}"]
        command += ["--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16"]
        command += ["--service-account-issuer=https://kubernetes.default.svc"]
        command += [f"--service-account-key-file={self.folder / 'sa.pub'}"]
        command += [f"--service-account-signing-key-file={self.folder / 'sa.key'}"]
        command += [f"--token-auth-file={self.folder / 'tokens.csv'}", "--authorization-mode=RBAC"]
        command += ["--disable-admission-plugins=ServiceAccount"]  # nobody makes the account `default` here
        self._server = start(command, self.folder / "kube-apiserver.log")
        self._wait()

    def _wait(self) -> None:
        assert self._etcd is not None
        assert self._server is not None
        deadline = time.monotonic() + _START_S
        while not self.ready():
            check_alive(self._etcd, "etcd", self.folder / "etcd.log")
            check_alive(self._server, "kube-apiserver", self.folder / "kube-apiserver.log")
            if time.monotonic() > deadline:
                told = tail(self.folder / "kube-apiserver.log")
                raise LabError(f"kube-apiserver is not ready after {_START_S:g} s:\n{told}")
            time.sleep(0.1)

    def ready(self) -> bool:
        request = urllib.request.Request(
            f"{self.url}/readyz", headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            context = ssl.create_default_context(cafile=str(self.ca))
            with urllib.request.urlopen(request, timeout=5, context=context) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    @contextmanager
    def away(self) -> Iterator[None]:
        """The API server is killed, and comes back with what it had; clients see refused connections."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()
        yield
        self.start_server()

    def stop(self) -> None:
        for process in (self._server, self._etcd):
            if process is not None:
                stop(process)
        self._server = self._etcd = None
