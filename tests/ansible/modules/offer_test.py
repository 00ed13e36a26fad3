"""Files that a host offers to others: those alone, on one address, and for a while."""

import http.client
import os
import socket
import subprocess
import tempfile
import threading
import unittest
from unittest import mock
from urllib.parse import urlsplit

from load_part import load_module

OFFER = load_module("k3s_offer")


def get(url, path=None):
    """Status and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("GET", path or parts.path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def listens(url):
    parts = urlsplit(url)
    with socket.socket() as attempt:
        return attempt.connect_ex((parts.hostname, parts.port)) == 0


class Offer(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def file(self, name, content=b"x"):
        path = os.path.join(self.root, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def offered(self, address="127.0.0.2", clients=("127.0.0.1",), holder=None, idle=60, **files):
        offer = OFFER.Offer(address, clients, OFFER.opened(files))
        thread = threading.Thread(target=offer.serve, args=(holder, idle), daemon=True)
        thread.start()
        self.addCleanup(self.end, offer, thread)
        return offer, thread

    @staticmethod
    def end(offer, thread):
        offer.last = float("-inf")
        thread.join(30)
        offer.server_close()

    def test_the_files_and_nothing_else_below_a_path_that_has_to_be_known(self):
        content = os.urandom(3 << 20) + b"end"
        offer, _ = self.offered(k3s=self.file("k3s", content), images=self.file("images"))
        self.file("secret")
        url = offer.url()
        self.assertEqual(get(url + "/k3s"), (200, content))
        self.assertEqual(get(url + "/images"), (200, b"x"))
        for path in ("/", "/k3s", urlsplit(url).path, urlsplit(url).path + "/", urlsplit(url).path + "/secret", urlsplit(url).path + "/../secret", urlsplit(url).path + "/k3s/", "//k3s"):
            self.assertEqual(get(url, path)[0], 404, path)
        self.assertNotEqual(self.offered(k3s=self.file("k3s"))[0].path, offer.path)

    def test_one_address_and_a_port_that_needs_no_privileges(self):
        offer, _ = self.offered(k3s=self.file("k3s"))
        self.assertTrue(listens(offer.url()))
        self.assertEqual(offer.socket.getsockname()[0], "127.0.0.2")
        self.assertGreater(urlsplit(offer.url()).port, 1023)

    def test_who_is_not_among_those_that_fetch_is_not_answered(self):
        offer, _ = self.offered(clients=("127.0.0.9",), k3s=self.file("k3s"))
        with self.assertRaises(ConnectionResetError):
            get(offer.url() + "/k3s")

    def test_what_is_no_file_is_left_out(self):
        os.symlink(self.file("k3s"), os.path.join(self.root, "link"))
        os.mkfifo(os.path.join(self.root, "pipe"))
        names = ("k3s", "link", "pipe", "missing")
        found = OFFER.opened({name: os.path.join(self.root, name) for name in (*names, ".")})
        self.assertEqual(list(found), ["k3s"])

    def test_several_fetch_at_the_same_time_and_one_that_is_slow_holds_up_nobody(self):
        offer, _ = self.offered(k3s=self.file("k3s", b"k" * (8 << 20)))
        parts = urlsplit(offer.url())
        with socket.create_connection((parts.hostname, parts.port)) as slow:
            slow.sendall(b"GET %s/k3s HTTP/1.0\r\n\r\n" % parts.path.encode())
            bodies = []
            threads = [threading.Thread(target=lambda: bodies.append(get(offer.url() + "/k3s"))) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            self.assertEqual([(status, len(body)) for status, body in bodies], [(200, 8 << 20)] * 4)

    def test_it_ends_when_nobody_fetches_any_more(self):
        _, thread = self.offered(idle=0.2, k3s=self.file("k3s"))
        thread.join(30)
        self.assertFalse(thread.is_alive())

    def test_it_ends_with_the_process_that_carries_the_run(self):
        carrier = subprocess.Popen(["sleep", "60"])
        self.addCleanup(carrier.kill)
        looks, process = threading.Semaphore(0), OFFER.process
        with mock.patch.object(OFFER, "process", lambda pid: looks.release() or process(pid)), mock.patch.object(OFFER.Offer, "timeout", 0.01):
            _, thread = self.offered(holder=process(carrier.pid), k3s=self.file("k3s"))
            # A second look is one after which it went on.
            self.assertTrue(looks.acquire(timeout=30) and looks.acquire(timeout=30))
        self.assertTrue(thread.is_alive())
        carrier.kill()
        carrier.wait()
        thread.join(30)
        self.assertFalse(thread.is_alive())

    def test_the_process_of_its_own_keeps_no_pipe_and_no_privileges(self):
        read, write = os.pipe()
        caller = os.fork()
        if caller == 0:
            # As a task of Ansible: its output ends when nobody holds it any more.
            try:
                os.dup2(write, 1)
                os.close(write)
                os.close(read)
                OFFER.carrier = lambda _: OFFER.process(os.getppid())
                os.write(1, OFFER.start("127.0.0.2", ["127.0.0.1"], OFFER.opened({"k3s": self.file("k3s", b"content")})).encode())
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(caller, 0)
        with open(read) as pipe:
            url = pipe.read()
        self.assertEqual(get(url + "/k3s"), (200, b"content"))
        port = "%04X" % urlsplit(url).port
        with open("/proc/net/tcp") as file:
            [row] = [line.split() for line in file if line.split()[1].endswith(":" + port) and line.split()[3] == "0A"]
        inode = "socket:[%s]" % row[9]
        [pid] = [entry for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != os.getpid() and inode in self.handles(entry)]
        self.addCleanup(os.kill, int(pid), 9)
        with open("/proc/%s/status" % pid) as file:
            ids = next(line for line in file if line.startswith("Uid:")).split()[1:]
        self.assertEqual(set(ids), {str(OFFER.NOBODY if os.geteuid() == 0 else os.geteuid())})

    @staticmethod
    def handles(pid):
        try:
            return [os.readlink("/proc/%s/fd/%s" % (pid, name)) for name in os.listdir("/proc/%s/fd" % pid)]
        except OSError:
            return []


if __name__ == "__main__":
    unittest.main()
