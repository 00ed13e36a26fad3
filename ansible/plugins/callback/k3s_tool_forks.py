# Apache-2.0 (see LICENSE)
"""Makes the processes cheaper that Ansible forks for each task and host."""

from __future__ import annotations

import gc

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
    name: k3s_tool_forks
    type: notification
    short_description: processes for tasks that share more memory
    description:
      - Ansible forks a process for each task and host, hundreds in a run. It shares the memory of the main process until one of the two writes to it,
        and Python's garbage collector writes to every object that it visits. It took an eighth of the workstation's processor.
      - So this plugin turns it off. Python frees nearly everything without it, once nothing refers to it. The main process of a run on ten hosts grows by 2 MB.
"""


class CallbackModule(CallbackBase):
    """See DOCUMENTATION."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "k3s_tool_forks"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        gc.disable()
