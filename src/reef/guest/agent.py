"""The agent of a container: it starts, watches and ends the container's code servers, as the pack host tells it.

Started as `python3 -I -S .../agent.py --folder FOLDER [--grace SECONDS]`, in most images as the container's first
process. It listens on FOLDER/agent.sock. While it waits it costs no processor time, and as little memory as there is in
what it imports: nothing here may be imported that is not needed to wait.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

PACKAGE = "_reef_guest"
MODULES = (
    "agent_json",
    "agent_poll",
    "agent_wire",
    "agent_output",
    "agent_children",
    "agent_look",
    "agent_loop",
)
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
    sys.modules[PACKAGE] = package
    for name, code in _compiled(here).items():
        module = type(sys)(f"{PACKAGE}.{name}")
        module.__package__ = PACKAGE
        sys.modules[module.__name__] = module
        exec(code, module.__dict__)  # noqa: S102 (our own)
    try:
        agent = sys.modules[f"{PACKAGE}.agent_loop"].Agent(folder, grace_s, here)
    except OSError as error:
        raise SystemExit(f"reef: the agent cannot listen in {folder!r}: {error.strerror}") from None
    agent.run()


def _compiled(folder: str) -> dict[str, CodeType]:
    """Our modules, compiled in a process that ends then: what the compiler takes would stay half a megabyte here."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        codes = {}
        for name in MODULES:
            with open(f"{folder}/{name}.py", "rb") as file:
                codes[name] = compile(file.read(), file.name, "exec", dont_inherit=True)
        with open(writes, "wb") as pipe:
            marshal.dump(codes, pipe)
        os._exit(0)
    os.close(writes)
    with open(reads, "rb") as pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    found: dict[str, CodeType] = marshal.loads(data)
    return found


if __name__ == "__main__":
    main()
