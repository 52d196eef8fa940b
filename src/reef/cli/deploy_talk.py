"""What `reef deploy` says while it watches and when all is over: to people as it happens, to programs at the end."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from reef.decide.diff import spelt
from reef.errors import ReefError
from reef.fleet.units import span_text
from reef.records.deploy_progress import (
    DeployOver,
    LocationDone,
    LocationFailed,
    LocationNotPinned,
    LocationNotReached,
    LocationNotTakenBack,
    LocationPromoted,
    LocationRefused,
    LocationTakenBack,
    LocationUnchanged,
    OfLocation,
    Progress,
    TakenBack,
    WaveBegan,
    WaveHalted,
    WavePassed,
    WaveSoaking,
    plain,
    read,
)
from reef.words import count, describe, headline

MOST_NAMES = 8


class Talk:
    """Hears the events of one deploy. Progress is data for people, and talk where programs read stdout."""

    def __init__(self, begun: dict[str, Any], as_json: bool, terminal: bool) -> None:
        self._begun = begun
        self._as_json = as_json
        self.counts_down = terminal and not as_json
        self._counting = False
        self.results: dict[str, LocationDone] = {}
        self.rolled_back: dict[str, TakenBack] = {}
        self.not_reached: list[str] = []
        self.not_pinned: dict[str, str] = {}
        self.halted: dict[str, str] = {}
        self.outcome: str | None = None
        self._seconds = 0.0

    def begin(self) -> None:
        begun = self._begun
        if cut_off := begun["interrupted"]:
            done, total = len(cut_off["done"]), len(cut_off["locations"])
            said = f"was cut off when its host ended: {done} of {count(total, 'location')} done"
            click.echo(f"note: deploy {cut_off['id']} {said}", err=True)
        for what in ("added", "removed"):
            if begun[what]:
                names = ", ".join(begun[what])
                click.echo(f"note: {what} in the fleet's file, taken up after this deploy: {names}", err=True)
        if len(begun["waves"]) > 1:
            sizes = [len(wave) for wave in begun["waves"]]
            what = f"{count(sum(sizes), 'location')} in {count(len(sizes), 'wave')}"
            self._say(f"deploy {begun['id']}: {what} of {', '.join(map(str, sizes))}")

    def hear(self, told: object) -> None:
        """An event as it travels in JSON. Raises ReefError for one that this Reef does not know."""
        try:
            event = read(told)
        except msgspec.ValidationError as error:
            raise ReefError(
                f"the host tells something unknown of its deploy: {describe(error)}",
                hint="reef and its host may differ in version; `reef status` shows the deploy",
            ) from None
        self._take(event)
        if line := _line(event):
            self._say(line)

    def _take(self, event: Progress) -> None:
        match event:
            case LocationPromoted() | LocationUnchanged() | LocationRefused() | LocationFailed():
                self.results[event.location] = event
            case LocationTakenBack() | LocationNotTakenBack():
                self.rolled_back[event.location] = event
            case LocationNotReached():
                self.not_reached.append(event.location)
            case LocationNotPinned():
                self.not_pinned[event.location] = event.reason or ""
            case WaveHalted():
                self.halted = event.reasons
            case DeployOver():
                self.outcome, self._seconds = event.outcome, event.seconds

    def _say(self, text: str) -> None:
        self.pause()
        click.echo(text, err=self._as_json)

    def count_down(self, left_s: float | None) -> None:
        """On a terminal the time that is left, on a line of its own that the next one replaces."""
        if self.counts_down and left_s is not None and self.outcome is None:
            click.echo(f"\r\x1b[K  watched for {left_s:.0f} s more", nl=False)
            self._counting = True

    def pause(self) -> None:
        if self._counting:
            click.echo("\r\x1b[K", nl=False)
            self._counting = False

    # -- when all is over --------------------------------------------------------------------------

    @property
    def refused(self) -> list[str]:
        refused = (LocationRefused, LocationFailed)
        return sorted(name for name, done in self.results.items() if isinstance(done, refused))

    def as_dict(self) -> dict[str, Any]:
        return {
            **self._begun,
            "outcome": self.outcome,
            "seconds": self._seconds,
            "refused": self.refused,
            "results": {name: plain(done) for name, done in self.results.items()},
            "halted": self.halted,
            "rolled_back": {name: plain(back) for name, back in self.rolled_back.items()},
            "not_reached": self.not_reached,
            "not_pinned": self.not_pinned,
        }

    def summary(self) -> str:
        counts: dict[str, int] = {}
        for event in (*self.results.values(), *self.rolled_back.values()):
            counts[event.state] = counts.get(event.state, 0) + 1
        if self.not_reached:
            counts["not reached"] = len(self.not_reached)
        told = ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nothing to do"
        return f"{told} in {self._seconds:.1f} s"

    def failure(self) -> str | None:
        """For people; None where everything was deployed."""
        if self.outcome == "halted":
            reasons = "; ".join(f"{name}: {headline(why)}" for name, why in self.halted.items())
            return f"deploy {self._begun['id']} was halted: {reasons}"
        if self.outcome == "abandoned":
            return f"deploy {self._begun['id']} was abandoned"
        return f"not deployed: {', '.join(self.refused)}" if self.refused else None


def hint_of(talk: Talk) -> str:
    """What became of everything, and what to do."""
    if talk.outcome == "abandoned":
        return "what it promoted stays; the other locations are as they were before it"
    hints = ["what they served before is still served"] if talk.refused else []
    if talk.outcome == "halted":
        hints.append(
            "what was promoted stays" if not talk.rolled_back else "what was promoted was taken back"
        )
        if talk.not_reached:
            hints.append(f"not reached, and stay as they are: {_names(talk.not_reached)}")
    if any(_lost(event) for event in talk.results.values()):
        hints.append("--allow-removals lets definitions go")
    return "; ".join(hints)


def _lost(done: LocationDone) -> bool:
    """Refused because definitions would go."""
    return isinstance(done, LocationRefused) and bool((done.definitions or {}).get("removed"))


def _line(event: Progress) -> str:
    match event:
        case WaveBegan():
            return f"wave {event.wave} of {event.waves}: {_names(event.locations)}"
        case WaveSoaking():
            return f"wave {event.wave} is watched for {span_text(event.soak_s)}" if event.soak_s else ""
        case WavePassed():
            return f"wave {event.wave} passed"
        case WaveHalted():
            lines = [f"  {name}: {headline(why)}" for name, why in event.reasons.items()]
            return "\n".join([f"wave {event.wave} halts the deploy:", *lines])
        case DeployOver():
            return ""
    return _of_location(event)


def _of_location(event: OfLocation) -> str:
    text = f"{event.location}: {event.state}"
    version = (event.version or "")[:12]
    if isinstance(event, LocationPromoted):
        text += f" {(event.before or 'nothing')[:12]} → {version} in {event.seconds or 0.0:.1f} s"
    if isinstance(event, LocationTakenBack):
        text += f" to {version}"
    if event.reason:
        text += f": {headline(event.reason)}"
    return "\n".join([text, *shown_diff(event.definitions or {}), *_notes(event)])


def shown_diff(definitions: dict[str, dict[str, list[str]]]) -> list[str]:
    return [
        f"  {which}: {spelt({kind: tuple(names) for kind, names in part.items()})}"
        for which, part in definitions.items()
        if part
    ]


def _notes(event: OfLocation) -> list[str]:
    notes = []
    if runs := event.live_runs:
        notes.append(f"  live runs of it, which go on with the version before: {_names(runs)}")
    if reason := event.not_pinned:
        why = "the next wake may serve it all the same, for what is served cannot be pinned"
        notes.append(f"  {why}: {headline(reason)}")
    if reason := event.not_kept:
        notes.append(f"  cannot be rolled back to: {headline(reason)}")
    return notes


def _names(names: list[str]) -> str:
    rest = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + rest
