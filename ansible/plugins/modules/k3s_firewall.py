#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Lets the cluster's traffic through the firewall of a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_firewall
short_description: Rules for the cluster in ufw or firewalld
description:
  - Adds the rules that an active ufw or firewalld lacks, for C(tailscale0) and the networks of the cluster, now and for the next start. No firewall is
    switched on or reloaded, and no other rule is changed.
options:
  networks:
    description: Networks of pods and services.
    type: list
    elements: str
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_firewall:
    networks: [10.42.0.0/16, 10.43.0.0/16]
"""

RETURN = r"""
changes:
  description: What was, or in a check would be, let through, in words.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import programs, system
from ansible.module_utils.k3s_tool.outcome import end


def commands(kind, name):
    """What lets an interface or a network through. firewalld keeps its rules twice: those that count now come first, as the others are what is looked for."""
    if kind == "ufw":
        return [["ufw", "allow", *(["in", "on", name] if name == "tailscale0" else ["from", name])]]
    rule = "--change-interface=tailscale0" if name == "tailscale0" else "--add-source=" + name
    return [["firewall-cmd", "--zone=trusted", *when, rule] for when in ([], ["--permanent"])]


def let_through(found, check=False, run=programs.run):
    """What was done, or in a check would be, by what was found of the firewall; and what went wrong, or None."""
    changes = []
    for name in found["missing"]:
        for command in [] if check else commands(found["kind"], name):
            code, out, said = run(command, timeout=60)
            if code:
                return changes, "`%s` failed: %s" % (" ".join(command), said.strip() or out.strip() or "exit code %d" % code)
        changes.append("let %s through %s" % (name, found["kind"]))
    return changes, None


def main():
    module = AnsibleModule(argument_spec={"networks": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True)
    changes, problem = let_through(system.probe_firewall(module.params["networks"]), module.check_mode)
    end(module, changes, problem=problem, hint="Correct what it names, or add that rule to the firewall of this host yourself, then run again.")


if __name__ == "__main__":
    main()
