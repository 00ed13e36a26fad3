#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Stops k3s on a host, and readies it to come up with the data of a backup."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_restore
short_description: Stop k3s for a restore
description:
  - Stops k3s and disables its unit, so that no reboot starts it before the restore has come to this host; M(k3s_start) enables it again.
  - On the server that has been sent a backup it is armed, so that M(k3s_start) begins with it. Another server's datastore is put aside
    (C(server/db-before-restore-*)) and its keys are removed, as it joins the restored one.
options:
  role:
    description: What becomes of this host.
    type: str
    choices: [lead, server, worker]
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_restore:
    role: lead
"""

RETURN = r""" # """

import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.lock import working
from ansible.module_utils.k3s_tool.outcome import diff_of
from ansible.module_utils.k3s_tool.programs import run, sentence
from ansible.module_utils.k3s_tool.restore import Refused, arm, leave

UNITS = ("k3s", "k3s-agent")


# What is changed on a host of each role, for a diff.
CHANGES = {
    "lead": "k3s is stopped; its data is replaced by the backup at the next start",
    "server": "k3s is stopped, and its data put aside; it joins the restored cluster",
    "worker": "k3s is stopped; it joins the restored cluster",
}


def main():
    module = AnsibleModule(argument_spec={"role": {"type": "str", "required": True, "choices": ["lead", "server", "worker"]}}, supports_check_mode=True)
    if not module.check_mode:
        with working():
            stop(module)
    module.exit_json(changed=True, diff=diff_of(CHANGES[module.params["role"]]))


def stop(module):
    for unit in UNITS:
        if os.path.exists("/etc/systemd/system/%s.service" % unit):
            code, _, said = run(["systemctl", "disable", "--now", unit], timeout=120)
            if code:
                module.fail_json(msg=sentence("%s cannot be stopped: %s" % (unit, said.strip()[-500:]), "See `systemctl status %s` on this host." % unit))
    try:
        {"lead": arm, "server": leave, "worker": lambda: None}[module.params["role"]]()
    except (Refused, OSError) as failure:
        module.fail_json(msg=sentence(str(failure), "Run `k3s-tool backup restore` again."))


if __name__ == "__main__":
    main()
