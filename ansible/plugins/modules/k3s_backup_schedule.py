#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Sets up the timer that makes backups on a server, or removes it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_backup_schedule
short_description: A timer that makes backups on a server
description:
  - Installs age from the distribution where it is missing, the program, and a service and a timer that run it. The first backup is made at once.
  - Refuses a directory whose disk is not mounted, by C(/etc/fstab) or by what was found when it was set up, and one in memory.
  - Without a schedule the timer, its service and the program are removed. Backups stay.
options:
  schedule:
    description: What is made when; left out where nothing is.
    type: dict
    suboptions:
      every:
        description: C(hourly), C(daily), C(weekly), or another expression of systemd.time(7) for C(OnCalendar).
        type: str
        required: true
      recipient:
        description: Public age key that the backups are encrypted to.
        type: str
        required: true
      directory:
        description: Where they are on this host.
        type: path
        default: /var/lib/k3s-tool/backups
      keep:
        description: Of how many of the latest days, weeks and months the newest is kept (daily, weekly, monthly).
        type: dict
        default: {}
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  host:
    description: Name of this host in the inventory.
    type: str
    required: true
  node:
    description: Name of this host's node.
    type: str
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_backup_schedule:
    schedule: {every: daily, recipient: age1example}
    cluster: homelab
    host: nuc
    node: nuc
"""

RETURN = r"""
changes:
  description: What was, or in a check would be, done, in words.
  returned: always
  type: list
  elements: str
"""

import datetime
import json
import os
import re
import shutil
import sys
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import (
    backup, backup_directory, backup_record, files, kubectl, machine, programs, scheduled_backup, server, snapshot, storage,
)
from ansible.module_utils.k3s_tool.outcome import end
from ansible.module_utils.k3s_tool.packages import Failed as PackageFailed, Packages
from ansible.module_utils.k3s_tool.scheduled_backup import CONFIG, HOME, Refused, mount_of

# The program: the very sources that are here.
PARTS = (backup, backup_directory, backup_record, files, kubectl, machine, programs, scheduled_backup, server, snapshot, storage)
START = "import sys\n\nfrom ansible.module_utils.k3s_tool.scheduled_backup import main\n\nsys.exit(main())\n"
UNITS = "/etc/systemd/system/k3s-tool-backup."
KEEP = {"daily": 7, "weekly": 4, "monthly": 6}
SERVICE = """# Written by k3s-tool: backup_schedule.
[Unit]
Description=Backup of the k3s cluster
After=k3s.service network-online.target remote-fs.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=%(python)s -B %(home)s/run.py
UMask=0077
TimeoutStartSec=6h
Environment=HOME=/root
Nice=10
IOSchedulingClass=idle
"""
TIMER = """# Written by k3s-tool: backup_schedule.
[Unit]
Description=Backups of the k3s cluster

[Timer]
OnCalendar=%(every)s
Persistent=true
RandomizedDelaySec=5min

