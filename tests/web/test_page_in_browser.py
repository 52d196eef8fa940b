"""What a person does on the page, in a real browser, on a real host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from browsers import opened, picture, violations
from reefs import Reef, write_location
from shared_hosts import Start

from deadlines import scaled, until

pytestmark = [pytest.mark.timeout(240)]

EVIL = "<img src=x onerror=document.title=1>"
BROKEN = "raise ValueError('<script>document.title=1</script>')"


@pytest.fixture(scope="module")
def reef(folder: Path, start: Start) -> Reef:
    """Three that load, one of them with a name that is markup, and one that raises markup."""
    locations: dict[str, dict[str, str]] = {}
    for name, owner in (
        ("sales", "commerce"),
        ("risk", "finance"),
        (EVIL, "finance"),
        ("broken", "commerce"),
    ):
        where = f"l{len(locations)}"
        write_location(folder / where, where, before=BROKEN if name == "broken" else "")
        locations[name] = {"code": f"{where}/defs.py", "owner": owner}
    (folder / "reef.yaml").write_text(json.dumps({"locations": locations}))
    return start("serve", folder / "reef.yaml", folder / "s").until_up()


@pytest.fixture
def address(reef: Reef) -> str:
    found: str = status(reef)["reef_page"]
    return found


@pytest.fixture
def token(reef: Reef) -> str:
    return (reef.state / "page-token").read_text().strip()


@pytest.fixture
def fleet(browser: Any, address: str) -> Iterator[Any]:
    with opened(browser, address + "/") as page:
        yield page


def status(reef: Reef) -> dict[str, Any]:
    """Asked in another thread: in this one Playwright has an event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(reef.status).result()


def row(reef: Reef, name: str) -> dict[str, Any]:
    return next(one for one in status(reef)["locations"] if one["name"] == name)


def shown(page: Any) -> list[str]:
    rows = page.locator("table.fleet tr[data-name]:visible")
    return [row.get_attribute("data-name") for row in rows.all()]


def test_the_address_and_the_token_are_told_to_the_right_people(reef: Reef, address: str, token: str) -> None:
    assert f"fleet: {address}" in reef.said()
    assert token not in reef.said()  # that is no terminal
    assert token not in (reef.state / "logs" / "reef.log").read_text()
    assert (reef.state / "page-token").stat().st_mode & 0o777 == 0o600


def test_filter_sort_and_group(fleet: Any) -> None:
    assert shown(fleet) == ["broken", "sales", EVIL, "risk"]
    fleet.keyboard.press("/")
    fleet.keyboard.type("finance")
    assert shown(fleet) == [EVIL, "risk"]
    assert fleet.locator("[data-shown]").inner_text() == "2 of 4 shown"
    assert "q=finance" in fleet.url
    fleet.keyboard.press("Escape")
    fleet.keyboard.press("Tab")
    fleet.get_by_label("by owner").uncheck()
    assert shown(fleet) == [EVIL, "broken", "risk", "sales"]
    fleet.get_by_role("link", name="Location").click()
    assert shown(fleet) == ["sales", "risk", "broken", EVIL]
    fleet.get_by_role("button", name="failed").click()
    assert shown(fleet) == ["broken"]
    sorted_one = fleet.locator("th[aria-sort=descending]")
    assert sorted_one.inner_text().startswith("Location")
    fleet.reload()  # the address says it all
    assert shown(fleet) == ["broken"]
    fleet.get_by_role("button", name="failed").click()
    assert shown(fleet) == ["sales", "risk", "broken", EVIL]


def test_nothing_fits(fleet: Any) -> None:
    fleet.get_by_label("Show only locations").fill("no such words")
    assert fleet.get_by_text("No location has these words").is_visible()
    fleet.get_by_role("button", name="Show all").click()
    assert len(shown(fleet)) == 4


def test_by_keyboard_to_a_location_and_back(fleet: Any) -> None:
    fleet.keyboard.press("ArrowDown")
    fleet.keyboard.press("j")
    assert fleet.evaluate("document.activeElement.textContent") == "sales"
    fleet.keyboard.press("k")
    fleet.keyboard.press("ArrowDown")
    fleet.keyboard.press("Enter")
    fleet.wait_for_url("**/location/sales")
    fleet.keyboard.press("Escape")
    fleet.wait_for_url("**/")
    fleet.keyboard.press("?")
    assert fleet.get_by_role("heading", name="Keys").is_visible()


def test_a_hostile_name_and_a_hostile_error_are_text(fleet: Any, address: str) -> None:
    fleet.get_by_role("link", name=EVIL).click()
    assert fleet.get_by_role("heading", name=EVIL).is_visible()
    fleet.goto(address + "/location/broken")
    assert "<script>document.title=1</script>" in fleet.locator(".error pre").inner_text()
    assert fleet.title() == "broken · Reef"


