import assert from "node:assert/strict";
import { keyState, keyWarning } from "../../src/tailscale/suitability.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const DAY = 86_400_000;

function key(days: number | undefined, expired = false) {
  return {
    name: "nuc",
    expired,
    keyExpiry: days === undefined ? undefined : new Date(NOW + days * DAY).toISOString(),
  };
}

Deno.test("a key that does not expire is nothing to worry about", () => {
  assert.deepEqual(keyState(key(undefined), NOW), { kind: "lasting" });
  assert.equal(keyWarning(key(undefined), NOW), undefined);
});

Deno.test("the warning begins when fewer than 14 days are left", () => {
  assert.deepEqual(keyState(key(14), NOW), { kind: "valid", days: 14 });
  assert.equal(keyWarning(key(14), NOW), undefined);
  assert.deepEqual(keyState(key(13.9), NOW), { kind: "ending", days: 13 });
  assert.match(keyWarning(key(13.9), NOW) ?? "", /key of nuc expires in 13 days; renew it/);
  assert.match(keyWarning(key(1.5), NOW) ?? "", /in 1 day;/);
  assert.match(keyWarning(key(0.5), NOW) ?? "", /expires today;/);
});

Deno.test("an expired key says so, by time or by what the tailnet says", () => {
  assert.deepEqual(keyState(key(-3.5), NOW), { kind: "expired", days: 3 });
  assert.deepEqual(keyState(key(5, true), NOW), { kind: "expired", days: 0 });
  assert.deepEqual(keyState(key(undefined, true), NOW), { kind: "expired", days: undefined });
  assert.match(keyWarning(key(-1), NOW) ?? "", /has expired/);
});
