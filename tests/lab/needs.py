"""What a machine must have for a cluster, asked before anything is built."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from lab.errors import LabError

# program -> Debian's package
_PROGRAMS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "iptables": "iptables",
    "openssl": "openssl",
    "ldd": "libc-bin",
    "gcc": "gcc",
    "pkg-config": "pkg-config",
}


def lacking() -> str | None:
    """Why this process can bring no cluster up here, in one sentence; None where nothing is known against it."""
    if platform.system() != "Linux":
        return "a cluster of nodes needs Linux"
    if os.geteuid() != 0:
        return "a cluster of nodes needs root: it makes network namespaces, mounts and cgroups"
    if "overlay" not in Path("/proc/filesystems").read_text("ascii").split():
        return "the kernel has no overlayfs, which containerd needs"
    if not os.access("/sys/fs/cgroup", os.W_OK):
        return "/sys/fs/cgroup cannot be written, so that kubelet can limit nothing"
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "true"]
    tried = subprocess.run(command, capture_output=True, text=True)
    return f"namespaces cannot be made: {tried.stderr.strip()}" if tried.returncode else None


def check() -> None:
    if why := lacking():
        raise LabError(f"No cluster can be brought up: {why}.\n`make test` needs none.")
    if missing := {program: package for program, package in _PROGRAMS.items() if not shutil.which(program)}:
        packages = " ".join(sorted({*missing.values()}))
        raise LabError(f"Missing: {', '.join(missing)}. On Debian: apt-get install {packages}")
    if subprocess.run(["pkg-config", "--exists", "libseccomp"]).returncode:
        raise LabError(
            "Missing: the headers of libseccomp, for runc. On Debian: apt-get install libseccomp-dev"
        )
