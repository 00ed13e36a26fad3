#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Lets hosts join the cluster of this server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_admit
short_description: The token that hosts join with
description:
  - Reads the join token of this server. A node that was removed while its machine was off is kept out of the cluster by a secret of its name;
    the inventory has it again, so that secret goes. One call serves all hosts that join.
  - "What it returns is secret: its task needs C(no_log), and what went wrong is returned for another task to say."
options:
  nodes:
    description: Names of the nodes that join.
    type: list
    elements: str
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_admit:
    nodes: [pi, desktop]
  register: admitted
  no_log: true
"""

RETURN = r"""
token:
  description: The token; empty before the first start of this server.
  returned: always
  type: str
problem:
  description: Why no host can join, as a sentence without its subject, this server; or null.
  returned: always
  type: str
hint:
  description: What to do about it.
  returned: with a problem
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.kubectl import Failed, patiently
from ansible.module_utils.k3s_tool.node_password import is_tombstone, remove_secret, secrets_of
from ansible.module_utils.k3s_tool.programs import read

TOKEN = "/var/lib/rancher/k3s/server/node-token"


def admit(nodes, token):
    """Lets the nodes join, and says whether that changed something, or what is in the way and what to do."""
    if not token:
        return {"changed": False, "problem": "has no token, so no host can join", "hint": "Its k3s has not started yet. Provision it first."}
    try:
        secrets = [secret for secret in patiently(lambda: secrets_of(nodes)) if is_tombstone(secret)]
        for secret in secrets:
            remove_secret(secret)
    except (Failed, ValueError) as failure:
        return {"changed": False, "problem": "does not answer as the API server: %s" % failure, "hint": "Look at `k3s-tool status`; when the cluster answers, run again."}
    return {"changed": bool(secrets), "problem": None}


def main():
    module = AnsibleModule(argument_spec={"nodes": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True)
    token = read(TOKEN).strip()
    # In a check of a cluster that does not exist yet there is none.
    found = {"changed": False, "problem": None} if module.check_mode else admit(module.params["nodes"], token)
    module.exit_json(token=token, **found)


if __name__ == "__main__":
    main()
