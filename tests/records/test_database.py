"""One connection to a real PostgreSQL, through all that may happen to it."""

from __future__ import annotations

import logging
import threading
import time

import psycopg
import pytest
from opening import Opens

from deadlines import scaled, until
from postgres import Postgres
from reef.errors import ReefError
from reef.records import postgres as module
from reef.records.postgres import Database, DatabaseAway, NotLeader, parameters
from reef.records.postgres_ledger import OlderGeneration, PostgresLedger, PostgresSnapshots
from reef.records.postgres_schema import STEPS, migrate

BODY = b'{"shown": "1"}'


def emptied(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP SCHEMA reef CASCADE")


def test_what_is_saved_is_there_for_the_next_leader(opens: Opens) -> None:
    ledger = PostgresLedger(opens(1))
    assert (dict(ledger.load()), ledger.ports(), ledger.generation("sales")) == ({}, None, 0)
    ledger.save("sales", 3, BODY)
    ledger.save("sales", 4, b'{"shown": "2"}')
    ledger.save("books", 1, BODY)
    ledger.forget("books")
    ledger.save_ports(b'{"given": {"sales": 20000}}')
    following = PostgresLedger(opens(2))
    assert dict(following.load()) == {"sales": b'{"shown": "2"}'}
    assert following.ports() == b'{"given": {"sales": 20000}}'
    assert (following.generation("sales"), following.generation("books")) == (4, 1)


def test_a_generation_never_goes_back(opens: Opens) -> None:
    """Not even for a location that was gone for a while."""
    ledger = PostgresLedger(opens())
    ledger.save("sales", 3, BODY)
    ledger.save("sales", 3, b'{"shown": "the same, said otherwise"}')
    with pytest.raises(OlderGeneration, match="sales had generation 3, 2 is older"):
        ledger.save("sales", 2, b'{"shown": "old"}')
    ledger.forget("sales")
    with pytest.raises(OlderGeneration):
        ledger.save("sales", 1, BODY)
    ledger.save("sales", 4, BODY)
    assert dict(ledger.load()) == {"sales": BODY}


def test_whoever_does_not_lead_any_more_writes_nothing(opens: Opens) -> None:
    old, new = PostgresLedger(opens(1)), PostgresLedger(opens(2))
    old.save("sales", 1, BODY)
    new.load()
    for write in (
        lambda: old.save("sales", 9, b"{}"),
        lambda: old.forget("sales"),
        lambda: old.save_ports(b"{}"),
    ):
        with pytest.raises(NotLeader):
            write()
    assert dict(old.load()) == {"sales": BODY}
    new.save("sales", 2, b'{"shown": "2"}')
    late = PostgresLedger(opens(1))  # it begins late, with a token of before
    with pytest.raises(NotLeader):
        late.save("sales", 9, b"{}")
    apart = PostgresLedger(opens(1, scope="other"))
    apart.save("sales", 1, BODY)


def test_a_leader_that_begins_waits_for_what_is_being_written(opens: Opens, url: str) -> None:
    """The old one is in the middle of a transaction: it ends before the new one has claimed, or not at all."""
    old, new = opens(1), opens(2)
    written, go_on, claimed = threading.Event(), threading.Event(), threading.Event()

    def slowly(db: module.Connection) -> None:
        db.execute("INSERT INTO reef.ports (namespace, body) VALUES ('reef', '{}')")
        written.set()
        assert go_on.wait(scaled(30))

    def claims() -> None:
        new.read(lambda db: None)
        claimed.set()

    threads = [threading.Thread(target=lambda: old.write(slowly)), threading.Thread(target=claims)]
    threads[0].start()
    assert written.wait(scaled(30))
    threads[1].start()
    with psycopg.connect(url, autocommit=True) as db:
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: db.execute(waits).fetchone() == (1,), 30)
    assert not claimed.is_set()
    go_on.set()
    for thread in threads:
        thread.join()
    assert claimed.is_set()
    assert new.read(lambda db: db.execute("SELECT count(*) FROM reef.ports").fetchone()) == (1,)
    with pytest.raises(NotLeader):
        old.write(lambda db: None)


def test_location_snapshots(opens: Opens) -> None:
    snapshots = PostgresSnapshots(opens())
    content = bytes(range(256)) * 40_000
    for digest in ("a" * 64, "b" * 64):
        snapshots.put(digest, content)
        snapshots.put(digest, content)
    assert snapshots.get("a" * 64) == content
    assert snapshots.get("c" * 64) is None
    snapshots.keep([])
    assert snapshots.digests() == {"a" * 64, "b" * 64}  # they were put just now
    snapshots.keep({"a" * 64}, fresh="0 seconds")
    assert snapshots.digests() == {"a" * 64}


def test_a_database_that_is_away_is_said_and_used_again(opens: Opens, postgres: Postgres) -> None:
    ledger = PostgresLedger(opens())
    ledger.save("sales", 1, BODY)
    with postgres.away():
        for ask in (ledger.load, lambda: ledger.save("sales", 2, BODY)):
            with pytest.raises(DatabaseAway, match="the database: "):
                ask()
    ledger.save("sales", 3, BODY)
    assert dict(ledger.load()) == {"sales": BODY}


def test_a_connection_that_was_cut_is_not_noticed(opens: Opens, url: str) -> None:
    database = opens()
    ledger = PostgresLedger(database)
    ledger.save("sales", 1, BODY)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reef'")
    ledger.save("sales", 2, BODY)
    assert PostgresLedger(opens()).load()


