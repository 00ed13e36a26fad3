# Apache-2.0 (see LICENSE)
"""NVIDIA's cards on this host: whether the driver works, whether k3s has found the container runtime, and what the role gpu_support brought."""

from __future__ import annotations

import json
import os
import re
import shutil

from ansible.module_utils.k3s_tool.machine import Look, look_at_machine
from ansible.module_utils.k3s_tool.programs import problem

# What the role brought to this host. Outside of k3s' directories: it is still known when k3s was removed.
RECORD = "/var/lib/k3s-tool/gpu.json"
RUNTIME = "nvidia-container-runtime"
# Where k3s looks besides its PATH, at each start of the agent (k3s pkg/agent/containerd/config_linux.go, runtimes.go).
TOOLKIT_PATH = "/usr/local/nvidia/toolkit"
# Written by k3s at each start from what it found; never by this project (k3s pkg/agent/templates/templates.go, versions 2 and 3 of the format).
CONTAINERD = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml"
FOUND = re.compile(r"""^\[plugins\..*containerd\.runtimes\.["']?nvidia["']?\]""", re.M)
SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def runtime():
    """Path of NVIDIA's container runtime as k3s finds it; None where it does not."""
    # systemd's own PATH, which k3s runs with: the path of an SSH session may be another one.
    return shutil.which(RUNTIME, path=":".join([TOOLKIT_PATH, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]))


def read_record(path=RECORD):
    """What the role brought: C(files), C(packages) and C(toolkit), the version; None where it never set this host up."""
    try:
        with open(path) as file:
            found = json.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        found = {}  # a damaged record still says that the host was set up
    found = found if isinstance(found, dict) else {}
    texts = lambda name: [text for text in found.get(name) or [] if isinstance(text, str)]
    toolkit = found.get("toolkit")
    return {"files": texts("files"), "packages": texts("packages"), "toolkit": toolkit if isinstance(toolkit, str) else None}


def cards(machine):
    """How many cards the cluster can use: those that the driver has, as one may be passed on to a virtual machine."""
    return len([gpu for gpu in machine["gpus"] if gpu.get("driver")])


def describe(machine):
    """The cards that the driver has, for people: `2 × NVIDIA GeForce RTX 4090, 24 GiB, driver 570.133.07`."""
    found = [card for card in machine["gpus"] if card.get("driver")]
    kinds = [", ".join([card.get("model") or "NVIDIA card"] + (["%d GiB" % round(card["memory_bytes"] / 2**30)] if card.get("memory_bytes") else [])) for card in found]
    texts = [("%d × " % kinds.count(kind) if kinds.count(kind) > 1 else "") + kind for kind in sorted(set(kinds))]
    return "; ".join(texts) + ", driver %s" % found[0]["driver"] if found else ""


def driver_problem(machine, look):
    """Why no card of this host can be used, or None."""
    if not machine["gpus"]:
        return problem("no_card", "no NVIDIA card is in this machine", "See `lspci -d 10de:` there. If it is to have none, set gpu: false for it.")
    if cards(machine):
        return None
    said, loaded = machine.get("gpu_problem"), lambda name: os.path.isdir(look.path("sys/module", name))
    if said and re.search("version mismatch", said, re.I):
        return problem("mismatch", "the NVIDIA driver was updated, and the kernel still runs the older one (%s)" % said, "Reboot the machine.")
    if said and loaded("nvidia"):
        return problem("driver_failed", "the NVIDIA driver does not work: %s" % said, "See `nvidia-smi` and `journalctl -k -g NVRM` there.")
    if loaded("nouveau"):
        hint = "Reboot the machine." if said else "Set gpu_driver: install, or install NVIDIA's driver yourself; then reboot the machine."
        return problem("nouveau", "the card uses the driver nouveau, which does not support CUDA", hint)
    if said and (look.text(SECURE_BOOT) or "").endswith("\x01"):
        return problem("secure_boot", "the NVIDIA driver is installed, but its kernel module is not loaded, and Secure Boot is on",
                       "Enrol the key that signs the module (`mokutil --list-new`, and reboot), or switch Secure Boot off in the firmware.")
    if said:
        return problem("not_loaded", "the NVIDIA driver is installed, but its kernel module is not loaded (%s)" % said,
                       "Reboot the machine; if the problem persists, see `modprobe nvidia` and `dkms status` there.")
    return problem("no_driver", "no NVIDIA driver is installed", "Set gpu_driver: install to have the distribution's installed, or install it yourself.")


def probe_gpu(machine):
    """What a run wants to know of this host about GPUs; `machine` are its facts."""
    record = read_record()
    config = Look("/", None).text(CONTAINERD)
    return {
        "cards": cards(machine), "description": describe(machine), "problem": driver_problem(machine, Look("/", None)), "runtime": runtime() is not None,
        "found_by_k3s": bool(config and FOUND.search(config)), "record": record is not None, "toolkit": (record or {}).get("toolkit"),
    }


def tell(out):
    """What `doctor --gpu` asks of a host, in one line of JSON. What k3s found is known to root alone."""
    machine = look_at_machine()["machine"]
    found = probe_gpu(machine)
    print("k3s-tool-gpu=%s" % json.dumps({
        "seen": len(machine["gpus"]), "cards": found["cards"], "description": found["description"], "problem": found["problem"], "runtime": runtime(),
        "found_by_k3s": found["found_by_k3s"] if os.geteuid() == 0 else None}), file=out, flush=True)
