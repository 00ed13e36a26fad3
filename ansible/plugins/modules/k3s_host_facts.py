#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Looks at a host and judges it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_host_facts
short_description: What a run wants to know of a host, and what is wrong with it
description:
  - Asks at once for Tailscale, k3s, kernel, resolvers, firewall, ports, disk, memory and other hosts, as each question by itself costs a connection.
    Nothing is changed.
  - What is wrong is a fact (C(problems)), as some of it shows only when hosts are compared; the module itself fails only where it cannot look.
  - With C(lock) it also takes the host's lock for a run; see C(k3s_lock). A host that another run has is a problem too.
options:
  role:
    description: Group of the host.
    type: str
    choices: [control_plane, workers]
    required: true
  tailscale_ip:
    description: Address that the inventory has for this host.
    type: str
    required: true
  tailscale_network:
    description: Network that it must be in; empty for any.
    type: str
    default: ""
  cluster_networks:
    description: Networks that an active firewall must let pass.
    type: list
    elements: str
    default: []
  controller_time:
    description: The workstation's clock, in seconds since 1970.
    type: float
    required: true
  minimum_memory_mb:
    description: The least memory.
    type: int
    default: 0
  minimum_disk_mb:
    description: The least space under /var/lib.
    type: int
    default: 0
  reserved:
    description: Reservations, C(cpu) and C(memory), as Kubernetes writes quantities.
    type: dict
    default: {}
  reserved_by:
    description: The profile that a reservation is part of, by C(cpu) and C(memory); empty where it is the owner's.
    type: dict
    default: {}
  commands:
    description: Programs that must be there.
    type: list
    elements: str
    default: []
  sysctls:
    description: Kernel settings that pods need.
    type: dict
    default: {}
  modules:
    description: Kernel modules that pods need.
    type: list
    elements: str
    default: []
  ports:
    description: Ports that nothing but k3s may listen on.
    type: list
    elements: int
    default: []
  files:
    description: Files whose digest is returned, besides those of k3s.
    type: list
    elements: path
    default: []
  peers:
    description: Address by name of hosts that must be reached from here.
    type: dict
    default: {}
  servers:
    description: Names of those that are servers.
    type: list
    elements: str
    default: []
  storage_paths:
    description: Directories in which volumes may be, each with C(path) and C(class).
    type: list
    elements: dict
    default: []
  lock:
    description: The run that takes the host's lock, as C(k3s_lock) has it; none where nothing is going to be changed.
    type: dict
    suboptions:
      id:
        description: Name of the run; empty for plain Ansible.
        type: str
        default: ""
      who:
        description: Whose run it is.
        type: str
        required: true
      inventory:
        description: Which inventory it works on.
        type: str
        required: true
      command:
        description: The command, as a person calls it.
        type: str
        required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_host_facts:
    role: workers
    tailscale_ip: 100.64.0.3
    controller_time: "{{ now().timestamp() }}"
    peers: {nuc: 100.64.0.1}
    servers: [nuc]
"""

RETURN = r"""
ansible_facts:
  description: Facts to add.
  returned: always
  type: dict
  contains:
    k3s_host:
      description: "Under C(problems) what keeps the host out of a run, each with C(id), C(message) and C(hint); C(warnings); and what was found, under
        C(arch), C(clock_offset), C(system), C(kernel), C(tailscale), C(k3s), C(reach), C(resolvers), C(firewall), C(storage), C(gpu),
        and what C(k3s_machine_facts) returns."
      type: dict
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import kernel
from ansible.module_utils.k3s_tool.gpu import probe_gpu
from ansible.module_utils.k3s_tool.installation import probe_k3s
from ansible.module_utils.k3s_tool.lock import RUN, lock_host
from ansible.module_utils.k3s_tool.machine import look_at_machine
from ansible.module_utils.k3s_tool.storage import look_at_storage
from ansible.module_utils.k3s_tool.system import ARCHITECTURES, judge_disk, judge_platform, judge_ports, probe_firewall, probe_reach, probe_resolvers
from ansible.module_utils.k3s_tool.tailscale import probe_tailscale


def look(params, check):
    """Everything that a run wants to know about this host."""
    offset = time.time() - params["controller_time"]
    # What else is wrong with a host that another run is changing may be that run's doing: it is not said.
    other_run = lock_host(params["lock"]) if params["lock"] and not check else None
    machine = os.uname().machine
    with ThreadPoolExecutor(max_workers=8) as pool:
        tailscale = pool.submit(probe_tailscale, params)
        k3s = pool.submit(probe_k3s, params)
        reach = pool.submit(probe_reach, params["peers"], params["servers"])
        firewall = pool.submit(probe_firewall, params["cluster_networks"])
        what_it_is = pool.submit(look_at_machine)
        platform_problems, system = judge_platform(machine, params)
        problems, warnings, tailscale_facts = tailscale.result()
        k3s_problems, k3s_warnings, k3s_facts = k3s.result()
        storage_problems, storage_facts = look_at_storage(params)
        disk_problems, disk_warnings = judge_disk(params, k3s_facts["version"] is not None)
        # Our own running k3s holds its ports; only before that can somebody else.
        port_problems = [] if k3s_facts["unit"]["active"] else judge_ports(params["ports"])
        return {
            "problems": [other_run] if other_run else platform_problems + problems + k3s_problems + disk_problems + port_problems + storage_problems,
            "warnings": warnings + k3s_warnings + disk_warnings,
            "arch": ARCHITECTURES.get(machine, machine),
            "clock_offset": round(offset, 3),
            "system": system,
            "kernel": {"ready": kernel.is_ready(params["sysctls"], params["modules"])},
            "tailscale": tailscale_facts,
            "k3s": k3s_facts,
            "reach": reach.result(),
            "resolvers": probe_resolvers(),
            "firewall": firewall.result(),
            "storage": storage_facts,
            **what_it_is.result(),
            "gpu": probe_gpu(what_it_is.result()["machine"]),
            "backups": os.path.exists("/etc/systemd/system/k3s-tool-backup.timer"),
        }


def main():
    module = AnsibleModule(argument_spec={
        "role": {"type": "str", "required": True, "choices": ["control_plane", "workers"]},
        "tailscale_ip": {"type": "str", "required": True},
        "tailscale_network": {"type": "str", "default": ""},
        "cluster_networks": {"type": "list", "elements": "str", "default": []},
        "controller_time": {"type": "float", "required": True},
        "minimum_memory_mb": {"type": "int", "default": 0},
        "minimum_disk_mb": {"type": "int", "default": 0},
        "reserved": {"type": "dict", "default": {}},
        "reserved_by": {"type": "dict", "default": {}},
        "commands": {"type": "list", "elements": "str", "default": []},
        "sysctls": {"type": "dict", "default": {}},
        "modules": {"type": "list", "elements": "str", "default": []},
        "ports": {"type": "list", "elements": "int", "default": []},
        "files": {"type": "list", "elements": "path", "default": []},
        "peers": {"type": "dict", "default": {}},
        "servers": {"type": "list", "elements": "str", "default": []},
        "storage_paths": {"type": "list", "elements": "dict", "default": []},
        "lock": {"type": "dict", "options": RUN},
    }, supports_check_mode=True)
    module.exit_json(changed=False, ansible_facts={"k3s_host": look(module.params, module.check_mode)})


if __name__ == "__main__":
    main()
