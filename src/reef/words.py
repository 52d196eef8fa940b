"""How Reef's messages say numbers, errors and reasons. Pure; every floor uses it."""

from __future__ import annotations

from collections.abc import Iterator

ENOUGH = 200  # characters of a headline after which no line is added to it
SILENT = {"TimeoutError": "it took too long", "CancelledError": "it was cancelled"}  # most say nothing


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 code location`, `2,000 code locations`; `plural` for a noun that takes no `s`."""
    return f"{number} {noun}" if number == 1 else f"{number:,} {plural or f'{noun}s'}"


def describe(error: BaseException) -> str:
    """What an exception says, never empty: one without words is called by its class."""
    said = str(error).strip()
    if not said:
        name = type(error).__name__
        return f"{SILENT[name]} ({name})" if name in SILENT else name
    return f"no key {said}" if type(error) is KeyError else said


def fault(error: OSError) -> str:
    """What the system says went wrong, without the path, which the message has already."""
    return error.strerror or describe(error)


def classed(error: BaseException) -> str:
    """The same with its class first, for an exception that nobody expected: `ValueError: bad`."""
    said = str(error).strip()
    return f"{type(error).__name__}: {said}" if said else describe(error)


def seconds(number: float) -> str:
    """`180 s`, `1.5 s`, `0.05 s`: no more digits than a person wants."""
    return f"{number:.0f} s" if number >= 10 else f"{number:.2g} s"


def because(what: str, why: str | None) -> str:
    """`what: why`, and `what` alone where nobody said why."""
    why = (why or "").strip()
    return f"{what}: {why}" if why else what


def headline(text: str | None) -> str:
    """One line that says enough alone. A first line that ends at a colon, or whose sentence goes on in the next, takes
    in what follows it."""
    said = ""
    for line in _lines(text):
        if said and not (said.endswith(":") or _goes_on(said, line)):
            break
        said = f"{said} {line}" if said else line
    return said.rstrip(": ")


def _goes_on(said: str, line: str) -> bool:
    """`The command` / `` `dbt parse` `` / `failed with exit code 2.` is one sentence in three lines."""
    return len(said) < ENOUGH and said[-1] not in ".!?" and (line[0] == "`" or said[-1] == "`")


def is_longer(text: str | None) -> bool:
    """Whether there is more to it than its headline."""
    return len(" ".join(_lines(text)).rstrip(": ")) > len(headline(text))


def _lines(text: str | None) -> Iterator[str]:
    return (line.strip() for line in (text or "").splitlines() if line.strip())


def shortened(text: str, most: int) -> str:
    """At most `most` characters, with a mark where something was cut off."""
    return text if len(text) <= most else text[: max(0, most - 1)] + "…"


def leaves_out(name: str, why: str, import_s: float) -> str:
    """`leaves out polars: it starts a thread; a wake that needs it imports it in 0.6 s`."""
    price = f" in {import_s:.1f} s" if import_s else ""
    return f"leaves out {name}: it {why}; a wake that needs it imports it{price}"
