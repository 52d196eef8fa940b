"""What a forked server's state may differ in from a fresh interpreter's, each with the reason."""

from __future__ import annotations

import re
from typing import NamedTuple

Pair = tuple[str, str]


class Rule(NamedTuple):
    """Both are regular expressions: one for the whole key, one that the texts of both sides, "fresh | forked", hold."""

    key: str
    texts: str
    why: str


LOGGERS = "Dagster's server sets the class of loggers when it starts; these were made before"
MEMO = "what was asked for before is remembered"
EACH = "another in each process, or in each order of a set"
TRACED = "what ddtrace notes of the process, and of modules that were there before it"

ALLOWED = (
    Rule(r"sys:(orig_)?argv", r"plain\.sock.*\|.*/c/", "each server listens at an address of its own"),
    Rule(r"process\.kernel Threads|threading:_active", "", "how many threads of gRPC have called already"),
    Rule(r"threading:_shutdown_locks", "", "locks of threads that have ended, until they are collected"),
    Rule(r"logging:_startTime", "", "when the process began; a zygote began before"),
    Rule(r"logging:(_handlerList|shutdown)", "", "weak references to handlers, until they are collected"),
    Rule(r"fsspec\S*\._pid", "", "a pid"),
    Rule(
        r"re:_cache2?|linecache:cache|encodings:(_cache|\w+)", "", "what was looked up before is found again"
    ),
    Rule(
        r"google:__path__",
        "_last_parent_path",
        "what the path was when a namespace package was last looked for",
    ),
    Rule(
        r"_frozen_importlib_external:SourceFileLoader\._cache_bytecode",
        "_reef_guest",
        "a server of Reef's keeps no bytecode of files that are just being written",
    ),
    Rule(r"(modules\.)?_reef_guest\b.*", "", "the guest"),
    Rule(r"sys:(orig_)?argv", r"--socket", "each server listens at an address of its own"),
    Rule(
        r"process\.files",
        r"anon_inode|socket:",
        "the guest's socket, and how many event loops gRPC has begun",
    ),
    Rule(
        r"running\.context\._current_storage",
        "_reef_guest",
        "the instance is opened when somebody asks for it",
    ),
    Rule(r"running\.atexit", "", "the instance, which is opened later, and the guest register functions"),
    Rule(r"threading:_main_thread", "", "its number"),
    Rule(r"(\S+):\S+", r"_FixedFindCallerLogger \S* \| logging\.Logger", LOGGERS),
    Rule(r"(\S+):\S+", r"_FixedFindCallerLogger \S+ \| logging\.Logger", LOGGERS),
    Rule(r"pyftpdlib\S*:FTPHandler\.(log|logline|respond)", "logging", LOGGERS),
    Rule(r"dagster\S*:\S*\.__(replace_)?new__", "", "Dagster compiles checks when they are first used"),
    Rule(r"dagster_shared\S*:_CACHED_\S+", "", "Dagster remembers what it has asked for"),
    Rule(r"re:RegexFlag\._value2member_map_|typing:_overload_registry|pytz:(all|common)_timezones", "", MEMO),
    Rule(r"weakref:finalize\._registry|filelock\S*:_FORK_STATE", "", "what is to be cleared away in the end"),
    Rule(
        r"\S+:(_?[A-Z_]*_?(INVOCATION_ID|RUNTIME_ID|KEY)|generationtime|module_rules|_rand|\S*\._rand)",
        "",
        EACH,
    ),
    Rule(r"(joblib|scipy|pandas|gevent)\S*:(name|npfunc|\S*unsupported_nodes|Hub\._hub_counter)", "", EACH),
    Rule(r"cython_runtime:cline_in_traceback", "", "Cython looks for it when it first tells of an error"),
    Rule(
        r"multiprocessing\.reduction:\S*_extra_reducers", "", "the standard library's own, in another order"
    ),
    Rule(
        r"collections\.abc:Sequence\.<registered>", "_cyutility", "registered by C code, under several names"
    ),
    Rule(
        r"opentelemetry:environment_variables", "", "a submodule that was reached otherwise than by an import"
    ),
    Rule(r"mashumaro\S*:\S*(__\S+|\.from_dict|\.to_dict)", "", "its functions have random names"),
    Rule(r"\S+:__dd_origin__|_frozen_importlib:BuiltinImporter\.\S+", "", TRACED),
    Rule(r"ddtrace\S*:\S+", r"^(?!function|class|method|module)[^|]*\|(?! (function|class|method))", TRACED),
    Rule(
        r"polars\S*:_sequence_to_pydf_dispatcher",
        "",
        "what a function dispatches on is made when it is called",
    ),
    Rule(
        r"_frozen_importlib_external:PathFinder\.find_spec",
        "_reef_guest",
        "how what is hidden is imported again",
    ),
    Rule(
        r"dagster\S*:\S*",
        "_reef_guest",
        "a server of Reef's opens the instance only when somebody asks for it",
    ),
    Rule(
        r"dagster\S*:\S*__(replace_)?new__",
        "JitCheckedNew",
        "Dagster compiles checks when they are first used",
    ),
    Rule(
        r"dagster\S*:\S*",
        r"^(?!function|class|method|module)[^|]*\|(?! (function|class|method))",
        "values that Dagster's server computes once: the rehearsal has run the server before the fork",
    ),
    Rule(
        r"(sqlalchemy|alembic|pydantic)\S*:\S*",
        r"^(?!function|class|method|module)[^|]*\|(?! (function|class|method))",
        "values that these compute once and keep: the rehearsal has used them",
    ),
)


def not_allowed(differences: dict[str, Pair]) -> dict[str, Pair]:
    """Without what is allowed, and without the contents of modules that only one side has: a test of its own."""
    modules = {key.removeprefix("modules.") for key in differences if key.startswith("modules.")}
    found = {key: pair for key, pair in differences.items() if not _is_of(key, pair, modules)}
    return {key: pair for key, pair in found.items() if not any(_allows(rule, key, pair) for rule in ALLOWED)}


def _is_of(key: str, pair: Pair, modules: set[str]) -> bool:
    """The module itself, what is in it, or the attribute that its package got for it."""
    name = key.removeprefix("modules.").partition(":")[0]
    as_attribute = key.replace(":", ".") in modules and any(text.startswith("module ") for text in pair)
    return name in modules or as_attribute


def _allows(rule: Rule, key: str, pair: Pair) -> bool:
    return (
        re.fullmatch(rule.key, key) is not None
        and re.search(rule.texts, " | ".join(pair), re.DOTALL) is not None
    )
