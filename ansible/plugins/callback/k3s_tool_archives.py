# Apache-2.0 (see LICENSE)
"""Keeps the archives in which Ansible sends modules from one run to the next."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time

import ansible
from ansible import constants
from ansible.executor import module_common
from ansible.module_utils import basic
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
    name: k3s_tool_archives
    type: notification
    short_description: archives of modules, kept from run to run
    description:
      - Ansible packs each module with all that it imports, in C(ansiballz_cache) below its temporary directory, which ends with the run
        (ansible-core, executor/module_common.py). That takes up to half a second of the workstation's processor for each module.
      - This plugin puts a link to a directory of C(ANSIBLE_HOME) in its place, one for each state of the modules of this tree and of Ansible. An
        archive holds code, never arguments.
      - Where that is not possible, and with ansible-core before 2.19, Ansible packs them as it always does. A directory that was not used for 30 days
        is removed.
"""

UNUSED = 30 * 24 * 60 * 60
PLUGINS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def is_possible():
    """True where Ansible makes archives as this plugin knows them, and takes modules from this tree: others may have the same names."""
    sources = (constants.DEFAULT_MODULE_PATH, constants.DEFAULT_MODULE_UTILS_PATH)
    expected = [[os.path.join(PLUGINS, name)] for name in ("modules", "module_utils")]
    return hasattr(module_common, "_CachedModule") and [list(map(os.path.realpath, paths)) for paths in sources] == expected


def state_of_code():
    """A name for the code that archives are made of: Ansible's by its place, version and time, that of this tree by its content."""
    code = [ansible.__version__, basic.__file__, str(os.stat(basic.__file__).st_mtime_ns), sys.version]
    for name in ("modules", "module_utils"):
        for folder, folders, files in os.walk(os.path.join(PLUGINS, name)):
            folders.sort()
            for path in (os.path.join(folder, file) for file in sorted(files) if file.endswith(".py")):
                with open(path, "rb") as file:
                    code.append(os.path.relpath(path, PLUGINS) + hashlib.sha256(file.read()).hexdigest())
    return hashlib.sha256("\n".join(code).encode()).hexdigest()[:32]


def remove_torn(kept):
    """Removes what a machine that lost its power left of an archive. A file that is being written has another name until it is whole."""
    for entry in os.scandir(kept):
        if entry.name.endswith((".lock", "-part")):
            continue
        try:
            module_common._CachedModule.load(entry.path)
        except Exception:  # pickle raises nearly any
            os.unlink(entry.path)


def remove_unused(parent):
    """Removes archives of code that nobody has run for long."""
    for entry in os.scandir(parent):
        if entry.stat(follow_symlinks=False).st_mtime < time.time() - UNUSED:
            shutil.rmtree(entry.path, ignore_errors=True)


class CallbackModule(CallbackBase):
    """See DOCUMENTATION."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "k3s_tool_archives"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        if not is_possible():
            return
        parent = os.path.join(constants.ANSIBLE_HOME, "archives")
        try:
            kept = os.path.join(parent, state_of_code())
            os.makedirs(kept, mode=0o700, exist_ok=True)
            os.utime(kept)
            remove_torn(kept)
            os.symlink(kept, os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))
            remove_unused(parent)
        except OSError:
            pass
