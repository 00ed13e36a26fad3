"""What a k3s of another installation runs with: units, environment files and options as systemd and k3s read them."""

import json
import os
import random
import tempfile
import unittest

from load_part import ROOT, load

PRESENT = load("present")
UNIT_FILES = load("unit_files")
with open(os.path.join(ROOT, "ansible", "roles", "k3s_service", "files", "k3s_options.json")) as file:
    TABLE = json.load(file)

# As k3s' install.sh writes it for `sh -s - server --node-ip 100.64.0.1 --disable "traefik"`.
INSTALLED = r"""[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/k3s.service.env
KillMode=process
Delegate=yes
User=root
# Having non-zero Limit*s causes performance problems due to accounting overhead
LimitNOFILE=1048576
Restart=always
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStart=/usr/local/bin/k3s \
    server \
	'--node-ip' \
	'100.64.0.1' \
	'--disable' \
	'traefik' \

"""
FACTS = {"node": "nuc", "address": "100.64.0.1", "tailscale_ip": "100.64.0.1", "datastore": "sqlite", "names": ["nuc", "100.64.0.1"]}


def command(*texts, files=None, unit="k3s"):
    return UNIT_FILES["command_of"](texts, unit, (files or {}).get)


def options(arguments, documents=(), environment=None):
    return PRESENT["effective"](documents, arguments, environment or {}, TABLE)[0]


class Units(unittest.TestCase):
    def test_the_unit_of_the_install_script(self):
        read = []
        found, environment = UNIT_FILES["command_of"]([INSTALLED], "k3s", lambda path: read.append(path) or ("K3S_TOKEN='a b'\nK3S_URL=https://x:6443\n" if path.endswith(".env") else None))
        self.assertEqual(found, ["/usr/local/bin/k3s", "server", "--node-ip", "100.64.0.1", "--disable", "traefik"])
        self.assertEqual(environment, {"K3S_TOKEN": "a b", "K3S_URL": "https://x:6443"})
        self.assertEqual(read, ["/etc/default/k3s", "/etc/sysconfig/k3s", "/etc/systemd/system/k3s.service.env"])

    def test_words_are_split_as_by_systemd(self):
        for text, expected in {
            "a  b\tc": ["a", "b", "c"], "'a b' \"c d\"": ["a b", "c d"], "--x='a b'c": ["--x=a bc"], r"a\x20b \101": ["a b", "A"], r"a\sb": ["a b"], "''": [""],
            r"'it\'s'": ["it's"], r"a\db": [r"a\db"], "": [], "'a'\"b\"": ["ab"],
        }.items():
            self.assertEqual(UNIT_FILES["words"](text), expected, text)
        for text in ("'a", 'x"', "\"a'"):
            with self.assertRaises(ValueError):
                UNIT_FILES["words"](text)

    def test_what_was_quoted_is_found_again(self):
        chance = random.Random(1)
        for _ in range(500):
            arguments = ["".join(chance.choice("ab '\"\\$%=-\n\t#;é") for _ in range(chance.randrange(12))) for _ in range(chance.randrange(1, 5))]
            line = " ".join("'%s'" % argument.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("%", "%%").replace("$", "$$") for argument in arguments)
            found, _ = command("[Service]\nExecStart=/usr/local/bin/k3s %s\n" % line)
            self.assertEqual(found[1:], arguments)

    def test_hostile_texts_end_in_an_answer_or_a_sentence(self):
        chance = random.Random(2)
        for _ in range(2000):
            text = "".join(chance.choice(["[Service]\n", "ExecStart=", "\\\n", "'", '"', "%", "%N", "${A}", "$A", "\\x4", "#", ";", "Environment=", "=", "k3s ", "\0", "\n", " "])
                           for _ in range(chance.randrange(40)))
            try:
                command(text, files={})
                UNIT_FILES["environment_file"](text)
                options(UNIT_FILES["words"](text))
            except ValueError:
                pass

    def test_variables_in_the_command_line(self):
        text = "[Service]\nEnvironment=\"A=one two\" B=3\nExecStart=/usr/local/bin/k3s server $A --x=${B} $$ ${C}\n"
        self.assertEqual(command(text)[0][2:], ["one", "two", "--x=3", "$", ""])

    def test_a_drop_in_replaces_after_an_empty_value_and_files_win_over_settings(self):
        dropin = "[Service]\nExecStart=\nExecStart=/usr/local/bin/k3s agent\nEnvironment=K3S_URL=https://b:6443\n"
        found, environment = command(INSTALLED, dropin, files={"/etc/default/k3s": "K3S_URL=https://c:6443"})
        self.assertEqual(found, ["/usr/local/bin/k3s", "agent"])
        self.assertEqual(environment["K3S_URL"], "https://c:6443")
        for text in ("[Service]\n", INSTALLED + "ExecStart=/bin/true\n", "[Service]\nExecStart=/usr/local/bin/k3s server %h\n"):
            with self.assertRaises(ValueError):
                command(text)

    def test_environment_files(self):
        text = "# no\n; no\nA=1\nB='x y'\nC=\"q\\\"r\"\nexport D=2\nE=a\\\nb\nF = 3\n1G=4\nH=\n"
        self.assertEqual(UNIT_FILES["environment_file"](text), {"A": "1", "B": "x y", "C": 'q"r', "E": "a b", "F": "3", "H": ""})

    def test_what_of_a_unit_is_in_the_way(self):
        def ids(*texts, files=None):
            found, environment = command(*texts, files=files or {})
            return [entry["id"] for entry in PRESENT["judge_unit"]({"command": found, "environment": environment, "texts": texts})]
        self.assertEqual(ids(INSTALLED), [])
        self.assertEqual(ids(INSTALLED.replace("/usr/local/bin/k3s", "/opt/bin/k3s")), ["other_command"])
        self.assertEqual(ids(INSTALLED, "[Service]\nEnvironment=HTTPS_PROXY=http://me:pw@proxy\n"), [])
        self.assertEqual(ids(INSTALLED, "[Service]\nEnvironment=A=1 K3S_DEBUG=1\n"), ["dropin"])
        self.assertEqual(ids(INSTALLED, "[Service]\nEnvironment=K3S_AGENT_HTTP_PROXY_ALLOWED=true\n"), [])
        self.assertEqual(ids(INSTALLED, "[Service]\nEnvironmentFile=/etc/x\n"), ["dropin"])
        self.assertEqual(ids(INSTALLED, files={"/etc/default/k3s": "HTTPS_PROXY=http://me:pw@proxy"}), ["environment"])
        found, environment = command(INSTALLED, files={"/etc/default/k3s": "HTTPS_PROXY=http://me:pw@proxy"})
        self.assertNotIn("pw", json.dumps(PRESENT["judge_unit"]({"command": found, "environment": environment, "texts": [INSTALLED]})))


