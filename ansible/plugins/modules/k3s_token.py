#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Replaces the server token of the cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_token
short_description: A new server token
description:
  - "C(look) returns a digest of the token that k3s starts with on this host, and whether k3s needs a restart to use it."
  - "C(rotate) has k3s make a new server token: C(k3s token rotate), without C(--new-token), as k3s takes one by argument only; it makes the random token
    itself then and leaves it in C(server/token) (k3s C(pkg/cli/cmds/token.go), C(pkg/server/handlers/token.go)). This server goes on with the old one
    until it is started again (k3s C(pkg/authenticator))."
  - "k3s encrypts what all servers share with the token, in the datastore. A server that stops between writing its files and encrypting the datastore
    would never start again: k3s then says C(encrypted with different token). So what was there before is kept beside, until C(done)."
  - "C(settle) starts a server that was left so: with the new token, then with the old one. It does nothing where the API answers, no rotation was begun,
    or k3s does not say that."
  - Tokens are never in argv, and not in what the module returns.
options:
  unit:
    description: C(k3s) or C(k3s-agent).
    type: str
    required: true
  step:
    description: What is done.
    type: str
    choices: [look, rotate, done, settle]
    default: look
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_token:
    unit: k3s
    step: rotate
"""

RETURN = r"""
digest:
  description: Digest of the token that k3s starts with here; null where there is none.
  returned: success
  type: str
given:
  description: Whether it was given a token to join with; a server that started the cluster made its own.
  returned: success
  type: bool
due:
  description: Whether k3s must be started again to take it.
  returned: success
  type: bool
noted:
  description: What the run says about it.
  returned: in a check
  type: str
begun:
  description: Whether a rotation was begun on this server and has made a new token.
  returned: success
  type: bool
