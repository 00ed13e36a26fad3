import assert from "node:assert/strict";
import type { Tailnet } from "../../src/tailscale/peer.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { peerFields, statusJson } from "./status_fixture.ts";

function tailnet(json: string): Tailnet {
  const parsed = parseStatus(json);
  assert.ok("status" in parsed, JSON.stringify(parsed));
  return tailnetOf(parsed.status);
}

function problem(json: string): string {
  const parsed = parseStatus(json);
  assert.ok("problem" in parsed);
  return parsed.problem;
}

Deno.test("every field of a peer is read", () => {
  const json = statusJson({
    peers: [peerFields("nuc", "100.64.0.1", {
      HostName: "NUC",
      TailscaleIPs: ["fd7a:115c:a1e0::1", "100.64.0.1"],
      Tags: ["tag:server"],
      Online: false,
      LastSeen: "2026-11-20T08:00:00.123456789Z",
      KeyExpiry: "2027-01-01T02:00:00+02:00",
      sshHostKeys: ["ssh-ed25519 AAAA"],
    })],
  });
  assert.deepEqual(tailnet(json).peers[1], {
    id: "id-nuc",
    hostname: "NUC",
    name: "nuc",
    dnsName: "nuc.example.ts.net",
    ipv4: "100.64.0.1",
    ipv6: "fd7a:115c:a1e0::1",
    os: "linux",
    online: false,
    lastSeen: "2026-11-20T08:00:00.123Z",
    tags: ["tag:server"],
    owner: "ada@example.com",
    keyExpiry: "2027-01-01T00:00:00.000Z",
    expired: false,
    sshHostKeys: ["ssh-ed25519 AAAA"],
    isSelf: false,
    shared: false,
  });
});

Deno.test("this machine comes first, then the others by name", () => {
  const { peers, suffix } = tailnet(statusJson({
    peers: [peerFields("zed", "100.64.0.3"), peerFields("abe", "100.64.0.2")],
  }));
  assert.deepEqual(peers.map(({ name, isSelf }) => [name, isSelf]), [
    ["ws", true],
    ["abe", false],
    ["zed", false],
  ]);
  assert.equal(suffix, "example.ts.net");
});

Deno.test("null lists, no peers and no self are what they are in Go: empty", () => {
  assert.deepEqual(tailnet(statusJson({ peers: null, self: null, User: null })).peers, []);
  const { peers } = tailnet(statusJson({ self: { TailscaleIPs: null } }));
  assert.equal(peers[0]?.ipv4, undefined);
});

Deno.test("a machine that only knows an IPv6 address has no IPv4 address", () => {
  const { peers } = tailnet(statusJson({ peers: [peerFields("six", "fd7a::6")] }));
  assert.equal(peers[1]?.ipv4, undefined);
  assert.equal(peers[1]?.ipv6, "fd7a::6");
});

Deno.test("a phone that calls itself localhost is named by its MagicDNS label", () => {
  const { peers } = tailnet(statusJson({
    peers: [peerFields("adas-phone", "100.64.0.7", { HostName: "localhost", OS: "iOS" })],
  }));
  assert.equal(peers[1]?.name, "adas-phone");
  assert.equal(peers[1]?.hostname, "localhost");
});

Deno.test("machines shared by others, and with others, are marked", () => {
  const { peers } = tailnet(statusJson({
    peers: [
      peerFields("nas", "100.64.0.2", { AltSharerUserID: 7, UserID: 7 }),
      peerFields("visitor", "100.64.0.3", { ShareeNode: true }),
      peerFields("own", "100.64.0.4", { AltSharerUserID: 0 }),
    ],
  }));
  const shared = Object.fromEntries(peers.map((peer) => [peer.name, peer.shared]));
  assert.deepEqual(shared, { ws: false, nas: true, visitor: true, own: false });
  assert.equal(peers.find(({ name }) => name === "nas")?.owner, undefined);
});

Deno.test("Mullvad's exit nodes are counted, not listed", () => {
  const result = tailnet(statusJson({
    peers: [
      peerFields("de-ber-wg-001", "100.64.0.2", { DNSName: "de-ber-wg-001.mullvad.ts.net." }),
      peerFields("nuc", "100.64.0.1"),
    ],
  }));
  assert.deepEqual(result.peers.map(({ name }) => name), ["ws", "nuc"]);
  assert.equal(result.exitNodesLeftOut, 1);
});

Deno.test("fields nobody uses may be anything", () => {
  const json = statusJson({ Health: 7, Surprise: { deep: [null] }, ClientVersion: "x" });
  assert.equal(tailnet(json).peers.length, 1);
});

Deno.test("nonsense is told from a status by its place", () => {
  assert.equal(problem("<html>"), "not JSON");
  assert.equal(problem(""), "not JSON");
  assert.match(problem("[]"), /expected object/);
  assert.match(problem("{}"), /^BackendState: /);
  assert.match(problem(statusJson({ Peer: 7 })), /^Peer: /);
});

Deno.test("an owner named like a property of every object is not one", () => {
  const json = JSON.parse(statusJson());
  json.Self.UserID = "constructor";
  assert.equal(tailnet(JSON.stringify(json)).peers[0]?.owner, undefined);
});

Deno.test("a machine of another tailnet is shared, whoever is said to share it", () => {
  const { peers } = tailnet(statusJson({
    peers: [
      peerFields("nas", "100.64.0.1", { ID: "own" }),
      peerFields("nas", "100.64.0.2", { ID: "theirs", DNSName: "nas.theirs.ts.net." }),
      peerFields("vps", "100.64.0.3", { DNSName: "" }),
    ].map((peer, at) => ({ ...peer, PublicKey: `nodekey:${at}` })),
  }));
  assert.deepEqual(peers.map(({ dnsName, shared }) => [dnsName, shared]), [
    ["ws.example.ts.net", false],
    ["nas.example.ts.net", false],
    ["nas.theirs.ts.net", true],
    [undefined, false],
  ]);
});

Deno.test("a machine that is not understood hides neither itself nor the others", () => {
  const { peers, gaps } = tailnet(statusJson({
    peers: [
      { ...peerFields("abe", "100.64.0.2"), Online: "perhaps" as unknown as boolean },
      peerFields("bob", "100.64.0.3", { KeyExpiry: "soon" }),
      { PublicKey: "nodekey:odd", TailscaleIPs: 7 } as unknown as ReturnType<typeof peerFields>,
      peerFields("zed", "100.64.0.4"),
    ],
  }));
  assert.deepEqual(peers.map(({ name, ipv4 }) => [name, ipv4]), [
    ["ws", "100.64.0.9"],
    ["abe", "100.64.0.2"],
    ["bob", "100.64.0.3"],
    ["peer-nodekey-odd", undefined],
    ["zed", "100.64.0.4"],
  ]);
  assert.deepEqual(gaps.map((gap) => /Cannot parse .* about (\S+) /.exec(gap)?.[1]), [
    "abe",
    "bob",
    "peer-nodekey-odd",
  ]);
  assert.match(gaps[0]!, /Online/);
});

Deno.test("while Tailscale starts, what it says is not all", () => {
  assert.match(tailnet(statusJson({ BackendState: "Starting" })).gaps.join(), /still starting/);
  assert.deepEqual(tailnet(statusJson()).gaps, []);
});
