import assert from "node:assert/strict";
import { networkContains, parseIpv4, parseNetwork } from "../../src/inventory/ipv4.ts";

Deno.test("addresses are dotted quads without leading zeros", () => {
  assert.equal(parseIpv4("100.64.0.1"), 0x64400001);
  assert.equal(parseIpv4("255.255.255.255"), 2 ** 32 - 1);
  for (const text of ["256.0.0.1", "1.2.3", "1.2.3.04", "1.2.3.4 ", "::1", "", "1.2.3.4.5"]) {
    assert.equal(parseIpv4(text), undefined);
  }
});

Deno.test("networks hold their addresses, first and last included", () => {
  const network = parseNetwork("100.64.0.0/10")!;
  const holds = (text: string) => networkContains(network, parseIpv4(text)!);
  assert.deepEqual(
    ["100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"].map(holds),
    [false, true, true, false],
  );
  assert.ok(networkContains(parseNetwork("0.0.0.0/0")!, parseIpv4("255.1.2.3")!));
  for (const text of ["100.64.0.1/10", "100.64.0.0", "100.64.0.0/33", "x/8"]) {
    assert.equal(parseNetwork(text), undefined);
  }
});
