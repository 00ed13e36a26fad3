import assert from "node:assert/strict";
import { lookupAddress } from "../../src/tailscale/lookup.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { type PeerFields, peerFields, statusJson } from "./status_fixture.ts";

function tailnet(...peers: [string, string, PeerFields?][]) {
  const parsed = parseStatus(statusJson({ peers: peers.map((peer) => peerFields(...peer)) }));
  assert.ok("status" in parsed);
  return tailnetOf(parsed.status);
}

Deno.test("a machine is found by label, MagicDNS name and hostname", () => {
  const net = tailnet(["nuc", "100.64.0.1", { HostName: "Ada NUC" }], ["pi", "100.64.0.2"]);
  for (const name of ["nuc", "NUC", "nuc.example.ts.net", "nuc.example.ts.net.", "ada nuc"]) {
    assert.equal(lookupAddress(net, name), "100.64.0.1");
  }
  assert.equal(lookupAddress(net, "ws"), "100.64.0.9");
});

Deno.test("a machine that calls itself like another does not take its place", () => {
  const net = tailnet(["evil", "100.64.0.66", { HostName: "nuc" }], ["nuc", "100.64.0.1"]);
  assert.equal(lookupAddress(net, "nuc"), "100.64.0.1");
});

Deno.test("this tailnet's machines come before shared ones", () => {
  const theirs: PeerFields = { DNSName: "nas.other.ts.net.", AltSharerUserID: 7 };
  const both = tailnet(["nas", "100.64.0.1"], ["their-nas", "100.64.0.2", theirs]);
  assert.equal(lookupAddress(both, "nas"), "100.64.0.1");
  assert.equal(lookupAddress(both, "nas.other.ts.net"), "100.64.0.2");
  assert.equal(lookupAddress(tailnet(["x", "100.64.0.2", theirs]), "nas"), "100.64.0.2");
});

Deno.test("none, several and no IPv4 are each told in words", () => {
  const net = tailnet(
    ["a", "100.64.0.1", { HostName: "twin" }],
    ["b", "100.64.0.2", { HostName: "twin" }],
    ["six", "fd7a::6"],
  );
  assert.throws(
    () => lookupAddress(net, "no\u001b[31mbody"),
    /There is no machine nobody in the tailnet$/,
  );
  assert.throws(
    () => lookupAddress(net, "twin"),
    /Several machines .*: a\.example\.ts\.net, b\.example\.ts\.net/,
  );
  assert.throws(() => lookupAddress(net, "six"), /no IPv4 address/);
});
