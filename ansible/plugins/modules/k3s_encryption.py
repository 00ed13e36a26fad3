#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Rotates the key that k3s encrypts Secrets with."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_encryption
short_description: Another key for Secrets in the datastore
description:
  - "Takes a rotation of the key one step on, where it has not come so far: C(add) adds a key that is not used yet (C(k3s secrets-encrypt prepare)),
    C(use) encrypts with it from now on (C(rotate)), C(encrypt) writes every Secret again and removes the old key (C(reencrypt)). Between two steps each
    server must be started again, as it reads the keys from the datastore at its start only (k3s C(pkg/cluster/bootstrap.go)). These are k3s' own
    steps (k3s-io/docs C(docs/cli/secrets-encrypt.md), legacy key rotation)."
  - "C(all) is for a server that is alone: C(k3s secrets-encrypt rotate-keys), without a restart. With several servers it is not used, though k3s'
    documentation has it: it removes the old key before the others know the new one. Until they are restarted they can read no Secret, and what they
    write meanwhile nobody can read afterwards (k3s C(pkg/server/handlers/secrets-encrypt.go), encryptionRotateKeys and reencryptAndRemoveKey)."
  - k3s keeps the stage itself, so a rotation that was cut off goes on. One of C(all) that was cut off has two keys and no stage; C(reencrypt --force)
    finishes it.
  - "C(settle) helps a server that was stopped between writing its keys and saving them in the datastore. It does not start then: k3s says that they are
    C(newer than datastore), and that they are to be removed, so that it takes those of the datastore (k3s C(pkg/cluster/bootstrap.go)). Nothing was
    encrypted with a key that only this server had: the API server reads the file again a minute later at the earliest. They are kept beside."
  - C(look) changes nothing.
options:
  step:
    description: What is done.
    type: str
    choices: [look, add, use, encrypt, all, settle]
    default: look
  timeout:
    description: How long it may take to write every Secret again, in seconds. k3s does about five a second.
    type: int
    default: 3600
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_encryption:
    step: add
"""

RETURN = r"""
enabled:
  description: Whether Secrets are encrypted.
  returned: success
  type: bool
stage:
  description: How far k3s is, in its own words (C(start), C(prepare), C(rotate), C(reencrypt_active), C(reencrypt_finished)); empty where it does not encrypt.
  returned: success
  type: str
kind:
  description: Kind of the key, as k3s names it (C(AES-CBC)).
  returned: success
  type: str
keys:
  description: Names of the keys, the one that is used first.
  returned: success
  type: list
digest:
  description: Digest of the file of the keys.
  returned: success
  type: str
noted:
  description: What the run says about it.
  returned: in a check, and after the last step
  type: str
older:
  description: Whether k3s runs here since before that file was written.
  returned: success
  type: bool
"""

import json
import os
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.outcome import diff_of
from ansible.module_utils.k3s_tool.programs import run, sentence, sha256_of
from ansible.module_utils.k3s_tool.server import DATA, answers, explained, journal
from ansible.module_utils.k3s_tool.unit_files import started_before

BINARY = "/usr/local/bin/k3s"
FILE = DATA + "/server/cred/encryption-config.json"
HINT = "See `journalctl -u k3s` on this host and `k3s secrets-encrypt status`, then run the command again: it continues where it stopped."
# How long the servers may take to agree after a start, in seconds: each says what it has a moment after it is Ready.
AGREE_SECONDS = 120
RESTING = ("start", "reencrypt_finished")
# Stage from which each step leads on, and k3s' name for it.
STEPS = {"add": (RESTING, "prepare"), "use": (("prepare",), "rotate"), "encrypt": (("rotate",), "reencrypt")}


class Failed(Exception):
    """What went wrong, in k3s' words."""


