# Apache-2.0 (see LICENSE)
"""Directories of this host in which volumes may be: what is wrong with them, and how they are set up."""

from __future__ import annotations

import glob
import json
import os
import re
import stat

from ansible.module_utils.k3s_tool.files import write_files
from ansible.module_utils.k3s_tool.machine import unescaped
from ansible.module_utils.k3s_tool.programs import problem, read, run

# What was set up here: path, class and mount of each. It is on the root disk, so that a missing disk is noticed.
RECORD = "/etc/rancher/k3s/k3s-tool-storage.json"
# On a server: the cluster has classes of ours.
CLASSES_RECORD = "/etc/rancher/k3s/k3s-tool-storage-classes"
# In each path, so on its disk. Without it the provisioner's scripts neither make nor delete a volume.
MARK = ".k3s-tool-storage"
MARK_TEXT = "Volumes of Kubernetes are in this directory. k3s-tool made this file; without it no volume is made or deleted here.\n"
IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")
LEAST_ROOT_BYTES = 10 * 2**30
# What the inventory takes (src/inventory/schema.ts), for paths that a template made. A path goes into units, and volumes are found by it.
PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[\w.@+-]+)+", re.ASCII)
UNITS = {"control_plane": "k3s", "workers": "k3s-agent"}


class Host:
    """What is read of the host; a test gives another one."""

    record, classes_record, units = RECORD, CLASSES_RECORD, "/etc/systemd/system"

    def mounts(self):
        """Type by mount point; the last mount on a point is the one that is seen."""
        return mounts_of(read("/proc/mounts"))

    def fstab(self):
        """Mount points that /etc/fstab asks for at boot or when they are used, and those of the owner's own mount units."""
        return fstab_of(read("/etc/fstab")) + units_of(map(read, glob.glob(self.units + "/*mount")))

    def free_bytes(self, path):
        size = os.statvfs(path)
        return size.f_bavail * size.f_frsize

    def read_only(self, path):
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)

    def recorded(self):
        try:
            entries = json.loads(read(self.record) or "[]")
            return [entry for entry in entries if isinstance(entry.get("path"), str)]
        except (ValueError, AttributeError, TypeError):
            return []

    def drop_in(self, unit):
        return "%s/%s.service.d/k3s-tool-storage.conf" % (self.units, unit)


def mounts_of(table):
    rows = [line.split(" ") for line in table.splitlines()]
    return {unescaped(row[1]): row[2] for row in rows if len(row) > 2}


