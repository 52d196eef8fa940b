"""What leaves a cluster in a bundle."""

from __future__ import annotations

import pytest

from reef.remote.redacting import LEFT_OUT, Redaction

KNOWN = Redaction(
    [{"env": [{"name": "A", "value": "s3cr3t-value"}, {"name": "B", "value": "sales"}]}], {"sales"}
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("it said s3cr3t-value, twice", f"it said {LEFT_OUT}, twice"),
        ("postgresql://u:p@host/db", f"postgresql://{LEFT_OUT}@host/db"),
        ("https://host/path", "https://host/path"),
        ("Authorization: Bearer abcdef123", f"Authorization: Bearer {LEFT_OUT}"),
        ("api_key=xyz and db_password: abc", f"api_key={LEFT_OUT} and db_password: {LEFT_OUT}"),
        ('{"token": "abc"}', f'{{"token": {LEFT_OUT}"}}'),
        ("sales loads", "sales loads"),
        ("its Secret sales-token does not exist", "its Secret sales-token does not exist"),
    ],
)
def test_texts(text: str, left: str) -> None:
    assert KNOWN.text(text) == left


def test_documents_keep_names_and_references() -> None:
    document = {
        "metadata": {"name": "sales", "managedFields": [1], "annotations": {"note": "s3cr3t-value"}},
        "spec": {
            "env": [
                {"name": "A", "value": "s3cr3t-value"},
                {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            ],
            "envFrom": [{"secretRef": {"name": "s"}}],
            "args": ["run", "--token", "abc", "--flag"],
        },
        "data": {"workspace.yaml": "host: sales", "other": "x"},
    }
    assert KNOWN.document(document) == {
        "metadata": {"name": "sales", "annotations": {"note": LEFT_OUT}},
        "spec": {
            "env": [
                {"name": "A", "value": LEFT_OUT},
                {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            ],
            "envFrom": [{"secretRef": {"name": "s"}}],
            "args": ["run", "--token", LEFT_OUT, "--flag"],
        },
        "data": {"workspace.yaml": "host: sales", "other": LEFT_OUT},
    }
