#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Prepares a host with an NVIDIA card: driver and container toolkit, or takes away what was brought."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_gpu_host
short_description: NVIDIA's driver and container toolkit on a host
description:
  - Brings what k3s needs of a host to run containers with NVIDIA's runtime. A driver that works, and a toolkit that is there, are left as they are;
    containerd's configuration is k3s' own and is not touched.
  - The repository of the toolkit is trusted by the fingerprint of its key. What is brought is recorded on the host (C(/var/lib/k3s-tool/gpu.json)).
  - What is wrong with driver or card is a result (C(problem)), as the host can still be a node.
options:
  state:
    description: C(absent) takes away what the record has, and nothing else.
    type: str
    choices: [present, absent]
    default: present
  driver:
    description: Whether the distribution's driver is installed where there is none.
    type: str
    choices: [none, install]
    default: none
  toolkit_version:
    description: Release of NVIDIA's container toolkit, such as 1.19.1.
    type: str
    required: true
  repository:
    description: Where its repositories are, with C(gpgkey), C(stable/deb) and C(stable/rpm).
    type: str
    required: true
  key_fingerprint:
    description: Fingerprint of the key that signs them, 40 hexadecimal digits.
    type: str
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_gpu_host:
    toolkit_version: 1.19.1
    repository: https://nvidia.github.io/libnvidia-container
    key_fingerprint: C95B321B61E88C1809C4F759DDCAE044F796ECB0
"""

RETURN = r"""
gpu:
  description: "What C(k3s_host_facts) says of GPUs, as it is now: C(cards), C(description), C(problem), C(runtime)."
  returned: always
  type: dict
changes:
  description: What was done, in words.
  returned: always
  type: list
  elements: str
told:
  description: What a person should know, each a sentence; also given as warnings.
  returned: always
  type: list
  elements: str
