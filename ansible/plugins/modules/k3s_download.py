#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Gets files of a release and verifies them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_download
short_description: Files of a release, verified by its published checksums
description:
  - Downloads files of a release, or takes them from the workstation, and puts each in its place when its SHA-256 is the published one. A file that is right is left alone, and nobody ever
    sees half a file.
  - The file of checksums is kept on the host, so that what is installed can be compared with it later.
options:
  name:
    description: The release, for messages.
    type: str
    required: true
  url:
    description: Where the files are.
    type: str
    required: true
  peer:
    description: Another host that may have the files. They are fetched from there first, and from C(url) or C(local) where that fails. What it sends counts only
      with the published digest.
    type: dict
    suboptions:
      host:
        description: Its name.
        type: str
        required: true
      url:
        description: Where its files are; empty where it does not offer any.
        type: str
        default: ""
  local:
    description: The files on the workstation, which are taken instead of those at C(url). They are transferred by the action plugin of this name.
    type: dict
    suboptions:
      dir:
        description: Their directory.
        type: str
        required: true
      sums:
        description: Text of the file of checksums there.
        type: str
        default: ""
  sent:
    description: Where those that were transferred are on the host, by name. Set by the action plugin.
    type: dict
    default: {}
  sums:
    description: File of checksums of the release, in the form of sha256sum, beside the files. Not needed where every file has C(sha256).
    type: str
    default: ""
  sums_dest:
    description: Where it is kept.
    type: path
  files:
    description: What to download.
    type: list
    elements: dict
    required: true
    suboptions:
      dest:
        description: Place on the host by name in the release. The first name that the checksums list is taken.
        type: dict
        required: true
      mode:
        description: Its mode, in octal digits.
        type: str
        default: "0644"
      directory_mode:
        description: Mode of its directory and of the parent directory, if they have to be created.
        type: str
        default: "0755"
      sha256:
        description: The digest, instead of the published one.
        type: str
        default: ""
      missing:
        description: What to do where the checksums list none of the names.
        type: str
        default: The release is not complete there; name another place.
  remove:
    description: Files that go when all others are there.
    type: list
    elements: path
    default: []
  timeout:
    description: Seconds that the server may be silent.
    type: int
    default: 60
  attempts:
    description: How often a download is tried.
    type: int
    default: 3
  releases:
    description: Where a person finds the releases.
    type: str
    required: true
  elsewhere:
    description: What else a person can do where the address cannot be reached.
    type: str
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_download:
    name: k3s v1.36.2+k3s1
    url: https://github.com/k3s-io/k3s/releases/download/v1.36.2%2Bk3s1
    sums: sha256sum-amd64.txt
    sums_dest: /etc/rancher/k3s/k3s-tool.sums
    files:
      - dest: {k3s: /usr/local/bin/k3s}
        mode: "0755"
    releases: https://github.com/k3s-io/k3s/releases
    elsewhere: k3s_binary_mirror_url names another.
"""

RETURN = r"""
changed_files:
  description: Paths of the files that were replaced or removed.
  returned: success
  type: list
  elements: str
fetched:
  description: Names of the files that came from C(peer).
  returned: success
  type: list
  elements: str
wanted:
  description: Names of the files of the workstation that are to be transferred.
  returned: where there are some
  type: list
  elements: str
noted:
  description: What C(peer) did not give, and why.
  returned: where that is so
  type: str
