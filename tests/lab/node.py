"""What runs on a node: containerd, kubelet and kube-proxy, and the files that they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from lab import images
from lab.control_plane import REGISTRY
from lab.machine import Program
from lab.network import DNS_SERVICE, PODS, address, pods
from lab.programs import program

SOCKET = "/run/containerd/containerd.sock"  # below a node's own /run
_CONTAINERD = """version = 3
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{pause}"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "{folder}/registries"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true  # some machines' root may not lower it
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{plugins}"]
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = "{runc}"
"""


def prepare(folder: Path, control: Path, number: int, cgroup: str) -> dict[str, Program]:
    """Writes what they read into `folder`; kubeconfigs and the authority are those of `control`."""
    name = folder.name
    _write_containerd(folder)
    _write(folder / "cni" / "10-lab.conflist", json.dumps(_pod_network(number)))
    _write(folder / "kubelet.yaml", yaml.safe_dump(_kubelet(control, cgroup, number)))
    _write(folder / "kube-proxy.yaml", yaml.safe_dump(_proxy(control, name)))
    path = f"{program('containerd').parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = {"PATH": path, "TMPDIR": "/run"}
    return {
        "containerd": Program((program("containerd"), "-c", folder / "containerd.toml"), environment),
        "kubelet": Program(
            (
                program("kubelet"),
                f"--config={folder / 'kubelet.yaml'}",
                f"--kubeconfig={control / f'{name}.kubeconfig'}",
                f"--hostname-override={name}",
                f"--node-ip={address(number)}",
            ),
            environment,
        ),
        "kube-proxy": Program((program("kube-proxy"), f"--config={folder / 'kube-proxy.yaml'}"), environment),
    }


def binds(folder: Path) -> dict[str, Path]:
    """What has a fixed place for these programs, and is a node's own: where -> folder."""
    return {"/var/lib": folder / "var-lib", "/var/log": folder / "var-log"}


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")


def _write_containerd(folder: Path) -> None:
    plugins = program("ptp").parent
    told = _CONTAINERD.format(pause=images.PAUSE, folder=folder, plugins=plugins, runc=program("runc"))
    _write(folder / "containerd.toml", told)
    host = images.PRIVATE.partition("/")[0]
    hosts = f'server = "http://{REGISTRY}"\n[host."http://{REGISTRY}"]\ncapabilities = ["pull", "resolve", "push"]\n'
    _write(folder / "registries" / host / "hosts.toml", hosts)


def _pod_network(number: int) -> dict[str, Any]:
    """A cable for each pod and no bridge: so all that pods say passes the node's rules, kernel module or not."""
    ranges = [[{"subnet": pods(number)}]]
    ipam = {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]}
    plugins = [{"type": "ptp", "ipam": ipam}, {"type": "portmap", "capabilities": {"portMappings": True}}]
    return {"cniVersion": "1.0.0", "name": "lab", "plugins": plugins}


def _kubelet(control: Path, cgroup: str, number: int) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "address": address(number),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(control / "certs" / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "maxPods": 250,
        "resolvConf": "",  # nobody outside is asked for a name
        "rotateCertificates": False,
        "serializeImagePulls": False,
    }


def _proxy(control: Path, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(control / "proxy.kubeconfig")},
        "mode": "iptables",
        "clusterCIDR": PODS,
        "hostnameOverride": name,
        "conntrack": {"maxPerCore": 0},  # a namespace may not change the machine's
    }
