#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Locks a host for a run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_lock
short_description: One run at a time on a host
description:
  - Locks the host for this run, until its connection ends, however that ends; see docs/decisions/0008-lock-on-hosts.md. Fails where another run has it.
  - Nothing is released, and the lock is no change of the host. In a check nothing is locked.
options:
  id:
    description: Name of the run; empty for plain Ansible, whose runs are distinguished by their connection.
    type: str
    default: ""
  who:
    description: Whose run it is.
    type: str
    required: true
  inventory:
    description: Which inventory it works on.
    type: str
    required: true
  command:
    description: The command, as a person calls it.
    type: str
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_lock:
    who: ann@laptop
    inventory: /home/ann/hosts.yml
    command: k3s-tool reset
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.lock import RUN, lock_host
from ansible.module_utils.k3s_tool.programs import sentence


def main():
    module = AnsibleModule(argument_spec=RUN, supports_check_mode=True)
    other = None if module.check_mode else lock_host(module.params)
    if other:
        module.fail_json(msg=sentence(other["message"], other["hint"]))
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
