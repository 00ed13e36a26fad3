"""Loads a module of ansible/plugins/modules for its functions; nothing of Ansible is needed for that."""

import importlib.util
import os

from load_part import ROOT


def load_module(name):
    path = os.path.join(ROOT, "ansible", "plugins", "modules", name + ".py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
