"""The rules file of Prometheus."""

from __future__ import annotations

from typing import Any

import yaml

from reef.metrics.alerts import alerts
from reef.metrics.recording import recordings


def rules() -> dict[str, Any]:
    """As `rule_files` of Prometheus and the `spec` of a PrometheusRule have it."""
    return {
        "groups": [
            {
                "name": "reef.recording",
                "rules": [{"record": one.record, "expr": one.expr} for one in recordings()],
            },
            {
                "name": "reef.alerts",
                "rules": [
                    {
                        "alert": one.name,
                        "expr": one.expr,
                        "for": one.lasting,
                        "labels": {"severity": one.severity},
                        "annotations": {"summary": one.summary, "description": one.what_to_do},
                    }
                    for one in alerts()
                ],
            },
        ]
    }


def rules_text() -> str:
    """As YAML."""
    return yaml.safe_dump(rules(), sort_keys=False, width=120, allow_unicode=True)
