#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Gives pods what they need of the kernel."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_kernel
short_description: Kernel settings and modules, now and after a reboot
description:
  - Writes C(/etc/sysctl.d/90-k3s-tool.conf) and, where the kernel has modules, C(/etc/modules-load.d/k3s-tool.conf), loads the modules and applies
    the settings that differ. A setting that the kernel does not have is left out.
options:
  settings:
    description: Value by name, as sysctl has them.
    type: dict
    required: true
  modules:
    description: Kernel modules to load, now and at boot.
    type: list
    elements: str
    default: []
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_kernel:
    settings: {net.ipv4.ip_forward: "1"}
    modules: [br_netfilter]
"""

RETURN = r"""
applied:
  description: Names of the settings that the kernel had with another value.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import files, kernel
from ansible.module_utils.k3s_tool.programs import sentence


def main():
    module = AnsibleModule(argument_spec={
        "settings": {"type": "dict", "required": True},
        "modules": {"type": "list", "elements": "str", "default": []},
    }, supports_check_mode=True)
    settings, modules = module.params["settings"], module.params["modules"]
    wanted = kernel.wanted_files(settings, modules)
    diffs = files.write_files([{"path": path, "content": text, "mode": "0644"} for path, text in wanted.items()], module.check_mode)
    written = [entry["after_header"] for entry in diffs]
    # Some settings are there only when their module is.
    if kernel.MODULES_FILE in written and not module.check_mode:
        run(module, "modprobe", "--all", *modules)
    wrong = kernel.wrong_settings(settings)
    if wrong and not module.check_mode:
        run(module, "sysctl", "--ignore", "--load=" + kernel.SETTINGS_FILE)
    module.exit_json(changed=bool(diffs or wrong), applied=wrong, diff=diffs)


def run(module, *command):
    code, _, said = module.run_command(command)
    if code:
        module.fail_json(msg=sentence("%s failed: %s" % (" ".join(command), said.strip()), "This kernel may lack what pods need: see `dmesg`."))


if __name__ == "__main__":
    main()
