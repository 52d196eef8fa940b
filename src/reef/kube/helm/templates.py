"""Text that still has to be rendered: which language it is, told from its marks. Pure."""

from __future__ import annotations

import re

_HCL = re.compile(
    r"^\s*(resource|module|variable|provider|data|output|terraform|locals)\b[^:]*\{\s*$", re.MULTILINE
)
_JINJA = re.compile(r"\{%|\{\{\s*(lookup|vault|hostvars|ansible_)")
_GO = re.compile(
    r"\{\{-|-\}\}|\{\{\s*(\.|\$|if\b|range\b|end\b|with\b|define\b|else\b|include\b|template\b|toYaml\b|"
    r"requiredEnv\b|env\b|exec\b|readFile\b|fetchSecretValue\b|tpl\b|default\b)"
)
_CURLY = re.compile(r"\{\{")
_TERRAFORM = re.compile(
    r"(?<!\$)\$\{\s*(var|local|module|data|each|path|terraform|(aws|google|kubernetes)_\w+)\."
)
_TERRAFORM_CONTROL = re.compile(r"%\{\s*(if|for|else|endif|endfor)\b")
_DOLLAR = re.compile(r"(?<!\$)\$\{[A-Za-z_]\w*(:?[-+?=][^}]*)?\}")
_BARE = re.compile(r"\$[A-Z_][A-Z0-9_]*\b")
_GO_LINE = re.compile(r"^\s*\{\{.*\}\}\s*$", re.MULTILINE)

GO = "a Go template: render it first (helm template, helmfile write-values)"
JINJA = "a Jinja template: render it first"
GO_OR_JINJA = "a Go or Jinja template: render it first"
TERRAFORM = "a Terraform template: give the rendered values (terraform console, or `helm get values RELEASE`)"
HCL = "Terraform code, not values: give the rendered values (`helm get values RELEASE`)"
ENVSUBST = "a template for envsubst or Terraform: render it first (envsubst < FILE)"


def template_kind(text: str) -> str | None:
    """What a value would have to be rendered by, None where it looks like itself."""
    if _JINJA.search(text):
        return JINJA
    if _GO.search(text):
        return GO
    if _CURLY.search(text):
        return GO_OR_JINJA
    if _TERRAFORM.search(text) or _TERRAFORM_CONTROL.search(text):
        return TERRAFORM
    return ENVSUBST if _DOLLAR.search(text) else None


def bare_variable(text: str) -> bool:
    """Whether a name, an image or a port has a `$NAME` in it, which only envsubst would fill in."""
    return _BARE.search(text) is not None


def file_kind(text: str) -> str | None:
    """What a whole file is, where no line of it has to be read as YAML to know."""
    if _HCL.search(text):
        return HCL
    if _TERRAFORM_CONTROL.search(text):
        return TERRAFORM
    for line in _GO_LINE.findall(text):
        return template_kind(line) or GO_OR_JINJA
    return None
