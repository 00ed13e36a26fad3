# Apache-2.0 (see LICENSE)
"""The k3s that somebody else installed here: what it runs with, by its unit, environment files and configuration files. Nothing of them is executed."""

from __future__ import annotations

import glob
import os
import re
import time

from ansible.module_utils.k3s_tool.programs import problem, read, run
from ansible.module_utils.k3s_tool.server import DATA
from ansible.module_utils.k3s_tool.unit_files import assignments, command_of, words

BINARY = "/usr/local/bin/k3s"
CONFIG = "/etc/rancher/k3s/config.yaml"
OWN = "# Written by k3s-tool"
# Far more than any of these files has, in characters.
LIMIT = 1 << 18

# Environment variables that stand for options (k3s pkg/cli/cmds/{root,config,server,agent}.go). All others are not k3s' options.
ENVIRONMENT = {
    **{"K3S_" + name.upper().replace("-", "_"): name for name in (
        "agent-token", "agent-token-file", "cluster-init", "cluster-reset", "data-dir", "datastore-cafile", "datastore-certfile", "datastore-endpoint",
        "datastore-keyfile", "debug", "lb-server-port", "node-name", "resolv-conf", "selinux", "system-default-registry", "token", "token-file", "vpn-auth",
        "vpn-auth-file")},
    "K3S_URL": "server", "K3S_CONFIG_FILE": "config", "K3S_KUBECONFIG_OUTPUT": "write-kubeconfig", "K3S_KUBECONFIG_MODE": "write-kubeconfig-mode",
    "K3S_KUBECONFIG_GROUP": "write-kubeconfig-group", "K3S_KUBECONFIG_NAME": "write-kubeconfig-name",
}
# k3s pkg/cli/cmds/{root,config,server,agent}.go
ALIASES = {"c": "config", "d": "data-dir", "i": "node-ip", "o": "write-kubeconfig", "s": "server", "t": "token"}
# Lists that k3s splits at commas (pkg/cli/server/server.go, pkg/cli/agent/agent.go: SplitStringSlice); their order means nothing to us.
SPLIT = ("tls-san", "node-ip", "node-external-ip", "cluster-cidr", "service-cidr", "cluster-dns", "disable")
# Options whose value is a secret, or may have one in it.
SECRETS = ("token", "agent-token", "vpn-auth", "datastore-endpoint", "etcd-s3-access-key", "etcd-s3-secret-key", "etcd-s3-session-token")
# What k3s does without them (pkg/cli/cmds/{server,agent}.go, pkg/server/server.go).
DEFAULTS = {"data-dir": DATA, "flannel-backend": "vxlan", "https-listen-port": "6443", "advertise-port": "6443", "bind-address": "0.0.0.0",
            "cluster-cidr": ["10.42.0.0/16"], "service-cidr": ["10.43.0.0/16"], "write-kubeconfig-mode": "0600"}
# What says how a host comes into the cluster: a member has come, and its certificates and datastore say so (k3s pkg/cluster/managed.go, bootstrap.go).
JOINING = ("server", "token", "token-file", "cluster-init")
# Labels are added to the node at each start and never taken away; the tool sets those of the inventory through the API. The id is part of node-name.
STAYS = JOINING + ("node-label", "with-node-id")
# What k3s reads once and what is there already, so that nothing is gained by a restart: names of the certificate, which keeps those that it has
# (k3s #3369), the mode of k3s.yaml, and what the node was registered with.
AT_NEXT_START = ("tls-san", "write-kubeconfig", "write-kubeconfig-mode", "write-kubeconfig-group", "write-kubeconfig-name", "node-taint")


def named(option):
    return ALIASES.get(option, option)


def given(arguments, table):
    """(option, value) of k3s' command line, as its flag parser reads it; what is no option is a ValueError."""
    found, at = [], 0
    while at < len(arguments):
        word = arguments[at]
        at += 1
        match = re.match(r"--?([A-Za-z0-9][\w-]*)(?:=(.*))?$", word, re.S)
        if not match:
            raise ValueError("its command line has an argument that is not an option")
        name, value = named(match.group(1)), match.group(2)
        if value is None and (table.get(name) or {}).get("type") == "bool":
            value = "true"
        elif value is None:
            if at == len(arguments):
                raise ValueError("--%s has no value" % name)
            value, at = arguments[at], at + 1
        found.append((name, value))
    return found


def text_of(value):
    """A scalar of YAML as k3s makes a text of it."""
    return "true" if value is True else "false" if value is False else "" if value is None else str(value)


