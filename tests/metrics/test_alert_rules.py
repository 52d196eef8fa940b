"""The rules are what Prometheus takes, and each alert fires when it should and not otherwise."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from alert_cases import STORIES, promtool_tests
from prometheus_programs import promtool

from deadlines import scaled
from reef.metrics.alerts import alerts
from reef.metrics.rules import rules_text


def asked(*words: str) -> None:
    done = subprocess.run([promtool(), *words], capture_output=True, text=True, timeout=scaled(60))
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(rules_text())
    asked("check", "rules", "--lint-fatal", str(tmp_path / "rules.yaml"))


@pytest.mark.parametrize(("day", "interval", "every"), [(False, "1m", "1m"), (True, "2m", "20m")])
def test_each_alert_fires_when_it_should(tmp_path: Path, day: bool, interval: str, every: str) -> None:
    (tmp_path / "rules.yaml").write_text(rules_text())
    stories = [story for story in STORIES if story.takes_a_day == day]
    tests = promtool_tests("rules.yaml", stories, interval, every)
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests))
    asked("test", "rules", str(tmp_path / "tests.yaml"))


def test_there_is_a_story_in_which_each_fires_and_one_in_which_it_does_not() -> None:
    told = {(story.alert, story.fires is not None) for story in STORIES}
    assert told == {(alert.name, fires) for alert in alerts() for fires in (True, False)}
