#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Offers files of this host to other hosts, for as long as they fetch them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_offer
short_description: Files of this host, for other hosts to fetch
description:
  - Starts a process without privileges that serves these files, and no others, over HTTP on one address of this host. Only the hosts at C(clients)
    are answered, and they have to know the path, which is random. The files are public, and who fetches them compares their digest with the published one.
  - The process ends with the connection of this run, however that ends, and when nobody has fetched anything for two minutes.
  - It is no change of the host. In a check nothing is started.
options:
  files:
    description: Path on this host by the name that others fetch it by. What is not there is left out.
    type: dict
    required: true
  address:
    description: The address that others reach this host at; no other one is listened on.
    type: str
    required: true
  clients:
    description: The addresses that may fetch; a connection from another one is closed.
    type: list
    elements: str
    required: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_offer:
    files: {k3s: /usr/local/bin/k3s}
    address: 100.64.0.3
    clients: [100.64.0.4, 100.64.0.5]
"""

RETURN = r"""
url:
  description: Where the files are, each below it by its name; empty where nothing is offered.
  returned: always
  type: str
noted:
  description: Why nothing is offered.
  returned: where that is so
  type: str
"""

import binascii
import os
import stat
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.lock import ancestors, carrier, process

# Seconds without a request or a byte after which nobody is expected any more.
IDLE = 120
# Seconds after which it ends whatever comes: a slow reader, or one who asks for nothing that is there, keeps it no longer.
LONGEST = 1800
NOBODY = 65534


def opened(files):
    """Descriptor and size by name, of the files that are there."""
    found = {}
    for name, path in files.items():
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        status = os.fstat(handle)
        if stat.S_ISREG(status.st_mode):
            found[name] = handle, status.st_size
    return found


class Answer(BaseHTTPRequestHandler):
    # Seconds that one who fetches may take for a block.
    timeout = 30

    def do_GET(self):
        handle, size = self.server.files.get(self.path, (None, 0))
        if handle is None:
            self.send_error(404)
            return
        self.server.last = time.monotonic()
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        for at in range(0, size, 1 << 20):
            self.wfile.write(os.pread(handle, min(1 << 20, size - at), at))
            self.server.last = time.monotonic()

    def log_message(self, *_):
        pass


class Offer(ThreadingMixIn, HTTPServer):
    """Serves the opened files on a free port of an address, to these clients."""
    daemon_threads = True
    timeout = 1  # seconds between two looks at whether to go on
    request_queue_size = 64

    def __init__(self, address, clients, files):
        HTTPServer.__init__(self, (address, 0), Answer)
        self.clients = clients
        self.path = "/" + binascii.hexlify(os.urandom(16)).decode()
        self.files = {"%s/%s" % (self.path, name): file for name, file in files.items()}
        self.last = time.monotonic()

    def server_bind(self):
        """Without the look at the name server that HTTPServer makes."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def verify_request(self, request, client_address):
        return client_address[0] in self.clients

    def handle_error(self, *_):
        """One who fetches has gone: that is theirs to say."""

    def url(self):
        return "http://%s:%d%s" % (*self.server_address, self.path)

    def serve(self, holder, idle=IDLE, longest=LONGEST):
        """Answers until the process `holder` (None where none is known) has ended, or nobody fetches any more, or it has been long."""
        end = time.monotonic() + longest
        while time.monotonic() < min(self.last + idle, end) and (holder is None or (process(holder["pid"]) or {}).get("start") == holder["start"]):
            self.handle_request()


def detach():
    """Leaves the session and the privileges of the caller, and its pipes, which end with the task."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in range(3):
        os.dup2(nothing, handle)
    os.chdir("/")
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def start(address, clients, files):
    """Where the files are served from now on, by a process of their own."""
    offer, holder = Offer(address, clients, files), carrier(ancestors())
    waiting, detached = os.pipe()
    if os.fork() == 0:
        try:
            detach()
            os.close(detached)
            offer.serve(holder)
        finally:
            os._exit(0)
    os.close(detached)
    os.read(waiting, 1)  # until it has: sudo's terminal takes those with it that are still in its session
    os.close(waiting)
    url = offer.url()
    offer.server_close()
    return url


def main():
    module = AnsibleModule(argument_spec={
        "files": {"type": "dict", "required": True},
        "address": {"type": "str", "required": True},
        "clients": {"type": "list", "elements": "str", "required": True},
    }, supports_check_mode=True)
    if module.check_mode:
        module.exit_json(changed=False, url="")
    files, address = opened(module.params["files"]), module.params["address"]
    if not files:
        module.exit_json(changed=False, url="", noted="%s has nothing to fetch: there is no %s." % (address, ", ".join(module.params["files"])))
    try:
        url = start(address, module.params["clients"], files)
    except OSError as failure:
        module.exit_json(changed=False, url="", noted="%s cannot serve files to other hosts: %s." % (address, failure))
    module.exit_json(changed=False, url=url)


if __name__ == "__main__":
    main()