[Install]
WantedBy=timers.target
"""


def period(every, run=programs.run):
    """The longest time between two elapses of an expression, in seconds, of the next ten."""
    code, out, said = run(["env", "TZ=UTC", "systemd-analyze", "calendar", "--iterations=10", "--", every])
    if code:
        raise Refused("systemd cannot parse %s: %s" % (every, said.strip().splitlines()[0] if said.strip() else "exit code %d" % code))
    found = re.findall(r"^\s*(?:Next elapse|Iter(?:\.|ation) #\d+): \w+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$", out, re.M)
    times = [datetime.datetime.strptime(each, "%Y-%m-%d %H:%M:%S") for each in found]
    if len(times) < 2:
        raise Refused("%s does not repeat" % every)
    return max(int((after - before).total_seconds()) for before, after in zip(times, times[1:]))


def program():
    """The files of the program, by path; modules are found beside run.py."""
    inner = HOME + "/ansible/module_utils/k3s_tool"
    texts = {HOME + "/run.py": START}
    for directory in (HOME + "/ansible", HOME + "/ansible/module_utils", inner):
        texts[directory + "/__init__.py"] = ""
    for part in PARTS:
        texts["%s/%s.py" % (inner, part.__name__.rsplit(".", 1)[1])] = part.__loader__.get_source(part.__name__)
    return texts


class Schedule:
    """The steps on one server; each adds what it did, or in a check would do, to `changes`. A test replaces what it reads and runs."""

    def __init__(self, params, check=False, run=programs.run, ask=kubectl.kubectl, host=None, which=shutil.which, packages=Packages):
        self.params, self.check, self.run, self.ask = params, check, run, ask
        self.host, self.which, self.packages = host or storage.Host(), which, packages
        self.changes, self.warnings = [], []

    def systemctl(self, *words):
        code, _, said = self.run(["systemctl", *words], timeout=60)
        if code and words[0] not in ("is-enabled", "is-active", "reset-failed"):
            raise Refused("systemctl %s failed: %s" % (" ".join(words), said.strip()))
        return code

    def present(self):
        schedule = self.params["schedule"]
        every, directory = period(schedule["every"], self.run), schedule["directory"]
        before = json.loads(programs.read(CONFIG) or "{}")
        recorded = before.get("mount", "/") if before.get("directory") == directory else "/"
        wanted = max(recorded, storage.covering(os.path.realpath(directory), self.host.fstab()), key=len)
        config = {
            "cluster": self.params["cluster"], "host": self.params["host"], "node": self.params["node"], "directory": directory,
            "mount": mount_of(directory, wanted, self.host), "recipient": schedule["recipient"], "keep": {**KEEP, **schedule["keep"]},
        }
        if not self.which("age"):
            self.changes.append("installed age")
            if not self.check:
                packages = self.packages()
                packages.refresh()
                packages.install("age")
        words = {"every": schedule["every"], "python": sys.executable, "home": HOME}
        texts = {**program(), CONFIG: json.dumps(config, indent=1) + "\n", UNITS + "service": SERVICE % words, UNITS + "timer": TIMER % words}
        private = {"directory_mode": "0755", "parent_mode": "0755"}
        written = files.write_files([{"path": path, "content": text, "mode": "0600" if path == CONFIG else "0644", **private}
                                     for path, text in texts.items()], self.check)
        self.changes += ["wrote %s" % diff["after_header"] for diff in written if not diff["after_header"].endswith("/__init__.py")]
        isnew = any(diff["after_header"] in (CONFIG, UNITS + "timer") for diff in written)
        enabled = all(self.systemctl(word, "--quiet", "k3s-tool-backup.timer") == 0 for word in ("is-enabled", "is-active"))
        if written and not self.check:
            self.systemctl("daemon-reload")
        if isnew or not enabled:
            self.changes.append("started k3s-tool-backup.timer")
            if not self.check:
                self.systemctl("enable", "--quiet", "k3s-tool-backup.timer")
                self.systemctl("restart", "k3s-tool-backup.timer")
        self.announce(every, isnew)
        if isnew and not self.check:
            # That it works is known at once, and not at night.
            self.systemctl("start", "--no-block", "k3s-tool-backup.service")

    def announce(self, every, isnew):
        """`status` is told of the schedule; a cluster that does not know it (any more) is told again."""
        known = ""
        try:
            if not isnew:
                known = self.ask("get", "node", self.params["node"], "-o", "jsonpath={.metadata.annotations.k3s-tool\\.io/backup-schedule}", timeout=30)
            if isnew or '"every": %d,' % every not in known:
                if not isnew:
                    self.changes.append("recorded the schedule in the cluster")
                if not self.check:
                    backup_record.scheduled(self.params["node"], every, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), self.ask)
        except kubectl.Failed as error:
            self.warnings.append("The backup schedule could not be recorded in the cluster: %s" % error)

    def absent(self):
        units = [UNITS + kind for kind in ("timer", "service") if os.path.lexists(UNITS + kind)]
        if not units and not os.path.isdir(HOME):
            return
        self.changes += ["removed %s" % path for path in [*units, HOME]]
        if self.check:
            return
        if UNITS + "timer" in units:
            self.systemctl("disable", "--quiet", "--now", "k3s-tool-backup.timer")
        if UNITS + "service" in units:
            self.systemctl("stop", "k3s-tool-backup.service")
        for path in units:
            os.unlink(path)
        shutil.rmtree(HOME, ignore_errors=True)
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", "k3s-tool-backup.service")
        try:
            backup_record.unscheduled(self.params["node"], self.ask)
        except kubectl.Failed as error:
            self.warnings.append("The record of the backup schedule could not be removed from the cluster: %s" % error)


SPEC = {
    "schedule": {"type": "dict", "options": {
        "every": {"type": "str", "required": True}, "recipient": {"type": "str", "required": True},
        "directory": {"type": "path", "default": "/var/lib/k3s-tool/backups"}, "keep": {"type": "dict", "default": {}},
    }},
    "cluster": {"type": "str", "required": True}, "host": {"type": "str", "required": True}, "node": {"type": "str", "required": True},
}


def main():
    parameters = dict(SPEC)
    module = AnsibleModule(argument_spec=parameters, supports_check_mode=True)
    job, problem, hint = Schedule(module.params, module.check_mode), None, None
    try:
        if module.params["schedule"]:
            job.present()
        else:
            job.absent()
    except Refused as error:
        problem, hint = "the schedule of backups could not be set up: %s" % error, "See backup_schedule in docs/inventory.md, then run again."
    except PackageFailed as error:
        problem, hint = "age could not be installed: %s" % error, "Install the package age yourself, then run again."
    except OSError as error:
        problem, hint = "%s could not be written: %s" % (error.filename or "a file", error.strerror), "Look at that disk: `findmnt`, `df`."
    end(module, job.changes, job.warnings, problem=problem, hint=hint)


if __name__ == "__main__":
    main()
