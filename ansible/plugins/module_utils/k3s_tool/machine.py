# Apache-2.0 (see LICENSE)
"""What a machine is, read without root from /proc, /sys, /run and /etc, and from NVIDIA's programs where they are installed."""

from __future__ import annotations

import glob
import os
import platform
import re
import stat

from ansible.module_utils.k3s_tool import programs

NVIDIA = "0x10de"
DISPLAY_CLASS = "0x03"  # PCI base class of display controllers (pci.ids)
# Block devices that are no disks of the machine: loop devices, memory, CD-ROM, device mapper and software RAID above the disks.
NO_DISK = re.compile(r"(loop|ram|zram|sr|fd|dm-|md|nbd)\d*")
# File systems on which data can be kept; all others are the kernel's own, or not of this machine.
KEPT = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "vfat", "exfat", "ntfs", "ntfs3", "bcachefs", "jfs"}


class Look:
    """Reads below a root; None or nothing where a file is not there."""

    def __init__(self, root, run):
        self.root, self.run = root, run

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def text(self, *parts):
        """The start of a regular file. A pipe, such as those beside logind's sessions, would keep its reader for ever."""
        try:
            with open(os.open(self.path(*parts), os.O_RDONLY | os.O_NONBLOCK), errors="replace") as file:
                return file.read(65536).strip("\0\n ") if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
        except OSError:
            return None

    def number(self, *parts):
        text = self.text(*parts)
        return int(text) if text and re.fullmatch("[0-9]{1,18}", text) else None

    def below(self, *parts):
        return sorted(glob.glob(self.path(*parts)))


def model(look):
    """The name that maker or board give it; None where there is none but a placeholder."""
    board = look.text("proc/device-tree/model")
    if board:
        return board
    maker, product = (look.text("sys/class/dmi/id", name) or "" for name in ("sys_vendor", "product_name"))
    name = product if product.lower().startswith(maker.lower()) else (maker + " " + product).strip()
    return None if not name or re.search(r"to be filled|system product|default string|o\.e\.m\.", name, re.I) else name


def processors(look):
    """Cores and threads; None for cores where the kernel does not say."""
    cpus = [path for path in look.below("sys/devices/system/cpu/cpu[0-9]*") if look.text(path, "online") != "0"]
    cores = {tuple(look.text(path, "topology", name) for name in ("physical_package_id", "core_id")) for path in cpus}
    return (len(cores) if cores and not any(None in core for core in cores) else None), len(cpus) or None


def memory(look):
    found = dict(re.findall(r"^(\w+): +(\d+) kB$", look.text("proc/meminfo") or "", re.M))
    size = lambda name: int(found[name]) * 1024 if name in found else None
    return size("MemTotal"), size("SwapTotal")


def disks(look):
    found = []
    for path in look.below("sys/block/*"):
        name = os.path.basename(path)
        sectors = look.number(path, "size")
        if NO_DISK.match(name) or not sectors or look.number(path, "removable") == 1:
            continue
        rotational = look.number(path, "queue/rotational")
        found.append({
            "name": name, "model": look.text(path, "device/model"), "bytes": sectors * 512,
            "rotational": None if rotational is None else rotational == 1,
        })
    return found


def filesystems(look, listed_disks, statvfs=os.statvfs):
    """What is mounted from block devices, each device once: at its shortest path."""
    found = {}
    for line in (look.text("proc/mounts") or "").splitlines():
        fields = line.split(" ")
        if len(fields) < 3 or fields[2] not in KEPT:
            continue
        device, kind = unescaped(fields[0]), fields[2]
        path = unescaped(fields[1])
        if device in found and len(found[device]["path"]) <= len(path):
            continue
        try:
            size = statvfs(path)
        except OSError:
            continue
        found[device] = {
            "path": path, "device": device, "type": kind, "bytes": size.f_blocks * size.f_frsize, "free_bytes": size.f_bavail * size.f_frsize,
            "rotational": rotation(look, device, listed_disks),
        }
    return sorted(found.values(), key=lambda one: one["path"])


def rotation(look, device, listed_disks):
    """Whether the disk below a device turns; LVM, LUKS and RAID are followed to their first disk."""
    name = os.path.basename(os.path.realpath(device))
    while True:
        below = look.below("sys/class/block", name, "slaves/*")
        if not below:
            break
        name = os.path.basename(below[0])
    holders = [disk for disk in listed_disks if name.startswith(disk["name"])]
    return max(holders, key=lambda disk: len(disk["name"]))["rotational"] if holders else None


