"""Loads the Python that roles send to hosts. Its parts are joined there, so they are joined here too."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def load(role, *names):
    """A namespace with all functions of the named files of a role."""
    namespace = {"__name__": role}
    for name in names:
        path = os.path.join(ROOT, "ansible", "roles", role, "files", name)
        with open(path) as file:
            exec(compile(file.read(), path, "exec"), namespace)
    return namespace
