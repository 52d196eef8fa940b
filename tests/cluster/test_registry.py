"""The registry asks for a password, and kubelet gives it the one of an imagePullSecret."""

from __future__ import annotations

import base64
import json
import sys

from pods import pod, within

from deadlines import scaled, until
from lab import images
from lab.cluster import Cluster
from lab.control_plane import REGISTRY, REGISTRY_PASSWORD, REGISTRY_USER

ASK = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Basic " + sys.argv[2]} if sys.argv[2] else {})
try:
    print(urllib.request.urlopen(request, timeout=10).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


def asked(lab: Cluster, credentials: str) -> str:
    encoded = base64.b64encode(credentials.encode()).decode() if credentials else ""
    return lab.control.inside(sys.executable, "-I", "-c", ASK, f"http://{REGISTRY}/v2/", encoded).strip()


def waiting(lab: Cluster, namespace: str, name: str) -> tuple[str, str]:
    """Why its container waits: reason, message."""
    found = lab.kubectl.json("-n", namespace, "get", "pod", name)["status"].get("containerStatuses", [])
    told = found[0]["state"].get("waiting", {}) if found else {}
    return told.get("reason", ""), told.get("message", "")


def test_it_refuses_whoever_has_no_password(lab: Cluster) -> None:
    assert asked(lab, "") == "401"
    assert asked(lab, f"{REGISTRY_USER}:wrong") == "401"
    assert asked(lab, f"{REGISTRY_USER}:{REGISTRY_PASSWORD}") == "200"


def test_a_pull_without_a_secret_fails_and_one_with_it_works(lab: Cluster, namespace: str) -> None:
    lab.kubectl.apply(within(namespace, pod("without", image=images.PRIVATE)))
    reason, message = until(
        lambda: next(iter([told for told in [waiting(lab, namespace, "without")] if told[1]]), None),
        60,
        "for the pull to fail",
    )
    assert reason in ("ErrImagePull", "ImagePullBackOff")
    assert "401" in message or "authorization" in message or "basic auth" in message, message
    host = images.PRIVATE.partition("/")[0]
    auths = {host: {"username": REGISTRY_USER, "password": REGISTRY_PASSWORD}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pull"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps({"auths": auths})},
    }
    with_it = pod("with-it", image=images.PRIVATE, imagePullSecrets=[{"name": "pull"}])
    lab.kubectl.apply(within(namespace, secret), within(namespace, with_it))
    lab.kubectl(
        "-n", namespace, "wait", "--for=condition=Ready", "pod/with-it", "--timeout=60s", timeout_s=scaled(80)
    )
