#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Says what a machine is: its processor, memory, disks, GPUs and who sits in front of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_machine_facts
short_description: What a machine is, read without root
description:
  - Reads /proc, /sys, /run and /etc/os-release, and asks C(nvidia-smi) and C(nvidia-ctk) where they are installed. Nothing is changed.
  - What cannot be read is left out of the answer, so that unknown differs from none.
options:
  root:
    description: Directory that holds C(proc), C(sys), C(run) and C(etc); for tests.
    type: path
    default: /
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_machine_facts:
"""

RETURN = r"""
machine_labels:
  description: Labels that say what was found, by key; see docs/inventory.md.
  returned: always
  type: dict
machine:
  description:
    - "C(architecture), C(kernel), C(distribution), C(model), C(cores), C(threads), C(memory_bytes), C(swap_bytes), C(cgroup) (1 or 2), C(virtual),
      C(battery), C(desktop) (a graphical session is open)."
    - "C(disks): C(name), C(model), C(bytes), C(rotational). C(filesystems): C(path), C(device), C(type), C(bytes), C(free_bytes), C(rotational)."
    - "C(gpus): C(address), C(device) (both of PCI), and where C(nvidia-smi) answers C(model), C(memory_bytes) and C(driver); C(gpu_toolkit) is the
      version of NVIDIA's container toolkit; C(gpu_problem) is what C(nvidia-smi) said where it failed."
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.machine import look_at_machine


def main():
    module = AnsibleModule(argument_spec={"root": {"type": "path", "default": "/"}}, supports_check_mode=True)
    module.exit_json(changed=False, **look_at_machine(module.params["root"]))


if __name__ == "__main__":
    main()
