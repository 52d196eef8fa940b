"""`reef serve --webserver URL` beside a real webserver that Reef did not start. The tests share both, in this order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef, free_port, until, write_location

pytestmark = pytest.mark.timeout(120)

UNSERVED = "one (new code, not served)"


class Beside:
    """A host, and a `dagster-webserver` with the workspace files that it is given."""

    def __init__(self, folder: Path, start: Callable[..., Reef]) -> None:
        self.folder, self.port, self.process = folder, free_port(), None
        for name in ("one", "two"):
            write_location(folder / name, name)
        self.write("one")
        url = f"http://127.0.0.1:{self.port}"
        self.host = start("serve", folder / "reef.yaml", folder / "s", "--webserver", url).until_up()
        self.host.port = self.port
        self.process: subprocess.Popen[bytes] | None = None

    def write(self, *names: str) -> None:
        rows = "".join(f"  {name}: {{code: {name}/defs.py}}\n" for name in names)
        (self.folder / "reef.yaml").write_text(f"locations:\n{rows}")

    def webserver(self, *files: str) -> None:
        self.end()
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        words = [word for file in files for word in ("-w", str(self.host.state / file))]
        command = [sys.executable, "-m", "dagster_webserver", *words, "-p", str(self.port)]
        with (self.folder / "webserver.log").open("ab") as log:
            env = {**os.environ, "DAGSTER_HOME": str(home)}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        until(self.host.entries, 60, "for the webserver")

    def end(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def entries(self) -> dict[str, Any]:
        return self.host.entries()

    def breaks(self) -> None:
        (self.folder / "one" / "defs.py").write_text("raise ValueError('not like this')\n")
        self.host.command("reload", "one")


@pytest.fixture(scope="module")
def beside(folder: Path, start: Callable[..., Reef]) -> Iterator[Beside]:
    made = Beside(folder, start)
    yield made
    made.end()


def test_it_is_told_which_locations_there_are(beside: Beside) -> None:
    beside.webserver("workspace.yaml")
    until(lambda: set(beside.entries()) == {"one"}, 30, "for the webserver")
    beside.write("one", "two")
    until(lambda: set(beside.entries()) == {"one", "two"}, 30, "for the new location")
    beside.write("one")
    until(lambda: set(beside.entries()) == {"one"}, 30, "for the location to go")


def test_where_it_does_not_read_the_file_of_unserved_code_that_is_said(beside: Beside) -> None:
    beside.breaks()
    until(lambda: "does not show new code that does not load: give it " in beside.host.said(), 30)
    assert "unserved.yaml as well, with a second -w" in beside.host.said()
    assert set(beside.entries()) == {"one"}
    assert beside.entries()["one"]["__typename"] == "RepositoryLocation"


def test_where_it_reads_it_the_error_is_there(
    beside: Beside, folder: Path, start: Callable[..., Reef]
) -> None:
    url = f"http://127.0.0.1:{beside.port}"
    beside.host.stop()
    write_location(folder / "one", "one")
    beside.host = start("serve", folder / "reef.yaml", folder / "s", "--webserver", url).until_up()
    beside.host.port = beside.port
    beside.webserver("workspace.yaml", "unserved.yaml")
    until(lambda: set(beside.entries()) == {"one"}, 30, "for the webserver")
    beside.breaks()
    until(lambda: set(beside.entries()) == {"one", UNSERVED}, 30, "for the entry")
    assert "'one' does not load" in beside.entries()[UNSERVED]["message"]
