"""What decides between this machine and a cluster, and what is said where something does not fit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from deadlines import scaled
from reef.cli.main import group
from reef.errors import ReefError

WRONG = {
    ("plan", "a", "b"): "2 paths, must be one",
    ("plan", "--image", "x"): "`reef plan` on this machine takes no --image",
    ("deploy", "--timeout", "3", "x"): "`reef deploy` on this machine takes no --timeout",
    ("plan", "--since", "main", "-n", "data"): "`reef plan` on a cluster takes no --since",
    ("history",): "name a location",
    ("rollback", "x", "v1", "--to", "v2"): "the version is named twice",
    ("status", "--namespace", ""): "--namespace is empty",
    ("cutover", "-n", "data"): "name locations, or give --all",
    ("cutover", "sales", "--all"): "name locations, or give --all",
    ("status", "--context", "nobody"): "has no context 'nobody'",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_does_not_fit_is_said(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("{contexts: [{name: x, context: {}}], current-context: x}")
    monkeypatch.setenv("KUBECONFIG", str(path))
    done = CliRunner().invoke(group, list(words), standalone_mode=False)
    assert isinstance(done.exception, ReefError), done.output
    assert WRONG[words] in done.exception.message
    assert done.exception.hint
    assert done.exception.exit_code in (1, 2)  # `reef plan` keeps 2 for changes


def test_without_the_extra_the_cure_is_said() -> None:
    """lightkube is hidden from an interpreter that has it."""
    hidden = "import sys; sys.modules['lightkube'] = None; from reef.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "status", "-n", "data"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: what speaks to Kubernetes is not installed\nhint: pip install 'dagster-reef[kubernetes]'\n"
    )
