# Apache-2.0 (see LICENSE)
"""Brings files of the workstation to the host where k3s_download misses them there; all else is the module's."""

from __future__ import annotations

import os

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """See the module of the same name."""

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """The module looks first; what it wants of the workstation is transferred, and it verifies that and puts it in place."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        try:
            result.update(self._execute_module(module_name="k3s_download", module_args=arguments, task_vars=task_vars))
            wanted = result.pop("wanted", None) or {}
            absent = [path for path in wanted.values() if not os.path.isfile(path)]
            if absent:
                result.update(failed=True, msg="On the workstation there is no %s\nHint: Download it again from %s." % (", no ".join(absent), arguments["url"]))
            elif wanted:
                shell = self._connection._shell
                sent = {}
                self._make_tmp_path()
                for name, path in wanted.items():
                    sent[name] = shell.join_path(shell.tmpdir, name)
                    self._transfer_file(path, sent[name])
                self._fixup_perms2([shell.tmpdir, *sent.values()])
                placed = self._execute_module(module_name="k3s_download", module_args={**arguments, "sent": sent}, task_vars=task_vars)
                if placed.get("failed"):
                    result = {**placed, "changed": result.get("changed", False)}
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result
