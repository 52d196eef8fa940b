"""The agent of a container: it starts, watches and ends the container's code servers, as the pack host tells it.

Started as `python3 -I -S .../agent.py --folder FOLDER [--grace SECONDS]`, in most images as the container's first
process. It listens on FOLDER/agent.sock. While it waits it costs no processor time, and as little memory as there is in
what it imports: nothing here may be imported that is not needed to wait.
"""

from __future__ import annotations

import os
import sys

PACKAGE = "_reef_guest"
USAGE = "usage: python3 -I -S agent.py --folder FOLDER [--grace SECONDS]"
GRACE_S = 20.0


def options(arguments: list[str]) -> tuple[str, float]:
    """The folder and the seconds of grace. Raises SystemExit with words for people."""
    given = dict(zip(arguments[::2], arguments[1::2], strict=False))  # a value that is missing is found below
    unknown = [name for name in given if name not in ("--folder", "--grace")]
    if len(arguments) % 2 or unknown or not given.get("--folder"):
        raise SystemExit(USAGE)
    try:
        return given["--folder"], float(given.get("--grace", GRACE_S))
    except ValueError:
        raise SystemExit(f"--grace {given['--grace']!r} is not a number of seconds\n{USAGE}") from None


def main() -> None:
    folder, grace_s = options(sys.argv[1:])
    here = os.path.dirname(os.path.abspath(__file__))
    package = type(sys)(PACKAGE)
    package.__path__ = [here]
    sys.modules[PACKAGE] = package  # without `importlib.util`, which would be half a megabyte
    loop = __import__(f"{PACKAGE}.agent_loop", fromlist=["Agent"])
    loop.Agent(folder, grace_s, here).run()


if __name__ == "__main__":
    main()
