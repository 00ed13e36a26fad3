#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Makes a snapshot of the cluster's datastore."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_snapshot
short_description: A snapshot of the cluster's datastore
description:
  - Makes a snapshot of the datastore of the server it runs on, while k3s runs, in C(/var/lib/rancher/k3s/server/db/snapshots). Only root may read it.
  - With etcd it is C(k3s etcd-snapshot save); with SQLite it is SQLite's own online backup, as a copy of the live file could be torn.
  - It holds all objects of the cluster, Secrets included. It does not hold volumes, the server token, or the keys in C(server/tls).
options:
  name:
    description: What its file name begins with; the node and the time follow.
    type: str
    default: k3s-tool
  node:
    description: Name of this host's node.
    type: str
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_snapshot:
    name: before-upgrade
    node: nuc
"""

RETURN = r"""
path:
  description: The file.
  returned: success, outside of check mode
  type: str
size:
  description: Its size in bytes.
  returned: success, outside of check mode
  type: int
kind:
  description: C(etcd) or C(sqlite).
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.outcome import diff_of
from ansible.module_utils.k3s_tool.programs import sentence
from ansible.module_utils.k3s_tool.snapshot import Failed, kind_of, save


def main():
    module = AnsibleModule(argument_spec={
        "name": {"type": "str", "default": "k3s-tool"},
        "node": {"type": "str", "required": True},
    }, supports_check_mode=True)
    if module.check_mode:
        module.exit_json(changed=True, diff=diff_of("a snapshot of the datastore is made"), kind=kind_of(), msg="A snapshot of the datastore would be made")
    try:
        made = save(module.params["name"], module.params["node"])
    except (Failed, OSError) as failure:
        module.fail_json(msg=sentence(str(failure), "See `journalctl -u k3s` on this host, and `df /var/lib/rancher` for space."))
    module.exit_json(changed=True, diff=diff_of("%s (%d bytes)" % (made["path"], made["size"])), msg="%s (%d bytes)" % (made["path"], made["size"]), **made)


if __name__ == "__main__":
    main()
