import importlib.machinery
import sys

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, cls) if name == "made_up" else None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        module.TEXT = "x"

sys.meta_path.insert(0, Finder)
