#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Reads the configuration files of a k3s that somebody else installed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_config_texts
short_description: The texts of k3s' configuration files
description:
  - Reads config.yaml, or the file that the unit names in its place, and its drop-ins. There is no YAML parser on a host, so they are parsed on the
    workstation, for M(k3s_present).
  - "What it returns is secret: its task needs C(no_log)."
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_config_texts:
  register: texts
  no_log: true
"""

RETURN = r"""
texts:
  description: The texts, in the order in which k3s reads them; none where there is no unit that can be read.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.present import chosen, described, text, units


def texts():
    unit, in_the_way = chosen(units())
    try:
        return [] if in_the_way else [text(path) or "" for path in described(unit)["config"]]
    except ValueError:
        return []  # k3s_present says why


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(changed=False, texts=texts())


if __name__ == "__main__":
    main()
