"""What the listener answers, and to whom: a real one, asked by a real client."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sites import TOKEN, FakeHost, Listening, site
from status_rows import asleep, row

from deadlines import scaled
from reef.web.answers import Answer, Asked
from reef.web.chronicle import Chronicle
from reef.web.fleet_page import FleetPage
from reef.web.fleet_view import sorted_rows
from reef.web.rendering import Pages
from reef.web.series import Series
from reef.web.streams import Streams

Test = Callable[[Listening], Awaitable[None]]
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}&amp;"


def over(folder: Path, test: Test, host: FakeHost | None = None, *, acts: bool = True) -> None:
    async def main() -> None:
        async with site(folder, host, acts=acts) as listening:
            await test(listening)

    asyncio.run(main())


class Elements(HTMLParser):
    """Which elements and attributes a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.scripts: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "script":
            self.scripts.append(dict(attrs).get("src"))


# -- pages -------------------------------------------------------------------------------------------


def test_the_fleet_as_a_page_and_as_json(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        code, page, headers = await site.ask("/")
        assert (code, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert 'href="/location/x%20y%2Fz"' in page
        code, text, _ = await site.ask("/api/fleet")
        found = json.loads(text)
        assert code == 200
        assert [one["name"] for one in found["locations"]] == ["sales", "x y/z"]
        assert found["locations"][0]["last_wake"] is None
        assert "over_time" in found

    over(tmp_path, test)


def test_a_location_whose_name_has_a_slash(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        code, page, _ = await site.ask("/location/x%20y%2Fz")
        assert (code, "<h1>x y/z</h1>" in page) == (200, True)
        code, text, _ = await site.ask("/api/location/x%20y%2Fz")
        assert (code, json.loads(text)["name"]) == (200, "x y/z")

    over(tmp_path, test)


def test_an_unknown_location_is_404_with_names_near_it(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        code, page, _ = await site.ask("/location/saels")
        assert code == 404
        assert '<a href="/location/sales">sales</a>' in page
        code, text, _ = await site.ask("/api/location/saels")
        assert (code, json.loads(text)["error"]) == (404, "there is no location 'saels'")
        code, page, _ = await site.ask("/location/%3Cscript%3Ealert(1)%3C/script%3E")
        assert (code, "<script>alert" in page) == (404, False)
        assert (await site.ask("/nowhere"))[0] == 404
        assert (await site.ask("/static/..%2fsite.py"))[0] == 404

    over(tmp_path, test)


def test_nothing_that_a_location_says_becomes_markup(tmp_path: Path) -> None:
    hostile = asleep(EVIL, owner=EVIL, last_error=f"{EVIL}\n{EVIL}", not_forked_because=EVIL, pinned=EVIL)
    host = FakeHost([hostile], log=EVIL, traceback=f"Traceback\n{EVIL}", extra=((EVIL, (EVIL,)),))

    async def test(site: Listening) -> None:
        fleet = (await site.ask("/"))[1]
        link = fleet.partition('href="/location/')[2].partition('"')[0]
        location = (await site.ask(f"/location/{link}"))[1]
        for page in (fleet, location):
            found = Elements(page)
            assert "onerror" not in found.attributes
            assert "img" not in found.tags
            assert all(src and src.startswith("/static/") for src in found.scripts)
            assert "49" not in page
        assert "&lt;script&gt;alert(1)" in location

    over(tmp_path, test, host)


def test_pages_have_no_inline_script_or_style_and_ask_nobody_else(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        for path in ("/", "/location/sales", "/location/none"):
            _, page, headers = await site.ask(path)
            found = Elements(page)
            assert "style" not in {*found.tags, *found.attributes}
            assert not {name for name in found.attributes if name.startswith("on")}
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"

    over(tmp_path, test)


# -- who may ask -------------------------------------------------------------------------------------


def test_a_name_that_is_made_to_point_here_is_refused_everywhere(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        for path in ("/", "/api/fleet", "/location/sales", "/api/live/fleet"):
            code, _, _ = await site.ask(path, headers={"Host": "evil.example"})
            assert code == 421, path
        code, _, _ = await site.ask("/api/do/wake?name=sales", "POST", {"Host": "evil.example"})
        assert code == 421
        assert site.host.asked == []

    over(tmp_path, test)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": "Bearer \u00fc"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
def test_buttons_of_strangers_do_nothing(tmp_path: Path, headers: dict[str, str], code: int) -> None:
    async def test(site: Listening) -> None:
        assert (await site.act("wake", "sales", **headers))[0] == code
        assert site.host.asked == []

    over(tmp_path, test)


def test_buttons_of_the_page_itself(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        own = {"Origin": f"http://127.0.0.1:{site.port}", "Sec_Fetch_Site": "same-origin"}
        code, found = await site.act("wake", "sales", **own)
        assert (code, found["ok"], found["told"]) == (200, True, "sales is warm, after 0.25 s")
        assert site.host.asked == [{"do": "wake", "location": "sales"}]
        code, found = await site.act("rollback", "sales")
        assert (code, found["error"], found["hint"]) == (
            409,
            "no version was served before",
            "see `reef history`",
        )
        assert (await site.act("wake", "nobody"))[0] == 404
        assert (await site.act("deploy", "sales"))[0] == 404
        assert (await site.ask("/api/do/wake?name=sales"))[
            0
        ] == 405  # a link or a picture is no press of a button

    over(tmp_path, test)


def test_a_rollback_names_a_version_and_nothing_else(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        sent = {"Authorization": f"Bearer {TOKEN}"}
        body = json.dumps({"version": "abc", "do": "deploy", "location": "x y/z"})
        await site.ask("/api/do/rollback?name=sales", "POST", sent, body)
        assert site.host.asked == [{"do": "rollback", "location": "sales", "version": "abc"}]
        for wrong in ("[1]", "{", '{"version": 1}'):
            assert (await site.ask("/api/do/rollback?name=sales", "POST", sent, wrong))[0] == 400
        assert (await site.ask("/api/do/rollback?name=sales", "POST", sent, "x" * 100_000))[0] == 413

    over(tmp_path, test)


def test_where_buttons_are_off_a_token_does_not_help(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        code, found = await site.act("wake", "sales")
        assert (code, found["hint"]) == (403, "use `reef wake`")
        page = (await site.ask("/location/sales"))[1]
        assert "data-act" not in page
        assert "Buttons are off" in page

    over(tmp_path, test, acts=False)


# -- live --------------------------------------------------------------------------------------------


async def events_of(port: int, path: str, number: int) -> list[dict[str, object]]:
    """So many events of a stream."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    found: list[dict[str, object]] = []
    async with asyncio.timeout(scaled(30)):
        while len(found) < number:
            line = await reader.readline()
            assert line, "the stream ended"
            if line.startswith(b"data: "):
                found.append(json.loads(line[6:]))
    writer.close()
    return found


def test_what_changed_is_sent_and_only_that(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        page = (await site.ask("/"))[1]
        epoch = page.partition('data-epoch="')[2].partition('"')[0]
        since = page.partition('data-generation="')[2].partition('"')[0]
        site.host.rows = [row("sales", calls=4), asleep("new", owner="risk")]
        (change,) = await events_of(site.port, f"/api/live/fleet?epoch={epoch}&since={since}", 1)
        rows = change["rows"]
        assert isinstance(rows, dict)
        assert set(rows) == {"sales", "new", "x y/z"}
        assert rows["x y/z"] is None
        assert 'data-name="new"' in rows["new"]
        assert set(change["heads"]) == {"risk", "no owner"}  # type: ignore[call-overload]

    over(tmp_path, test)


def test_a_page_of_an_earlier_host_is_told_so(tmp_path: Path) -> None:
    async def test(site: Listening) -> None:
        assert await events_of(site.port, "/api/live/fleet?epoch=old&since=7", 1) == [{"stale": True}]
        assert (await site.ask("/api/live/location?name=none"))[0] == 404

    over(tmp_path, test)


def test_nobody_is_asked_once_nobody_looks(tmp_path: Path) -> None:
    async def test(listening: Listening) -> None:
        for path in ("/api/live/location?name=sales", "/api/live/fleet?epoch=x"):
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            async with asyncio.timeout(scaled(30)):
                await reader.readuntil(b"retry: 2000")
                assert listening.site.looking == 1
                writer.close()
                while listening.site.looking:
                    await asyncio.sleep(0.05)

    over(tmp_path, test)


def test_an_open_stream_does_not_delay_a_stop(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as listening:
            readers = []
            for _ in range(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
                writer.write(b"GET /api/live/fleet?epoch=x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                await reader.readuntil(b"data: ")
                readers.append((reader, writer))
            began = time.monotonic()
            await listening.listener.stop()
            assert time.monotonic() - began < scaled(1.5)
            for reader, writer in readers:
                await reader.read()
                writer.close()

    asyncio.run(main())


def test_others_register_what_they_answer(tmp_path: Path) -> None:
    async def metrics(asked: Asked) -> Answer:
        return Answer(asked.headers["accept"].encode(), "text/plain")

    async def fails(_asked: Asked) -> Answer:
        raise ValueError("a secret")

    async def main() -> None:
        async with site(tmp_path, register={"/metrics": metrics, "/api/broken": fails}) as listening:
            code, body, headers = await listening.ask("/metrics", headers={"Accept": "text/x"})
            assert (code, body, headers["content-type"]) == (200, "text/x", "text/plain; charset=utf-8")
            code, body, _ = await listening.ask("/api/broken")
            assert (code, "secret" in body) == (500, False)

    asyncio.run(main())


def test_a_page_misses_nothing_that_changes_while_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, may = threading.Event(), threading.Event()

    def held(*sorting: Any) -> Any:
        drawing.set()
        assert may.wait(scaled(30))
        return sorted_rows(*sorting)

    monkeypatch.setattr("reef.web.fleet_page.FRESH_S", 0)
    monkeypatch.setattr("reef.web.fleet_page.sorted_rows", held)
    host = FakeHost()
    fleet = FleetPage(host.told(), Chronicle(lambda _name: False), Series(), Pages(), Streams(pause_s=0))

    async def main() -> None:
        drawn = asyncio.create_task(fleet.page(Asked("/", {}, {}, {})))
        assert await asyncio.to_thread(drawing.wait, scaled(30))
        host.rows = [row("sales", calls=4), row("x y/z")]
        await fleet.as_json(Asked("/api/fleet", {}, {}, {}))  # somebody else looks
        may.set()
        page = (await drawn).body
        assert isinstance(page, bytes)
        epoch, since = (
            page.decode().partition(f'data-{each}="')[2].partition('"')[0] for each in ("epoch", "generation")
        )
        pieces = (await fleet.live(Asked("", {}, {"epoch": epoch, "since": since}, {}))).body
        assert not isinstance(pieces, bytes)
        await anext(pieces)
        assert set(json.loads((await anext(pieces)).removeprefix(b"data: "))["rows"]) == {"sales"}

    asyncio.run(main())
