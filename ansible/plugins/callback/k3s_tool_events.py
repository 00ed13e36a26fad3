# Apache-2.0 (see LICENSE)
"""Writes what happens in a run as JSON, one event a line, for k3s-tool to read."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import datetime, timezone

from ansible import context
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
    name: k3s_tool_events
    type: notification
    short_description: one JSON event a line, to a file
    description:
      - The file is named by the environment variable C(K3S_TOOL_EVENTS). It is made with mode 0600 and appended to, and each line is
        flushed. Without the variable the plugin does nothing. It never stops a run, even when the disk is full.
      - "Events, all with C(v) (1), C(ts) (UTC, ISO 8601) and C(type): C(run_start) (playbook, check), C(play_start) (play, hosts),
        C(task_start) (play, task, role, action), C(host_start) (host, task, role), C(result) (host, play, task, role, status, seconds,
        and where they exist message, code, rc, stderr, diff), C(retry) (host, task, attempt, retries), C(warning) (host, message),
        C(machine) and C(present) (host, facts), C(run_end) (stats)."
      - A failure's message is what was said; a module of this tree adds a line C(Hint) with a colon and what to do. What ssh, sudo and the system say
        is passed on, and k3s-tool knows what to do about it (src/ansible/events/failure_hint.ts).
      - "A failure that the tool has an answer to has a C(code): what a module returns, or the last line of a C(fail) task's C(msg) where that
        begins with C(Code) and a colon."
      - "Warnings: a C(debug) task whose C(msg) is a string, or a list of strings, that begin with C(Warning) and a colon gives one
        C(warning) event each, and so does each sentence that a module of this tree returns as C(told)."
      - What a module of this tree returns as C(noted) gives a C(note) event (message), with the host's name before it.
      - Diffs are without the values of secrets, which are known by their names (k3s_tool_secrets.json).
      - "A result of a task with C(no_log) carries its status and C(censored) and nothing else."
      - Terminal escapes and control characters are removed, what looks like a secret is masked, long values are cut. What Ansible prints
        is masked too.
"""

TEXT_LIMIT = 4000
STDERR_LINES = 20
DIFF_LIMIT = 8000

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# C0 but for newline and tab, DEL, C1, and the characters that reorder or hide text.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
# What counts as a secret, by its name and by its look; the tool reads the same file (src/errors/secrets.ts).
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "k3s_tool_secrets.json"), encoding="utf-8") as _file:
    _PATTERNS = json.load(_file)
_SECRET_NAME = re.compile(_PATTERNS["name"])
_LOOKS = [re.compile(look) for look in _PATTERNS["looks"].values()]
MASK = "********"
_ASSIGNMENT = re.compile(r"([\w.-]+)[\"']?\s*[:=]\s*")


def masked(text):
    """The text without what looks like a secret."""
    for look in _LOOKS:
        text = look.sub(lambda match: match[1] + MASK, text)
    return text


def clean(value, limit=TEXT_LIMIT):
    """The text of a value, safe to show: no escapes or control characters, secrets masked, at most `limit` characters."""
    text = _ESCAPES.sub("", str(value)).replace("\r\n", "\n").replace("\r", "\n")
    text = masked(_CONTROLS.sub("", text)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def cleaned(value):
    """A value of JSON with all of its texts as `clean` makes them."""
    if isinstance(value, dict):
        return {clean(key): cleaned(each) for key, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list) else clean(value) if isinstance(value, str) else value


def with_code(message, code=None):
    """A message without the line that names its code, and the code; None where it has none."""
    match = re.search(r"\nCode: (\w+)$", message)
    return (message[: match.start()], match.group(1)) if match else (message, code if isinstance(code, str) else None)


def failure_message(data):
    """The message of a failed result: its own, or those of the loop items that failed."""
    items = [item for item in data.get("results") or [] if isinstance(item, dict) and (item.get("failed") or item.get("unreachable"))]
    if items:
        return "\n".join(dict.fromkeys(f"{_label(item)}{failure_message(item)}" for item in items))
    message = re.sub(r"^(?:(?:Task|Action|Module) failed: )+", "", str(data.get("msg") or data.get("reason") or ""))
    said = str(data.get("stderr") or data.get("module_stderr") or data.get("module_stdout") or "")
    if message in ("", "non-zero return code", "MODULE FAILURE") or message.startswith("MODULE FAILURE"):
        message = "\n".join(part for part in (message, *said.splitlines()[-5:]) if part)
    return message or "the task failed and gave no message"


def _label(item):
    name = item.get("_ansible_item_label", item.get("item"))
    return f"{name}: " if isinstance(name, (str, int)) else ""


def diffs_of(data):
    """The diffs of a result and of its loop items, as header, before and after; none where it is hidden."""
    found = []
    for part in [data, *[item for item in data.get("results") or [] if isinstance(item, dict)]]:
        if part.get("_ansible_no_log") or "censored" in part:
            continue
        diff = part.get("diff") or []
        for entry in diff if isinstance(diff, list) else [diff]:
            if not isinstance(entry, dict) or entry.get("before") == entry.get("after") and "prepared" not in entry:
                continue
            header = part.get("dest") or part.get("path") or entry.get("after_header") or entry.get("before_header") or ""
            before, after = _diff_text(entry.get("before", "")), _diff_text(entry.get("after", entry.get("prepared", "")))
            found.append({
                "header": clean(header, 300),
                "before": clean(_hide(before, after), DIFF_LIMIT),
                "after": clean(_hide(after, before), DIFF_LIMIT),
            })
    return found


def _diff_text(value):
    return value if isinstance(value, str) else json.dumps(value, default=str, indent=1, sort_keys=True)


def _is_secret(name):
    return _SECRET_NAME.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()) is not None


