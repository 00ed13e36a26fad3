#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Looks at a server that is not part of a run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_server_info
short_description: Whether other hosts can join through this server
description:
  - Tells whether the cluster's data are on this host, and whether its API server is ready. C(k3s_host_facts) tells the same of the hosts of a run.
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_server_info:
"""

RETURN = r"""
server:
  description: Under C(holds) whether the cluster's data are here, under C(answers) whether the API server, its datastore included, is ready, under C(awaits) whether it gave its data up for a restore and has not joined the restored cluster yet.
  returned: success
  type: dict
version:
  description: Version of the k3s here, empty where there is none.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.installation import BINARY, parse_version
from ansible.module_utils.k3s_tool.programs import run
from ansible.module_utils.k3s_tool.server import look_server


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, server=look_server(), version=parse_version(run([BINARY, "--version"])[1]) or "")


if __name__ == "__main__":
    main()
