"""Values that are nearly right: the snippets of articles, with a key that the chart does not read."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_values_round_trip import imported

from reef.errors import Where
from reef.kube.helm.corrected import Edit, corrected

# The pod-per-location snippet of an article: keys that look right, and that the chart ignores without a word.
ARTICLE = """\
# values.yaml
userCodeDeployments:
  enabled: true
  deployments:
    - name: "sales"   # one for each team
      image: "registry.example/sales:1.2.0"
      dagsterApiGrpcArgs:
        - "-m"
        - "sales.definitions"
    - name: "finance"
      image:
        repository: registry.example/finance
        tag: latest
        pullPolicy: Always
      dagsterApiGrpcArgs: ["-f", "/app/finance.py"]
      port: 4000
postgresql:
  enabled: true
"""
WANTED = """\
# values.yaml
dagster-user-deployments:
  enabled: true
  deployments:
    - name: "sales"   # one for each team
      port: 3030
      image: {repository: "registry.example/sales", tag: "1.2.0", pullPolicy: IfNotPresent}
      dagsterApiGrpcArgs:
        - "-m"
        - "sales.definitions"
    - name: "finance"
      image:
        repository: registry.example/finance
        tag: latest
        pullPolicy: Always
      dagsterApiGrpcArgs: ["-f", "/app/finance.py"]
      port: 4000
postgresql:
  enabled: true
"""
BARE_LIST = """\
dagster:
  userCodeDeployments:
  - name: sales
    image: {repository: acme/sales, tag: "1", pullPolicy: Always}
    dagsterApiGrpcArgs: [-m, sales]

    # of the finance team
    port: 3030
  webserver: {}
"""
WANTED_LIST = """\
dagster:
  dagster-user-deployments:
    enabled: true
    enableSubchart: true
    deployments:
    - name: sales
      image: {repository: acme/sales, tag: "1", pullPolicy: Always}
      dagsterApiGrpcArgs: [-m, sales]

      # of the finance team
      port: 3030
  webserver: {}
"""


@pytest.mark.parametrize(
    ("text", "wanted"), [(ARTICLE, WANTED), (BARE_LIST, WANTED_LIST)], ids=["article", "list"]
)
def test_the_file_is_put_right_with_its_comments(text: str, wanted: str, tmp_path: Path) -> None:
    done = imported(text, tmp_path)
    assert list(done.corrections.values()) == [wanted]
    assert done.findings[0].kind == "changed"
    assert "is no key of the chart, which reads dagster-user-deployments" in done.findings[0].text
    again = imported(wanted, tmp_path)
    assert again.locations == done.locations
    assert again.findings == ()
    assert again.corrections == {}
    assert again.off == done.off


NAMES = ["userDeployments", "user-code-deployments", "dagsterUserDeployments", "dagster-user-deployment"]


@pytest.mark.parametrize("name", NAMES)
def test_other_names_that_look_right(name: str, tmp_path: Path) -> None:
    done = imported(ARTICLE.replace("userCodeDeployments", name), tmp_path)
    assert list(done.corrections.values()) == [WANTED]


def test_a_line_that_cannot_be_edited_gives_the_whole_section(tmp_path: Path) -> None:
    entry = "{name: a, image: {repository: r, tag: t}, port: 1, codeServerArgs: [-m, a]}"
    text = f"{{userCodeDeployments: {{deployments: [{entry}]}}}}"
    done = imported(text, tmp_path)
    (better,) = done.corrections.values()
    again = imported(better, tmp_path)
    assert [each.spec.image for each in again.locations] == ["r:t"]
    assert again.corrections == {}


def test_edits_are_of_the_lines_that_they_name() -> None:
    text = "a:\n  b: 1  # why\n  c: 2\n"
    there = Where("x", 2)
    assert corrected(text, [Edit(there, "b", value="9")]) == "a:\n  b: 9  # why\n  c: 2\n"
    assert (
        corrected(text, [Edit(there, "b", new_key="z", more=("y: 0",))])
        == "a:\n  z: 1  # why\n  y: 0\n  c: 2\n"
    )
    assert corrected(text, [Edit(there, "c", value="9")]) is None
    assert corrected(text, [Edit(Where("x", 9), "c", value="9")]) is None
