"""The contract of a hosting, for children that are forked and for those that are not."""

from __future__ import annotations

from contract_of_processes import OnThisMachine
from hosts import Host


class TestForked(OnThisMachine):
    location = "f1"
    forked = True

    def test_there_is_no_reason_not_to_fork(self, host: Host) -> None:
        assert host.hosting.not_forked_because(self.location) is None


class TestFreshInterpreter(OnThisMachine):
    location = "x0"
    forked = False
    hang_s = 12.0

    def test_the_reason_is_told(self, host: Host) -> None:
        assert host.hosting.not_forked_because(self.location) == "asked for by a test"
        assert host.hosting.not_forked_because("unheard of") == "no zygote is planned for it"
