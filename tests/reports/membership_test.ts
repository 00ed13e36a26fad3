import assert from "node:assert/strict";
import { type Memberships, membersOf } from "../../src/reports/membership.ts";
import { readNode } from "../../src/cluster/read/read_objects.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { nodeObject } from "../cluster/objects_fixture.ts";
import { type PeerFields, peerFields, statusJson } from "../tailscale/status_fixture.ts";
import { inventoryHost } from "../actions/host_fixture.ts";

function peersOf(...peers: [string, string, PeerFields?][]) {
  const parsed = parseStatus(
    statusJson({ self: null, peers: peers.map((peer) => peerFields(...peer)) }),
  );
  assert.ok("status" in parsed);
  return tailnetOf(parsed.status).peers;
}

function words(peers: ReturnType<typeof peersOf>, memberships: Memberships) {
  return Object.fromEntries(
    membersOf(peers, memberships).map(({ peer, membership }) => [peer.name, membership]),
  );
}

const node = (name: string, ip: string) => readNode(nodeObject(name, { ip }));

Deno.test("each membership has its word", () => {
  const peers = peersOf(
    ["both", "100.64.0.1"],
    ["inv", "100.64.0.2"],
    ["clu", "100.64.0.3"],
    ["none", "100.64.0.4"],
    ["moved", "100.64.0.5"],
  );
  const hosts = [
    inventoryHost("any-name", "100.64.0.1"),
    inventoryHost("inv", "100.64.0.2"),
    inventoryHost("moved", "100.64.0.50"),
  ];
  const nodes = [node("a", "100.64.0.1"), node("b", "100.64.0.3")];
  assert.deepEqual(words(peers, { hosts, nodes }), {
    both: "both",
    inv: "inventory",
    clu: "cluster",
    none: "none",
    moved: "other-address",
  });
});

Deno.test("what could not be read makes memberships unknown, not no", () => {
  const peers = peersOf(["a", "100.64.0.1"]);
  const hosts = [inventoryHost("a", "100.64.0.1")];
  assert.deepEqual(words(peers, { hosts, nodes: undefined }), { a: "unknown" });
  assert.deepEqual(words(peers, { hosts: undefined, nodes: [] }), { a: "unknown" });
  const [member] = membersOf(peers, { hosts, nodes: undefined });
  assert.deepEqual([member?.inInventory, member?.inCluster], [true, undefined]);
});

Deno.test("a machine that joined anew is recognised, one that only calls itself so is not", () => {
  const host = inventoryHost("nuc", "100.64.0.1");
  const anew = peersOf(["nuc-1", "100.64.0.9", { HostName: "NUC" }]);
  assert.deepEqual(words(anew, { hosts: [host], nodes: [] }), { "nuc-1": "other-address" });
  const evil = peersOf(["nuc", "100.64.0.1"], ["evil", "100.64.0.66", { HostName: "nuc" }]);
  assert.deepEqual(words(evil, { hosts: [host], nodes: [] }), { evil: "none", nuc: "inventory" });
});

Deno.test("a shared machine of the same name is somebody else's", () => {
  const peers = peersOf(["nas", "100.64.0.9", { AltSharerUserID: 7 }]);
  const hosts = [inventoryHost("nas", "100.64.0.1")];
  assert.deepEqual(words(peers, { hosts, nodes: [] }), { nas: "none" });
});

Deno.test("a host whose address is a template matches nothing", () => {
  const peers = peersOf(["x", "fd7a::6"]);
  const hosts = [inventoryHost("y", undefined)];
  assert.deepEqual(words(peers, { hosts, nodes: [] }), { x: "none" });
});
