#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Renews the certificates of k3s on this host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_certificates
short_description: New certificates for k3s on this host
description:
  - "Stops k3s, has C(k3s certificate rotate) put all client and server certificates of this host aside with their keys, and starts k3s, which makes
    new ones, valid for 365 days (k3s C(pkg/cli/cert/cert.go), C(pkg/util/services)). That is k3s' own order (k3s-io/docs C(docs/cli/certificate.md)).
    Pods keep running. It does not wait for k3s: M(k3s_start) does."
  - The certificate authorities stay. They are valid for ten years and k3s does not renew them by itself.
  - Called again with C(before), it says from when to when the certificates were renewed, and fails where k3s has not made new ones.
  - A host without k3s is left alone.
options:
  unit:
    description: C(k3s) or C(k3s-agent).
    type: str
    required: true
  before:
    description: What the first call returned as C(ends). It changes nothing then.
    type: int
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_certificates:
    unit: k3s-agent
"""

RETURN = r"""
ends:
  description: When the first of the certificates ended, or with C(before) ends, in seconds since 1970; null without k3s.
  returned: success
  type: int
noted:
  description: What the run says about it.
  returned: in a check, and with C(before)
  type: str
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.health import probe_certificates
from ansible.module_utils.k3s_tool.outcome import diff_of
from ansible.module_utils.k3s_tool.programs import run, sentence
from ansible.module_utils.k3s_tool.server import DATA

BINARY = "/usr/local/bin/k3s"
HINT = "See `journalctl -u %s` on this host, then run it again: certificates that were renewed already are renewed once more."


def ends(data=DATA):
    """When the first certificate ends, and when the first authority does; None where there is none."""
    found = {False: [], True: []}
    for each in probe_certificates(data):
        found["-ca." in each["name"]].append(each["end"])
    return min(found[False], default=None), min(found[True], default=None)


def day(seconds):
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def rotate(unit, execute=run):
    """What went wrong, or None. k3s is started however it ends: without its files it makes new ones."""
    code, _, said = execute(["systemctl", "stop", unit], 120)
    if code:
        return "systemctl stop %s failed: %s" % (unit, said.strip())
    try:
        code, out, said = execute([BINARY, "certificate", "rotate"], 60)
    finally:
        started = execute(["systemctl", "--no-block", "start", unit], 30)
    if code:
        return "k3s certificate rotate failed: %s" % ((said + out).strip()[-1500:])
    return "systemctl start %s failed: %s" % (unit, started[2].strip()) if started[0] else None


def told(before, now, authority):
    """From when to when. The moment where the days are the same: whole days would not show that anything has changed."""
    shown = day if day(before) != day(now) else lambda seconds: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    return "its certificates end %s (before: %s); its authorities stay, until %s" % (shown(now), shown(before), day(authority) if authority else "unknown")


def main():
    module = AnsibleModule(argument_spec={"unit": {"type": "str", "required": True}, "before": {"type": "int"}}, supports_check_mode=True)
    unit, before = module.params["unit"], module.params["before"]
    now, authority = ends()
    if now is None:
        module.exit_json(changed=False, ends=None)
    if before is not None:
        if module.check_mode:
            module.exit_json(changed=False, ends=now)
        if now <= before:
            module.fail_json(msg=sentence("k3s has not renewed all certificates: the first ends %s" % day(now), HINT % unit))
        module.exit_json(changed=False, ends=now, noted=told(before, now, authority))
    diff = diff_of("certificates that end %s are renewed" % day(now))
    if module.check_mode:
        module.exit_json(changed=True, diff=diff, ends=now, noted="its certificates end %s and would be renewed for a year; its authorities end %s"
                         % (day(now), day(authority) if authority else "unknown"))
    problem = rotate(unit)
    if problem:
        module.fail_json(msg=sentence(problem, HINT % unit))
    module.exit_json(changed=True, diff=diff, ends=now)


if __name__ == "__main__":
    main()
