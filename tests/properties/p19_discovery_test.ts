import assert from "node:assert/strict";
import fc from "fast-check";
import { filterPeers } from "../../src/tailscale/filter.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { peerFields, statusJson } from "../tailscale/status_fixture.ts";

const RUNS = { numRuns: 300 };

/** Any text a machine might call itself, with what harms terminals made likely. */
const hostileName = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.array(
    fc.constantFrom(
      "\u001b[2J",
      "\u001b]0;owned\u0007",
      "\u009b31m",
      "\u202e",
      "\u200b",
      "\r\n",
      "\t",
      "\u0000",
      "a",
      "Z9",
      "-",
      "日本",
      "é",
      "\ud800",
      "__proto__",
    ),
    { maxLength: 30 },
  ).map((parts) => parts.join("")),
);

const peers = fc.uniqueArray(
  fc.record({
    key: fc.string({ minLength: 1 }).map((key) => `nodekey:${key}`),
    host: hostileName,
    address: fc.ipV4(),
    ipv6: fc.boolean(),
    online: fc.boolean(),
    shared: fc.boolean(),
  }),
  { selector: ({ key }) => key, maxLength: 40 },
);

function tailnet(machines: Iterable<ReturnType<typeof peerFields>>) {
  const parsed = parseStatus(statusJson({ peers: [...machines] }));
  assert.ok("status" in parsed, JSON.stringify(parsed));
  return tailnetOf(parsed.status);
}

Deno.test("P19 discovery lists each peer once, with hostname and IP", () => {
  fc.assert(
    fc.property(peers, (machines) => {
      const { peers } = tailnet(machines.map((machine, index) => ({
        ...peerFields(`n${index}`, machine.address, {
          ID: `id-${index}`,
          HostName: machine.host,
          TailscaleIPs: machine.ipv6 ? ["fd7a::1", machine.address] : [machine.address],
          Online: machine.online,
          ShareeNode: machine.shared,
        }),
        PublicKey: machine.key,
      })));
      const expected = machines.map((machine, index) => [`id-${index}`, machine.address]);
      const listed = peers.filter(({ isSelf }) => !isSelf).map(({ id, ipv4 }) => [id, ipv4]);
      assert.deepEqual(listed.toSorted(), expected.toSorted());
      assert.equal(peers.filter(({ isSelf }) => isSelf).length, 1);
      for (const peer of peers) assert.notEqual(peer.hostname, "");
      const online = filterPeers(peers, { online: true });
      const offline = filterPeers(peers, { online: false });
      assert.equal(online.length + offline.length, peers.length);
    }),
    RUNS,
  );
});

Deno.test("P19 a hostile name is shown harmless and becomes a usable name", () => {
  fc.assert(
    fc.property(hostileName, hostileName, hostileName, (host, dns, os) => {
      const [, peer] = tailnet([
        peerFields("x", "100.64.0.1", { HostName: host, DNSName: dns, OS: os, Tags: [dns] }),
      ]).peers;
      // Mullvad's servers are left out by their domain; no such text is made here.
      assert.ok(peer);
      for (const text of [peer.hostname, peer.dnsName ?? "", peer.os, ...peer.tags]) {
        assert.doesNotMatch(text, /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u);
      }
      assert.ok([...peer.hostname].length <= 63);
      assert.match(peer.name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    }),
    RUNS,
  );
});

Deno.test("P19 any text at all is a status or is refused in one harmless line", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
      const parsed = parseStatus(text);
      if ("problem" in parsed) assert.doesNotMatch(parsed.problem, /\p{Cc}/u);
    }),
    RUNS,
  );
});
