# Apache-2.0 (see LICENSE)
"""Keeps what Ansible makes of this tree from one run to the next: the archives in which it sends modules, and the code of templates."""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import shutil
import sys
import time

import ansible
import jinja2
from ansible import constants
from ansible.executor import module_common
from ansible.module_utils import basic
from ansible.plugins.callback import CallbackBase
from jinja2.environment import TemplateExpression

try:
    from ansible._internal._datatag._tags import Origin, VaultedValue
    from ansible._internal._templating._jinja_bits import _TEMPLATE_OVERRIDE_FIELD_NAMES, AnsibleEnvironment, _TemplateCompileContext, _TemplateConfig
except ImportError:  # before ansible-core 2.19
    AnsibleEnvironment = None

DOCUMENTATION = r"""
    name: k3s_tool_compiled
    type: notification
    short_description: archives of modules and code of templates, kept from run to run
    description:
      - Ansible packs each module with all that it imports, in C(ansiballz_cache) below its temporary directory, which ends with the run
        (ansible-core, executor/module_common.py). That takes up to half a second of the workstation's processor for each module.
      - It also compiles a template each time it evaluates it, in a process for each task and host, which takes 2 ms each.
      - This plugin keeps both in C(ANSIBLE_HOME), in a directory for each state of Ansible and of the modules of this tree. An archive holds code,
        never arguments. Templates are kept where they are in a file of this tree, which has no secrets, and not where they are in an inventory.
      - Where that is not possible, and with ansible-core before 2.19, Ansible makes them as it always does. A directory that was not used for 30 days
        is removed.
"""

UNUSED = 30 * 24 * 60 * 60
PLUGINS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TREE = os.path.dirname(PLUGINS) + os.sep
DIGEST = hashlib.sha256


def takes_modules_of_this_tree():
    """True where Ansible makes archives as this plugin knows them, and takes modules from this tree: others may have the same names."""
    sources = (constants.DEFAULT_MODULE_PATH, constants.DEFAULT_MODULE_UTILS_PATH)
    expected = [[os.path.join(PLUGINS, name)] for name in ("modules", "module_utils")]
    return hasattr(module_common, "_CachedModule") and [list(map(os.path.realpath, paths)) for paths in sources] == expected


def ansible_code():
    """What Ansible makes things with: itself by its place, version and time, Jinja and Python by their versions."""
    return [ansible.__version__, basic.__file__, str(os.stat(basic.__file__).st_mtime_ns), jinja2.__version__, sys.version]


def modules_code():
    """The modules of this tree, by their content."""
    code = []
    for name in ("modules", "module_utils"):
        for folder, folders, files in os.walk(os.path.join(PLUGINS, name)):
            folders.sort()
            for path in (os.path.join(folder, file) for file in sorted(files) if file.endswith(".py")):
                with open(path, "rb") as file:
                    code.append(os.path.relpath(path, PLUGINS) + DIGEST(file.read()).hexdigest())
    return code


def directory_for(kind, code):
    """The directory of this kind for what is made with this code. Those that nobody has used for long are removed."""
    parent = os.path.join(constants.ANSIBLE_HOME, "k3s-tool-" + kind)  # may be a home that other programs use
    path = os.path.join(parent, DIGEST("\n".join(code).encode()).hexdigest()[:32])
    os.makedirs(path, mode=0o700, exist_ok=True)
    os.utime(path)
    for entry in os.scandir(parent):
        if entry.stat(follow_symlinks=False).st_mtime < time.time() - UNUSED:
            shutil.rmtree(entry.path, ignore_errors=True)
    return path


def remove_torn(kept):
    """Removes what a machine that lost its power left of an archive. A file that is being written has another name until it is whole."""
    for entry in os.scandir(kept):
        if entry.name.endswith((".lock", "-part")):
            continue
        try:
            module_common._CachedModule.load(entry.path)
        except Exception:  # pickle raises nearly any
            os.unlink(entry.path)


def keep_archives():
    """Makes Ansible take archives from a directory that outlives the run."""
    kept = directory_for("archives", ansible_code() + modules_code())
    remove_torn(kept)
    os.symlink(kept, os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))


class Templates:
    """The code of this tree's templates, a file each: a digest, and what is marshalled."""

    def __init__(self, directory):
        self.directory, self.codes = directory, {}

    def code(self, environment, kind, source, make):
        """The code of a template: of this process, of the directory, or made now."""
        origin = Origin.get_tag(source)
        if origin is None or not (origin.path or "").startswith(TREE) or VaultedValue.is_tagged_on(source):
            return make()
        # All that it depends on, besides the versions that the directory is for.
        context = _TemplateCompileContext.current(optional=True)
        settings = [getattr(environment, name) for name in _TEMPLATE_OVERRIDE_FIELD_NAMES] + [context and context.escape_backslashes]
        settings += [getattr(_TemplateConfig, name, None) for name in ("allow_embedded_templates", "jinja_extensions")]
        name = DIGEST(repr((kind, settings, str(source))).encode()).hexdigest()
        if name not in self.codes:
            self.codes[name] = self.read(name) or self.write(name, make())
        return self.codes[name]

    def read(self, name):
        """What is kept under a name, or None."""
        try:
            with open(os.path.join(self.directory, name), "rb") as file:
                digest, data = file.read(DIGEST().digest_size), file.read()
            return marshal.loads(data) if DIGEST(data).digest() == digest else None
        except OSError:
            return None

    def write(self, name, code):
        """Keeps code, where that is possible, and returns it."""
        data, path = marshal.dumps(code), os.path.join(self.directory, name)
        part = "%s.%d-part" % (path, os.getpid())
        try:
            with open(part, "wb") as file:
                file.write(DIGEST(data).digest() + data)
            os.replace(part, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(part)
        return code


def keep_templates():
    """Makes Ansible take the code of templates from such a directory. Its processes for hosts are forks of this one."""
    templates = Templates(directory_for("templates", ansible_code()))
    compile_any, compile_expression = AnsibleEnvironment.compile, AnsibleEnvironment.compile_expression
    made = None

    def kept(self, source, *arguments, **options):
        nonlocal made
        if arguments or options:
            return compile_any(self, source, *arguments, **options)
        if isinstance(source, str):
            return templates.code(self, "template", source, lambda: compile_any(self, source))
        made = compile_any(self, source)  # what compile_expression has parsed
        return made

    def kept_expression(self, source, undefined_to_none=True):
        def make():
            compile_expression(self, source, undefined_to_none)
            return made

        code = templates.code(self, "expression", source, make)
        return TemplateExpression(self.template_class.from_code(self, code, self.make_globals(None), None), undefined_to_none)

    AnsibleEnvironment.compile, AnsibleEnvironment.compile_expression = kept, kept_expression


class CallbackModule(CallbackBase):
    """See DOCUMENTATION."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "k3s_tool_compiled"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        try:
            if takes_modules_of_this_tree():
                keep_archives()
            if AnsibleEnvironment is not None:
                keep_templates()
        except OSError:
            pass
