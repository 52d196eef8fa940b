"""What an API server refuses, in CEL, each with a sentence for the person who applied it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """`rule` holds for what is right; `message` says what to do where it does not."""

    rule: str
    message: str

    def document(self) -> dict[str, str]:
        """As the schema has it."""
        return {"rule": self.rule, "message": self.message}


OBJECT = (
    Rule(
        "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        "metadata.name names a Service: small letters, digits and dashes, a letter first, at most 63; a name of "
        "another form belongs into spec.location_name",
    ),
)
_STARTED_BY_IMAGE = "has(self.startCommand) && self.startCommand == 'image'"
SPEC = (
    Rule(
        "has(self.server) != has(self.image)",
        "a location has an image that Reef runs, or a server that somebody else runs: give image or server, not both",
    ),
    Rule(
        "!has(self.server) || !has(self.placement) || self.placement in ['external', 'auto']",
        "a location with a server is external: leave placement out, or write external",
    ),
    Rule(
        "!has(self.placement) || self.placement != 'external' || has(self.server)",
        "an external location needs server: {host: ..., port: ...}",
    ),
    Rule(
        "!has(self.server) || !(has(self.code) || has(self.env) || has(self.envFrom) || has(self.envDefaults) || "
        "has(self.resources) || has(self.volumes) || has(self.replicas))",
        "the server of an external location runs elsewhere: code, env, envFrom, envDefaults, resources, volumes and "
        "replicas do not fit it",
    ),
    Rule(
        f"has(self.server) || has(self.code) || has(self.serverArgs) || ({_STARTED_BY_IMAGE})",
        "say what to load: code: {module: ...}; or startCommand: image where the image starts its server by itself",
    ),
    Rule(
        f"!({_STARTED_BY_IMAGE}) || !(has(self.code) || has(self.serverArgs))",
        "with startCommand: image the image decides what it loads: leave code and serverArgs out",
    ),
    Rule(
        f"!(has(self.command) || has(self.args)) || ({_STARTED_BY_IMAGE})",
        "command and args need startCommand: image; more arguments for Dagster's own command belong into serverArgs",
    ),
    Rule(
        "!has(self.serverArgs) || !self.serverArgs.exists(a, a in ['-p', '--port', '-h', '--host', '-s', '--socket'])",
        "Reef gives host and port itself: leave -h, -p and -s out of serverArgs, and set port",
    ),
    Rule(
        "!has(self.replicas) || self.replicas == 1 || !has(self.placement) || self.placement in ['standing', 'auto']",
        "only a standing location has more than one replica: set placement: standing, or leave replicas out",
    ),
    Rule(
        "!has(self.volumeMounts) || self.volumeMounts.all(m, (has(self.volumes) && self.volumes.exists(v, "
        "v.name == m.name)) || has(self.pod))",
        "each of volumeMounts names one of volumes",
    ),
    Rule(
        "!has(self.renamed_from) || !has(self.location_name) || self.renamed_from != self.location_name",
        "renamed_from is the name that the location had before, not the one that it has",
    ),
)
CODE = (
    Rule(
        "[has(self.python_file), has(self.module), has(self.package), has(self.autoload_defs_module)]"
        ".filter(x, x).size() == 1",
        "code has exactly one of python_file, module, package, autoload_defs_module",
    ),
    Rule(
        "!has(self.autoload_defs_module) || !has(self.attribute)",
        "attribute does not fit autoload_defs_module, which finds all definitions",
    ),
)
ENV_VAR = (Rule("!(has(self.value) && has(self.valueFrom))", "a variable has value or valueFrom, not both"),)
ENV_FROM = (
    Rule(
        "has(self.configMapRef) != has(self.secretRef)",
        "each of envFrom has either configMapRef or secretRef",
    ),
)
