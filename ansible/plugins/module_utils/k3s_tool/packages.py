# Apache-2.0 (see LICENSE)
"""Packages of the distribution, and signed repositories of others: apt (Debian, Ubuntu) and dnf (Fedora, RHEL)."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil

from ansible.module_utils.k3s_tool.programs import run

PATIENCE = 1800  # seconds for one call: a driver is built for this kernel


class Failed(Exception):
    """What a package manager said when it failed."""


def fingerprints(key):
    """
    Fingerprints of all primary keys in an OpenPGP key file, armored or not, without a program that a small machine may lack.
    RFC 4880: armor 6.2, packets 4.2, fingerprint of version 4 12.2.
    """
    armored = re.search(rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n([A-Za-z0-9+/=\s]+?)\r?\n?(?:=[A-Za-z0-9+/]{4}\s*)?-----END", key)
    data = base64.b64decode(armored.group(1)) if armored else key
    found, at = [], 0
    while at < len(data):
        try:
            tag, size, at = header(data, at)
        except IndexError:
            raise ValueError("the key is cut off") from None
        if tag == 6:
            body = data[at:at + size]
            if body[:1] != b"\x04" or len(body) != size:
                raise ValueError("not a key of version 4")
            found.append(hashlib.sha1(b"\x99" + size.to_bytes(2, "big") + body).hexdigest().upper())
        at += size
    return found


def header(data, at):
    """Tag, size of the body and where it begins, of the packet at a place; partial and indeterminate sizes are for data, not for keys."""
    first, at = data[at], at + 1
    if first & 0xC0 == 0xC0:
        size = data[at]
        if size < 192:
            return first & 0x3F, size, at + 1
        if size < 224:
            return first & 0x3F, ((size - 192) << 8) + data[at + 1] + 192, at + 2
        if size == 255:
            return first & 0x3F, int.from_bytes(data[at + 1:at + 5], "big"), at + 5
    elif first & 0x80 and first & 3 < 3:
        width = 1 << (first & 3)
        return (first >> 2) & 0xF, int.from_bytes(data[at:at + width], "big"), at + width
    raise ValueError("not an OpenPGP key")


class Packages:
    """This host's package manager; `run` is replaced by tests."""

    def __init__(self, run=run, which=shutil.which):
        self.run = run
        self.kind = "apt" if which("apt-get") else "dnf" if which("dnf") else None

    def call(self, *argv):
        if self.kind == "apt" and argv[0] == "apt-get":
            # Somebody's own update may run just now; configuration files of others are kept without a question.
            argv = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", "DPkg::Lock::Timeout=300",
                    "-o", "Dpkg::Options::=--force-confold", *argv[1:])
        code, out, err = self.run(list(argv), timeout=PATIENCE)
        if code:
            said = [line for line in (out + "\n" + err).splitlines() if line.strip()]
            errors = [line for line in said if re.match(r"(?:E|Error|dpkg: error)\b", line)]
            raise Failed("; ".join((errors or said)[-3:])[:600] or "%s ended with code %d" % (argv[0], code))
        return out

    def installed(self):
        if self.kind == "apt":
            lines = self.call("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n").splitlines()
            return {line.split()[1] for line in lines if line.startswith("ii")}
        return set(self.call("rpm", "-qa", "--qf", "%{NAME}\n").split())

    def refresh(self, source=None):
        """Reads what the repositories have: of one list of sources, or of all."""
        if self.kind == "apt":
            only = ["-o", "Dir::Etc::sourcelist=" + source, "-o", "Dir::Etc::sourceparts=-", "-o", "APT::Get::List-Cleanup=0"] if source else []
            self.call("apt-get", "update", *only, "-o", "APT::Update::Error-Mode=any")

    def install(self, *names):
        """Installs packages, each a name or a (name, version), without what they only recommend."""
        texts = [name if isinstance(name, str) else ("%s=%s" if self.kind == "apt" else "%s-%s") % name for name in names]
        if self.kind == "apt":
            self.call("apt-get", "install", "--no-install-recommends", *texts)
        else:
            self.call("dnf", "-y", "install", "--setopt=install_weak_deps=False", *texts)

    def remove(self, *names):
        """Removes packages and none that depend on them: where there are such, nothing is removed and Failed is raised."""
        self.call(*(("dpkg", "--purge") if self.kind == "apt" else ("rpm", "-e")), *names)
