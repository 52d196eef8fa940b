"""The Dagster instance, opened only once something uses it: opening costs 80 ms, 12 MB and a database connection.

Dagster's server opens it at start, for four things: to load `.env`, to inject secrets, to know the state of
state-backed definitions, and to hand it to the calls that refresh them. The first is done as before, the
others when they are asked for. Where this Dagster is not the one described here, nothing is changed.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

_UNREAD = object()
_done = False


def open_lazily() -> bool:
    """Replace what the server calls to open its instance, once; False where this Dagster is unknown."""
    global _done
    if _done:
        return True
    try:
        utils: Any = importlib.import_module("dagster._cli.utils")
        if not _known(utils):
            return False
        lazy_state = _lazy_state()
    except Exception:
        return False
    if lazy_state is None:
        return False
    utils.get_instance_for_cli = _replacement(utils, utils.get_instance_for_cli, lazy_state)
    _done = True
    return True


def _known(utils: Any) -> bool:
    parameters = list(inspect.signature(utils.get_instance_for_cli).parameters)
    names = ("_inject_local_env_file", "DagsterInstance", "is_dagster_home_set")
    return parameters == ["instance_ref", "logger"] and all(hasattr(utils, name) for name in names)


class LazyInstance:
    """Stands for the instance; any attribute opens it."""

    def __init__(self, open_it: Callable[[], Any], ref: Any) -> None:
        self.__dict__.update(_open=open_it, _ref=ref, _stack=contextlib.ExitStack(), _opened=None)

    def _real(self) -> Any:
        if self._opened is None:
            self.__dict__["_opened"] = self._stack.enter_context(self._open())
        return self._opened

    def inject_env_vars(self, location_name: str | None) -> None:
        """What a secrets loader gives, without a database; an instance class of one's own does it itself."""
        ref = self._ref or importlib.import_module("dagster._core.instance").InstanceRef.from_dir(_home())
        if ref.custom_instance_class_data is not None:
            self._real().inject_env_vars(location_name)
            return
        loader = ref.secrets_loader
        os.environ.update(loader.get_secrets_for_environment(location_name) if loader else {})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real(), name, value)


class LazyStorage:
    """Stands for the storage of definitions' state; any attribute opens the instance."""

    def __init__(self, instance: LazyInstance, kind: type) -> None:
        self.__dict__.update(_lazy=instance, _kind=kind, _put_off=False)

    __class__: Any = property(lambda self: self._kind)

    def _real(self) -> Any:
        return self._lazy._real().defs_state_storage

    def get_latest_defs_state_info(self) -> Any:
        return _UNREAD if self._put_off else self._real().get_latest_defs_state_info()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)


LazyState = Callable[[LazyInstance], "contextlib.AbstractContextManager[object]"]


def _replacement(utils: Any, original: Any, lazy_state: LazyState) -> Any:
    @contextlib.contextmanager
    def get_instance_for_cli(instance_ref: Any = None, logger: Any = None) -> Iterator[Any]:
        given = {} if logger is None else {"logger": logger}
        with utils._inject_local_env_file(logger or _logger()):
            if instance_ref is None and not _home_is_usable():
                with original(instance_ref, **given) as instance:
                    yield instance
                return
            lazy = LazyInstance(_opener(utils, instance_ref), instance_ref)
            with lazy._stack, lazy_state(lazy):
                yield lazy

    return get_instance_for_cli


def _opener(utils: Any, ref: Any) -> Callable[[], Any]:
    return lambda: utils.DagsterInstance.from_ref(ref) if ref else utils.DagsterInstance.get()


def _logger() -> Any:
    return importlib.import_module("logging").getLogger("dagster")


def _home() -> str:
    return os.path.expanduser(os.environ.get("DAGSTER_HOME", ""))


def _home_is_usable() -> bool:
    return os.path.isabs(_home()) and os.path.isdir(_home())


def _lazy_state() -> LazyState | None:
    """How to give definitions that load a storage which opens the instance only for those that have state."""
    try:
        base: Any = importlib.import_module("dagster._core.storage.defs_state.base")
    except ImportError:
        return lambda _instance: contextlib.nullcontext()  # a Dagster without state-backed definitions
    context: Any = importlib.import_module("dagster._core.definitions.definitions_load_context")
    if not _patch_load_context(context.DefinitionsLoadContext):
        return None
    storage: type = base.DefsStateStorage

    @contextlib.contextmanager
    def lazy_state(instance: LazyInstance) -> Iterator[None]:
        with base.set_defs_state_storage(LazyStorage(instance, storage)):
            yield

    return lazy_state


def _patch_load_context(context: Any) -> bool:
    """A load context reads the state of all definitions when it is made; here, when a definition asks for its own."""
    base: Any = importlib.import_module("dagster._core.storage.defs_state.base")
    storage_of: Callable[[], Any] = base.DefsStateStorage.get
    used = context.__init__.__code__.co_names
    if "get_latest_defs_state_info" not in used or "_defs_state_info" not in used:
        return False
    accessed = vars(context).get("accessed_defs_state_info")
    if not isinstance(accessed, property) or accessed.fget is None:
        return False
    make, read_accessed = context.__init__, accessed.fget

    def put_off(self: Any, *args: Any, **kwargs: Any) -> None:
        storage = storage_of()
        if type(storage) is not LazyStorage:
            make(self, *args, **kwargs)
            return
        storage.__dict__["_put_off"] = True
        try:
            make(self, *args, **kwargs)
        finally:
            storage.__dict__["_put_off"] = False
        self._reef_storage = storage

    def info(self: Any) -> Any:
        if self.__dict__["_defs_state_info"] is _UNREAD:
            self.__dict__["_defs_state_info"] = self._reef_storage._real().get_latest_defs_state_info()
        return self.__dict__["_defs_state_info"]

    def set_info(self: Any, value: Any) -> None:
        self.__dict__["_defs_state_info"] = value

    def accessed_info(self: Any) -> Any:
        if self.__dict__["_defs_state_info"] is _UNREAD and not self._accessed_defs_state_keys:
            return None
        return read_accessed(self)

    context.__init__ = put_off
    context._defs_state_info = property(info, set_info)
    context.accessed_defs_state_info = property(accessed_info)
    return True
