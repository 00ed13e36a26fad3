import assert from "node:assert/strict";
import { failureHint, GENERAL_HINT } from "../../../src/ansible/events/failure_hint.ts";

/** What programs really say, and a word of the answer. */
const CASES: readonly (readonly [said: string, hint: RegExp])[] = [
  ["ann@100.64.0.2: Permission denied (publickey,password).", /ssh-copy-id/],
  ['Load key "/home/ann/.ssh/id": incorrect passphrase supplied', /ssh-add/],
  ["@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", /SSH host key of pi/],
  ["No ED25519 host key is known for x\nHost key verification failed.", /SSH host key of pi/],
  ["Received disconnect from x: Too many authentication failures", /ansible_ssh_private_key_file/],
  ["ssh: connect to host 100.64.0.2 port 22: Connection timed out", /does not answer/],
  ["ssh: connect to host 100.64.0.2 port 22: No route to host", /does not answer/],
  ["ssh: connect to host 100.64.0.2 port 22: Connection refused", /Nothing listens for SSH on pi/],
  ["ssh: Could not resolve hostname pi: Name or service not known", /ansible_host/],
  ["Missing sudo password", /NOPASSWD/],
  ["sudo: a password is required", /NOPASSWD/],
  ["ann is not in the sudoers file.", /sudo group/],
  ["/bin/sh: 1: sudo: not found", /sudo is not installed on pi/],
  ["OSError: [Errno 28] No space left on device", /disk of pi is full/],
  ["the disk of /var/lib/rancher/k3s/server/db/snapshots is full", /disk of pi is full/],
  ["SQLite cannot back up the datastore: database or disk is full", /disk of pi is full/],
  [
    "Failed to create temporary directory. In some cases, you may have been able to authenticate " +
    "and did not have permissions on the target directory.",
    /chown -R .* ~\/\.ansible$/,
  ],
  [
    "Failed to create temporary directory. […] exited with result 1, stderr output: " +
    "mkdir: cannot create directory '/home/ann/.ansible': No space left on device",
    /disk of pi is full/,
  ],
  ["/bin/sh: 1: /usr/bin/python3: not found", /apt install python3/],
  ["Shared connection to 100.64.0.2 closed.", /was lost/],
  ["E: Could not get lock /var/lib/dpkg/lock-frontend", /installs packages on pi/],
];

Deno.test("each well-known failure has its next step", () => {
  for (const [said, hint] of CASES) {
    assert.match(failureHint("pi", said, { connecting: true }), hint, said);
  }
});

Deno.test("anything else leads to the log", () => {
  assert.equal(failureHint("pi", "the moon is full", { connecting: true }), GENERAL_HINT);
});

Deno.test("a task that speaks of another connection is not taken for ssh", () => {
  const said = "There are no checksums at http://mirror/sums: Connection refused";
  assert.equal(failureHint("pi", said, { connecting: false }), GENERAL_HINT);
  assert.match(failureHint("pi", "No space left on device", { connecting: false }), /disk of pi/);
});
