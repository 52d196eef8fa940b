# mypy: ignore-errors
# Runs as `PYTHON -c <this text>` in any interpreter, however old: prints one marked line of JSON with what
# that interpreter is. Standard library only, and no syntax newer than Python 3.0.
import sys

if sys.path[:1] == [""]:
    del sys.path[0]

import json
import os


def finder_modules():
    found = []
    for finder in list(sys.meta_path) + list(sys.path_hooks):
        name = getattr(finder, "__module__", None) or type(finder).__module__
        if not name.startswith("_frozen_importlib") and name not in ("zipimport", "importlib.machinery"):
            found.append(name)
    return found


def customize_files():
    names = ("sitecustomize", "usercustomize")
    return [f for f in (getattr(sys.modules.get(n), "__file__", None) for n in names) if f]


def user_site():
    import site

    folder = site.getusersitepackages() if getattr(site, "ENABLE_USER_SITE", False) else None
    return [folder] if folder and folder in sys.path else []


def facts():
    import site

    gil = getattr(sys, "_is_gil_enabled", None)
    return {
        "implementation": sys.implementation.name,
        "version": list(sys.version_info[:3]),
        "cache_tag": sys.implementation.cache_tag or "",
        "abi_flags": getattr(sys, "abiflags", ""),
        "free_threaded": "t" in getattr(sys, "abiflags", "") or (gil is not None and not gil()),
        "platform": sys.platform + "-" + os.uname().machine,
        "executable": sys.executable,
        "base_executable": getattr(sys, "_base_executable", sys.executable),
        "prefix": sys.prefix,
        "exec_prefix": sys.exec_prefix,
        "base_prefix": sys.base_prefix,
        "base_exec_prefix": sys.base_exec_prefix,
        "sys_path": sys.path,
        "site_dirs": site.getsitepackages() + user_site(),
        "stdlib": os.path.dirname(os.__file__),
        "finders": finder_modules(),
        "customize_files": customize_files(),
    }


old = sys.version_info < (3, 10)
answer = {"version": list(sys.version_info[:3])} if old else facts()
sys.stdout.write("\nreef-environment " + json.dumps(answer) + "\n")
