"""What k3s_machine_facts reads from a machine, on recorded trees of /proc, /sys and /run."""

import os
import random
import tempfile
import time
import types
import unittest

from load_part import load

MODULE = types.SimpleNamespace(**load("machine"))
PROGRAMS = load("programs")
GIB = 1 << 30

DESKTOP = {
    "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu vme sse\n",
    "proc/meminfo": "MemTotal:       65613312 kB\nMemFree:        1000 kB\nSwapTotal:       2097148 kB\n",
    "proc/mounts": "proc /proc proc rw 0 0\n/dev/nvme0n1p2 / ext4 rw 0 0\n/dev/nvme0n1p2 /var/lib/docker ext4 rw 0 0\n"
                   "/dev/sda1 /srv/my\\040disk xfs rw 0 0\nnas:/x /net nfs4 rw 0 0\n",
    "etc/os-release": 'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "sys/class/dmi/id/sys_vendor": "LENOVO\n", "sys/class/dmi/id/product_name": "ThinkStation P3\n",
    "sys/block/nvme0n1/size": "1953525168\n", "sys/block/nvme0n1/queue/rotational": "0\n", "sys/block/nvme0n1/device/model": "Samsung SSD 990\n",
    "sys/block/sda/size": "7814037168\n", "sys/block/sda/queue/rotational": "1\n",
    "sys/block/loop0/size": "8\n", "sys/block/sr0/size": "2097151\n", "sys/block/sdb/size": "60000\n", "sys/block/sdb/removable": "1\n",
    "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n", "sys/bus/pci/devices/0000:01:00.0/class": "0x030000\n",
    "sys/bus/pci/devices/0000:01:00.0/device": "0x2684\n",
    "sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de\n", "sys/bus/pci/devices/0000:01:00.1/class": "0x040300\n",
    "sys/bus/pci/devices/0000:00:02.0/vendor": "0x8086\n", "sys/bus/pci/devices/0000:00:02.0/class": "0x030000\n",
    "sys/class/power_supply/hidpp_battery_0/type": "Battery\n", "sys/class/power_supply/hidpp_battery_0/scope": "Device\n",
    "run/systemd/sessions/2": "# This is private data. Do not parse.\nUID=1000\nTYPE=wayland\nCLASS=user\nSTATE=active\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu io memory\n",
    **{"sys/devices/system/cpu/cpu%d/topology/%s" % (cpu, name): "%d\n" % value
       for cpu in range(8) for name, value in (("physical_package_id", 0), ("core_id", cpu // 2))},
}
PI = {
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    "proc/meminfo": "MemTotal:        4001000 kB\n",
    "run/systemd/sessions/1": "TYPE=tty\nCLASS=user\n", "run/systemd/sessions/c1": "TYPE=wayland\nCLASS=greeter\n",
    "sys/block/mmcblk0/size": "60000000\n", "sys/block/mmcblk0/queue/rotational": "0\n",
}
SMI = "00000000:01:00.0, NVIDIA GeForce RTX 4090, 24564, 570.133.07\n"


def look(files, programs=None):
    programs = programs or {}
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as file:
                file.write(text)
        size = lambda path: types.SimpleNamespace(f_blocks=100, f_frsize=GIB, f_bavail=40)
        return MODULE.look_at(MODULE.Look(root, lambda argv: programs.get(argv[0], (127, "", ""))), statvfs=size)


class Machine(unittest.TestCase):
    def test_a_desktop(self):
        facts = look(DESKTOP, {"nvidia-smi": (0, SMI, ""), "nvidia-ctk": (0, "NVIDIA Container Toolkit CLI version 1.17.8\ncommit: x\n", "")})
        self.assertEqual(facts["model"], "LENOVO ThinkStation P3")
        self.assertEqual((facts["cores"], facts["threads"]), (4, 8))
        self.assertEqual((facts["memory_bytes"], facts["swap_bytes"]), (65613312 * 1024, 2097148 * 1024))
        self.assertEqual((facts["cgroup"], facts["virtual"], facts["battery"], facts["desktop"]), (2, False, False, True))
        self.assertEqual(facts["distribution"], "Debian GNU/Linux 13 (trixie)")
        self.assertEqual([(disk["name"], disk["rotational"]) for disk in facts["disks"]], [("nvme0n1", False), ("sda", True)])
        self.assertEqual([(one["path"], one["rotational"], one["free_bytes"]) for one in facts["filesystems"]],
                         [("/", False, 40 * GIB), ("/srv/my disk", True, 40 * GIB)])
        self.assertEqual(facts["gpus"], [{"address": "0000:01:00.0", "device": "2684", "model": "NVIDIA GeForce RTX 4090",
                                          "driver": "570.133.07", "memory_bytes": 24564 << 20}])
        self.assertEqual(facts["gpu_toolkit"], "1.17.8")

    def test_a_card_without_a_driver_is_seen_by_pci(self):
        facts = look(DESKTOP)
        self.assertEqual(facts["gpus"], [{"address": "0000:01:00.0", "device": "2684"}])
        self.assertNotIn("gpu_problem", facts)
        self.assertNotIn("gpu_toolkit", facts)

    def test_a_driver_that_does_not_work_says_why(self):
        said = "Failed to initialize NVML: Driver/library version mismatch\n"
        self.assertEqual(look(DESKTOP, {"nvidia-smi": (18, said, "")})["gpu_problem"], said.strip())

    def test_a_driver_that_has_none_of_the_cards_is_installed_all_the_same(self):
        for said in ("No devices were found\n", "00000000:0F:00.0, NVIDIA GB10, 1, 580\n", "00000000:01:00.0, EVIL\nx, 1, 580\n", "\x1b[31m" + "x" * 9999):
            facts = look(DESKTOP, {"nvidia-smi": (0, said, "")})
            self.assertEqual(facts["gpu_problem"], said.splitlines()[-1].strip()[:200])
            self.assertFalse(any(gpu.get("driver") for gpu in facts["gpus"]))
        endless = look(DESKTOP, {"nvidia-smi": (0, "00000000:01:00.0, %s, 1, %s\n" % ("x" * 9999, "y" * 9999), "")})["gpus"][0]
        self.assertLess(len(endless["model"] + endless["driver"]), 300)

    def test_memory_shared_with_the_processor_has_no_size(self):
        facts = look(DESKTOP, {"nvidia-smi": (0, "00000000:01:00.0, NVIDIA GB10, [N/A], 580.82\n", "")})
        self.assertEqual(facts["gpus"][0]["model"], "NVIDIA GB10")
        self.assertNotIn("memory_bytes", facts["gpus"][0])

    def test_a_jetson_has_its_gpu_in_the_chip_and_its_driver_in_the_system(self):
        files = {**PI, "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0", "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n"}
        self.assertEqual(look(files)["gpus"], [{"address": "tegra", "device": "tegra", "model": "NVIDIA Jetson Orin Nano Developer Kit", "driver": "L4T R36.4.3"}])
        self.assertEqual(look({**files, "etc/nv_tegra_release": "garbled"})["gpus"][0]["driver"], "L4T")

    def test_a_board_with_a_greeter_only_has_no_desktop(self):
        facts = look(PI)
        self.assertEqual((facts["model"], facts["desktop"], facts["gpus"]), ("Raspberry Pi 5 Model B Rev 1.0", False, []))
        self.assertNotIn("virtual", facts)
        self.assertNotIn("swap_bytes", facts)

    def test_a_pipe_where_a_file_is_expected_holds_nobody_up(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "run/systemd/sessions"))
            for name in ("run/systemd/sessions/7.ref", "sys", "proc"):
                os.mkfifo(os.path.join(root, name))
            self.assertFalse(MODULE.look_at(MODULE.Look(root, lambda argv: (127, "", "")))["desktop"])

    def test_a_program_that_hangs_is_left_behind(self):
        began = time.monotonic()
        self.assertEqual(PROGRAMS["run"](["sleep", "60"], timeout=1), (124, "", "no answer within 1 s"))
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(PROGRAMS["run"](["/proc/nonexistent"])[0], 127)
        self.assertEqual(PROGRAMS["run"](["sh", "-c", "echo out; echo err >&2; exit 3"]), (3, "out\n", "err\n"))
        smi = {"nvidia-smi": (124, "", "no answer within 20 s")}
        self.assertEqual(look(DESKTOP, smi)["gpu_problem"], "no answer within 20 s")

    def test_placeholders_are_no_model(self):
        for maker, product in (("To Be Filled By O.E.M.", "To Be Filled By O.E.M."), ("ASUS", "System Product Name"), ("", "")):
            files = {"sys/class/dmi/id/sys_vendor": maker, "sys/class/dmi/id/product_name": product}
            self.assertNotIn("model", look({**PI, **files, "proc/device-tree/model": ""}), product)

    def test_a_virtual_disk_is_neither(self):
        facts = look({**DESKTOP, "proc/cpuinfo": "flags\t\t: fpu hypervisor sse\n"})
        self.assertTrue(facts["virtual"])
        self.assertNotIn("rotational", facts["disks"][0])

    def test_lvm_is_followed_to_its_disk(self):
        files = {**DESKTOP, "proc/mounts": "/dev/dm-0 / ext4 rw 0 0\n", "sys/class/block/dm-0/slaves/dm-1/x": "", "sys/class/block/dm-1/slaves/sda2/x": ""}
        self.assertEqual(look(files)["filesystems"][0]["rotational"], True)

    def test_labels_say_what_apps_can_select_by(self):
        self.assertEqual(MODULE.labels(look(DESKTOP)), {"k3s-tool.io/gpu": "nvidia", "k3s-tool.io/storage-ssd": "true", "k3s-tool.io/storage-hdd": "true"})
        chip = "raspberrypi,5-model-b\0brcm,bcm2712\0"
        self.assertEqual(MODULE.labels(look({**PI, "proc/device-tree/compatible": chip})), {"k3s-tool.io/board": "rpi5", "k3s-tool.io/storage-ssd": "true"})
        self.assertEqual(MODULE.labels(look({"proc/device-tree/compatible": "radxa,rock-5b\0rockchip,rk3588\0"})), {"k3s-tool.io/board": "radxa-rock-5b"})
        self.assertEqual(MODULE.labels(look({"proc/cpuinfo": "flags\t\t: fpu hypervisor\n", "sys/block/vda/size": "80"})), {"k3s-tool.io/virtual": "true"})

    def test_labels_go_with_the_hardware_and_are_valid_whatever_the_firmware_says(self):
        dice = random.Random(12)
        for _ in range(200):
            said = "".join(chr(dice.choice([0, 9, 10, 44, 45, 46, 95, 27, 233, 8364, *range(48, 123)])) for _ in range(dice.randrange(90)))
            files = {path: text for path, text in DESKTOP.items() if "pci" not in path or dice.random() < 0.5}
            facts = look({**files, "proc/device-tree/compatible": said})
            found = MODULE.labels(facts)
            self.assertEqual("k3s-tool.io/gpu" in found, bool(facts["gpus"]))
            for value in found.values():
                self.assertRegex(value, r"\A[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\Z")

    def test_whatever_is_missing_or_garbled_it_answers(self):
        dice = random.Random(11)
        for _ in range(100):
            files = {path: text if dice.random() < 0.6 else "".join(chr(dice.randrange(1, 300)) for _ in range(dice.randrange(40)))
                     for path, text in DESKTOP.items() if dice.random() < 0.8}
            facts = look(files, {"nvidia-smi": (0, SMI if dice.random() < 0.5 else "\x1b[31m,,\n", "")})
            self.assertEqual(set(facts["gpus"][0]) >= {"address", "device"} if facts["gpus"] else True, True)
            self.assertNotIn(None, facts.values())


if __name__ == "__main__":
    unittest.main()
