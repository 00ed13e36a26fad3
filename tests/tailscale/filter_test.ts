import assert from "node:assert/strict";
import { filterPeers, type PeerFilter } from "../../src/tailscale/filter.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { peerFields, statusJson } from "./status_fixture.ts";

const parsed = parseStatus(statusJson({
  peers: [
    peerFields("nuc", "100.64.0.1", { Tags: ["tag:server"] }),
    peerFields("pi", "100.64.0.2", { Online: false }),
    peerFields("phone", "100.64.0.3", { OS: "iOS", UserID: 2 }),
  ],
  User: {
    "1": { LoginName: "ada@example.com" },
    "2": { LoginName: "grace@example.com" },
  },
}));
assert.ok("status" in parsed);
const { peers } = tailnetOf(parsed.status);

function names(filter: PeerFilter): string[] {
  return filterPeers(peers, filter).map(({ name }) => name);
}

Deno.test("no condition leaves everything", () => {
  assert.deepEqual(names({}), ["ws", "nuc", "phone", "pi"]);
  assert.deepEqual(names({ os: [], tags: [], owners: [], names: [] }), names({}));
});

Deno.test("each condition selects", () => {
  assert.deepEqual(names({ online: false }), ["pi"]);
  assert.deepEqual(names({ online: true }), ["ws", "nuc", "phone"]);
  assert.deepEqual(names({ os: ["ios"] }), ["phone"]);
  assert.deepEqual(names({ tags: ["server"] }), ["nuc"]);
  assert.deepEqual(names({ tags: ["tag:server"] }), ["nuc"]);
  assert.deepEqual(names({ owners: ["grace"] }), ["phone"]);
  assert.deepEqual(names({ owners: ["Grace@Example.com"] }), ["phone"]);
  assert.deepEqual(names({ names: ["p*"] }), ["phone", "pi"]);
  assert.deepEqual(names({ names: ["p?"] }), ["pi"]);
  assert.deepEqual(names({ names: ["nuc.example.ts.net"] }), ["nuc"]);
});

Deno.test("values of one condition add up, conditions narrow", () => {
  assert.deepEqual(names({ names: ["pi", "nuc"] }), ["nuc", "pi"]);
  assert.deepEqual(names({ names: ["pi", "nuc"], online: true }), ["nuc"]);
});

Deno.test("a pattern's other signs mean themselves", () => {
  assert.deepEqual(names({ names: ["."] }), []);
  assert.deepEqual(names({ names: ["(", "[a-z]*", "p|n"] }), []);
});
