# Apache-2.0 (see LICENSE)
"""Sends files of the workstation to hosts that lack them; the module of the same name does the rest."""

from __future__ import annotations

import os

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """See the module of the same name."""

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """The module says which files the host lacks; they are transferred, and the module verifies them and puts them in place."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        result.update(self._execute_module(module_name="k3s_download", module_args=arguments, task_vars=task_vars))
        wanted = self._wanted(arguments, result.pop("wanted", None) or ())
        absent = [path for path in wanted.values() if not os.path.isfile(path)]
        if absent:
            result.update(failed=True, msg="%s %s not on the workstation\nHint: Download it again from %s." % (", ".join(absent), "is" if len(absent) == 1 else "are", arguments["url"]))
        elif wanted:
            shell = self._connection._shell
            if not shell.tmpdir:
                self._make_tmp_path()
            sent = {name: shell.join_path(shell.tmpdir, name) for name in wanted}
            for name, path in wanted.items():
                self._transfer_file(path, sent[name])
            # What another host did not give the first time is not asked for again.
            placed = self._execute_module(module_name="k3s_download", module_args={**arguments, "peer": None, "sent": sent}, task_vars=task_vars)
            if placed.get("failed"):
                result = {**placed, "changed": result.get("changed", False)}
        return result

    @staticmethod
    def _wanted(arguments, names):
        """Paths on the workstation by name, of files of this task alone: what a host answers must not choose what it is sent."""
        local, known = arguments.get("local"), {name for entry in arguments["files"] for name in entry["dest"]}
        return {name: os.path.join(local["dir"], name) for name in names if local and name in known}