"""

import csv
import hashlib
import json
import os
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.files import replace
from ansible.module_utils.k3s_tool.outcome import diff_of, writing
from ansible.module_utils.k3s_tool.programs import read, run, sentence
from ansible.module_utils.k3s_tool.server import DATA, answers, explained, journal
from ansible.module_utils.k3s_tool.unit_files import started_before

BINARY = "/usr/local/bin/k3s"
CONFIG = "/etc/rancher/k3s"
HINT = "See `journalctl -u k3s` on this host, then run the command again: it continues where it stopped."
# How long a server may take to say that its datastore has another token, in seconds.
REFUSED_SECONDS = 60
# k3s pkg/cluster/storage.go.
REFUSED = "bootstrap data already found and encrypted with different token"


def password_of(token):
    """The secret of a token: K10<hash>::server:<secret>, or the secret alone."""
    return token.strip().rsplit("::", 1)[-1].split(":", 1)[-1]


def digest_of(password):
    """Tells two tokens apart and neither of them to anybody: they have 128 random bits."""
    return hashlib.sha256(password.encode()).hexdigest()[:16] if password else None


class Host:
    """The token on this host. What it does to the host is in functions that a test replaces."""

    def __init__(self, unit, data=DATA, config=CONFIG):
        self.unit, self.server, self.config = unit, data + "/server", config
        self.run, self.answers, self.now, self.clock, self.pause = run, lambda: answers(data), time.monotonic, time.time, time.sleep
        self.given_path, self.own_path = config + "/cluster-token", self.server + "/token"
        self.record = self.server + "/token-before-rotation.json"

    def given(self):
        """Whether k3s takes its token from the tool's file."""
        return bool(re.search(r"^token-file:", read(self.config + "/config.yaml"), re.M))

    def password(self):
        return password_of(read(self.given_path if self.given() else self.own_path))

    def stored(self):
        """The password that this server was started with, or that a rotation has left for the next start."""
        try:
            with open(self.server + "/cred/passwd", newline="", encoding="utf-8") as file:
                return next((row[0] for row in csv.reader(file) if row[1:2] == ["server"]), "")
        except FileNotFoundError:
            return ""

    def before(self):
        """The files before a rotation that was begun here, or None."""
        text = read(self.record)
        return json.loads(text) if text else None

    def begun(self):
        before = self.before()
        return before is not None and password_of(before["token"]) != password_of(read(self.own_path))

    def due(self):
        if self.unit == "k3s":
            return self.begun() or self.stored() != self.password()
        # An agent keeps its token in memory alone.
        return started_before(self.unit, self.given_path, self.run)

    def look(self):
        password = self.password()
        return {"digest": digest_of(password), "given": self.given(), "due": bool(password) and self.due(), "begun": self.begun()}

    def rotate(self):
        """What went wrong, or None. One that was begun is finished: no other token is made."""
        if not self.begun():
            before = {"token": read(self.own_path), "passwd": read(self.server + "/cred/passwd"), "given": read(self.given_path) if self.given() else None}
            replace(self.record, json.dumps(before), 0o600)
            code, out, said = self.run([BINARY, "token", "rotate"], 60)
            # Where the answer was lost, what counts is the token that is there.
            if not self.begun():
                os.unlink(self.record)
                return "k3s token rotate failed: %s" % (explained(said + out, self.run) or "code %d" % code)
        if self.given():
            replace(self.given_path, read(self.own_path), 0o600)
        return None

    def refused(self, since):
        """Whether the datastore is encrypted with another token than k3s was started with, since a time."""
        return REFUSED in journal("@%d" % since, self.run)

    def takes(self, files):
        """Whether k3s starts with these files of the token; one that waits for other servers does, too."""
        self.run(["systemctl", "stop", "k3s"], 120)
        replace(self.own_path, files["token"], 0o600)
        replace(self.server + "/cred/passwd", files["passwd"], 0o600)
        if files["given"] is not None:
            replace(self.given_path, files["given"], 0o600)
        begun = int(self.clock()) + 1
        self.pause(1)
        self.run(["systemctl", "reset-failed", "k3s"])
        self.run(["systemctl", "--no-block", "start", "k3s"])
        end = self.now() + REFUSED_SECONDS
        while not self.answers():
            if self.refused(begun):
                return False
            if self.now() > end:
                return True
            self.pause(1)
        return True

    def settle(self):
        """Whether it changed something, and what went wrong."""
        before = self.before()
        if before is None or self.answers() or not self.refused(int(self.clock()) - 120):
            return False, None
        # The new token is kept, too, before the old one takes its place.
        before.setdefault("new", read(self.own_path))
        replace(self.record, json.dumps(before), 0o600)
        old, new = before["token"], before["new"]
        passwd = before["passwd"].replace(password_of(old), password_of(new))
        if self.takes({"token": new, "passwd": passwd, "given": None if before["given"] is None else new}) or self.takes(before):
            return True, None
        return True, "k3s starts with neither the new token nor the old one"

    def done(self):
        """Forgets what was there before; whether there was something."""
        if not os.path.exists(self.record):
            return False
        os.unlink(self.record)
        return True


# What each step changes, for a diff.
CHANGES = {
    "rotate": "the server token is replaced",
    "settle": "the server token that k3s starts with is put back",
    "done": "the record of the rotation is removed",
}


def main():
    module = AnsibleModule(argument_spec={
        "unit": {"type": "str", "required": True},
        "step": {"type": "str", "choices": ["look", "rotate", "done", "settle"], "default": "look"},
    }, supports_check_mode=True)
    host, step = Host(module.params["unit"]), module.params["step"]
    changed, problem = False, None
    if step != "look" and module.check_mode:
        found = host.look()
        if step == "rotate":
            found["noted"] = "k3s would make a new server token, and be restarted on every host with it"
        module.exit_json(changed=step == "rotate", diff=diff_of(step == "rotate" and CHANGES[step]), **found)
    with writing(module):
        if step == "rotate":
            changed, problem = True, host.rotate()
        elif step == "settle":
            changed, problem = host.settle()
        elif step == "done":
            changed = host.done()
    if problem:
        module.fail_json(msg=sentence(problem, HINT))
    module.exit_json(changed=changed, diff=diff_of(changed and CHANGES[step]), **host.look())


if __name__ == "__main__":
    main()