def unescaped(text):
    """A field of /proc/mounts, where blanks are octal (proc_mounts(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)


def gpus(look):
    """NVIDIA's display controllers by PCI, which need no driver, with what nvidia-smi knows of them."""
    found = []
    for path in look.below("sys/bus/pci/devices/*"):
        if look.text(path, "vendor") == NVIDIA and (look.text(path, "class") or "").startswith(DISPLAY_CLASS):
            found.append({"address": os.path.basename(path), "device": (look.text(path, "device") or "")[2:]})
    tegra = look.text("etc/nv_tegra_release")
    if not found and tegra:
        # A Jetson: its GPU is part of the chip, and its driver part of the system (NVIDIA/go-nvlib pkg/nvlib/info/property-extractor.go).
        version = re.match(r"# (R\d+) .*?REVISION: ([\d.]+)", tegra)
        found = [{"address": "tegra", "device": "tegra", "model": model(look), "driver": "L4T %s.%s" % version.groups() if version else "L4T"}]
        return found, None
    if not found:
        return found, None
    code, out, err = look.run(["nvidia-smi", "--query-gpu=pci.bus_id,name,memory.total,driver_version", "--format=csv,noheader,nounits"])
    if code == 127:
        return found, None
    said = ([line.strip()[:200] for line in (out + err).splitlines() if line.strip()] or ["nvidia-smi ended with code %d" % code])[-1]
    if code != 0:
        return found, said
    for line in out.splitlines():
        bus, name, size, driver = ([part.strip() for part in line.split(",")] + ["", "", "", ""])[:4]
        for gpu in found:
            # nvidia-smi writes the domain with eight digits, the kernel with four.
            if bus.lower().endswith(gpu["address"]):
                # Where memory is shared with the processor (DGX Spark, Jetson) there is no number.
                gpu.update(model=name[:100], driver=driver[:100], memory_bytes=int(size) << 20 if re.fullmatch("[0-9]{1,9}", size) else None)
    # A driver that has none of the cards is there all the same: it is not installed over.
    return found, None if any(gpu.get("driver") for gpu in found) else said


def toolkit(look):
    code, out, _ = look.run(["nvidia-ctk", "--version"])
    match = re.search(r"version v?(\d[\w.~+-]*)", out) if code == 0 else None
    return match.group(1) if match else None


def has_desktop(look):
    """A graphical session of a person, as logind keeps it (systemd: src/login/logind-session.c)."""
    for path in look.below("run/systemd/sessions/*"):
        fields = dict(line.split("=", 1) for line in (look.text(path) or "").splitlines() if "=" in line)
        if fields.get("CLASS", "user") == "user" and fields.get("TYPE") in ("x11", "wayland", "mir"):
            return True
    return False


def has_battery(look):
    """A battery that feeds the machine, not one of a mouse (Linux: Documentation/ABI/testing/sysfs-class-power)."""
    return any(look.text(path, "type") == "Battery" and look.text(path, "scope") != "Device" for path in look.below("sys/class/power_supply/*"))


def distribution(look):
    fields = dict(re.findall(r'^(\w+)="?(.*?)"?$', look.text("etc/os-release") or "", re.M))
    return fields.get("PRETTY_NAME") or fields.get("NAME")


def is_virtual(look):
    """A virtual machine, as its processor says; None where that cannot be known (Arm)."""
    flags = re.search(r"^flags\s*:(.*)$", look.text("proc/cpuinfo") or "", re.M)
    return None if flags is None else " hypervisor" in flags.group(1)


def look_at(look, statvfs=os.statvfs):
    """The facts; those that are unknown are left out."""
    cores, threads = processors(look)
    memory_bytes, swap_bytes = memory(look)
    all_disks = disks(look)
    if is_virtual(look):
        all_disks = [dict(disk, rotational=None) for disk in all_disks]  # a virtual disk says that it turns, whatever it lies on
    all_gpus, gpu_problem = gpus(look)
    facts = {
        "architecture": platform.machine(), "kernel": platform.release(), "distribution": distribution(look), "model": model(look), "board": board(look),
        "cores": cores, "threads": threads, "memory_bytes": memory_bytes, "swap_bytes": swap_bytes,
        "cgroup": 2 if os.path.exists(look.path("sys/fs/cgroup/cgroup.controllers")) else 1,
        "virtual": is_virtual(look), "battery": has_battery(look), "desktop": has_desktop(look),
        "disks": all_disks, "filesystems": filesystems(look, all_disks, statvfs),
        "gpus": all_gpus, "gpu_problem": gpu_problem, "gpu_toolkit": toolkit(look) if all_gpus else None,
    }
    return known(facts)


def known(value):
    if isinstance(value, dict):
        return {name: known(each) for name, each in value.items() if each is not None}
    return [known(each) for each in value] if isinstance(value, list) else value


# Boards by their chip: models of one generation (4, 400, Compute Module 4) are alike to a workload (raspberrypi/linux: arch/arm*/boot/dts).
BOARD_CHIPS = {"brcm,bcm2712": "rpi5", "brcm,bcm2711": "rpi4", "brcm,bcm2710": "rpi3", "brcm,bcm2837": "rpi3", "brcm,bcm2836": "rpi2", "brcm,bcm2835": "rpi1"}


def board(look):
    """A word for the board, from the device tree's C(compatible): the most specific name comes first, the chip last."""
    names = (look.text("proc/device-tree/compatible") or "").split("\0")
    known_chip = [BOARD_CHIPS[name] for name in names if name in BOARD_CHIPS]
    word = known_chip[0] if known_chip else re.sub(r"[^A-Za-z0-9._-]+", "-", names[0])[:63].strip("-._").lower()
    return word or None


def labels(facts):
    """Labels by which apps can choose a node for what it has. What comes and goes with a session is none of them."""
    turning = [disk.get("rotational") for disk in facts["disks"]]
    found = {
        "gpu": "nvidia" if facts["gpus"] else None,
        "storage-ssd": "true" if False in turning else None,
        "storage-hdd": "true" if True in turning else None,
        "board": facts.get("board"),
        "virtual": "true" if facts.get("virtual") else None,
    }
    return {"k3s-tool.io/" + name: value for name, value in found.items() if value}


def look_at_machine(root="/"):
    """Facts and labels of this machine, as results of a module."""
    facts = look_at(Look(root, lambda argv: programs.run(argv, timeout=20)))
    return {"machine": facts, "machine_labels": labels(facts)}