class Rotation:
    """The keys of this server. What it does to the host is in functions that a test replaces."""

    def __init__(self, timeout, file=FILE):
        self.timeout, self.file = timeout, file
        self.run, self.answers, self.now, self.pause = run, answers, time.monotonic, time.sleep

    def ask(self, *arguments, limit=120):
        code, out, said = self.run([BINARY, "secrets-encrypt", *arguments], limit)
        if code:
            raise Failed("k3s secrets-encrypt %s failed: %s" % (arguments[0], explained(said + out, self.run)))
        return out

    def status(self):
        try:
            state = json.loads(self.ask("status", "-o", "json"))
        except ValueError as error:
            raise Failed("k3s secrets-encrypt status gave unknown output: %s" % error) from error
        keys = [state.get("activekey") or ""] + (state.get("inactivekeys") or [])
        return {"enabled": state.get("enable") is True, "stage": state.get("stage") or "", "agree": bool(state.get("hashmatch")),
                "why": state.get("hasherror") or "", "kind": keys[0].split(" ")[0], "keys": [key.split(" ")[-1] for key in keys if key]}

    def patiently(self):
        """The status, asked again while the API is away."""
        end = self.now() + AGREE_SECONDS
        while True:
            try:
                return self.status()
            except Failed:
                if self.now() > end:
                    raise
                self.pause(2)

    def agreed(self):
        """The status once all servers have the same keys."""
        end = self.now() + AGREE_SECONDS
        while True:
            state = self.patiently()
            if state["agree"]:
                return state
            if self.now() > end:
                raise Failed("the servers do not have the same keys: %s" % state["why"])
            self.pause(2)

    def finish(self):
        """Waits until every Secret is written again."""
        end = self.now() + self.timeout
        while True:
            state = self.patiently()
            if state["stage"] == "reencrypt_finished":
                return
            if state["stage"] != "reencrypt_active":
                raise Failed("k3s stopped encrypting the Secrets; it is at the stage %s" % state["stage"])
            if self.now() > end:
                raise Failed("k3s has not encrypted all Secrets within %d s" % self.timeout)
            self.pause(2)

    def settle(self):
        """Whether it changed something."""
        if self.answers():
            return False
        said = journal("-2min", self.run)
        newer = re.findall(r'msg="(.*) newer than datastore and could cause', said)
        files = newer[-1].split(", ") if newer else []
        if not files or not set(files) <= {self.file, self.file.replace("-config.", "-state.")}:
            return False
        for file in files:
            if os.path.exists(file):
                os.rename(file, file + ".newer")
        end = self.now() + AGREE_SECONDS
        while not self.answers():
            if self.now() > end:
                raise Failed("k3s does not start with the keys of the datastore")
            self.pause(1)
        return True

    def step(self, name):
        """Whether it changed something."""
        state = self.patiently()
        if name == "all":
            if state["stage"] == "reencrypt_active":
                self.finish()
            elif len(state["keys"]) > 1:
                self.ask("reencrypt", "--force")
                self.finish()
            else:
                # k3s waits up to two minutes until its API server has read the keys, and its own command gives up after 90 s while it goes on.
                try:
                    self.ask("rotate-keys", limit=self.timeout)
                except Failed:
                    if self.patiently()["stage"] != "reencrypt_active":
                        raise
                    self.finish()
            return True
        stages, command = STEPS[name]
        if state["stage"] in stages:
            self.agreed()
            self.ask(command)
        elif not (name == "encrypt" and state["stage"] == "reencrypt_active"):
            return False
        if name == "encrypt":
            self.finish()
        return True

    def look(self):
        state = self.patiently()
        return dict({name: state[name] for name in ("enabled", "stage", "kind", "keys")},
                    digest=sha256_of(self.file) or "", older=started_before("k3s", self.file, self.run))


# What each step changes, for a diff.
CHANGES = {
    "add": "a new encryption key is added",
    "use": "the new encryption key is used for what is written",
    "encrypt": "all Secrets are encrypted with the new key",
    "all": "a new encryption key is added, and all Secrets are encrypted with it",
    "settle": "the encryption configuration that k3s starts with is put back",
}


def main():
    module = AnsibleModule(argument_spec={
        "step": {"type": "str", "choices": ["look", "add", "use", "encrypt", "all", "settle"], "default": "look"},
        "timeout": {"type": "int", "default": 3600},
    }, supports_check_mode=True)
    rotation, step = Rotation(module.params["timeout"]), module.params["step"]
    try:
        if step == "settle":
            changed = not module.check_mode and rotation.settle()
            module.exit_json(changed=changed, diff=diff_of(changed and CHANGES[step]))
        changed = step != "look" and (module.check_mode or rotation.step(step))
        found = rotation.look()
        if step in ("add", "all") and module.check_mode:
            found["noted"] = "Secrets are encrypted with the key %s, which would be replaced" % found["keys"][0]
        elif step in ("encrypt", "all") and changed and not module.check_mode:
            found["noted"] = "Secrets are encrypted with the key %s" % found["keys"][0]
        module.exit_json(changed=changed, diff=diff_of(changed and CHANGES[step]), **found)
    except Failed as failure:
        module.fail_json(msg=sentence(str(failure), HINT))


if __name__ == "__main__":
    main()
