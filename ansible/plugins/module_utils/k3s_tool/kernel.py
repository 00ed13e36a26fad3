# Apache-2.0 (see LICENSE)
"""What pods need of the kernel: settings, modules, and the files that keep them over a reboot."""

from __future__ import annotations

import os

from ansible.module_utils.k3s_tool.programs import read

SETTINGS_FILE = "/etc/sysctl.d/90-k3s-tool.conf"
MODULES_FILE = "/etc/modules-load.d/k3s-tool.conf"
HEAD = "# Written by k3s-tool: what pods need of the kernel.\n"


def loadable():
    """Whether this kernel has modules to load; that of a container host often has not."""
    return os.path.isdir("/lib/modules/" + os.uname().release)


def wanted_files(settings, modules):
    """Text by path of the files that should be here."""
    files = {SETTINGS_FILE: HEAD + "".join("%s = %s\n" % entry for entry in sorted(settings.items()))}
    return {**files, MODULES_FILE: HEAD + "".join(name + "\n" for name in modules)} if loadable() else files


def wrong_settings(settings):
    """Settings that the kernel has with another value; one that it does not have is left out."""
    current = {key: read("/proc/sys/" + key.replace(".", "/"), None) for key in settings}
    return [key for key, value in current.items() if value is not None and value.strip() != str(settings[key])]


def is_ready(settings, modules):
    """Whether nothing is left to do for the kernel."""
    return not wrong_settings(settings) and all(read(path, None) == text for path, text in wanted_files(settings, modules).items())
