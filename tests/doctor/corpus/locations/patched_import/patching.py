import builtins

_before = builtins.__import__

def noting(name, *args, **kwargs):
    return _before(name, *args, **kwargs)

builtins.__import__ = noting
