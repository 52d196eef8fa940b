"""Records in PostgreSQL keep the contract. Each question is asked by whoever opens the database anew."""

from __future__ import annotations

import pytest
from contract_suite_of_records import EveryHistoryRecords, EveryJournalRecords, EveryServedRecords, served
from opening import Opens

from reef.records.history_files import MOST
from reef.records.postgres_records import PostgresHistory, PostgresJournal, PostgresServed


class _Database:
    @pytest.fixture(autouse=True)
    def _database(self, opens: Opens) -> None:
        self.opens = opens


class TestPostgresServed(_Database, EveryServedRecords):
    def opened(self) -> PostgresServed:
        return PostgresServed(self.opens())

    def test_whatever_an_error_says_is_kept(self) -> None:
        record = served("sales", "1", load_error='a zero byte \x00, "quotes", 𝕏')
        self.opened().save(record)
        assert self.opened().load("sales") == record

    def test_installations_that_share_a_database_are_apart(self) -> None:
        self.opened().save(served("sales", "1"))
        assert PostgresServed(self.opens(scope="other")).load("sales") is None


class TestPostgresHistory(_Database, EveryHistoryRecords):
    def opened(self) -> PostgresHistory:
        return PostgresHistory(self.opens())

    def test_the_newest_entries_stay(self) -> None:
        records = self.opened()
        for number in range(MOST + 3):
            records.add("sales", {"number": number})
        records.add("books", {"number": 0})
        assert [each["number"] for each in records.of("sales")] == list(range(3, MOST + 3))
        assert records.of("books") == [{"location": "books", "number": 0}]


class TestPostgresJournal(_Database, EveryJournalRecords):
    def opened(self) -> PostgresJournal:
        return PostgresJournal(self.opens())
