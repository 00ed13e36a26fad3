#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Says what a k3s runs with that somebody else installed, and whether it can be taken over as it runs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_present
short_description: What a k3s of another installation runs with
description:
  - Reads the unit of a k3s that its own script, other tools or a person installed, its environment files and (parsed by M(k3s_config_texts)' caller) its
    configuration files. Nothing is executed and nothing is changed. Values of secrets are not returned.
  - With C(config) it also says what would differ, and whether that needs a restart. What runs counts by its files, so these must be older than the process.
options:
  documents:
    description: The configuration files, parsed, in the order in which k3s reads them; without the values of secrets.
    type: list
    elements: raw
    default: []
  table:
    description: k3s' options, as C(roles/k3s_service/files/k3s_options.json) has them.
    type: dict
    required: true
  config:
    description: What k3s is to run with, by option. Nothing is compared without it.
    type: dict
  reasons:
    description: What else k3s has to be restarted for; empty texts do not count.
    type: list
    elements: str
    default: []
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_present:
    table: {token: {type: string, "on": [server, agent]}}
"""

RETURN = r"""
present:
  description:
    - "C(unit), C(own) (the unit is k3s-tool's), C(unfinished) (it is, and k3s does not run with it), C(active), C(mode) (server or agent), C(node), C(address), C(tailscale_ip), C(version), C(datastore) (sqlite,
      etcd, external), C(cluster) (digest of its CA), C(options), C(problems) (what cannot be taken over)."
    - "With C(config) also C(differences) (option, now, then, restart), and C(restart): why k3s has to be restarted; empty where it need not be."
  returned: always
  type: dict
remove:
  description: Configuration files that are k3s' no longer once the tool has written its own.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.installation import digested, unit_state
from ansible.module_utils.k3s_tool.present import BINARY, CONFIG, differences, edited, look
from ansible.module_utils.k3s_tool.programs import run, sha256_of
from ansible.module_utils.k3s_tool.server import DATA, parse_version


def present(params):
    facts, options, found = look(params["documents"], params["table"])
    facts["version"] = parse_version(run([BINARY, "--version"])[1])
    facts["cluster"] = sha256_of(DATA + "/server/tls/server-ca.crt") or sha256_of(DATA + "/agent/server-ca.crt")
    facts["remove"] = []
    if facts["own"]:
        facts["unfinished"] = not all(unit_state(facts["unit"], digested("/etc/systemd/system/%s.service" % facts["unit"])).values())
    if found is None or facts["own"]:
        return facts
    facts["remove"] = [path for path in found["config"] if path != CONFIG and path.startswith(CONFIG + ".d/")]
    if params["config"] is not None:
        facts["differences"] = differences(options, params["config"], facts, params["table"])
        reasons = [row["option"] for row in facts["differences"] if row["restart"]] + params["reasons"]
        facts["restart"] = ", ".join(filter(None, reasons)) or ("its files were changed since it started" if edited(found) else "")
    return facts


def main():
    module = AnsibleModule(argument_spec={
        "documents": {"type": "list", "elements": "raw", "default": []},
        "table": {"type": "dict", "required": True},
        "config": {"type": "dict"},
        "reasons": {"type": "list", "elements": "str", "default": []},
    }, supports_check_mode=True)
    facts = present(module.params)
    module.exit_json(changed=False, remove=facts.pop("remove"), present=facts)


if __name__ == "__main__":
    main()
