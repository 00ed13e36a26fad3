import assert from "node:assert/strict";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { nodeWarnings } from "../../src/tailscale/suitability.ts";
import { type PeerFields, peerFields, statusJson } from "./status_fixture.ts";

const NOW = Date.parse("2026-11-26T12:00:00Z");

function warnings(fields: PeerFields): string {
  const parsed = parseStatus(statusJson({ peers: [peerFields("pi", "100.64.0.4", fields)] }));
  assert.ok("status" in parsed);
  return nodeWarnings(tailnetOf(parsed.status).peers[1]!, NOW).join(" ");
}

Deno.test("what speaks against a machine as a node is said", () => {
  assert.equal(warnings({}), "");
  assert.match(warnings({ OS: "iOS" }), /pi is a phone or tablet \(iOS\); k3s needs Linux/);
  assert.match(warnings({ OS: "android" }), /phone/);
  assert.match(warnings({ OS: "windows" }), /k3s needs Linux/);
  assert.match(warnings({ DNSName: "pi.theirs.ts.net." }), /belongs to another tailnet/);
  assert.match(warnings({ Online: false }), /is offline/);
  assert.match(warnings({ Expired: true }), /key of pi has expired/);
  assert.match(warnings({ KeyExpiry: "2026-11-28T12:00:00Z" }), /expires in 2 days/);
});
