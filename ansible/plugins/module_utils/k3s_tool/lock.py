# Apache-2.0 (see LICENSE)
"""One run at a time on a host: a lock that its holder's SSH connection keeps alive, so that it ends with the run, however that ends.

The lock is a file in /run that names the run and the process that carries its connection here. It counts while that process lives and the other
end is heard from: ssh sends a sign of life every 5 s (ansible.cfg). Nothing has to be released, and after a reboot /run is empty.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import subprocess
import time

from ansible.module_utils.k3s_tool.programs import problem

LOCK = "/run/k3s-tool.lock"
# Held by work that must not meet that of another run. It goes on where its run was killed, as nothing tells it.
WORK = "/run/k3s-tool.work"
# Seconds that such work is waited for: k3s is being stopped, a datastore is being made of a backup.
LONGEST_WORK = 300
# What names a run, as options of a module.
RUN = {
    "id": {"type": "str", "default": ""},
    "who": {"type": "str", "required": True},
    "inventory": {"type": "str", "required": True},
    "command": {"type": "str", "required": True},
}
# The processes of one connection: OpenSSH before and since 9.8, dropbear.
SSH_SERVERS = ("sshd", "sshd-session", "dropbear")
# Seconds without a sign of life. ssh itself gives up after 20.
SILENCE = 60
# Seconds that a lock lasts where no process carries the connection for the whole run, as with Tailscale's own SSH server.
LEASE = 600


def since_boot():
    """Seconds since this host started, asleep or not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def process(pid):
    """Name, parent, start (in ticks since boot: the same id with another start is another process) and command line; None when it has ended."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
        with open("/proc/%d/cmdline" % pid, errors="replace") as file:
            command = file.read()
    except (OSError, IndexError):
        return None
    fields = rest.split()
    return None if fields[0] in "ZX" else {"pid": pid, "name": name, "parent": int(fields[1]), "start": int(fields[19]), "command": command}


def ancestors():
    """This process' parents, the nearest first."""
    found, pid = [], os.getppid()
    while pid > 0:
        entry = process(pid)
        if entry is None:
            break
        found.append(entry)
        pid = entry["parent"]
    return found


def carrier(chain):
    """The process that lives as long as the run: ansible-playbook itself on its own machine, else the server's end of its SSH connection."""
    local = [entry for entry in chain if "ansible-playbook" in entry["command"]]
    ssh = [entry for entry in chain if entry["name"] in SSH_SERVERS]
    return local[-1] if local else ssh[0] if ssh else None


def silence(pid, sockets):
    """Seconds since the other end of a process' connection was heard, from `ss -Htnpi`; 0 where that cannot be told."""
    lines = sockets.splitlines()
    for at, line in enumerate(lines):
        if "pid=%d," % pid in line:
            detail = lines[at + 1] if at + 1 < len(lines) and lines[at + 1][:1].isspace() else ""
            return min((int((re.search(r"\b%s:(\d+)" % name, detail) or [0, 0])[1]) for name in ("lastrcv", "lastack"))) / 1000
    return 0


def sockets():
    try:
        return subprocess.run(["ss", "-Htnpi", "state", "established"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return ""


def is_alive(lock):
    """Whether the run that holds a lock is still at work."""
    holder = lock.get("holder")
    if not holder:
        return lock["taken"] <= since_boot() < lock["taken"] + LEASE
    found = process(holder["pid"])
    if found is None or found["start"] != holder["start"]:
        return False
    return holder["name"] not in SSH_SERVERS or silence(holder["pid"], sockets()) < SILENCE


def is_mine(lock, run, chain):
    """
    Whether a lock was taken by this very run, or by an earlier one that has ended: of one person, workstation and inventory the tool lets only one
    run at a time (`src/ansible/run/run_lock.ts`). Runs of plain Ansible have no name; there the connection decides.
    """
    holder = lock.get("holder")
    if run["id"] and lock["run"]["id"]:
        return all(lock["run"][key] == run[key] for key in ("who", "inventory"))
    return bool(holder) and any((entry["pid"], entry["start"]) == (holder["pid"], holder["start"]) for entry in chain)


def ago(seconds):
    return "%d s" % seconds if seconds < 90 else "%d min" % (seconds / 60) if seconds < 5400 else "%d h" % (seconds / 3600)


def busy(lock):
    """What to say of a host that another run is changing."""
    run, passed = lock["run"], max(0, since_boot() - lock["taken"])
    since = time.strftime("%H:%M %Z", time.localtime(time.time() - passed))
    return problem("busy", "another run is changing this host: `%s` by %s with the inventory %s, since %s (%s ago)" % (
        run["command"], run["who"], run["inventory"], since, ago(passed)),
                   "Wait until it has ended, or stop it there with Ctrl-C. A run that was killed, or whose machine went away, frees the host by itself within "
                   + ("a minute or two." if lock.get("holder") else "%d minutes." % (LEASE / 60)))


def opened(path):
    return open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+")


@contextlib.contextmanager
def working(path=None):
    """For work that a next run waits for, however this one ends."""
    with opened(path or WORK) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def work_ended(path=None, limit=LONGEST_WORK, pause=time.sleep):
    """Waits for what a killed run left at work on this host; whether it has ended."""
    with opened(path or WORK) as file:
        end = time.monotonic() + limit
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                if time.monotonic() >= end:
                    return False
                pause(0.2)


def lock_host(run):
    """Takes the lock for a run ({id, who, inventory, command}); what is wrong where another run has it, else None."""
    chain = ancestors()
    with opened(LOCK) as file:
        # Held for this moment only, so that of two runs that come at once one sees the other.
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            lock = json.load(file)
            if is_alive(lock) and not is_mine(lock, run, chain):
                return busy(lock)
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # empty, or cut off by a power failure
        holder = carrier(chain)
        file.seek(0)
        file.truncate()
        json.dump({"run": run, "taken": since_boot(), "holder": holder and {key: holder[key] for key in ("pid", "start", "name")}}, file)
    if work_ended():
        return None
    return problem("busy", "an earlier run was killed, but a process that it started is still running on this host", "Wait a few minutes, then run the command again.")
