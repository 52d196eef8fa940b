"""What every implementation of `records/contract.py` must do. A class for each protocol, to be subclassed where an
implementation is tested: it gives the one that is asked, and another that reads the same store as a next host does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import msgspec

from reef.fleet.model import CodeTarget, Location
from reef.records.contract import HistoryRecords, JournalRecords, KeptRecords, ServedRecords
from reef.records.deploy_progress import LocationNotTakenBack, LocationPromoted, LocationRefused
from reef.records.journal import Journal
from reef.records.kept import MOST, KeptVersion
from reef.records.served import ServedRecord

STRANGE = "sales / über 'all' \" \\ \n 𝕏"  # names that no file and no SQL likes


def served(name: str, version: str, **fields: Any) -> ServedRecord:
    return ServedRecord(name, version, f"reef-{version}", None, **fields)


def kept(name: str, version: str, kept_at: float = 0.0, **fields: Any) -> KeptVersion:
    spec = Location(name, code=CodeTarget(python_file="/defs.py"), python="/python", env={"A": "secret"})
    return KeptVersion(served(name, version), spec, kept_at=kept_at, **fields)


class EveryServedRecords(ABC):
    @abstractmethod
    def opened(self) -> ServedRecords:
        """The store as whoever opens it finds it; each time the same one."""

    def test_nothing_is_served_of_an_unknown_location(self) -> None:
        assert self.opened().load("sales") is None

    def test_what_is_saved_is_there_for_the_next_host(self) -> None:
        record = served(
            "sales",
            "1",
            load_error='{"message": "ü"}',
            recorded_at=12.5,
            sources={"scope": [["/a"], [], [], []], "digest": "x"},
            definitions={"jobs": ["daily"]},
            connects=("db:5432",),
            pinned="a person said so",
            changes=(1.0, 2.0),
        )
        self.opened().save(record)
        assert self.opened().load("sales") == record

    def test_the_last_one_counts(self) -> None:
        self.opened().save(served("sales", "1"))
        self.opened().save(served("sales", "2"))
        found = self.opened().load("sales")
        assert found is not None
        assert found.version == "2"

    def test_locations_are_apart_whatever_their_names(self) -> None:
        for name in ("sales", "Sales", STRANGE):
            self.opened().save(served(name, name[:3]))
        for name in ("sales", "Sales", STRANGE):
            assert self.opened().load(name) == served(name, name[:3])


class EveryKeptRecords(ABC):
    @abstractmethod
    def opened(self) -> KeptRecords:
        """As of EveryServedRecords."""

    def test_nothing_is_kept_of_an_unknown_location(self) -> None:
        records = self.opened()
        assert (records.get("sales", "1"), records.of("sales")) == (None, [])
        assert list(records.everything()) == []

    def test_what_is_put_is_there_for_the_next_host(self) -> None:
        version = kept(
            "sales", "1", 12.5, not_kept="it reads what is not its source", beside={"/a.py": "digest"}
        )
        self.opened().put(version)
        assert self.opened().get("sales", "1") == version

    def test_the_newest_is_first_also_where_the_clock_was_set_back(self) -> None:
        self.opened().put(kept("sales", "1", 100.0))
        self.opened().put(kept("sales", "2", 50.0))
        assert [one.record.version for one in self.opened().of("sales")] == ["2", "1"]
        self.opened().put(kept("sales", "1", 10.0))
        assert [one.record.version for one in self.opened().of("sales")] == ["1", "2"]

    def test_only_the_newest_stay_and_those_that_are_served(self) -> None:
        for number in range(MOST + 3):
            self.opened().put(kept("sales", str(number), float(number)))
        self.opened().put(kept("books", "0"))
        self.opened().forget("sales", "0", None)
        left = {one.record.version for one in self.opened().of("sales")}
        assert left == {"0", *(str(number) for number in range(3, MOST + 3))}
        assert self.opened().get("books", "0") is not None

    def test_everything_is_of_all_locations(self) -> None:
        for name in ("sales", STRANGE):
            self.opened().put(kept(name, "1"))
        assert {one.record.location for one in self.opened().everything()} == {"sales", STRANGE}


class EveryHistoryRecords(ABC):
    @abstractmethod
    def opened(self) -> HistoryRecords:
        """As of EveryServedRecords."""

    def test_nothing_is_remembered_of_an_unknown_location(self) -> None:
        assert (self.opened().of("sales"), self.opened().locations()) == ([], [])

    def test_entries_are_there_for_the_next_host_oldest_first(self) -> None:
        for number in range(3):
            self.opened().add("sales", {"version": str(number), "why": [{"kind": "source"}], "wave": None})
        found = self.opened().of("sales")
        assert [one["version"] for one in found] == ["0", "1", "2"]
        assert found[0] == {"location": "sales", "version": "0", "why": [{"kind": "source"}], "wave": None}

    def test_locations_are_apart_whatever_their_names(self) -> None:
        for name in ("sales", STRANGE):
            self.opened().add(name, {"version": name[:3]})
        assert self.opened().locations() == sorted(("sales", STRANGE))
        assert [one["version"] for one in self.opened().of(STRANGE)] == [STRANGE[:3]]


class EveryJournalRecords(ABC):
    @abstractmethod
    def opened(self) -> JournalRecords:
        """As of EveryServedRecords."""

    def journal(self, **fields: Any) -> Journal:
        return Journal(id="d1", waves=(("sales",), ("books", STRANGE)), **fields)

    def test_there_was_none(self) -> None:
        assert self.opened().last() is None

    def test_one_that_was_under_way_is_interrupted_and_stays_so(self) -> None:
        written = self.journal(
            soak_s=30.0,
            before={"sales": "1", "books": None},
            known={"sales": [("looking", "ValueError")]},
            done={"sales": LocationPromoted(version="2", before="1", seconds=0.5)},
            halted={"books": "it fails"},
            rolled_back={"sales": LocationNotTakenBack(reason="it is gone")},
        )
        self.opened().write(written)
        for _ in range(2):
            found = self.opened().last()
            assert found == msgspec.structs.replace(written, state="interrupted")

    def test_one_that_was_over_is_over(self) -> None:
        done = {"sales": LocationRefused(reason="it would lose jobs", not_pinned=None)}
        written = self.journal(state="over", outcome="finished", done=done)
        self.opened().write(written)
        assert self.opened().last() == written

    def test_the_last_one_counts(self) -> None:
        self.opened().write(self.journal(state="over", outcome="halted"))
        self.opened().write(Journal(id="d2", waves=(), state="over", outcome="abandoned"))
        found = self.opened().last()
        assert found is not None
        assert found.id == "d2"
