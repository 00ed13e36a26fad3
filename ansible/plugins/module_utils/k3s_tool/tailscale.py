# Apache-2.0 (see LICENSE)
"""What Tailscale says on this host, and what is wrong with it."""

from __future__ import annotations

import ipaddress
import json
import os
import time
from datetime import datetime, timezone

from ansible.module_utils.k3s_tool.programs import problem, run


BACKEND_STATES = {
    "NeedsLogin": ("Tailscale is not logged in", "Log in on this host: `tailscale up`."),
    "NeedsMachineAuth": ("Tailscale waits for this machine to be approved", "Approve it in the admin console of the tailnet."),
    "Stopped": ("Tailscale is switched off", "Switch it on: `tailscale up`."),
    "Starting": ("Tailscale is still starting", "Wait a moment and run again; `tailscale status` shows when it is connected."),
    "NoState": ("Tailscale is still starting", "Wait a moment and run again; `tailscale status` shows when it is connected."),
}


def judge_tailscale(status, address, network, now):
    """Problems and warnings in the document of `tailscale status --json`; `now` in seconds since 1970."""
    problems, warnings = [], []
    state = status.get("BackendState", "")
    if state != "Running":
        message, hint = BACKEND_STATES.get(state, ("Tailscale is in state %s" % (state or "unknown"), "Look at `tailscale status`."))
        return [problem("tailscale_state", message, hint)], warnings
    me = status.get("Self") or {}
    # The first address may be the IPv6 one: choose by family.
    addresses = [ip for ip in me.get("TailscaleIPs") or [] if ":" not in ip]
    if not addresses:
        problems.append(problem("tailscale_ipv4", "Tailscale has no IPv4 address here", "Enable IPv4 in the tailnet: flannel over tailscale0 needs it."))
    elif address not in addresses:
        problems.append(problem("tailscale_address", "Tailscale's address is %s, but the inventory says %s" % (addresses[0], address),
                                "Set tailscale_ip of this host to %s, or check that this is the machine you mean." % addresses[0]))
    if network and ipaddress.ip_address(address) not in ipaddress.ip_network(network, strict=False):
        problems.append(problem("tailscale_network", "the address %s is not in tailscale_network %s" % (address, network),
                                "Correct tailscale_ip or tailscale_network in the inventory."))
    expiry = parse_time(me.get("KeyExpiry"))
    if me.get("Expired") or (expiry and expiry <= now):
        problems.append(problem("tailscale_key", "the Tailscale key of this host has expired", "Renew it: `tailscale up --force-reauth`."))
    elif expiry and expiry - now < 14 * 86400:
        warnings.append("The Tailscale key expires in %d days; renew it, or tag the host or disable expiry in the admin console." % ((expiry - now) // 86400))
    return problems, warnings


def parse_time(text):
    """Seconds since 1970 of an RFC 3339 time, None for none (Tailscale writes year 1 for 'never')."""
    try:
        moment = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    except (TypeError, ValueError):
        return None
    return moment if moment > 0 else None


def shadowed_networks(routes, links):
    """Networks of this host's own links that lie within a route taken from the tailnet (`ip -j route show table 52`, `ip -j -4 addr`)."""
    accepted = []
    for route in routes:
        if route.get("type", "unicast") != "unicast":
            continue  # Tailscale keeps the LAN of an exit node's user out by `throw`
        try:
            network = ipaddress.ip_network(route.get("dst", ""), strict=False)
        except ValueError:
            continue
        if network.prefixlen < 32 and network.version == 4 and not network.subnet_of(ipaddress.ip_network("100.64.0.0/10")):
            accepted.append(network)
    own = set()
    for link in links:
        if link.get("ifname") in ("lo", "tailscale0", "cni0", "flannel.1", "docker0"):
            continue
        for entry in link.get("addr_info", []):
            if entry.get("family") == "inet":
                own.add(ipaddress.ip_network("%s/%s" % (entry["local"], entry["prefixlen"]), strict=False))
    return sorted({str(network) for network in own if any(network.subnet_of(route) for route in accepted)})


def json_of(text, default):
    try:
        return json.loads(text)
    except ValueError:
        return default


def probe_tailscale(params):
    """Problems, warnings and facts about this host's Tailscale."""
    code, output, errors = run(["tailscale", "status", "--json", "--peers=false"])
    if code == 127:
        return [problem("tailscale_missing", "Tailscale is not installed",
                        "Install it (https://tailscale.com/download/linux), then `tailscale up`.")], [], {}
    status = json_of(output, None)
    if not isinstance(status, dict):
        said = (errors.strip().splitlines() or ["what `tailscale status --json` says is not JSON"])[-1]
        return [problem("tailscale_down", "tailscaled does not answer: %s" % said[:200],
                        "Start it: `systemctl enable --now tailscaled`.")], [], {}
    problems, warnings = judge_tailscale(status, params["tailscale_ip"], params.get("tailscale_network"), time.time())
    if not problems and not os.path.exists("/sys/class/net/tailscale0"):
        problems.append(problem("tailscale0", "the interface tailscale0 does not exist (userspace networking?)",
                                "Run tailscaled with a kernel TUN device: remove --tun=userspace-networking, and `modprobe tun`."))
    _, routes, _ = run(["ip", "-j", "-4", "route", "show", "table", "52"])
    _, links, _ = run(["ip", "-j", "-4", "addr"])
    for network in shadowed_networks(json_of(routes, []), json_of(links, [])):
        warnings.append("A route accepted from the tailnet covers this host's own network %s; `tailscale set --accept-routes=false` keeps it local." % network)
    name = ((status.get("Self") or {}).get("DNSName") or "").rstrip(".")
    return problems, warnings, {"dns_name": name, "version": status.get("Version", "")}
