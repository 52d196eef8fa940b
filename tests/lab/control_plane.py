"""What runs beside the nodes: etcd, the API server, controllers, the scheduler, and a registry."""

from __future__ import annotations

from pathlib import Path

import yaml

from lab.certs import Certificates, Person, write_tokens
from lab.machine import Program
from lab.network import API_SERVICE, CONTROL, PODS, SERVICES
from lab.programs import program

URL = f"https://{CONTROL}:6443"
ETCD = "http://127.0.0.1:2379"
REGISTRY = f"{CONTROL}:5000"
REGISTRY_USER = "lab"
REGISTRY_PASSWORD = "only-for-the-lab"  # noqa: S105
_PASSWORD_HASH = "$2b$05$m9V2GUGAKxUn5En8rjYUg.90gx43Fbb0sjvoZ4O9GSfG.akd8IbR6"  # noqa: S105 (bcrypt)
_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)

Programs = dict[str, Program]


def people(nodes: int) -> dict[str, Person]:
    found = {
        "admin": Person("admin", ("system:masters",)),
        "controllers": Person("system:kube-controller-manager"),
        "scheduler": Person("system:kube-scheduler"),
        "proxy": Person("system:kube-proxy"),
    }
    for number in range(1, nodes + 1):
        found[f"node{number}"] = Person(f"system:node:node{number}", ("system:nodes",))
    return found


def prepare(folder: Path, nodes: int) -> Programs:
    """Writes what the programs read below `folder`."""
    certificates = Certificates(folder / "certs")
    tokens = write_tokens(folder, people(nodes), URL, certificates.ca)
    return {
        "etcd": _plain(program("etcd"), f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", *_etcd_urls()),
        "kube-apiserver": _api_server(certificates, tokens),
        "kube-controller-manager": _controllers(folder, certificates),
        "kube-scheduler": _plain(
            program("kube-scheduler"),
            f"--kubeconfig={folder / 'scheduler.kubeconfig'}",
            "--leader-elect=false",
        ),
        "registry": _registry(folder),
    }


def _plain(*command: str | Path) -> Program:
    return Program(command, {})


def _etcd_urls() -> list[str]:
    return [f"--listen-client-urls={ETCD}", f"--advertise-client-urls={ETCD}", "--log-level=warn"]


def _api_server(certificates: Certificates, tokens: Path) -> Program:
    names = [f"DNS:{name}" for name in (*_NAMES, "localhost")]
    names += [f"IP:{address}" for address in ("127.0.0.1", API_SERVICE, CONTROL)]
    certificate, key = certificates.signed("kube-apiserver", "/CN=kube-apiserver", names)
    client, client_key = certificates.signed("kubelet-client", "/O=system:masters/CN=kube-apiserver")
    private, public = certificates.pair("service-accounts")
    return _plain(
        program("kube-apiserver"),
        f"--etcd-servers={ETCD}",
        f"--advertise-address={CONTROL}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={SERVICES}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={public}",
        f"--service-account-signing-key-file={private}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--client-ca-file={certificates.ca}",
        f"--kubelet-client-certificate={client}",  # for logs and exec
        f"--kubelet-client-key={client_key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--token-auth-file={tokens}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
    )


def _controllers(folder: Path, certificates: Certificates) -> Program:
    return _plain(
        program("kube-controller-manager"),
        f"--kubeconfig={folder / 'controllers.kubeconfig'}",
        f"--service-account-private-key-file={certificates.folder / 'service-accounts.key'}",
        f"--root-ca-file={certificates.ca}",
        f"--cluster-cidr={PODS}",
        "--use-service-account-credentials",
        "--leader-elect=false",
    )


def _registry(folder: Path) -> Program:
    (folder / "htpasswd").write_text(f"{REGISTRY_USER}:{_PASSWORD_HASH}\n", "ascii")
    config = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
        "http": {"addr": REGISTRY},
        "auth": {"htpasswd": {"realm": "lab", "path": str(folder / "htpasswd")}},
    }
    path = folder / "registry.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return Program((program("registry"), "serve", path), {"OTEL_TRACES_EXPORTER": "none"})