def test_a_database_that_is_emptied_has_everything_again_with_the_next_write(
    opens: Opens, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = PostgresLedger(opens(7))
    ledger.save("sales", 3, BODY)
    ledger.save("books", 5, BODY)
    ledger.save("gone", 8, BODY)
    ledger.forget("gone")
    ledger.save_ports(b"{}")
    emptied(url)
    ledger.save("sales", 4, b'{"shown": "2"}')
    assert "emptied or replaced" in caplog.text
    with pytest.raises(NotLeader):  # who led is known again too
        PostgresLedger(opens(6)).save("sales", 9, BODY)
    following = PostgresLedger(opens(8))
    assert dict(following.load()) == {"sales": b'{"shown": "2"}', "books": BODY}
    assert following.ports() == b"{}"
    assert [following.generation(name) for name in ("sales", "books", "gone")] == [4, 5, 8]
    caplog.clear()
    following.save("sales", 5, BODY)
    assert not caplog.records


def test_a_read_of_a_database_that_was_emptied_finds_nothing_and_loses_nothing(
    opens: Opens, url: str
) -> None:
    database = opens()
    ledger, snapshots = PostgresLedger(database), PostgresSnapshots(database)
    ledger.save("sales", 3, BODY)
    emptied(url)
    assert snapshots.digests() == set()
    ledger.save_ports(b"{}")
    assert dict(PostgresLedger(opens()).load()) == {"sales": BODY}


def test_two_that_begin_at_once_make_the_tables_once(opens: Opens) -> None:
    databases = [opens(number) for number in range(6)]
    failed = list[BaseException]()

    def begin(database: Database) -> None:
        try:
            database.read(lambda db: None)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=begin, args=(each,)) for each in databases]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    made = databases[0].read(lambda db: db.execute("SELECT number FROM reef.step ORDER BY 1").fetchall())
    assert [number for (number,) in made] == list(range(1, len(STEPS) + 1))


def test_neighbouring_releases_work_with_it_at_once(opens: Opens, url: str) -> None:
    """A release that knows a step more, while this one works; and this one on what the release before had made."""
    with psycopg.connect(url, autocommit=True) as db, db.transaction():
        migrate(db, STEPS[:1])
    ledger = PostgresLedger(opens())
    ledger.save("sales", 1, BODY)
    more = (*STEPS, "ALTER TABLE reef.book ADD COLUMN more text; CREATE TABLE reef.more (it int)")
    with psycopg.connect(url, autocommit=True) as db, db.transaction():
        migrate(db, more)
    ledger.save("sales", 2, BODY)
    again = PostgresLedger(opens())
    assert dict(again.load()) == {"sales": BODY}
    again.save("books", 1, BODY)


def test_a_step_that_fails_leaves_nothing_behind(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        with pytest.raises(psycopg.Error), db.transaction():
            migrate(db, (*STEPS, "CREATE TABLE reef.half (it int); SELECT 1 / 0"))
        assert db.execute("SELECT to_regnamespace('reef') IS NULL").fetchone() == (True,)


def test_a_statement_that_takes_too_long_is_given_up(
    opens: Opens, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TIMEOUT", "SET LOCAL statement_timeout = 200")
    ledger = PostgresLedger(opens())
    ledger.save("sales", 1, BODY)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE reef.book")
        began = time.monotonic()
        with pytest.raises(DatabaseAway, match="statement timeout"):
            ledger.save("sales", 2, BODY)
        assert time.monotonic() - began < scaled(10)
    ledger.save("sales", 2, BODY)


def test_a_user_who_may_make_nothing_works_where_everything_is_made(opens: Opens, url: str) -> None:
    """An administrator made the schema; the controller's own user has no right to make one."""
    opens().read(lambda db: None)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DO $$ BEGIN CREATE ROLE few LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        db.execute("GRANT USAGE ON SCHEMA reef TO few; GRANT USAGE ON ALL SEQUENCES IN SCHEMA reef TO few")
        db.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reef TO few")
    database = Database(url.replace("dagster@", "few@"), "reef", 2)
    PostgresLedger(database).save("sales", 1, BODY)
    database.close()


def test_a_password_is_in_no_message(postgres: Postgres, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "hunter2-ä"  # noqa: S105
    url = f"postgresql://nobody:{secret}@/nowhere?host={postgres.folder}"
    with pytest.raises(DatabaseAway, match="nobody") as raised:
        Database(url, "reef", 1).read(lambda db: None)
    for wrong in (
        f"postgresql://u:{secret}%zz@host/db",
        f"{secret} is no url",
        f"postgresql://h/db?x={secret}",
    ):
        with pytest.raises(ReefError, match="hint: it has the form postgresql://") as refused:
            Database(wrong, "reef", 1)
        assert secret not in str(refused.value)
        assert refused.value.__cause__ is None
    assert secret not in str(raised.value) + caplog.text


def test_what_the_url_says_stays() -> None:
    url = "postgresql+psycopg2://u:p%40%2F@db.example:6432/dagster?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3"
    found = parameters(url)
    wanted = {"user": "u", "password": "p@/", "host": "db.example", "port": "6432", "dbname": "dagster"}
    wanted |= {"sslmode": "verify-full", "sslrootcert": "/ca.pem", "connect_timeout": "3"}
    assert wanted.items() <= found.items()
    assert parameters("")["connect_timeout"] == 5
    assert parameters("host=db dbname=dagster")["host"] == "db"
