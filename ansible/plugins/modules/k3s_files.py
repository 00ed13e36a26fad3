#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Writes several files at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_files
short_description: Several files with their text and mode
description:
  - Writes files that differ from the given text or mode; they belong to the user of the task. Each file is replaced as a whole.
  - One call serves all files of a host. With C(copy) each is a task, and a task costs a connection and a second.
options:
  files:
    description: The files, written in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Path of the file.
        type: path
        required: true
      content:
        description: All of its text, which a diff shows. Without it the text is in C(secrets), or the file is C(absent).
        type: str
      absent:
        description: Whether the file is removed.
        type: bool
        default: false
      directory:
        description: Create a directory with this mode, or set the mode of an existing one.
        type: bool
        default: false
      mode:
        description: Its mode, in octal digits.
        type: str
        default: "0644"
      directory_mode:
        description: Mode of its directory where that has to be made.
        type: str
        default: "0755"
      parent_mode:
        description: Mode of that directory's parent where it has to be made as well.
        type: str
        default: "0755"
  secrets:
    description: Texts that are secret, by the path of their file. They are shown nowhere.
    type: dict
    default: {}
  keep:
    description: Directory that a file is copied to before it is replaced or removed; a copy that is there stays.
    type: path
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_files:
    files:
      - path: /etc/rancher/k3s/config.yaml
        content: "node-ip: 100.64.0.1\n"
        mode: "0600"
"""

RETURN = r"""
changed_files:
  description: Paths of the files that were written.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.files import write_files
from ansible.module_utils.k3s_tool.outcome import writing


def main():
    module = AnsibleModule(argument_spec={"files": {"type": "list", "elements": "dict", "required": True, "options": {
        "path": {"type": "path", "required": True},
        "content": {"type": "str"},
        "absent": {"type": "bool", "default": False},
        "directory": {"type": "bool", "default": False},
        "mode": {"type": "str", "default": "0644"},
        "directory_mode": {"type": "str", "default": "0755"},
        "parent_mode": {"type": "str", "default": "0755"},
    }}, "secrets": {"type": "dict", "default": {}, "no_log": True}, "keep": {"type": "path"}}, supports_check_mode=True)
    with writing(module):
        diffs = write_files(module.params["files"], module.check_mode, module.params["secrets"], module.params["keep"])
    module.exit_json(changed=bool(diffs), changed_files=[entry["after_header"] for entry in diffs], diff=diffs)


if __name__ == "__main__":
    main()
