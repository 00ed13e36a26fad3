# Apache-2.0 (see LICENSE)
"""Reports new problems of this cluster, and resolved ones.

k3s-tool-notify.timer runs it on each server. The first Ready server by name checks and reports; another one takes over when that has not
checked for some time. A problem is reported once two checks in a row have found it, and is resolved when two have found it gone. What was
reported is in a ConfigMap, so that another server continues from there.
"""

import calendar
import email.message
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

K3S = "/usr/local/bin/k3s"
SETTINGS = "/etc/rancher/k3s/k3s-tool-notify.json"
# That a server's own API does not answer cannot be kept in the cluster; a reboot may forget it.
STATE = "/run/k3s-tool-notify/state.json"
CACHE = "/run/k3s-tool-notify/cache"
CONFIG_MAP = ("-n", "kube-system", "get", "configmap", "k3s-tool-notify", "-o", "json")
# A disk is full at the first share, and no longer so below the second.
DISK_FULL, DISK_FREE = 0.85, 0.8
DISKS_SECONDS = 60
DAY = 24 * 3600
# What each node's k3s records about certificates that expire (k3s pkg/certmonitor/certmonitor.go), and how long before it is reported.
CERTIFICATES = {"CertificateExpirationWarning": ("certificate", 14 * DAY), "CACertificateExpirationWarning": ("certificate authority", 90 * DAY)}
CERTIFICATES_OK = "CertificateExpirationOK"
CERTIFICATE_MONITOR = "k3s-cert-monitor"
KEY_EXPIRES = 14 * DAY
CHECKS = 2
# After how many intervals without a check another server takes over.
MISSED = 3
LONGEST, MOST, NTFY_BYTES, DISCORD = 300, 20, 3500, 2000
FLUX = ("gitrepositories.source.toolkit.fluxcd.io", "kustomizations.kustomize.toolkit.fluxcd.io", "helmreleases.helm.toolkit.fluxcd.io")


class Failed(Exception):
    """What could not be done."""


class NotSent(Failed):
    """Why a message did not arrive."""


