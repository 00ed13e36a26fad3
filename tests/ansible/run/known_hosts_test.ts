import assert from "node:assert/strict";
import { hasProgram } from "../../process/has_program.ts";
import {
  hostKeyArguments,
  knownHostsFiles,
  publishedHostKeys,
} from "../../../src/ansible/run/known_hosts.ts";
import type { Peer } from "../../../src/tailscale/peer.ts";

const PEER: Peer = {
  id: "1",
  hostname: "nuc",
  name: "nuc",
  dnsName: "nuc.example.ts.net",
  ipv4: "100.64.0.1",
  ipv6: undefined,
  os: "linux",
  online: true,
  lastSeen: undefined,
  tags: [],
  owner: undefined,
  keyExpiry: undefined,
  expired: false,
  sshHostKeys: [],
  isSelf: false,
  shared: false,
};
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAqXhG";

Deno.test("published keys stand under all names of the peer, without comments", () => {
  assert.equal(
    publishedHostKeys([{ ...PEER, sshHostKeys: [`${KEY} root@nuc`] }]),
    `100.64.0.1,nuc.example.ts.net,nuc ${KEY}\n`,
  );
});

Deno.test("what is no key, or would add a line or a pattern, is left out", () => {
  const hostile = { ...PEER, ipv4: undefined, dnsName: "*,evil" };
  assert.equal(publishedHostKeys([{ ...hostile, sshHostKeys: [KEY] }]), "");
  assert.equal(
    publishedHostKeys([{ ...PEER, sshHostKeys: ["@cert-authority * ssh-ed25519 AAAA", "x"] }]),
    "",
  );
});

const needsSsh = { ignore: !await hasProgram("ssh") };

Deno.test(
  "ssh reads a path with blanks from the arguments as Ansible splits them",
  needsSsh,
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "with blank " });
    try {
      const files = knownHostsFiles(directory);
      const command = `ssh -G ${hostKeyArguments(files)} nowhere.invalid`;
      const { stdout, code } = await new Deno.Command("sh", { args: ["-c", command] }).output();
      assert.equal(code, 0);
      const lines = new TextDecoder().decode(stdout).split("\n");
      assert.ok(lines.includes(`userknownhostsfile ${files.accepted} ${files.published}`));
      assert.ok(lines.includes("stricthostkeychecking accept-new"));
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
