"""Part of the host probe: puts the parts together. It only reads; run as `python3 -` with the parameters appended."""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def probe(params):
    """Everything a run wants to know about this host, asked at once because each question over SSH costs a second."""
    offset = time.time() - params["controller_time"]
    # What else is wrong with a host that another run is changing may be that run's doing: it is not said.
    other_run = lock_host(params["run"]) if params.get("run") else None
    machine = os.uname().machine
    with ThreadPoolExecutor(max_workers=8) as pool:
        tailscale = pool.submit(probe_tailscale, params)
        k3s = pool.submit(probe_k3s, params)
        reach = pool.submit(probe_reach, params.get("peers", {}), params.get("servers", []))
        firewall = pool.submit(probe_firewall, params.get("cluster_networks", []))
        platform_problems, system = judge_platform(machine, params)
        problems, warnings, tailscale_facts = tailscale.result()
        k3s_problems, k3s_warnings, k3s_facts = k3s.result()
        disk_problems, disk_warnings = judge_disk(params, k3s_facts["version"] is not None)
        # Our own running k3s holds its ports; only before that can somebody else.
        port_problems = [] if k3s_facts["unit"]["active"] else judge_ports(params.get("ports", []))
        return {
            "problems": [other_run] if other_run else platform_problems + problems + k3s_problems + disk_problems + port_problems,
            "warnings": warnings + k3s_warnings + disk_warnings,
            "arch": ARCHITECTURES.get(machine, machine),
            "clock_offset": round(offset, 3),
            "system": system,
            "kernel": probe_kernel(params.get("sysctls", {}), params.get("kernel_files", {})),
            "tailscale": tailscale_facts,
            "k3s": k3s_facts,
            "reach": reach.result(),
            "resolvers": probe_resolvers(),
            "firewall": firewall.result(),
        }


def main(params):
    json.dump(probe(params), sys.stdout)
    return 0