def test_a_change_shows_without_a_reload(fleet: Any, reef: Reef) -> None:
    reef.command("sleep", "risk")
    fleet.locator("tr[data-name=risk][data-state=asleep]").wait_for()
    fleet.evaluate("window.same = true")
    reef.command("wake", "risk")
    row = fleet.locator("tr[data-name=risk][data-state=warm]")
    row.wait_for()
    assert "a person" in row.inner_text()
    assert fleet.evaluate("window.same")
    assert fleet.locator("[data-live-state]").inner_text() == "live"


def test_buttons_are_off_without_the_token_and_work_with_it(
    browser: Any, address: str, token: str, reef: Reef
) -> None:
    reef.command("sleep", "sales")
    with opened(browser, f"{address}/location/sales") as page:
        wake = page.get_by_role("button", name="Wake")
        assert wake.is_disabled()
        page.get_by_label("Buttons need the token").fill(token)
        page.get_by_role("button", name="Use it").click()
        wake.click()
        page.get_by_text("sales is warm").wait_for()
        page.locator(".moments li", has_text="woken: a person").wait_for()
        assert row(reef, "sales")["state"] == "warm"
        page.get_by_role("button", name="Sleep").click()
        page.get_by_text("sales is asleep").wait_for()
        page.get_by_role("button", name="Reload").click()
        page.get_by_text("nothing changed").wait_for()


def test_the_link_with_the_token_hides_it_again(browser: Any, address: str, token: str) -> None:
    with opened(browser, f"{address}/#token={token}") as page:
        assert page.url == f"{address}/"
        page.goto(f"{address}/location/sales")
        page.locator("button[data-act=wake]:enabled").wait_for()


def test_a_rollback_is_asked_twice_and_done(
    browser: Any, address: str, token: str, reef: Reef, folder: Path
) -> None:
    before = row(reef, "sales")["version"]
    code = folder / "l0" / "defs.py"
    code.write_text(code.read_text() + "\n# another version\n")
    reef.command("reload", "sales")
    assert row(reef, "sales")["version"] != before
    with opened(browser, f"{address}/location/sales#token={token}") as page:
        page.get_by_role("button", name="Roll back", exact=True).click()
        page.get_by_role("button", name="Leave it").click()
        assert row(reef, "sales")["version"] != before
        page.get_by_role("button", name="roll back", exact=True).click()
        page.get_by_role("button", name="Do it").click()
        page.get_by_text(f"sales serves {before} again").wait_for()
        page.locator(".facts dd", has_text="rolled back from").wait_for()
        assert row(reef, "sales")["version"] == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(browser: Any, address: str, token: str, scheme: str, width: int) -> None:
    seen = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    for name, path in (("fleet", "/"), ("sales", "/location/sales"), ("broken", "/location/broken")):
        with opened(browser, f"{address}{path}#token={token}", **seen) as page:
            page.locator("[data-live-state].on").wait_for()
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
            picture(page, f"{name}-{scheme}-{width}")


def test_the_theme_is_remembered(fleet: Any) -> None:
    def ground() -> str:
        found: str = fleet.evaluate("getComputedStyle(document.body).backgroundColor")
        return found

    light = ground()
    switch = fleet.get_by_role("button", name="theme")
    switch.click()
    assert (switch.inner_text(), ground()) == ("theme: light", light)
    switch.click()
    assert switch.inner_text() == "theme: dark"
    assert ground() != light
    fleet.reload()
    assert fleet.evaluate("document.documentElement.dataset.theme") == "dark"


def test_without_scripts_the_page_can_be_read_and_sorted(browser: Any, address: str) -> None:
    with opened(browser, address + "/", java_script_enabled=False) as page:
        assert shown(page) == ["broken", "sales", EVIL, "risk"]
        page.get_by_role("link", name="State").click()
        assert "sort=state" in page.url
        page.goto(address + "/?q=finance&group=no")
        assert shown(page) == [EVIL, "risk"]
        page.get_by_role("link", name="Location").click()
        assert shown(page) == ["risk", EVIL]
        page.goto(address + "/")
        page.get_by_role("link", name="broken").click()
        assert "ValueError" in page.locator(".error").inner_text()


def test_last_a_host_that_stops_and_comes_back(browser: Any, reef: Reef, folder: Path, start: Start) -> None:
    address = status(reef)["reef_page"]
    own = browser.new_context()
    page = own.new_page()
    page.goto(address + "/")
    page.locator("[data-live-state].on").wait_for()
    reef.process.terminate()
    until(lambda: reef.process.poll() is not None, 12, "the host ends although a page is open")
    page.get_by_text("the host does not answer").wait_for()
    again = start("serve", folder / "reef.yaml", folder / "s").until_up()
    assert status(again)["reef_page"] == address  # links stay
    page.locator("[data-live-state].on").wait_for(timeout=scaled(60) * 1000)
    own.close()
