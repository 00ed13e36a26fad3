#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Sets up the directories of a host in which volumes may be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_storage_paths
short_description: Directories of a host in which volumes may be
description:
  - Makes each directory (of root, mode 0700) with a mark in it, records on which mount it is, and has the service of k3s wait for that mount at boot.
  - Refuses a directory that is in memory, that has other files in it, that is on a root file system with less than 10 GiB free, and one whose disk is not
    mounted, by C(/etc/fstab), by mount units or by what was recorded.
  - A directory that is no longer listed is forgotten; what is in it stays.
options:
  paths:
    description: The directories.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The directory, absolute.
        type: str
        required: true
      class:
        description: Storage class of its volumes.
        type: str
        required: true
      default:
        description: Not looked at here.
        type: bool
        default: false
      reclaim:
        description: Not looked at here.
        type: str
        choices: [Delete, Retain]
        default: Delete
  unit:
    description: Service of k3s on this host.
    type: str
    choices: [k3s, k3s-agent]
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_storage_paths:
    paths: [{path: /srv/fast, class: fast}]
    unit: k3s-agent
"""

RETURN = r"""
changes:
  description: What was, or in a check would be, done, in words.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.outcome import end
from ansible.module_utils.k3s_tool.programs import sentence
from ansible.module_utils.k3s_tool.storage import set_up

PATHS = {"type": "list", "elements": "dict", "required": True, "options": {
    "path": {"type": "str", "required": True},
    "class": {"type": "str", "required": True},
    "default": {"type": "bool", "default": False},
    "reclaim": {"type": "str", "choices": ["Delete", "Retain"], "default": "Delete"},
}}


def main():
    module = AnsibleModule(argument_spec={"paths": PATHS, "unit": {"type": "str", "choices": ["k3s", "k3s-agent"], "required": True}},
                           supports_check_mode=True)
    try:
        changes, found = set_up(module.params["paths"], module.params["unit"], module.check_mode)
    except OSError as failure:
        module.fail_json(msg=sentence("%s could not be set up: %s" % (failure.filename, failure.strerror), "Look at that disk: `findmnt`, `dmesg`."))
    end(module, changes, problem=found and found["message"], hint=found and found["hint"])


if __name__ == "__main__":
    main()
