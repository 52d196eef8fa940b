"""Calls of a few functions of one module, from other processes, over gRPC. Calls and replies are JSON: plain data
only."""

from __future__ import annotations

import base64
import importlib
import inspect
import json
import traceback
from collections.abc import Callable
from concurrent import futures
from typing import Any

METHOD = "/reef.SharedService/Call"
MOST_BYTES = 64 << 20
SHOWN_FRAMES = 20


def serving(request: dict[str, Any], address: str, options: tuple[tuple[str, int], ...] = ()) -> Any:
    """A gRPC server that listens on `address` when this returns: the module is imported by then. `request`: `module`,
    `expose`, `at_once`, and `waiting` where calls beyond those are to be turned away here. Raises what importing
    raises, and RuntimeError where nobody can listen there."""
    import grpc

    offered = _offered(request["module"], request["expose"])

    class Handler(grpc.GenericRpcHandler):  # type: ignore[type-arg]
        def service(self, details: Any) -> Any:
            if details.method != METHOD:
                return None
            return grpc.unary_unary_rpc_method_handler(
                lambda body, context: answer(body, offered, context.is_active)
            )

    pool = futures.ThreadPoolExecutor(request["at_once"], thread_name_prefix="reef-call")
    most = request["at_once"] + request["waiting"] if "waiting" in request else None
    sizes = (("grpc.max_receive_message_length", MOST_BYTES), ("grpc.max_send_message_length", MOST_BYTES))
    server = grpc.server(pool, handlers=[Handler()], options=[*sizes, *options], maximum_concurrent_rpcs=most)
    server.add_insecure_port(address)
    server.start()
    return server


def _offered(module: str, names: list[str]) -> dict[str, Callable[..., Any]]:
    loaded = importlib.import_module(module)
    found = {}
    for name in names:
        function: Any = loaded
        for part in name.split("."):
            function = getattr(function, part)
        if not callable(function):
            raise TypeError(f"{module}.{name} is no function")
        found[name] = function
    return found


def answer(body: bytes, offered: dict[str, Callable[..., Any]], goes_on: Callable[[], bool]) -> bytes:
    """The reply to one call with all of its arguments; a caller that is gone is not computed for."""
    request = json.loads(body, object_hook=_decoded)
    results = []
    for args, named in request["calls"]:
        if not goes_on():
            break
        results.append(_one(request["function"], args, named, offered))
    return json.dumps({"results": results}).encode()


def _one(
    name: str, args: list[Any], named: dict[str, Any], offered: dict[str, Callable[..., Any]]
) -> dict[str, Any]:
    function = offered.get(name)
    if function is None:
        said = f"{name} is not offered; {', '.join(sorted(offered))} are"
        return {"error": {"kind": "arguments", "type": "LookupError", "message": said, "trace": ""}}
    try:
        _check(function, args, named)
    except TypeError as error:
        return {
            "error": {"kind": "arguments", "type": "TypeError", "message": f"{name}: {error}", "trace": ""}
        }
    try:
        return {"value": plain(function(*args, **named))}
    except NotPlain as error:
        return {"error": {"kind": "reply", "type": "TypeError", "message": f"{name} {error}", "trace": ""}}
    except Exception as error:
        return {"error": {"kind": "raised", **reason(error)}}


_TYPES: dict[Any, tuple[type, ...]] = {
    **{one: (one,) for one in (str, bool, int, bytes, list, dict)},
    float: (int, float),
    **{one.__name__: (one,) for one in (str, bool, int, bytes, list, dict)},
    "float": (int, float),
}


def _check(function: Callable[..., Any], args: list[Any], named: dict[str, Any]) -> None:
    """Raises TypeError for arguments that it does not take, or that are not of the plain type that it names."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # a function of C that does not tell
    bound = signature.bind(*args, **named)
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        wanted = _TYPES.get(parameter.annotation)
        if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
            raise TypeError(f"{name} must be {wanted[-1].__name__}, not {type(value).__name__}")


class NotPlain(TypeError):
    """A value that is not plain data."""


def plain(value: Any) -> Any:
    """The same as JSON has it: tuples as lists, bytes marked. Raises NotPlain."""
    if value is None or isinstance(value, (str, bool)) or type(value) in (int, float):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        if value.keys() == {"$bytes"}:
            raise NotPlain("gives a map with the key $bytes alone, which stands for bytes")
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    raise NotPlain(f"gives {type(value).__module__}.{type(value).__name__}, which is no plain data")


def _decoded(found: dict[str, Any]) -> Any:
    return base64.b64decode(found["$bytes"]) if found.keys() == {"$bytes"} else found


def reason(error: BaseException) -> dict[str, str]:
    trace = traceback.format_exception(type(error), error, error.__traceback__, limit=-SHOWN_FRAMES)
    return {"type": type(error).__name__, "message": str(error), "trace": "".join(trace)}
