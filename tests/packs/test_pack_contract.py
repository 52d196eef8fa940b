"""The contract of a hosting, for the containers of a pack: forked from a container's zygote, and fresh in it."""

from __future__ import annotations

from contract_suite import EveryHosting
from packbench import PackBench


class TestForkedInAContainer(EveryHosting):
    location = "f1"

    def test_there_is_no_reason_not_to_fork(self, host: PackBench) -> None:
        assert host.hosting.not_forked_because(self.location) is None


class TestFreshInAContainer(EveryHosting):
    location = "x0"
    hang_s = 12.0

    def test_the_reason_is_told(self, host: PackBench) -> None:
        assert "only location" in host.hosting.not_forked_because(self.location)
        assert "none of the containers" in host.hosting.not_forked_because("unheard of")