class Options(unittest.TestCase):
    def test_files_command_line_and_environment(self):
        found, both = PRESENT["effective"](
            [{"node-label": ["a=1"], "disable": "traefik,servicelb", "debug": True}, {"node-label+": "b=2", "v": 3}],
            ["-t", "secret", "--kubelet-arg=v=2", "--kubelet-arg", "max-pods=30", "--docker", "--debug=false"], {"K3S_URL": "https://a:6443", "K3S_TOKEN": "other"}, TABLE)
        self.assertEqual(found, {"node-label": ["a=1", "b=2"], "disable": ["traefik", "servicelb"], "debug": "false", "v": "3", "token": "secret",
                                 "kubelet-arg": ["v=2", "max-pods=30"], "docker": "true", "server": "https://a:6443"})
        self.assertEqual(both, [])
        self.assertEqual(PRESENT["effective"]([{"node-label": ["a=1"]}], ["--node-label", "b=2"], {}, TABLE)[1], ["node-label"])

    def test_what_is_no_option(self):
        for arguments in (["server"], ["--node-ip"], ["--=x"], ["-"]):
            with self.assertRaises(ValueError):
                options(arguments)

    def test_what_is_the_same_needs_nothing(self):
        now = options(["--node-ip=100.64.0.1", "--flannel-iface=tailscale0", "--data-dir=/var/lib/rancher/k3s/", "--token=x", "--write-kubeconfig-mode=600"])
        then = {"node-name": "nuc", "node-ip": "100.64.0.1", "advertise-address": "100.64.0.1", "tls-san": ["100.64.0.1", "nuc"], "flannel-iface": "tailscale0",
                "write-kubeconfig-mode": "0600", "cluster-cidr": "10.42.0.0/16", "service-cidr": "10.43.0.0/16"}
        self.assertEqual(PRESENT["differences"](now, then, FACTS, TABLE), [])
        rows = PRESENT["differences"](now, {**then, "tls-san": ["nuc.ts.net"], "node-name": "pi", "resolv-conf": "/x"}, FACTS, TABLE)
        self.assertEqual([(row["option"], row["restart"]) for row in rows], [("node-name", True), ("resolv-conf", True), ("tls-san", False)])

    def test_names_of_the_certificate_count_beside_those_that_it_has_anyway(self):
        def rows(now, then):
            return PRESENT["differences"](options(["--tls-san=" + now]), {"tls-san": then, "node-ip": "100.64.0.1", "advertise-address": "100.64.0.1"}, FACTS, TABLE)
        self.assertEqual(rows("a.example,nuc", ["100.64.0.1", "a.example"]), [])
        self.assertEqual([row["restart"] for row in rows("a.example", ["nuc"])], [False])

    def test_what_is_given_up_is_a_difference(self):
        rows = PRESENT["differences"](options(["--docker", "--disable=traefik", "--pause-image=x"]), {}, FACTS, TABLE)
        self.assertEqual([(row["option"], row["then"]) for row in rows], [("disable", []), ("docker", "false"), ("pause-image", "")])

    def test_refusals_name_what_is_in_the_way(self):
        def ids(arguments, **facts):
            return [entry["id"] for entry in PRESENT["refusals"](options(arguments), TABLE, {**FACTS, **facts})]
        self.assertEqual(ids(["--node-ip=100.64.0.1", "--flannel-iface=eth0", "--token=x", "--cluster-init", "--flannel-backend=vxlan", "--write-kubeconfig=/x"]), [])
        for arguments in (["--data-dir=/data"], ["--flannel-backend=none"], ["--https-listen-port=7443"], ["--disable-agent"],
                          ["--vpn-auth=name=tailscale,joinKey=tskey-x"], ["--agent-token=x"]):
            self.assertEqual(ids(arguments), ["other_option"], arguments)
            self.assertNotRegex(json.dumps(PRESENT["refusals"](options(arguments), TABLE, FACTS)), "tskey|:pw@")
        database = ["--datastore-endpoint=mysql://u:pw@h/db", "--datastore-cafile=/ca"]
        self.assertEqual(ids(database), ["database"])
        self.assertNotIn(":pw@", json.dumps(PRESENT["refusals"](options(database), TABLE, FACTS)))
        self.assertEqual(ids(["--made-up=1"]), ["unknown_option"])
        self.assertEqual(ids(["--etcd-s3-secret-key=x"]), ["secret_option"])
        self.assertEqual(ids(["--node-ip=100.64.0.1,fd7a::1"]), ["dual_stack"])
        self.assertEqual(ids([], datastore="etcd", address="192.168.1.2"), ["member_address"])

    def test_secrets_are_not_shown(self):
        now = options(["--token=geheim", "--agent-token=geheim", "--vpn-auth=geheim", "--datastore-endpoint=mysql://u:geheim@h/db", "--etcd-s3-secret-key=geheim"])
        self.assertNotIn("geheim", json.dumps(PRESENT["differences"](now, {}, FACTS, TABLE)))
        self.assertNotIn("geheim", json.dumps({name: PRESENT["hidden"](name, value) for name, value in now.items()}))


