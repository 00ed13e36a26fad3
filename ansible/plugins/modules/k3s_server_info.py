#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Looks at a server that is not part of a run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_server_info
short_description: Whether other hosts can join through this server
description:
  - Tells whether the cluster's data are on this host, and whether its API server is ready. C(k3s_host_facts) tells the same of the hosts of a run.
options:
  timeout:
    description: Seconds to wait until the API server is ready, as long as k3s runs or starts.
    type: int
    default: 0
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_server_info:
    timeout: 90
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

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.installation import BINARY, parse_version
from ansible.module_utils.k3s_tool.programs import run
from ansible.module_utils.k3s_tool.server import look_server


def wait(timeout, look=look_server, execute=run, now=time.monotonic, pause=time.sleep):
    """What `look` finds once the server answers; k3s that is stopped is not waited for."""
    end, found = now() + timeout, look()
    while not found["answers"] and now() < end and execute(["systemctl", "is-active", "k3s"])[1].strip() in ("active", "activating"):
        pause(1)
        found = look()
    return found


def main():
    module = AnsibleModule(argument_spec={"timeout": {"type": "int", "default": 0}}, supports_check_mode=True)
    module.exit_json(changed=False, server=wait(module.params["timeout"]), version=parse_version(run([BINARY, "--version"])[1]) or "")


if __name__ == "__main__":
    main()