def merged(documents):
    """Options of config.yaml and its drop-ins, parsed, in order: a later one replaces, `key+` appends (k3s pkg/configfilearg/parser.go)."""
    found = {}
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise ValueError("a configuration file is not a map")
        for key, value in document.items():
            key = str(key)
            name = named(key.rstrip("+"))
            values = [text_of(each) for each in value] if isinstance(value, list) else [text_of(value)]
            found[name] = (found.get(name, []) if key.endswith("+") else []) + values
    return found


def effective(documents, arguments, environment, table):
    """What k3s runs with: texts by option, lists where it takes one; and the lists that are both in a file and on the command line, of which k3s'
    documentation and source do not say the same."""
    files, line, both = merged(documents), {}, []
    for name, value in given(arguments, table):
        line.setdefault(name, []).append(value)
    found = dict(files)
    for name, values in line.items():
        if name in files and (table.get(name) or {}).get("type") == "list" and files[name] != values:
            both.append(name)
        found[name] = values
    for variable, name in ENVIRONMENT.items():
        if environment.get(variable) and name not in found:
            found[name] = [environment[variable]]
    return {name: shaped(name, values, table) for name, values in found.items()}, both


def shaped(name, values, table):
    """Values as they are compared: a list, or the last one."""
    values = [text_of(value) for value in (values if isinstance(values, (list, tuple)) else [values])]
    if (table.get(name) or {}).get("type") != "list":
        last = values[-1] if values else ""
        if (table.get(name) or {}).get("type") == "bool":
            return "true" if last.lower() in ("1", "t", "true") else "false"
        return last.rstrip("/") or "/" if name == "data-dir" else last
    return [part.strip() for value in values for part in value.split(",") if part.strip()] if name in SPLIT else values


def same(name, one, other):
    return sorted(set(one)) == sorted(set(other)) if name in SPLIT and isinstance(one, list) and isinstance(other, list) else one == other


def differences(now, then, facts, table):
    """What k3s would run with otherwise, as (option, now, then, restart); what is how a member came in, and what is the default on both sides, is not one."""
    rows = []
    for name in sorted(set(now) | set(then)):
        if name in STAYS:
            continue
        default = implied(name, now, facts, table)
        before, after = now.get(name, default), shaped(name, then[name], table) if name in then else DEFAULTS.get(name, default if name not in now else nothing(name, table))
        if name == "write-kubeconfig-mode" and before and after:
            before, after = before.lstrip("0"), after.lstrip("0")
        if name == "tls-san" and set(after) - set(facts["names"]) == set(before) - set(facts["names"]):
            continue
        if not same(name, before, after):
            rows.append({"option": name, "now": hidden(name, before), "then": hidden(name, after), "restart": name not in AT_NEXT_START})
    return rows


def nothing(name, table):
    kind = (table.get(name) or {}).get("type")
    return [] if kind == "list" else "false" if kind == "bool" else ""


def implied(name, now, facts, table):
    """What an option is that is not given."""
    if name == "node-name":
        return facts["node"]
    if name == "node-ip":
        return [facts["address"]] if facts["address"] else []
    if name == "advertise-address":
        return (now.get("node-external-ip") or now.get("node-ip") or [facts["address"] or ""])[0]
    return DEFAULTS.get(name, nothing(name, table))


def hidden(name, value):
    """A value as it is shown: a secret is not."""
    return "(secret)" if name in SECRETS and value else value


def refusals(now, table, facts):
    """What of the options cannot be taken over, as problems."""
    found = []
    if "datastore-endpoint" in now:
        found.append(problem("database", "its servers share a database (datastore-endpoint), which is not taken over", "Leave it as it is installed, or create a new cluster."))
    for name, value in sorted(now.items()):
        if name.startswith("datastore-"):
            continue
        option = table.get(name)
        if option is None:
            found.append(problem("unknown_option", "k3s runs with %s, which k3s-tool does not know" % name, "Remove it where it is set, restart k3s, then adopt it."))
        elif str(option.get("instead", "")).startswith("nothing") and name not in JOINING + AT_NEXT_START + ("flannel-iface", "config") \
                and not same(name, value, DEFAULTS.get(name, nothing(name, table))):
            found.append(problem("other_option", "k3s runs with %s%s, and k3s-tool does not" % (name, "" if name in SECRETS else " " + shown(value)),
                                 "k3s-tool would set %s." % option["instead"]))
        elif name in SECRETS and name not in JOINING and option.get("instead"):
            found.append(problem("secret_option", "k3s runs with %s, a secret that the inventory does not keep" % name, "Set %s." % option["instead"]))
    if len(now.get("node-ip", [])) > 1 or any(":" in address for address in now.get("node-ip", [])):
        found.append(problem("dual_stack", "the node has the addresses %s; k3s-tool gives it one of IPv4" % ", ".join(now["node-ip"]),
                             "Flannel over tailscale0 cannot carry IPv6: make a new cluster, or leave this one as it is."))
    elif facts["datastore"] == "etcd" and facts["tailscale_ip"] and facts["address"] and facts["address"] != facts["tailscale_ip"]:
        found.append(problem("member_address", "this member of etcd is at %s, not at its Tailscale address %s, and a member's address cannot be changed"
                             % (facts["address"], facts["tailscale_ip"]),
                             "With another server in the cluster: remove this node, and let it join again with `k3s-tool provision`."))
    return found