def _hide(text, beside):
    """A text of a diff without what follows the name of a secret; it says where that is not so in the text `beside` it."""
    others = set(beside.split("\n"))
    lines, depth = [], None
    for line in text.split("\n"):
        mask = MASK if line in others else MASK + " (changed)"
        indentation = len(line) - len(line.lstrip(" -"))
        if depth is not None and indentation > depth and line.strip(" -"):
            lines.append(line[:indentation] + mask)
            continue
        named = [match for match in _ASSIGNMENT.finditer(line) if _is_secret(match[1])]
        depth = indentation if named else depth if not line.strip(" -") else None
        lines.append(line[:named[0].end()] + mask if named and line[named[0].end():] else line)
    return "\n".join(lines)


def _role(task):
    return task._role.get_name() if task._role else None


def _acts(task):
    """Whether a task does something to hosts, rather than say which tasks come next."""
    return not isinstance(task, TaskInclude) and task.action not in ("meta", "ansible.builtin.meta")


def _task_name(task):
    # What Ansible adds by itself at the start of a role, and names at length.
    if str(task.action).endswith("validate_argument_spec") and str(task.name).startswith("Validating arguments"):
        return f"Check the settings of {_role(task)}"
    return clean(task.name or task.action, 200)


class CallbackModule(CallbackBase):
    """Turns Ansible's callbacks into events; see DOCUMENTATION."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "k3s_tool_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._play = ""
        self._started = {}
        self._file = None
        path = os.environ.get("K3S_TOOL_EVENTS")
        if not path:
            self.disabled = True
            return
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.fchmod(self._file, 0o600)
        except OSError as error:
            self.disabled = True
            self._display.warning(f"no events are written: {error}")
        self._mask_log()

    def _mask_log(self):
        """Masks what Ansible prints too: the tool keeps it as the log of the run."""
        show = self._display.display
        self._display.display = lambda msg, *args, **kwargs: show(masked(str(msg)), *args, **kwargs)

    def _emit(self, kind, **fields):
        """Writes one event; what goes wrong here must not end a run."""
        if self._file is None:
            return
        event = {"v": 1, "ts": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "type": kind}
        event.update((key, value) for key, value in fields.items() if value is not None)
        try:
            os.write(self._file, (json.dumps(event, default=str) + "\n").encode())
        except (OSError, TypeError, ValueError):
            pass

    def v2_playbook_on_start(self, playbook):
        name = os.path.basename(getattr(playbook, "_file_name", "") or "")
        self._emit("run_start", playbook=name, check=bool(context.CLIARGS.get("check", False)))

    def v2_playbook_on_play_start(self, play):
        self._play = clean(play.get_name(), 200)
        try:
            manager = play.get_variable_manager()
            hosts = [host.get_name() for host in manager._inventory.get_hosts(play.hosts)]
        except Exception:  # the list is a comfort; no shape of a future ansible-core may cost the run
            hosts = []
        # A play may run over more hosts than it concerns.
        group = play.vars.get("k3s_tool_group")
        if group:
            concerned = {host.get_name() for host in manager._inventory.get_hosts(group, ignore_limits=True)}
            hosts = [host for host in hosts if host in concerned]
        if hosts or not group:
            self._emit("play_start", play=self._play, hosts=hosts)

    def v2_playbook_on_task_start(self, task, is_conditional):
        if _acts(task):
            self._emit("task_start", play=self._play, task=_task_name(task), role=_role(task), action=str(task.action))

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_start(self, host, task):
        self._started[(host.get_name(), task._uuid)] = time.monotonic()
        if _acts(task):
            self._emit("host_start", host=host.get_name(), task=_task_name(task), role=_role(task))

    def v2_runner_on_ok(self, result):
        data = self._data(result)
        if not _acts(self._task(result)):
            return
        self._result(result, data, "changed" if data.get("changed") else "ok")
        self._warnings(result, data)
        if isinstance(data.get("present"), dict):
            self._emit("present", host=self._host(result), facts=cleaned(data["present"]))
        seen = {"k3s_machine_facts": data, "k3s_host_facts": (data.get("ansible_facts") or {}).get("k3s_host") or {}}.get(str(self._task(result).action), {})
        if isinstance(seen.get("machine"), dict):
            self._emit("machine", host=self._host(result), facts=seen["machine"])

    def v2_runner_on_failed(self, result, ignore_errors=False):
        data = self._data(result)
        self._result(result, data, "ignored" if ignore_errors else "failed")
        self._warnings(result, data)

    def v2_runner_on_unreachable(self, result):
        # A task may ask whether a host is there: no answer is an answer then.
        ignored = self._task(result).ignore_unreachable
        self._result(result, self._data(result), "ignored" if ignored else "unreachable")

    def v2_runner_on_skipped(self, result):
        if _acts(self._task(result)):
            self._result(result, {}, "skipped")

    def v2_runner_retry(self, result):
        data = self._data(result)
        self._emit("retry", host=self._host(result), task=_task_name(self._task(result)),
                   attempt=data.get("attempts"), retries=data.get("retries"))

    def v2_playbook_on_stats(self, stats):
        names = ("ok", "changed", "failures", "unreachable", "skipped", "rescued", "ignored")
        hosts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        self._emit("run_end", stats={host: {name: counts.get(name, 0) for name in names} for host, counts in hosts.items()})

    # ansible-core 2.19 made these public and warns about the old names from 2.23 on.
    @staticmethod
    def _data(result):
        return result.result if hasattr(type(result), "result") else result._result

    @staticmethod
    def _task(result):
        return result.task if hasattr(type(result), "task") else result._task

    @staticmethod
    def _host(result):
        return (result.host if hasattr(type(result), "host") else result._host).get_name()

    def _result(self, result, data, status):
        task, host = self._task(result), self._host(result)
        started = self._started.pop((host, task._uuid), None)
        fields = {"host": host, "play": self._play, "task": _task_name(task), "role": _role(task), "status": status,
                  "seconds": round(time.monotonic() - started, 3) if started is not None else 0.0}
        if data.get("_ansible_no_log") or "censored" in data or task.no_log is True:
            self._emit("result", censored=True, **fields)
            return
        if status in ("failed", "unreachable", "ignored"):
            fields["message"], fields["code"] = with_code(clean(failure_message(data)), data.get("code"))
            stderr = str(data.get("stderr") or data.get("module_stderr") or "")
            fields["stderr"] = clean("\n".join(stderr.splitlines()[-STDERR_LINES:])) or None
            fields["rc"] = data.get("rc") if isinstance(data.get("rc"), int) else None
        if context.CLIARGS.get("diff", False):
            fields["diff"] = diffs_of(data) or None
        self._emit("result", **fields)

    def _warnings(self, result, data):
        action = str(self._task(result).action)
        if "censored" in data:
            return
        if action.startswith("k3s_") and isinstance(data.get("noted"), str):
            self._emit("note", message=clean("%s: %s" % (self._host(result), data["noted"])))
        messages = data.get("told") if action.startswith("k3s_") else data.get("msg") if action in ("debug", "ansible.builtin.debug") else None
        for message in messages if isinstance(messages, (list, tuple)) else [messages]:
            if isinstance(message, str) and (action.startswith("k3s_") or message.startswith("Warning: ")):
                self._emit("warning", host=self._host(result), message=clean(message.replace("Warning: ", "", 1)))
