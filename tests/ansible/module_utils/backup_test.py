"""What of a server is in a backup."""

import os
import tempfile
import unittest

from load_part import load

BACKUP = load("backup")


class Parts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.data = directory.name + "/data"
        self.config = directory.name + "/etc"

    def put(self, *paths):
        for path in paths:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write("x")

    def test_keys_that_all_servers_share_are_in_it_and_what_k3s_makes_again_is_not(self):
        tls = self.data + "/server/tls/"
        self.put(tls + "server-ca.key", tls + "etcd/peer-ca.crt", tls + "service.key", tls + "client-admin.key", tls + "dynamic-cert.json",
                 self.data + "/server/cred/encryption-config.json", self.data + "/server/cred/admin.kubeconfig")
        names = [name for name, _ in BACKUP["parts"](self.data, self.config)]
        self.assertEqual(names, ["server/cred/encryption-config.json", "server/tls/etcd/peer-ca.crt", "server/tls/server-ca.key", "server/tls/service.key"])

    def test_the_owners_manifests_are_in_it_and_packaged_ones_are_not(self):
        manifests = self.data + "/server/manifests/"
        self.put(manifests + "mine.yaml", manifests + "apps/web.yaml", manifests + "coredns.yaml", manifests + "metrics-server/deployment.yaml",
                 self.config + "/config.yaml.d/10.yaml")
        names = [name for name, _ in BACKUP["parts"](self.data, self.config)]
        self.assertEqual(names, ["config/config.yaml.d/10.yaml", "manifests/apps/web.yaml", "manifests/mine.yaml"])

    def test_a_file_whose_name_is_no_text_is_refused_by_name(self):
        for name in (b"caf\xe9.yaml", b"a\nb.yaml", b"a\x1b[2J.yaml"):
            with self.subTest(name):
                path = os.fsencode(self.data) + b"/server/manifests/" + name
                self.put(path)
                with self.assertRaisesRegex(BACKUP["Refused"], r"/server/manifests/[ -~]+ has a name that a backup cannot store: rename it"):
                    BACKUP["parts"](self.data, self.config)
                os.remove(path)

    def test_without_the_api_volumes_are_unknown_and_not_none(self):
        def ask(*_, **__):
            raise BACKUP["KubectlFailed"]("no answer")
        self.assertIsNone(BACKUP["volumes"](ask))
        self.assertEqual(BACKUP["volumes"](lambda *_, **__: '{"items": [{"metadata": {"name": "pv"}, "spec": {}}]}'), [{"name": "pv", "claim": None}])


if __name__ == "__main__":
    unittest.main()