def shown(value):
    return ", ".join(value) if isinstance(value, list) else value


def units():
    """Names of k3s' units here, as systemd knows them, with the files they are made of."""
    found = {}
    for path in glob.glob("/etc/systemd/system/k3s*.service") + glob.glob("/usr/lib/systemd/system/k3s*.service") + glob.glob("/lib/systemd/system/k3s*.service"):
        name = os.path.basename(path)[:-len(".service")]
        if not name.startswith("k3s-tool-"):
            found.setdefault(name, path)
    return found


def state(unit):
    """What systemd says about a unit; `since` is the wall clock time its main process was started."""
    keys = "ActiveState,UnitFileState,FragmentPath,DropInPaths,NeedDaemonReload,ExecMainStartTimestampMonotonic"
    values = dict(line.split("=", 1) for line in run(["systemctl", "show", unit, "-p", keys])[1].splitlines() if "=" in line)
    started = int(values.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    return {"active": values.get("ActiveState") in ("active", "activating", "reloading"), "enabled": values.get("UnitFileState") == "enabled",
            "fragment": values.get("FragmentPath", ""), "reload": values.get("NeedDaemonReload") == "yes",
            "dropins": [path for path in values.get("DropInPaths", "").split() if "/k3s-tool-" not in path],
            "since": time.time() - (time.monotonic() - started) if started else 0.0}


def text(path):
    """The text of a file, None where there is none; one that cannot be what it should is a ValueError."""
    if not os.path.isfile(path):
        return None
    if os.path.getsize(path) > LIMIT:
        raise ValueError("%s is too large" % path)
    return read(path)


def config_files(path):
    """A configuration file and its drop-ins, in the order in which k3s reads them, those of this tool left out."""
    dropins = sorted(each for each in glob.glob(glob.escape(path) + ".d/*") if each.lower().endswith((".yaml", ".yml")) and os.path.isfile(each))
    return [each for each in [path] if os.path.isfile(each)] + [each for each in dropins if "/k3s-tool-" not in each]


def changed_at(paths):
    """When one of these files was last changed, moved or replaced, in seconds since 1970."""
    return max((max(os.stat(path).st_ctime, os.stat(path).st_mtime) for path in paths if os.path.exists(path)), default=0.0)


def chosen(names):
    """The unit to take over among those of k3s here, and what is in the way."""
    usual = [name for name in ("k3s", "k3s-agent") if name in names]
    if not names:
        return None, problem("no_k3s", "no k3s is installed here", "Install it: add the host with `k3s-tool node add`, then run `k3s-tool provision`.")
    if len(names) > 1 or not usual:
        return (usual or sorted(names))[0], problem("other_unit", "its units are %s, not k3s.service or k3s-agent.service alone"
                                                    % ", ".join(name + ".service" for name in sorted(names)), "Leave one of them, under that name.")
    return usual[0], None


def described(unit):
    """Command line, environment and configuration files of a unit; a ValueError says why they cannot be read."""
    found = state(unit)
    paths = [found["fragment"], *found["dropins"]]
    texts, used = [text(path) or "" for path in paths], []

    def files(path):
        used.append(path)
        return text(path)
    command, environment = command_of(texts, unit, files)
    config = environment.get("K3S_CONFIG_FILE") or configured(command[2:]) or CONFIG
    return {**found, "own": texts[0].startswith(OWN), "command": command, "environment": environment, "texts": texts, "config": config_files(config),
            "files": [*paths, *used, config + ".d", *config_files(config)]}


def configured(arguments):
    """The configuration file that a command line names (k3s pkg/configfilearg/parser.go)."""
    for at, word in enumerate(arguments):
        name, sign, value = word.partition("=")
        if name in ("--config", "-c"):
            return value if sign else "".join(arguments[at + 1:at + 2])
    return None


def judge_unit(found):
    """What of a unit cannot be taken over, as problems."""
    command, kept, problems = found["command"], set(), []
    if command[:1] != [BINARY] or command[1:2] not in (["server"], ["agent"]):
        problems.append(problem("other_command", "its unit does not start %s server or agent" % BINARY,
                                "Put the k3s program at %s, and let ExecStart start that." % BINARY))
    for dropin in found["texts"][1:]:
        for section, key, value in assignments(dropin):
            names = {word.split("=", 1)[0] for word in words(value)} if key == "Environment" else set()
            kept |= names
            if section == "Service" and (key in ("ExecStart", "EnvironmentFile") or names & set(ENVIRONMENT)):
                problems.append(problem("dropin", "a drop-in of its unit sets %s, which would stay in force" % key,
                                        "Move what it sets into %s or the unit, and remove the drop-in." % CONFIG))
    lost = sorted(name for name, value in found["environment"].items() if value and name not in ENVIRONMENT and name not in kept)
    if lost:
        problems.append(problem("environment", "k3s runs with the environment variables %s, which k3s-tool does not set" % ", ".join(lost),
                                "Keep them in a drop-in of the unit (`systemctl edit`), which k3s-tool leaves alone, then adopt it."))
    return problems


def network(options):
    """This host's Tailscale address, and the address that k3s gives the node by itself (k3s pkg/cli/server/server.go, pkg/util/net.go)."""
    tailscale = address_of("tailscale0")
    if options.get("node-ip"):
        return tailscale, options["node-ip"][0]
    if options.get("flannel-iface"):
        return tailscale, address_of(options["flannel-iface"])
    match = re.search(r"\bsrc (\d+\.\d+\.\d+\.\d+)", run(["ip", "-4", "route", "get", "1.1.1.1"])[1])
    return tailscale, match.group(1) if match else None


def address_of(interface):
    if not re.match(r"[\w.-]{1,15}$", interface):
        return None
    match = re.search(r"\binet (\d+\.\d+\.\d+\.\d+)/", run(["ip", "-4", "-o", "addr", "show", "dev", interface])[1])
    return match.group(1) if match else None


def node_name(options, host):
    """The node's name (k3s pkg/util/net.go, pkg/agent/config/config.go)."""
    name = (options.get("node-name") or host).lower()
    return name + "-" + read("/etc/rancher/node/id").strip() if options.get("with-node-id") == "true" else name


def look(documents, table):
    """Facts of the k3s here, by its configuration files as they were parsed; and, apart from them, its options and the unit, which hold secrets."""
    unit, in_the_way = chosen(units())
    facts = {"unit": unit, "own": False, "active": False, "mode": None, "options": {}, "problems": [in_the_way] if in_the_way else []}
    if in_the_way:
        return facts, {}, None
    try:
        found = described(unit)
        facts.update(own=found["own"], active=found["active"])
        if found["own"]:
            return facts, {}, found
        facts["problems"] += judge_unit(found)
        if not found["active"]:
            facts["problems"].append(problem("stopped", "its k3s is not running", "Start it (`systemctl start %s`), or remove it and provision the host." % unit))
        mode = found["command"][1] if found["command"][1:2] in (["server"], ["agent"]) else None
        options, both = effective(documents, found["command"][2:], found["environment"], table)
        # A server passes over what only agents have.
        options = {name: value for name, value in options.items() if mode in (table.get(name) or {"on": [mode]})["on"]}
    except ValueError as failure:
        facts["problems"].append(problem("unreadable", "its k3s options cannot be read: %s" % failure, "Simplify its configuration, restart k3s, then adopt it."))
        return facts, {}, None
    facts["mode"] = mode
    facts["tailscale_ip"], facts["address"] = network(options)
    facts["node"] = node_name(options, os.uname().nodename)
    facts["names"] = sorted({facts["node"], "localhost", "127.0.0.1", facts["address"] or "", *options.get("node-external-ip", [])} - {""})
    facts["datastore"] = None if facts["mode"] != "server" else "external" if options.get("datastore-endpoint") else \
        "sqlite" if os.path.isfile(DATA + "/server/db/state.db") else "etcd" if os.path.isdir(DATA + "/server/db/etcd") else None
    facts["problems"] += refusals(options, table, facts)
    if both:
        facts["problems"].append(problem("both", "%s is set in a configuration file and on the command line of its unit" % ", ".join(both),
                                         "Set it in one of the two, restart k3s, then adopt it."))
    facts["options"] = {name: hidden(name, value) for name, value in options.items()}
    return facts, options, found


def edited(found):
    """Whether what k3s was started with was changed since, the program too: then nobody knows what it runs with."""
    return found["reload"] or not found["since"] or changed_at([*found["files"], BINARY]) > found["since"]
