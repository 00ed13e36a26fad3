#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Reads the token that hosts join with."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_token
short_description: The join token that a server made
description:
  - Reads the token on a server. Where there is none, which is so before its first start, it says so and does not fail.
  - "What it returns is secret: its task needs C(no_log)."
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_token:
  register: token
  no_log: true
"""

RETURN = r"""
found:
  description: Whether there is a token.
  returned: success
  type: bool
token:
  description: The token.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.programs import read

PATH = "/var/lib/rancher/k3s/server/node-token"


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    token = read(PATH).strip()
    module.exit_json(changed=False, found=bool(token), token=token)


if __name__ == "__main__":
    main()
