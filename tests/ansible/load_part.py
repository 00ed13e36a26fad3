"""Loads the Python that runs on hosts, as Ansible does: modules, and what they share as ansible.module_utils.k3s_tool."""

import importlib
import importlib.util
import os
import sys

import ansible.module_utils

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.path.join(ROOT, "ansible", "plugins", "module_utils")
if SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(SHARED)


def load(*names):
    """A namespace with all names of the given parts; where it is one part, what is put into it counts in that part."""
    parts = [importlib.import_module("ansible.module_utils.k3s_tool." + name) for name in names]
    if len(parts) > 1:
        return {key: value for part in parts for key, value in vars(part).items()}
    sys.modules.pop(parts[0].__name__)
    return vars(importlib.import_module(parts[0].__name__))


def load_module(name):
    """A module of ansible/plugins/modules, each time anew."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(ROOT, "ansible", "plugins", "modules", name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
