"""The page of a cluster, asked through `kubectl port-forward`: it listens at its pod's own loopback."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from reef.cluster.kinds import POD
from reef.errors import ReefError
from reef.kube import labels
from reef.kube.seen.reading import pod_seen
from reef.remote.reaching import Remote, run
from reef.words import describe, headline

PORT = 3200
ANSWER_S = 60.0
_FORWARDING = re.compile(r"Forwarding from (\[::1\]|127\.0\.0\.1):(\d+)")


class _Refused(msgspec.Struct):
    error: str
    hint: str | None = None


@dataclass(frozen=True)
class PageOfCluster:
    """`url` without a path."""

    url: str

    def ask(self, path: str, **query: str) -> bytes:
        """The body of an answer. Raises ReefError."""
        said = f"?{urllib.parse.urlencode(query)}" if query else ""
        try:
            with urllib.request.urlopen(f"{self.url}{path}{said}", timeout=ANSWER_S) as answer:
                found: bytes = answer.read()
                return found
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except OSError as error:
            raise ReefError(f"the page does not answer: {describe(error)}") from None


@contextlib.contextmanager
def page_of(context: str | None, namespace: str | None) -> Iterator[PageOfCluster]:
    """While this block runs a `kubectl port-forward` does too. Raises ReefError."""
    pod, there = run(context, namespace, _find)
    program = shutil.which("kubectl")
    command = port_forward(context, there, pod)
    if program is None:
        raise ReefError("kubectl is not on PATH, through which the page is reached", hint=shlex.join(command))
    child = subprocess.Popen(
        [program, *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield PageOfCluster(_address(child))
    finally:
        child.terminate()
        child.communicate()


def port_forward(context: str | None, namespace: str, pod: str) -> list[str]:
    """What one would type, with a free port of this machine."""
    chosen = ["--context", context] if context else []
    return ["kubectl", *chosen, "-n", namespace, "port-forward", "--address", "127.0.0.1", pod, f":{PORT}"]


async def _find(remote: Remote) -> tuple[str, str]:
    found = await remote.listed(POD, f"{labels.PART_OF}=reef,{labels.COMPONENT}=page")
    pods = [pod for pod in map(pod_seen, found) if not pod.deleting and pod.phase == "Running"]
    if not pods:
        raise ReefError(
            f"no page of Reef runs in namespace {remote.namespace}",
            hint="page.enabled of the chart makes one; choose another namespace with --namespace",
        )
    return max(pods, key=lambda pod: pod.created).name, remote.namespace


def _address(child: subprocess.Popen[str]) -> str:
    """kubectl says it in its first line, once it listens."""
    assert child.stdout is not None
    assert child.stderr is not None
    line = child.stdout.readline()
    if (found := _FORWARDING.search(line)) is None:
        said = child.stderr.read() if child.poll() is not None or not line else line
        raise ReefError(
            f"kubectl cannot forward a port to the page: {headline(said) or 'it says nothing'}",
            hint="it takes the right to create pods/portforward",
        )
    return f"http://127.0.0.1:{found[2]}"


def _refusal(error: urllib.error.HTTPError) -> ReefError:
    try:
        said = msgspec.json.decode(error.read(), type=_Refused)
    except (OSError, msgspec.MsgspecError):
        return ReefError(f"the page answers with HTTP status {error.code}")
    return ReefError(said.error, hint=said.hint)
