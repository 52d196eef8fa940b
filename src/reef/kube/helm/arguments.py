"""The arguments of `dagster api grpc` and `dagster code-server start`: what they load, and the rest. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_TARGETS = {
    "-f": "python_file",
    "--python-file": "python_file",
    "-m": "module",
    "--module-name": "module",
    "--package-name": "package",
    "--autoload-defs-module-name": "autoload_defs_module",
}
_ATTRIBUTE = ("-a", "--attribute")
_DIRECTORY = ("-d", "--working-directory")
_LISTEN = ("-h", "--host", "-p", "--port", "-s", "--socket")
# The others that take a value: the word after them is no option.
_WITH_VALUE = (
    "-n",
    "--max-workers",
    "--max_workers",
    "--heartbeat-timeout",
    "--heartbeat-ttl",
    "--startup-timeout",
    "--fixed-server-id",
    "--log-level",
    "--log-format",
    "--container-image",
    "--container-context",
    "--location-name",
    "--instance-ref",
    "--defs-state-info",
)
SHORT_OPTIONS = ("-f", "-m", "-a", "-d", "-p", "-h")
_ALL_WITH_VALUE = (*_TARGETS, *_ATTRIBUTE, *_DIRECTORY, *_LISTEN, *_WITH_VALUE)


@dataclass(frozen=True)
class Arguments:
    """`code` has the names of reef.yaml; `listen` is what said host, port or socket; `rest` stays as written."""

    code: dict[str, str]
    working_directory: str | None
    listen: tuple[tuple[str, str], ...]
    rest: tuple[str, ...]


def understood(args: Sequence[str]) -> Arguments:
    """What the arguments say. Where they name two targets, Dagster decides: all of them are rest."""
    code: dict[str, str] = {}
    directory: str | None = None
    listen: list[tuple[str, str]] = []
    rest: list[str] = []
    for option, value, words in _pairs(args):
        target = _TARGETS.get(option)
        if value is None or option not in (*_TARGETS, *_ATTRIBUTE, *_DIRECTORY, *_LISTEN):
            rest += words
        elif option in _LISTEN:
            listen.append((option, value))
        elif option in _DIRECTORY:
            directory = value
        else:
            code[target or "attribute"] = value
    if len(code.keys() - {"attribute"}) != 1:
        kept = [word for option, _, words in _pairs(args) if option not in _LISTEN for word in words]
        return Arguments({}, None, tuple(listen), tuple(kept))
    return Arguments(code, directory, tuple(listen), tuple(rest))


def _pairs(args: Sequence[str]) -> list[tuple[str, str | None, list[str]]]:
    """Each option with its value and the words that said it, as click reads them."""
    found: list[tuple[str, str | None, list[str]]] = []
    waiting = list(args)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if word.startswith("--") and equals:
            found.append((name, value, [word]))
        elif word in _ALL_WITH_VALUE and waiting:
            found.append((word, waiting[0], [word, waiting.pop(0)]))
        elif word[:2] in _ALL_WITH_VALUE and not word.startswith("--") and len(word) > 2:
            found.append((word[:2], word[2:], [word]))
        else:
            found.append((word, None, [word]))
    return found


def arguments(code: dict[str, str], working_directory: str | None, rest: Sequence[str]) -> list[str]:
    """The arguments that say this, with Dagster's short options where there are any."""
    shortest: dict[str, str] = {}
    for option, target in _TARGETS.items():
        shortest.setdefault(target, option)
    said = [part for name, value in code.items() if name in shortest for part in (shortest[name], value)]
    if attribute := code.get("attribute"):
        said += ["-a", attribute]
    if working_directory:
        said += ["-d", working_directory]
    return [*said, *rest]
