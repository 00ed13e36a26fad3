# Apache-2.0 (see LICENSE)
"""How a module ends whose work is a list of changes, warnings and at most one problem."""

from __future__ import annotations

import contextlib

from ansible.module_utils.k3s_tool.programs import sentence


def diff_of(*changes):
    """A diff of what has no text: a line for each change, none for what is no change (False)."""
    return {"before": "", "after": "".join(change + "\n" for change in changes if change)}


@contextlib.contextmanager
def writing(module):
    """Ends the module where a file cannot be written, as on a full disk; without it Ansible would show a traceback."""
    try:
        yield
    except OSError as failure:
        module.fail_json(msg=sentence("%s could not be written: %s" % (failure.filename or "a file", failure.strerror),
                                      "Look at that directory and its disk: `ls -ld`, `df`."))


def end(module, changes, warnings=(), problem=None, hint=None, **found):
    """Ends the module. Warnings go to Ansible's own output and, as `told`, to the events of k3s-tool."""
    for warning in warnings:
        module.warn(warning)
    result = {"changed": bool(changes), "changes": list(changes), "told": list(warnings), **found}
    if problem:
        module.fail_json(msg=sentence(problem, hint), **result)
    module.exit_json(diff=diff_of(*changes), **result)
