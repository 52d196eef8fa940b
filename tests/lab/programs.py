"""The programs of a cluster, and the Go modules that they are built from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from lab import versions
from lab.folders import cache

HERE = Path(__file__).parent
STATIC = {"CGO_ENABLED": "0"}


@dataclass(frozen=True)
class Piece:
    """One Go module and what is built from it: program -> package."""

    name: str
    module: str
    version: str
    packages: dict[str, str]
    flags: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)  # -X of the linker
    environment: dict[str, str] = field(default_factory=lambda: STATIC)
    main: str | None = (
        None  # a source file beside this one, for what a module has no fitting main package for
    )

    @property
    def folder(self) -> Path:
        """Another version, flag or source is another folder."""
        source = (HERE / self.main).read_text("utf-8") if self.main else ""
        told = repr((self.module, self.packages, self.flags, self.variables, self.environment))
        key = hashlib.sha256((told + source).encode()).hexdigest()[:8]
        return cache() / "programs" / f"{self.name}-{self.version}-{key}"

    @property
    def built(self) -> bool:
        return all((self.folder / program).is_file() for program in self.packages)


def _kubernetes(name: str, *programs: str) -> Piece:
    version = f"v{versions.KUBERNETES}"
    major, minor, _ = versions.KUBERNETES.split(".")
    return Piece(
        name,
        "k8s.io/kubernetes",
        version,
        {program: f"k8s.io/kubernetes/cmd/{program}" for program in programs},
        variables={
            "k8s.io/component-base/version.gitVersion": version,
            "k8s.io/component-base/version.gitMajor": major,
            "k8s.io/component-base/version.gitMinor": minor,
        },
    )


_CONTAINERD = "github.com/containerd/containerd/v2"
_CNI = "github.com/containernetworking/plugins"
_CNI_KINDS = {"ptp": "main", "loopback": "main", "host-local": "ipam", "portmap": "meta"}

# What an API server without nodes needs.
API_SERVER = (
    Piece(
        "etcd",
        "go.etcd.io/etcd/server/v3",
        f"v{versions.ETCD}",
        {"etcd": "go.etcd.io/etcd/server/v3"},
    ),
    _kubernetes("kube-apiserver", "kube-apiserver", "kubectl"),
)
CLUSTER = (
    *API_SERVER,
    _kubernetes("kubernetes", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"),
    Piece(
        "containerd",
        _CONTAINERD,
        f"v{versions.CONTAINERD}",
        {name: f"{_CONTAINERD}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")},
        flags=("-tags", "no_btrfs no_devmapper no_zfs"),
        variables={f"{_CONTAINERD}/version.Version": f"v{versions.CONTAINERD}"},
    ),
    Piece(
        "runc",
        "github.com/opencontainers/runc",
        f"v{versions.RUNC}",
        {"runc": "github.com/opencontainers/runc"},
        flags=("-tags", "seccomp"),
        variables={"main.version": versions.RUNC},
        environment={"CGO_ENABLED": "1"},  # it enters namespaces in C, before Go has threads
    ),
    Piece(
        "cni",
        _CNI,
        f"v{versions.CNI_PLUGINS}",
        {name: f"{_CNI}/plugins/{kind}/{name}" for name, kind in _CNI_KINDS.items()},
    ),
    Piece(
        "coredns",
        "github.com/coredns/coredns",
        f"v{versions.COREDNS}",
        {"coredns": "."},
        main="coredns.go",
    ),
    Piece(
        "registry",
        "github.com/distribution/distribution/v3",
        f"v{versions.REGISTRY}",
        {"registry": "github.com/distribution/distribution/v3/cmd/registry"},
    ),
    Piece(
        "helm",
        "helm.sh/helm/v3",
        f"v{versions.HELM}",
        {"helm": "helm.sh/helm/v3/cmd/helm"},
        variables={"helm.sh/helm/v3/internal/version.version": f"v{versions.HELM}"},
    ),
    Piece("pause", "", "v1", {"pause": "."}, main="pause.go"),
)


def program(name: str) -> Path:
    """Where a program is, or will be."""
    return next(piece.folder / name for piece in CLUSTER if name in piece.packages)
