"""Enables and starts a k3s service and waits until it says that it is ready; prints {"problem": …, "hint": …}.

Run as `python3 -` with its parameters appended. (`systemctl start` alone waits for ever: k3s' own start has no limit, as etcd may take long.)
"""

import json
import socket
import subprocess
import sys
import time


def systemctl(*arguments):
    done = subprocess.run(["systemctl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return done.returncode, done.stdout.strip()


def state(unit):
    """What systemd says about the unit now."""
    values = dict(line.split("=", 1) for line in systemctl("show", unit, "-p", "ActiveState,InvocationID,NRestarts")[1].splitlines() if "=" in line)
    return values.get("ActiveState"), values.get("InvocationID"), int(values.get("NRestarts") or 0)


def reaches(address, port, limit):
    """Whether a connection to the server succeeds within `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        try:
            socket.create_connection((address, port), timeout=3).close()
            return True
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(0.3)


def journal(unit, since):
    """The last lines of what k3s said; where it said nothing, of what systemd says about it."""
    for match in ("_SYSTEMD_UNIT=%s.service" % unit, "UNIT=%s.service" % unit):
        lines = subprocess.run(["journalctl", match, "--since", "@%d" % since, "-n", "12", "-o", "cat", "--no-pager", "-q"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode(errors="replace").splitlines()
        if lines:
            return "\n".join(line[:400] for line in lines)
    return ""


def start(params):
    """None where the service is active, else the problem."""
    unit, limit = params["unit"], params["timeout"]
    systemctl("daemon-reload")
    code, said = systemctl("enable", unit)
    if code:
        return "%s.service could not be enabled: %s" % (unit, said)
    active, before, _ = state(unit)
    if active == "active" and not params["restart"]:
        return None
    systemctl("reset-failed", unit)
    restarts, since = state(unit)[2], int(time.time())
    code, said = systemctl("--no-block", "restart" if params["restart"] else "start", unit)
    if code:
        return "%s.service could not be started: %s" % (unit, said)
    end, reason = time.monotonic() + limit, "did not start within %d s" % limit
    while time.monotonic() < end:
        active, invocation, count = state(unit)
        if active == "active" and invocation != before:
            return None
        restarts = min(restarts, count)
        if count - restarts >= 2:
            reason = "ends again each time it is started"
            break
        time.sleep(0.1)
    return "%s.service %s. It said last:\n%s" % (unit, reason, journal(unit, since))


def main(params):
    result = {"problem": None, "hint": "All of it: `journalctl -u %s` on this host. When it is mended, run again: what is done stays done." % params["unit"]}
    server = params.get("server")
    if server and not reaches(server, 6443, 30):
        result["problem"] = "the server %s does not answer on port 6443 from this host" % server
        result["hint"] = "A firewall on the server or the access rules of the tailnet are in the way: TCP 6443 must be open between the hosts."
    else:
        result["problem"] = start(params)
    json.dump(result, sys.stdout)
    return 0
