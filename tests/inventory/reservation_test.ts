import assert from "node:assert/strict";
import fc from "fast-check";
import { VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";

function accepts(variable: "reserved_cpu" | "reserved_memory", value: unknown): boolean {
  return VARIABLE_SCHEMAS.get(variable)!.safeParse(value).success;
}

Deno.test("a reservation that no machine has, or that is a slip, is refused by the schema", () => {
  for (
    const value of [
      "100000Gi",
      "1e400",
      "1e30",
      "9E",
      "65Ti",
      "1e999999999",
      "1Ki",
      8,
      1e300,
      Infinity,
      NaN,
    ]
  ) {
    assert.ok(!accepts("reserved_memory", value), String(value));
  }
  for (const value of ["1e400", "8193", "1e9", 1e9, Infinity, "9999999m"]) {
    assert.ok(!accepts("reserved_cpu", value), String(value));
  }
  for (const value of ["8Gi", "0.5Gi", "1e9", "512Mi", "2Ti", "0", 4_000_000_000]) {
    assert.ok(accepts("reserved_memory", value), String(value));
  }
  for (const value of ["500m", "2", "0.5", "+1", 4, 0.5]) {
    assert.ok(accepts("reserved_cpu", value), String(value));
  }
});

Deno.test("P21 no exponent makes a reservation endless or next to nothing", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), (exponent) => {
      assert.equal(accepts("reserved_memory", `1e${exponent}`), exponent >= 6 && exponent <= 13);
      assert.equal(accepts("reserved_cpu", `1e${exponent}`), exponent <= 3);
    }),
    { numRuns: 300 },
  );
});
