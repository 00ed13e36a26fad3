#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Reads a file whose text is secret."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_secret_file
short_description: The text of a secret file of k3s
description:
  - Reads a file on a server, such as the token that hosts join with. Where there is none, which is so before its first start, it says so and does not
    fail, as a task with C(no_log) could not say why.
  - "What it returns is secret: its task needs C(no_log)."
options:
  path:
    description: The file.
    type: path
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_secret_file:
    path: /var/lib/rancher/k3s/server/node-token
  register: token
  no_log: true
"""

RETURN = r"""
found:
  description: Whether there is a text.
  returned: success
  type: bool
text:
  description: The text.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.programs import read


def main():
    module = AnsibleModule(argument_spec={"path": {"type": "path", "required": True}}, supports_check_mode=True)
    text = read(module.params["path"])
    module.exit_json(changed=False, found=bool(text.strip()), text=text)


if __name__ == "__main__":
    main()
