/** Limits for containers that set none: no value that is no limit, or with which none starts. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";

const schema = VARIABLE_SCHEMAS.get("default_limits")!;

function messageFor(limits: unknown): string | undefined {
  return schema.safeParse(limits).error?.issues[0]?.message;
}

for (const memory of ["0", 0, "0Gi", "1Ki", "1k", "1e3", "6291455", "65Ti", 1, 512]) {
  Deno.test(`a memory limit of ${memory} is refused with the bounds`, () => {
    assert.match(messageFor({ memory }) ?? "", /quantity of memory|from 6Mi to 64Ti/);
  });
}

for (const cpu of ["0", 0, "0m", "0.0001", "9m", 0.001, "8193"]) {
  Deno.test(`a CPU limit of ${JSON.stringify(cpu)} is refused with the bounds`, () => {
    assert.match(messageFor({ cpu }) ?? "", /from 10m to 8192 CPUs/);
  });
}

Deno.test("P21 limits within the bounds are accepted, whatever the unit, and no others", () => {
  const units = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, k: 1e3, M: 1e6, G: 1e9 };
  fc.assert(fc.property(
    fc.nat(20_000),
    fc.constantFrom(...Object.entries(units)),
    (count, [unit, size]) => {
      const bytes = count * size;
      const fits = bytes >= 6 * 2 ** 20 && bytes <= 64 * 2 ** 40;
      assert.equal(messageFor({ memory: `${count}${unit}` }) === undefined, fits);
      assert.equal(messageFor({ cpu: `${count}m` }) === undefined, count >= 10);
    },
  ));
});
