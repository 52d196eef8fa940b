"""Dagster's own command, in this process: exactly what `python -m dagster api grpc` runs."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from typing import Any


def serve(spec: dict[str, Any]) -> int:
    """Run the code server until it ends; its exit status."""
    sys.argv[1:] = command(spec)
    sys.orig_argv[:] = [sys.executable, "-m", "dagster", *command(spec)]
    return outcome()


def command(spec: dict[str, Any]) -> list[str]:
    return ["api", "grpc", "--socket", spec["socket"], *spec["args"]]


def outcome() -> int:
    """Run `dagster` as the main module; its exit status, as the interpreter would give it."""
    try:
        runpy._run_module_as_main("dagster")  # type: ignore[attr-defined]
    except SystemExit as leaving:
        return _status(leaving.code)
    except BaseException as error:
        inner = error.__traceback__
        traceback.print_exception(type(error), error, inner and inner.tb_next)
        return 1
    return 0


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    os.write(2, f"{code}\n".encode())
    return 1
