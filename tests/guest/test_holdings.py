"""What is compared is not asked: containers of others' classes may do anything when somebody looks into them."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from reef.guest.holdings import Holdings


class _Lazy:
    """Fills itself when somebody looks."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("somebody looked")

    def __len__(self) -> int:
        raise AssertionError("somebody counted")


class LazySet(_Lazy, set[str]): ...


class LazyList(_Lazy, list[str]): ...


class LazyDict(_Lazy, dict[str, str]):
    def values(self) -> Any:
        raise AssertionError("somebody looked")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = types.ModuleType("lazy_things")
    made.names, made.order, made.words = LazySet(), LazyList(), LazyDict()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lazy_things", made)
    return made


def test_who_fills_himself_is_not_made_to(module: Any) -> None:
    holdings = Holdings()
    holdings.take(["lazy_things"])
    assert holdings.differences() == []


def test_what_was_put_into_them_is_seen(module: Any) -> None:
    holdings = Holdings()
    holdings.take(["lazy_things"])
    set.add(module.names, "a")
    list.append(module.order, "b")
    told = {change.what for change in holdings.differences()}
    assert {what.rpartition(" ")[2] for what in told} >= {"lazy_things.names", "lazy_things.order"}
    assert holdings.differences() == []