class Files(unittest.TestCase):
    def test_configuration_is_read_in_k3s_order_without_the_tools_own_files(self):
        with tempfile.TemporaryDirectory() as directory:
            config = os.path.join(directory, "config.yaml")
            os.mkdir(config + ".d")
            for name in ("b.yaml", "a.YML", "c.txt", "k3s-tool-registration.yaml"):
                open(os.path.join(config + ".d", name), "w").close()
            names = lambda: [os.path.basename(path) for path in PRESENT["config_files"](config)]
            self.assertEqual(names(), ["a.YML", "b.yaml"])
            open(config, "w").close()
            self.assertEqual(names(), ["config.yaml", "a.YML", "b.yaml"])

    def test_what_was_changed_since_the_start_is_not_what_runs(self):
        with tempfile.NamedTemporaryFile() as file:
            now = os.stat(file.name).st_ctime
            edited = lambda **found: PRESENT["edited"]({"reload": False, "since": now + 5, "files": [file.name, "/proc/nonexistent"], **found})
            self.addCleanup(PRESENT.update, BINARY=PRESENT["BINARY"])
            PRESENT["BINARY"] = "/proc/nonexistent"
            self.assertFalse(edited())
            self.assertTrue(edited(since=now - 5))
            self.assertTrue(edited(since=0.0))
            self.assertTrue(edited(reload=True))
            os.rename(file.name, file.name + ".moved")
            os.rename(file.name + ".moved", file.name)
            self.assertTrue(edited(since=now - 5))

    def test_a_file_that_is_too_large_is_said(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("#" * (PRESENT["LIMIT"] + 1))
            file.flush()
            with self.assertRaises(ValueError):
                PRESENT["text"](file.name)

    def test_one_unit_of_a_usual_name_is_taken(self):
        self.assertEqual(PRESENT["chosen"]({"k3s": "x"}), ("k3s", None))
        for names, ident in (({}, "no_k3s"), ({"k3s-home": "x"}, "other_unit"), ({"k3s": "x", "k3s-agent": "y"}, "other_unit")):
            self.assertEqual(PRESENT["chosen"](names)[1]["id"], ident)


if __name__ == "__main__":
    unittest.main()
