# Apache-2.0 (see LICENSE)
"""Units and environment files as systemd reads them: what a service is started with, and whether it was started since. Nothing of them is executed."""

from __future__ import annotations

import os
import re
import time


def logical_lines(text):
    """Lines of a unit or environment file without comments, those that end in a backslash joined (systemd.syntax(7))."""
    joined, going = [], False
    for line in text.splitlines():
        stripped = line.strip()
        if stripped[:1] in ("#", ";") or (not stripped and not going):
            continue
        ends = line.endswith("\\")
        part = line[:-1] if ends else line
        if going:
            joined[-1] += " " + part
        else:
            joined.append(part)
        going = ends
    return [line.strip() for line in joined if line.strip()]


def assignments(text):
    """(section, key, value) of a unit's text, in order."""
    section, found = "", []
    for line in logical_lines(text):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line:
            key, value = line.split("=", 1)
            found.append((section, key.strip(), value.strip()))
    return found


_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " ", "\\": "\\", '"': '"', "'": "'"}


def words(text):
    """Words of a value as systemd splits it: quotes of both kinds, escapes as in C. A quote that does not end is a ValueError."""
    found, word, quote, at = [], None, "", 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\" and at < len(text):
            code = re.match(r"x([0-9a-fA-F]{2})|([0-7]{3})", text[at:])
            if code:
                word = (word or "") + chr(int(code.group(1), 16) if code.group(1) else int(code.group(2), 8) & 255)
                at += len(code.group(0))
            else:
                # Anything else is kept as it is written, the backslash too.
                word = (word or "") + _ESCAPES.get(text[at], "\\" + text[at])
                at += 1
        elif quote:
            if char == quote:
                quote = ""
            else:
                word += char
        elif char in "\"'" and word is None:
            quote, word = char, ""
        elif char in "\"'":
            quote = char
        elif char.isspace():
            if word is not None:
                found.append(word)
            word = None
        else:
            word = (word or "") + char
    if quote:
        raise ValueError("a quote does not end")
    return found + ([word] if word is not None else [])


def specified(text, unit):
    """A text with systemd's specifiers that name the unit; others are a ValueError."""
    known = {"%": "%", "N": unit, "n": unit + ".service", "p": unit, "P": unit}

    def one(match):
        if match.group(1) not in known:
            raise ValueError("it uses %%%s" % match.group(1))
        return known[match.group(1)]
    return re.sub(r"%(.)", one, text)


def environment_file(text):
    """Variables of an environment file (systemd.exec(5)): quotes around a value go, and a backslash at the end of a line goes on in the next."""
    found = {}
    for line in logical_lines(text):
        name, sign, value = line.partition("=")
        if not sign or not re.match(r"[A-Za-z_]\w*$", name.strip()):
            continue
        value = value.strip()
        if value[:1] in ("'", '"'):
            quote = value[0]
            inner = re.match(r"%s((?:[^%s\\]|\\.)*)%s" % (quote, quote, quote), value)
            value = inner.group(1) if inner else value[1:]
            if quote == '"':
                value = re.sub(r'\\(["\\`$])', r"\1", value)
        else:
            value = re.sub(r"\\(.)", r"\1", value)
        found[name.strip()] = value
    return found


def expanded(word, environment):
    """Arguments that a word of ExecStart becomes: ${A} within it, and a word that is $A alone is split (systemd.service(5))."""
    alone = re.match(r"\$([A-Za-z_]\w*)$", word)
    if alone:
        return environment.get(alone.group(1), "").split()
    return [re.sub(r"\$\$|\$\{(\w+)\}", lambda match: environment.get(match.group(1), "") if match.group(1) else "$", word)]


def command_of(unit_texts, unit, files):
    """The command line and environment of a unit, by the texts of its file and drop-ins; `files(path)` is the text of an environment file or None."""
    start, environment, sources = [], {}, []
    for text in unit_texts:
        for section, key, value in assignments(text):
            if section != "Service":
                continue
            if key == "ExecStart":
                start = start + [value] if value else []
            elif key == "Environment":
                sources = sources + [("set", value)] if value else [source for source in sources if source[0] != "set"]
            elif key == "EnvironmentFile":
                sources = sources + [("file", value)] if value else [source for source in sources if source[0] != "file"]
    for kind in ("set", "file"):  # files override settings, wherever they are written
        for source, value in sources:
            if source != kind:
                continue
            if kind == "set":
                environment.update(word.split("=", 1) for word in words(specified(value, unit)) if "=" in word)
            else:
                environment.update(environment_file(files(specified(value.lstrip("-"), unit)) or ""))
    if len(start) != 1:
        raise ValueError("it has %d ExecStart lines" % len(start))
    line = words(specified(start[0].lstrip("@-:+!"), unit))
    return [part for word in line for part in expanded(word, environment)], environment


def started_before(unit, path, run):
    """Whether the process of a unit was started before a file was last written; False where there is no file. `run` is that of `programs`."""
    try:
        written = os.stat(path).st_mtime
    except FileNotFoundError:
        return False
    monotonic = run(["systemctl", "show", unit, "-p", "ExecMainStartTimestampMonotonic", "--value"])[1].strip()
    return written > time.time() - (time.monotonic() - int(monotonic or 0) / 1e6)
