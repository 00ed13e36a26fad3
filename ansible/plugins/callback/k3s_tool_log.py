# Apache-2.0 (see LICENSE)
"""Ansible's usual output without diffs, for the log that k3s-tool keeps of a run."""

from __future__ import annotations

from ansible.plugins.callback.default import CallbackModule as Default

DOCUMENTATION = r"""
    name: k3s_tool_log
    type: stdout
    short_description: the usual output without diffs
    description:
      - A diff shows whole files, with what is secret in them. The events have the diffs, with the secrets hidden.
    extends_documentation_fragment:
      - default_callback
      - result_format_callback
"""


class CallbackModule(Default):
    """Shows what C(default) shows, but no diffs."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "k3s_tool_log"

    def v2_on_file_diff(self, result):
        """Nothing; see DOCUMENTATION."""