def run(*argv, document=None, timeout=30):
    try:
        done = subprocess.run(argv, input=(document or "").encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failed("no answer within %d s" % timeout)
    except OSError as error:
        raise Failed(error.strerror or "it cannot be started")
    if done.returncode:
        raise Failed(done.stderr.decode(errors="replace").strip()[-LONGEST:] or "exit code %d" % done.returncode)
    return done.stdout.decode(errors="replace")


def kubectl(*arguments, document=None, seconds=20):
    return run(K3S, "kubectl", "--cache-dir=" + CACHE, "--request-timeout=%ds" % seconds, *arguments, document=document, timeout=seconds + 10)


def parsed(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Failed("the answer is not JSON")


def items(ask, *arguments):
    """Objects of a list; none where the cluster does not have the kind."""
    try:
        found = at(parsed(ask("get", "-o", "json", *arguments)), "items")
    except Failed as failure:
        if "the server doesn't have a resource type" in str(failure):
            return []
        raise
    return [each for each in found if name_of(each)] if isinstance(found, list) else []


def at(value, *path):
    """A member of members, None where one of them is not there."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(value, *path):
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def number_at(value, *path):
    found = at(value, *path)
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else 0


def name_of(item):
    return text_at(item, "metadata", "name")


def plain(text):
    """One line without control characters, of bounded length."""
    return re.sub(r"\s+", " ", re.sub("[^ -~\u00a0-\ud7ff\ue000-\uffef]", " ", str(text))).strip()[:LONGEST]


def seconds_of(text):
    """Seconds since the epoch of an ISO 8601 time, None where it is none."""
    match = re.match(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$", text) if isinstance(text, str) else None
    if not match:
        return None
    zone = match.group(2)
    offset = 0 if zone == "Z" else (1 if zone[0] == "+" else -1) * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)
    try:
        return calendar.timegm(time.strptime(match.group(1), "%Y-%m-%dT%H:%M:%S")) - offset
    except ValueError:
        return None


def condition(item, kind):
    found = at(item, "status", "conditions")
    return next((each for each in (found if isinstance(found, list) else []) if at(each, "type") == kind), {})


def is_ready(node):
    return at(condition(node, "Ready"), "status") == "True"


def leader(nodes):
    """The server that checks for all of them; where none is Ready, one that is not."""
    servers = [node for node in nodes if isinstance(at(node, "metadata", "labels"), dict) and "node-role.kubernetes.io/control-plane" in node["metadata"]["labels"]]
    return min([name_of(node) for node in servers if is_ready(node)] or [name_of(node) for node in servers], default=None)


class Check:
    """One check: the sentence of each problem by what it is about, and about what nothing could be learned. What is not known is neither a problem
    nor resolved."""

    def __init__(self, nodes, ask, tailnet, flux_namespace, now, known=()):
        self.nodes, self.ask, self.tailnet, self.now, self.known = nodes, ask, tailnet, now, known
        self.found, self.unknown = {}, set()
        for namespace in sorted({"kube-system", flux_namespace}):
            self.part("workloads in %s" % namespace, "workload %s/" % namespace, lambda: self.workloads(namespace))
        for kind in FLUX:
            self.part("Flux' %s" % kind.split(".")[0], "flux %s " % kind, lambda: self.flux(kind))
        self.part("events", "certificate", self.certificates)
        self.part("Tailscale", "key ", self.keys)
        for node in nodes:
            self.node(node)
        self.disks()
        self.found = {key[:LONGEST]: plain(sentence) for key, sentence in self.found.items()}

    def part(self, what, prefix, look):
        """A part that fails does not stop the others."""
        try:
            look()
        except Failed as failure:
            self.unknown.add(prefix)
            self.found["check %s" % what] = "Could not check %s: %s" % (what, failure)

    def is_unknown(self, key):
        return any(key.startswith(prefix) for prefix in self.unknown)

    def node(self, node):
        name, ready = name_of(node), condition(node, "Ready")
        if not is_ready(node):
            why = text_at(ready, "message") or text_at(ready, "reason")
            self.found["node %s" % name] = "%s has not been Ready since %s: %s" % (name, text_at(ready, "lastTransitionTime") or "?", why)
            self.unknown.update("%s %s" % (kind, name) for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "disk"))
            return
        for kind in ("MemoryPressure", "DiskPressure", "PIDPressure"):
            if at(condition(node, kind), "status") == "True":
                self.found["%s %s" % (kind, name)] = "%s reports %s" % (name, kind)

    def disks(self):
        deadline = time.monotonic() + DISKS_SECONDS
        for name in [name_of(node) for node in self.nodes if is_ready(node)]:
            key = "disk %s" % name
            try:
                if time.monotonic() > deadline:
                    raise Failed("no time left")
                disk = at(parsed(self.ask("get", "--raw", "/api/v1/nodes/%s/proxy/stats/summary" % name, seconds=5)), "node", "fs")
            except Failed:
                self.unknown.add(key)
                continue
            share = number_at(disk, "usedBytes") / (number_at(disk, "capacityBytes") or 1)
            if share >= (DISK_FREE if key in self.known else DISK_FULL):
                self.found[key] = "The disk of %s is more than %d%% full" % (name, 100 * DISK_FREE if share < DISK_FULL else 100 * DISK_FULL)

    def workloads(self, namespace):
        for item in items(self.ask, "-n", namespace, "deployments,statefulsets,daemonsets"):
            wanted, ready = replicas(item)
            if ready < wanted:
                name = "%s/%s" % (namespace, name_of(item))
                self.found["workload %s" % name] = "%s: %d of %d pods are ready" % (name, ready, wanted)

    def flux(self, kind):
        for item in items(self.ask, "-A", kind):
            ready = condition(item, "Ready")
            if at(ready, "status") == "False" and at(item, "spec", "suspend") is not True:
                name = "%s %s/%s" % (text_at(item, "kind"), text_at(item, "metadata", "namespace"), name_of(item))
                self.found["flux %s %s" % (kind, name)] = "%s failed: %s" % (name, text_at(ready, "message"))

    def keys(self):
        """Keys of nodes, as this machine's tailscaled knows them."""
        status = self.tailnet()
        addresses = {text_at(each, "address"): name_of(node) for node in self.nodes for each in at(node, "status", "addresses") or [] if text_at(each, "address")}
        peers = at(status, "Peer")
        for peer in [at(status, "Self"), *(peers.values() if isinstance(peers, dict) else [])]:
            ips = at(peer, "TailscaleIPs")
            name = next((addresses[ip] for ip in (ips if isinstance(ips, list) else []) if isinstance(ip, str) and ip in addresses), None)
            expires = seconds_of(at(peer, "KeyExpiry"))
            if name and expires is not None and expires - self.now < KEY_EXPIRES:
                self.found["key %s" % name] = "The Tailscale key of %s %s; renew it there with: tailscale up --force-reauth" % (name, self.when(expires))

    def certificates(self):
        """By the newest event of each node; events last an hour, so a node without one is not known."""
        newest = {}
        for event in items(self.ask, "-n", "default", "events", "--field-selector", "involvedObject.kind=Node"):
            reason, time_of = at(event, "reason"), seconds_of(at(event, "lastTimestamp")) or seconds_of(at(event, "eventTime")) or 0
            if CERTIFICATE_MONITOR not in (at(event, "source", "component"), at(event, "reportingComponent")) or time_of > self.now + 60:
                continue
            for each in [reason] if reason in CERTIFICATES else CERTIFICATES if reason == CERTIFICATES_OK else []:
                key = (text_at(event, "involvedObject", "name"), each)
                if key not in newest or time_of > newest[key][0]:
                    newest[key] = (time_of, event)
        for name in map(name_of, self.nodes):
            for reason, (what, before) in CERTIFICATES.items():
                key = "%s of %s" % (what, name)
                if (name, reason) not in newest:
                    self.unknown.add(key)
                    continue
                event = newest[name, reason][1]
                ends = [seconds_of(text) for text in re.findall(r" at ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+(?:Z|[+-][0-9]{2}:[0-9]{2}))", text_at(event, "message"))]
                ends = min((each for each in ends if each is not None), default=None)
                if event["reason"] == reason and ends is not None and ends - self.now <= before:
                    self.found[key] = "A %s of %s %s" % (what, name, self.when(ends))

    def when(self, expires):
        return "expires on %s" % time.strftime("%Y-%m-%d", time.gmtime(expires)) if expires > self.now else "has expired"


def replicas(item):
    """Wanted and ready pods."""
    if at(item, "kind") == "DaemonSet":
        return number_at(item, "status", "desiredNumberScheduled"), number_at(item, "status", "numberReady")
    wanted = at(item, "spec", "replicas")
    return 1 if wanted is None else number_at(item, "spec", "replicas"), number_at(item, "status", "readyReplicas")


def compare(known, found, is_unknown=lambda key: False):
    """What is to be reported as new and as resolved, and what is known afterwards.

    `known` has, by what each problem is about: its sentence, in how many checks in a row it was there (`seen`) or not (`gone`), and whether it was reported.
    """
    after, new, resolved = {}, [], []
    for key, sentence in found.items():
        before = known.get(key, {})
        entry = {"sentence": sentence, "seen": min(CHECKS, before.get("seen", 0) + 1), "gone": 0, "posted": before.get("posted", False)}
        if entry["seen"] >= CHECKS and not entry["posted"]:
            new.append(sentence)
            entry["posted"] = True
        after[key] = entry
    for key, before in known.items():
        if key in found:
            continue
        if is_unknown(key):
            after[key] = before
        elif before["posted"]:
            gone = before["gone"] + 1
            if gone >= CHECKS:
                resolved.append(before["sentence"])
            else:
                after[key] = dict(before, gone=gone)
    return new, resolved, after


def remembered(value):
    """What earlier checks found; anybody may have written it."""
    after = {}
    for key, entry in value.items() if isinstance(value, dict) else ():
        numbers = [at(entry, "seen"), at(entry, "gone")]
        if all(type(each) is int and 0 <= each <= CHECKS for each in numbers) and isinstance(at(entry, "posted"), bool) and isinstance(at(entry, "sentence"), str):
            after[key] = {"sentence": plain(entry["sentence"]), "seen": numbers[0], "gone": numbers[1], "posted": entry["posted"]}
    return after


def message(cluster, new, resolved):
    """Title and text of what is reported."""
    title = "%s: %s" % (cluster, ", ".join(words for words in (new and "%d new" % len(new), resolved and "%d resolved" % len(resolved)) if words) or "test")
    lines = list(new[:MOST]) + ["and %d more" % (len(new) - MOST)] * (len(new) > MOST)
    ended = ["Resolved: " + sentence for sentence in resolved[:MOST]] + ["and %d more resolved" % (len(resolved) - MOST)] * (len(resolved) > MOST)
    return title, "\n".join(lines + ended)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would turn the request into another one, without the message."""

    def redirect_request(self, *_):
        return None


def post(settings, title, text, new, resolved):
    """Sends it. The address may be a secret: no error shows it."""
    if settings["format"] == "mail":
        mail = email.message.EmailMessage()
        mail["To"], mail["Subject"] = settings["url"], title
        mail.set_content(text)
        try:
            return run("/usr/sbin/sendmail", "-t", "-oi", document=mail.as_string())
        except Failed:
            raise NotSent("sendmail could not send the message; see the mail log of this server")
    if settings["format"] == "ntfy":
        body = text.encode()[:NTFY_BYTES].decode(errors="ignore").encode()
        headers = {"Title": title, "Tags": "warning" if new else "white_check_mark"}
    else:
        # `text` is what Slack and Mattermost show, `content` Discord; nothing in it may address somebody.
        words = "%s\n%s" % (title, text)
        escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        body = json.dumps({"cluster": settings["cluster"], "new": new, "resolved": resolved, "text": escaped, "content": words[:DISCORD], "allowed_mentions": {"parse": []}}).encode()
        headers = {"Content-Type": "application/json"}
    try:
        request = urllib.request.Request(settings["url"], data=body, headers=dict(headers, **{"User-Agent": "k3s-tool"}))
        with urllib.request.build_opener(NoRedirect).open(request, timeout=20):
            return None
    except urllib.error.HTTPError as error:
        raise NotSent("the message was refused: HTTP status %d" % error.code)
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        why = "its TLS certificate is not accepted" if isinstance(reason, ssl.SSLError) else getattr(reason, "strerror", None) or type(reason).__name__
        raise NotSent("the message could not be sent: %s" % plain(why))


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path, value):
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(value, file)
        os.rename(path + ".part", path)
    except OSError as error:
        raise Failed("%s cannot be written: %s" % (path, error.strerror))


def shared_state(ask):
    """What earlier checks of all servers found, and when the last one was; (None, 0) before the first."""
    try:
        data = at(parsed(ask(*CONFIG_MAP)), "data")
    except Failed as failure:
        if "NotFound" not in str(failure):
            raise
        return None, 0
    try:
        return remembered(parsed(text_at(data, "known"))), int(text_at(data, "checked") or 0)
    except (Failed, ValueError):
        return {}, 0


def save_shared(ask, known, now):
    data = {"known": json.dumps(known), "checked": "%d" % now}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "k3s-tool-notify", "namespace": "kube-system"}, "data": data}
    ask("apply", "--server-side", "--force-conflicts", "--field-manager=k3s-tool", "-f", "-", document=json.dumps(document))


def check(settings, ask=kubectl, send=post, clock=time.time, tailnet=None, state=STATE):
    """One check: what differs is remembered and reported. What cannot be remembered is not reported, as it would be reported each time; what cannot be
    reported is forgotten again, so that the next check reports it."""
    now, own = clock(), {}

    def settle(known, found, save, is_unknown=lambda key: False):
        new, resolved, after = compare(known, found, is_unknown)
        save(after)
        if new or resolved:
            try:
                send(settings, *message(settings["cluster"], new, resolved), new, resolved)
            except Failed:
                save(known)
                raise

    def of_cluster():
        nodes = items(ask, "nodes")
        known, checked = shared_state(ask)
        late = now - checked > MISSED * 60 * settings["minutes"]
        if leader(nodes) == settings["node"] or (known is not None and late):
            result = Check(nodes, ask, tailnet or tailscale_status, settings["flux_namespace"], now, known or {})
            settle(known or {}, result.found, lambda after: save_shared(ask, after, clock()), result.is_unknown)
        elif known is None:
            save_shared(ask, {}, now)  # from now on the server that is to check may be late

    failure = None
    try:
        of_cluster()
    except Failed as error:
        failure = error
        if not isinstance(error, NotSent):
            own["api"] = plain("The API server on %s is not answering as it should: %s" % (settings["node"], error))
    # Of this server alone, as the cluster could not keep it.
    settle(remembered(read_json(state)), own, lambda after: write_json(state, after))
    if failure is not None:
        raise failure


def tailscale_status():
    return parsed(run("tailscale", "status", "--json"))


def main():
    settings = read_json(SETTINGS)
    if settings is None:
        print("%s cannot be read" % SETTINGS, file=sys.stderr)
        sys.exit(3)
    try:
        if sys.argv[1:] == ["test"]:
            post(settings, message(settings["cluster"], [], [])[0], "Notifications of %s work." % settings["cluster"], [], [])
        elif os.path.exists(K3S):
            check(settings)
    except Failed as failure:
        print(plain(failure), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