"""

import contextlib
import hashlib
import os
import signal
import time
from http.client import HTTPException

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.files import current, make_directory, replace, replacing
from ansible.module_utils.k3s_tool.programs import sentence, sha256_of
from ansible.module_utils.urls import fetch_url


# Seconds that another host may be silent: it is near, and there is another way.
PEER_TIMEOUT = 10
# Seconds that one file of it may take: one that sends a byte now and then, of the file or of the headers, would be waited for without end.
PEER_LONGEST = 900
# Bytes of the largest file that is taken.
LARGEST = 4 << 30


@contextlib.contextmanager
def within(seconds):
    """Ends what takes longer with a TimeoutError."""
    def late(*_):
        raise TimeoutError("it took longer than %g s" % seconds)
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Failed(Exception):
    """Why a file could not be had: a sentence, and what to do; `again` tells whether another attempt may help."""

    def __init__(self, message, hint, again=True):
        super().__init__(message, hint)
        self.again = again


class Wrong(Failed):
    """Another file than the published one."""


def published(text):
    """Digest by name of a text as sha256sum writes it."""
    rows = [line.split() for line in text.splitlines()]
    return {row[1].lstrip("*"): row[0].lower() for row in rows if len(row) == 2}


def chosen(entry, sums):
    """Name in the release, place on the host and digest of the first name that has one; None where none has."""
    for name, dest in entry["dest"].items():
        digest = entry["sha256"].lower() or sums.get(name)
        if digest:
            return name, dest, digest
    return None


class Download:
    """One call; `fetch(url)` gives a readable response, or None, and what was said; `fetch_peer(url)` the same from another host."""

    def __init__(self, params, fetch, check=False, pause=time.sleep, fetch_peer=None):
        self.params, self.fetch, self.fetch_peer, self.check, self.pause, self.diffs = params, fetch, fetch_peer, check, pause, []
        self.peer, self.local, self.fetched, self.lacked, self.wanted = params["peer"], params["local"], [], [], []
        if self.peer and not self.peer["url"]:
            self.lacked.append("it does not offer any")

    def tell(self, path, before, after):
        """Notes a file that is, or in a check would be, changed."""
        self.diffs.append({"before_header": path, "after_header": path, "before": before or "", "after": after})

    def address(self, name):
        return "%s/%s" % (self.params["url"].rstrip("/"), name)

    def attempt(self, action):
        """Tries again where that may help."""
        for left in range(self.params["attempts"] - 1, -1, -1):
            try:
                return action()
            except Failed as failure:
                if not failure.again or not left:
                    raise
                self.pause(2)

    def open(self, url, missing, fetch):
        response, said = fetch(url)
        if response is None or said.get("status") != 200:
            gone = said.get("status") == 404
            raise Failed("%s: %s" % (missing, said.get("msg") or "no response"),
                         "Is it a release? See %s." % self.params["releases"] if gone else "Can this host reach that address? %s" % self.params["elsewhere"], not gone)
        return response

    def sums(self):
        name, dest = self.params["sums"], self.params["sums_dest"]
        if self.local:
            text = self.local["sums"]
        elif not name:
            return {}
        else:
            missing = "there are no checksums of %s at %s" % (self.params["name"], self.address(name))
            text = self.attempt(lambda: self.open(self.address(name), missing, self.fetch).read().decode(errors="replace"))
        if dest and current(dest) != (text, 0o644):
            self.tell(dest, current(dest)[0], text)
            if not self.check:
                make_directory(os.path.dirname(dest), 0o755)
                replace(dest, text, 0o644)
        return published(text)

    def file(self, entry, sums):
        found = chosen(entry, sums)
        if not found:
            raise Failed("%s of %s lists no %s" % (self.params["sums"], self.params["name"], list(entry["dest"])[-1]), entry["missing"], False)
        name, dest, digest = found
        here = sha256_of(dest)
        if here == digest and os.stat(dest).st_mode & 0o7777 == int(entry["mode"], 8):
            return
        self.tell(dest, here and "sha256 %s\n" % here, "sha256 %s, mode %s\n" % (digest, entry["mode"]))
        if not self.check:
            make_directory(os.path.dirname(dest), int(entry["directory_mode"], 8), int(entry["directory_mode"], 8))
            place = dest, digest, int(entry["mode"], 8)
            if self.from_peer(name, place):
                return
            if self.local:
                self.from_workstation(name, place)
            else:
                missing = "%s was not downloaded from %s" % (name, self.address(name))
                self.attempt(lambda: self.save(self.address(name), missing, self.fetch, *place))

    def from_peer(self, name, place):
        """Whether the other host had the file; why not is noted."""
        if not self.peer or not self.peer["url"]:
            return False
        try:
            with within(PEER_LONGEST):
                self.save("%s/%s" % (self.peer["url"], name), name, self.fetch_peer, *place)
        except (Failed, TimeoutError) as failure:
            self.lacked.append(failure.args[0])
            return False
        self.fetched.append(name)
        return True

    def from_workstation(self, name, place):
        """Takes the file that was transferred, or asks for it."""
        path = os.path.join(self.local["dir"], name)
        if name not in self.params["sent"]:
            self.wanted.append(name)
            return
        try:
            self.save(self.params["sent"][name], "%s was not copied from the workstation" % name, lambda sent: (open(sent, "rb"), {"status": 200}), *place)
        except Wrong:
            raise Failed("%s on the workstation is not the published file" % path, "Download it again from %s." % self.address(name), False)
        os.unlink(self.params["sent"][name])

    def save(self, url, missing, fetch, dest, digest, mode):
        try:
            with replacing(dest, mode) as file:
                found = hashlib.sha256()
                with contextlib.closing(self.open(url, missing, fetch)) as response:
                    for block in iter(lambda: response.read(1 << 20), b""):
                        if file.tell() > LARGEST:
                            raise Failed("%s: it is too large" % missing, "The file is not the published one; do not use that mirror.", False)
                        found.update(block)
                        file.write(block)
                    if getattr(response, "length", None):
                        raise Failed("%s: the connection ended %d bytes before the file did" % (missing, response.length), "Run the command again: finished steps are not repeated.")
                if found.hexdigest() != digest:
                    raise Wrong("%s: its checksum is not the published one" % missing,
                                 "The file is not the published one; try again, and do not use that mirror if the problem persists.")
        except (OSError, HTTPException) as failure:
            ask = "Is there enough space on this host?" if self.local else "Can this host reach that address, and is there enough space on it? %s" % self.params["elsewhere"]
            raise Failed("%s: %s" % (missing, failure), "%s Run the command again: finished steps are not repeated." % ask)

    def noted(self):
        """What the other host did not give, as a sentence; nothing where it gave all that was missing."""
        if not self.lacked or not self.diffs or self.check:
            return {}
        return {"noted": "Not all of %s was fetched from %s (%s); the rest comes from %s." % (
            self.params["name"], self.peer["host"], "; ".join(self.lacked), "the workstation" if self.local else self.params["url"])}

    def go(self):
        """Downloads what is missing and removes what is not wanted."""
        sums = self.sums()
        for entry in self.params["files"]:
            self.file(entry, sums)
        for path in [] if self.wanted else self.params["remove"]:
            if os.path.lexists(path):
                self.tell(path, "there\n", "")
                if not self.check:
                    os.unlink(path)


def fetch_near(module, url):
    """Asks another host, and nobody that it names instead; it is told nothing and unpacks nothing here."""
    module.params["follow_redirects"] = "none"  # where fetch_url looks for it
    try:
        return fetch_url(module, url, timeout=PEER_TIMEOUT, use_proxy=False, use_netrc=False, decompress=False)
    finally:
        del module.params["follow_redirects"]


def main():
    module = AnsibleModule(argument_spec={
        "name": {"type": "str", "required": True},
        "url": {"type": "str", "required": True},
        "peer": {"type": "dict", "options": {
            "host": {"type": "str", "required": True},
            "url": {"type": "str", "default": ""},
        }},
        "local": {"type": "dict", "options": {
            "dir": {"type": "str", "required": True},
            "sums": {"type": "str", "default": ""},
        }},
        "sent": {"type": "dict", "default": {}},
        "sums": {"type": "str", "default": ""},
        "sums_dest": {"type": "path"},
        "files": {"type": "list", "elements": "dict", "required": True, "options": {
            "dest": {"type": "dict", "required": True},
            "mode": {"type": "str", "default": "0644"},
            "directory_mode": {"type": "str", "default": "0755"},
            "sha256": {"type": "str", "default": ""},
            "missing": {"type": "str", "default": "The release is not complete there; name another place."},
        }},
        "remove": {"type": "list", "elements": "path", "default": []},
        "timeout": {"type": "int", "default": 60},
        "attempts": {"type": "int", "default": 3},
        "releases": {"type": "str", "required": True},
        "elsewhere": {"type": "str", "required": True},
    }, supports_check_mode=True)
    download = Download(module.params, lambda url: fetch_url(module, url, timeout=module.params["timeout"]), module.check_mode,
                        fetch_peer=lambda url: fetch_near(module, url))
    try:
        download.go()
    except Failed as failure:
        module.fail_json(msg=sentence(*failure.args), changed=bool(download.diffs) and not module.check_mode)
    module.exit_json(changed=bool(download.diffs), changed_files=[entry["after_header"] for entry in download.diffs], diff=download.diffs,
                     fetched=download.fetched, **({"wanted": download.wanted} if download.wanted else {}), **download.noted())


if __name__ == "__main__":
    main()