"""

import glob
import json
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import gpu
from ansible.module_utils.k3s_tool.files import make_directory, replace
from ansible.module_utils.k3s_tool.machine import look_at_machine
from ansible.module_utils.k3s_tool.outcome import end
from ansible.module_utils.k3s_tool.packages import Failed, Packages, fingerprints
from ansible.module_utils.k3s_tool.programs import problem, read, run
from ansible.module_utils.urls import fetch_url

TOOLKIT = ("nvidia-container-toolkit", "nvidia-container-toolkit-base", "libnvidia-container-tools", "libnvidia-container1")
# Where each package manager keeps a key and a source, and what the source says: NVIDIA's own nvidia-container-toolkit.list and .repo.
SOURCES = {
    "apt": ("/etc/apt/keyrings/k3s-tool-nvidia.asc", "/etc/apt/sources.list.d/k3s-tool-nvidia.list",
            "# Written by k3s-tool.\ndeb [signed-by=%(key)s] %(repository)s/stable/deb/$(ARCH) /\n"),
    "dnf": ("/etc/pki/rpm-gpg/RPM-GPG-KEY-k3s-tool-nvidia", "/etc/yum.repos.d/k3s-tool-nvidia.repo",
            "# Written by k3s-tool.\n[k3s-tool-nvidia]\nname=NVIDIA container toolkit\nbaseurl=%(repository)s/stable/rpm/$basearch\nenabled=1\n"
            "repo_gpgcheck=1\ngpgcheck=0\ngpgkey=file://%(key)s\n"),
}
# Cards from this device id on (Blackwell) run with the open kernel modules alone (NVIDIA/open-gpu-kernel-modules README.md).
OPEN_ONLY = 0x2900


class Host:
    """The steps on one host; each adds what it did (or, in a check, would do) to `changes`. A test replaces what it reads and runs."""

    def __init__(self, params, fetch, check=False, packages=None):
        self.params, self.fetch, self.check = params, fetch, check
        self.packages = packages or Packages()
        self.changes, self.warnings, self.problem, self.installs = [], [], None, False
        self.look, self.runtime, self.run, self.record_path = lambda: look_at_machine()["machine"], gpu.runtime, run, gpu.RECORD
        self.root = "/"
        self.record = gpu.read_record(self.record_path)

    def path(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def save(self):
        make_directory(os.path.dirname(self.record_path), 0o755)
        replace(self.record_path, json.dumps(self.record, indent=1) + "\n", 0o644)

    def write(self, path, text):
        """Writes a file of ours, after it was recorded."""
        if read(self.path(path), None) == text:
            return
        self.record["files"] = sorted({*self.record["files"], path})
        self.save()
        make_directory(os.path.dirname(self.path(path)), 0o755)
        replace(self.path(path), text, 0o644)

    def bring(self, *names):
        """Installs packages and records those that were not there before: the ones asked for already before, all of them after."""
        before, recorded = self.packages.installed(), set(self.record["packages"])
        self.record["packages"] = sorted(recorded | {name if isinstance(name, str) else name[0] for name in names} - before)
        self.save()
        try:
            self.packages.install(*names)
        finally:
            self.record["packages"] = sorted(recorded | self.packages.installed() - before)
            self.save()

    def present(self):
        """Driver, then toolkit; a host that was set up is recorded as such, whatever was there before."""
        machine = self.look()
        if not machine["gpus"]:
            return
        if self.record is None:
            self.changes.append("recorded that k3s-tool set up this host's GPU")
            self.record = {"files": [], "packages": [], "toolkit": None}
            if not self.check:
                self.save()
        found = gpu.driver_problem(machine, gpu.Look(self.root, None))
        if found and found["id"] in ("no_driver", "nouveau") and "gpu_problem" not in machine and self.params["driver"] == "install":
            self.driver(machine)
        self.toolkit()

    def driver(self, machine):
        self.changes.append("installed the distribution's NVIDIA driver")
        self.installs = True
        if self.check:
            return
        fields = dict(re.findall(r'^(\w+)="?(.*?)"?$', read(self.path("/etc/os-release")), re.M))
        names = {fields.get("ID"), *fields.get("ID_LIKE", "").split()}
        try:
            self.packages.refresh()
            if "ubuntu" in names:
                # Ubuntu's own choice for the card, with open kernel modules where it wants them.
                self.bring("ubuntu-drivers-common")
                before = self.packages.installed()
                self.packages.call("ubuntu-drivers", "install")
                self.record["packages"] = sorted({*self.record["packages"], *(self.packages.installed() - before)})
                self.save()
            elif "debian" in names:
                is_open = any(int(card["device"], 16) >= OPEN_ONLY for card in machine["gpus"] if re.fullmatch("[0-9a-f]{4}", card.get("device", "")))
                architecture = self.packages.call("dpkg", "--print-architecture").strip()
                self.bring("linux-headers-" + architecture, "nvidia-open-kernel-dkms" if is_open else "nvidia-kernel-dkms", "nvidia-driver", "nvidia-smi")
            elif self.packages.kind == "dnf":
                self.bring("akmod-nvidia", "xorg-x11-drv-nvidia-cuda")
            else:
                raise Failed("k3s-tool does not support the driver of this distribution")
        except Failed as failure:
            self.problem = problem("driver_not_installed", "the NVIDIA driver could not be installed: %s" % failure,
                                   "Debian has it in contrib and non-free, Fedora in RPM Fusion (nonfree): enable that and run again, or install the driver yourself.")
            return
        self.run(["modprobe", "nvidia"])
        if gpu.cards(self.look()) == 0:
            self.problem = problem("reboot", "the NVIDIA driver is installed, but does not run yet", "Reboot the machine, then run `k3s-tool provision` again.")

    def toolkit(self):
        """NVIDIA's container toolkit: one that is there and not ours stays (DGX OS and JetPack bring one)."""
        version = self.params["toolkit_version"]
        if self.runtime() and self.record["toolkit"] in (None, version):
            return
        self.changes.append("installed NVIDIA's container toolkit %s" % version)
        if self.check:
            return
        try:
            self.source()
            suffix = "-1"  # NVIDIA numbers its packages' builds; each release has had one
            self.bring(*((name, version + suffix) for name in TOOLKIT))
            self.record["toolkit"] = version
            self.save()
        except (Failed, ValueError) as failure:
            self.problem = problem("no_toolkit", "NVIDIA's container toolkit could not be installed: %s" % failure,
                                   "Can this host reach %s? Install the toolkit %s yourself, or run again." % (self.params["repository"], version))

    def source(self):
        """The toolkit's repository, once: two sources of one repository with different keys are an error of apt."""
        if self.packages.kind is None:
            raise Failed("this host has neither apt nor dnf")
        key_path, source_path, text = SOURCES[self.packages.kind]
        others = [path for pattern in ("/etc/apt/sources.list.d/*", "/etc/yum.repos.d/*") for path in glob.glob(self.path(pattern))]
        theirs = [path for path in others if path != self.path(source_path) and
                  any(re.match(r"(?!\s*#).*libnvidia-container/stable/", line) for line in read(path).splitlines())]
        if theirs:
            self.packages.refresh("/" + os.path.relpath(theirs[0], self.root) if theirs[0].endswith(".list") else None)
            return
        key = self.fetch(self.params["repository"] + "/gpgkey")
        wanted, found = self.params["key_fingerprint"].upper(), fingerprints(key)
        if set(found) != {wanted}:
            raise Failed("its repository is signed by another key (%s) than %s" % (", ".join(found) or "none", wanted))
        self.write(key_path, key.decode("ascii"))
        self.write(source_path, text % {"key": key_path, "repository": self.params["repository"]})
        self.packages.refresh(source_path)

    def absent(self):
        """Removes what the record has. A package that others need by now stays, and is named."""
        if self.record is None:
            return
        here = self.packages.installed() & set(self.record["packages"]) if self.record["packages"] else set()
        if here:
            self.changes.append("removed %s" % ", ".join(sorted(here)))
        files = [path for path in self.record["files"] if os.path.lexists(self.path(path))]
        self.changes += ["removed %s" % path for path in files] + ["removed the record of what was brought"]
        if self.check:
            return
        if here:
            try:
                self.packages.remove(*sorted(here))
            except Failed as failure:
                self.warnings.append("%s stay installed: %s." % (", ".join(sorted(here)), str(failure).rstrip(".")))
        for path in files:
            os.unlink(self.path(path))
        os.unlink(self.record_path)

    def result(self):
        machine = self.look()
        would_work = self.check and self.installs
        found = None if would_work else self.problem or gpu.driver_problem(machine, gpu.Look(self.root, None))
        return {"cards": gpu.cards(machine), "description": gpu.describe(machine), "problem": found,
                "runtime": self.check or self.runtime() is not None}


def main():
    module = AnsibleModule(argument_spec={
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "driver": {"type": "str", "choices": ["none", "install"], "default": "none"},
        "toolkit_version": {"type": "str", "required": True},
        "repository": {"type": "str", "required": True},
        "key_fingerprint": {"type": "str", "required": True},
    }, supports_check_mode=True)

    def fetch(url):
        response, said = fetch_url(module, url, timeout=60)
        if response is None or said.get("status") != 200:
            raise Failed("%s: %s" % (url, said.get("msg") or "no response"))
        return response.read()
    host = Host(module.params, fetch, module.check_mode)
    try:
        host.present() if module.params["state"] == "present" else host.absent()
    except OSError as failure:
        end(module, host.changes, host.warnings, "%s: %s" % (failure.filename, failure.strerror), "Look at the disk of this host and at that directory.")
    end(module, host.changes, host.warnings, gpu=host.result())


if __name__ == "__main__":
    main()