def fstab_of(table):
    rows = [line.split() for line in table.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    wanted = [unescaped(row[1]) for row in rows if len(row) > 3 and row[1].startswith("/") and row[2] != "swap" and (
        "noauto" not in row[3].split(",") or "x-systemd.automount" in row[3].split(","))]
    return [point.rstrip("/") or "/" for point in wanted]


def units_of(texts):
    """Where mount and automount units mount, as systemd.mount(5) has it."""
    points = [point for text in texts for point in re.findall(r"^Where=(/.*?)\s*$", text, re.M)]
    return [point.rstrip("/") or "/" for point in points]


def names_in(path):
    """What is in a directory besides what a fresh file system brings, and this project's files: the mark, and what a run that was killed left of writing it."""
    return sorted(name for name in os.listdir(path) if name != "lost+found" and not name.startswith(".k3s-tool-"))


def covering(path, points):
    """The deepest of the mount points that a path is on."""
    on = [point for point in points if point == "/" or path == point or path.startswith(point + "/")]
    return max(on, key=len) if on else "/"


def nearest(path):
    """The deepest directory above a path that is there."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def judge_path(entry, recorded, host):
    """What keeps a path from being used, or None. `recorded` is what was set up there; None where nothing was."""
    path = entry["path"]
    if not PATH.fullmatch(path):
        return problem("storage_path", "the storage path %r is not an absolute path of letters, digits and . _ - + @" % path,
                       "Correct it in storage_paths: no . or .. in it, no // and no / at its end.")
    there = nearest(path)
    if os.path.realpath(there) != there or os.path.islink(there):
        return problem("storage_link", "the storage path %s goes through a symbolic link, to %s" % (path, os.path.realpath(there) + path[len(there):]),
                       "Name the directory itself in storage_paths.")
    if not os.path.isdir(there):
        return problem("storage_file", "%s is not a directory, and the storage path %s needs one" % (there, path), "Name another path in storage_paths.")
    try:
        os.stat(path)  # an automount mounts now
    except OSError:
        pass
    mounts = host.mounts()
    # An automount that did not mount now has no disk either.
    mount = covering(path, [point for point, kind in mounts.items() if kind != "autofs"])
    expected = recorded.get("mount", "/") if recorded else covering(path, [*host.fstab(), *mounts])
    if len(expected) > len(mount):
        return problem("storage_mount", "the disk for the storage path %s is not mounted at %s" % (path, expected),
                       "Mount it: `mount %s`; if that fails, see `systemctl status '%s'` and `dmesg`." % (expected, expected))
    if mounts.get(mount) in IN_MEMORY:
        return problem("storage_memory", "the storage path %s is in memory (%s at %s)" % (path, mounts[mount], mount),
                       "Name a directory on a disk in storage_paths.")
    if host.read_only(there):
        return problem("storage_read_only", "the storage path %s cannot be written: the file system at %s is read-only" % (path, mount),
                       "A disk with errors is mounted so: see `dmesg`. Repair it, then `mount -o remount,rw %s`." % mount)
    marked = os.path.exists(os.path.join(path, MARK))
    if recorded and not marked:
        return problem("storage_mark", "the storage path %s is not the directory that was set up: the file %s is missing" % (path, MARK),
                       "Is another disk mounted there? If the disk was replaced and its volumes are lost: `mkdir -p %s && touch %s/%s`." % (path, path, MARK))
    if marked:
        return None
    others = names_in(path) if os.path.isdir(path) else []
    if others:
        return problem("storage_in_use", "the storage path %s has other files in it (%s)" % (path, ", ".join(map(repr, others[:3]))),
                       "Use an empty directory, such as %s/volumes." % path)
    free = host.free_bytes(there)
    if mount == "/" and free < LEAST_ROOT_BYTES:
        return problem("storage_space", "the storage path %s is on the root file system, which has %.1f GiB free of the 10 GiB needed" % (path, free / 2**30),
                       "Name a directory on another disk in storage_paths, or free some space.")
    return None


def record_of(paths, mounts):
    """What the record says when all paths are set up."""
    return [{"path": entry["path"], "class": entry["class"], "mount": covering(entry["path"], mounts)} for entry in paths]


def drop_in_text(record):
    """What ties the unit to the mounts: it waits for them at boot, and starts without one that fails (decision 10). None where all is on the root disk."""
    points = sorted({entry["mount"] for entry in record} - {"/"})
    if not points:
        return None
    units = " ".join(mount_unit(point) for point in points)
    return "# Written by k3s-tool: the disks of storage_paths.\n[Unit]\nWants=%s\nAfter=%s\n" % (units, units)


def mount_unit(point):
    """A mount point as systemd names its unit (systemd.unit(5), "String escaping for inclusion in unit names")."""
    word = re.sub(r"[^A-Za-z0-9:_./]|\A\.", lambda found: "".join("\\x%02x" % byte for byte in found.group(0).encode()), point.strip("/"))
    return word.replace("/", "-") + ".mount"


def look_at_storage(params, host=None):
    """Problems and facts about the storage paths of this host. A host without any, now and before, costs two looks for a file."""
    host = host or Host()
    wanted, recorded = params.get("storage_paths") or [], host.recorded()
    by_path = {entry["path"]: entry for entry in recorded}
    facts = {"recorded": recorded, "classes": os.path.exists(host.classes_record)}
    if not wanted:
        return [], dict(facts, ready=not recorded)
    problems = [found for found in (judge_path(entry, by_path.get(entry["path"]), host) for entry in wanted) if found]
    return problems, dict(facts, ready=not problems and not changes_to(wanted, UNITS[params["role"]], host))


def changes_to(paths, unit, host):
    """What setting up would change, in words."""
    mounts, recorded = host.mounts(), host.recorded()
    record = record_of(paths, mounts)
    changes = []
    for entry in record:
        path = entry["path"]
        if not os.path.exists(os.path.join(path, MARK)):
            changes.append("%s set up for volumes of the class %s" % (path, entry["class"]))
        elif not is_private(path):
            changes.append("owner and mode of %s set to root and 0700" % path)
    kept = [entry["path"] for entry in record]
    changes += ["%s given up; what is in it stays" % entry["path"] for entry in recorded if entry["path"] not in kept]
    if record != recorded and not changes:
        changes.append("record of storage paths updated")
    if (read(host.drop_in(unit)) or None) != drop_in_text(record):
        changes.append("list of disks that %s.service waits for updated" % unit)
    return changes


def is_private(path):
    """Whether a directory is open to root alone, whoever made it."""
    found = os.stat(path)
    return stat.S_IMODE(found.st_mode) == 0o700 and found.st_uid == os.geteuid()


def set_up(paths, unit, check=False, host=None):
    """Makes the directories, marks them, records them and ties the unit to their mounts. Gives the changes in words, and the first problem."""
    host = host or Host()
    by_path = {entry["path"]: entry for entry in host.recorded()}
    for entry in paths:
        found = judge_path(entry, by_path.get(entry["path"]), host)
        if found:
            return [], found
    changes = changes_to(paths, unit, host)
    if check or not changes:
        return changes, None
    for entry in paths:
        os.makedirs(entry["path"], mode=0o755, exist_ok=True)
        # Volumes are open to any user of a container (0777), so their parent is not open to users of this host; as k3s does (manifests/local-storage.yaml).
        os.chown(entry["path"], os.geteuid(), os.getegid())
        os.chmod(entry["path"], 0o700)
    record = record_of(paths, host.mounts())
    text = drop_in_text(record)
    # The mark comes before the record: a run that is killed in between sets up again, and is never told of a disk that was lost.
    write_files([{"path": os.path.join(entry["path"], MARK), "content": MARK_TEXT, "mode": "0644"} for entry in record])
    write_files(([{"path": host.drop_in(unit), "content": text, "mode": "0644"}] if text else [])
                + [{"path": host.record, "content": json.dumps(record, indent=1) + "\n", "mode": "0644", "directory_mode": "0755"}])
    if not text:
        forget(host.drop_in(unit))
    if not record:
        forget(host.record)
    run(["systemctl", "daemon-reload"], timeout=60)
    return changes, None


def forget(path):
    """Removes a file of ours, and its directory when that is empty now."""
    try:
        os.unlink(path)
        os.rmdir(os.path.dirname(path))
    except OSError:
        pass
