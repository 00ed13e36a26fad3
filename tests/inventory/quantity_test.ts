import assert from "node:assert/strict";
import { parseQuantity } from "../../src/inventory/kubernetes_syntax.ts";

Deno.test("quantities are numbers in base units", () => {
  const expected: [string, number][] = [
    ["2", 2],
    ["500m", 0.5],
    ["1234567n", 1234567e-9],
    ["0.5", 0.5],
    [".5", 0.5],
    ["+3", 3],
    ["8Gi", 8 * 2 ** 30],
    ["128974848", 128974848],
    ["129e6", 129e6],
    ["129M", 129e6],
    ["123Mi", 123 * 2 ** 20],
    ["1E", 1e18],
    ["1E3", 1e3],
    ["7Ki", 7168],
  ];
  for (const [text, value] of expected) assert.equal(parseQuantity(text), value, text);
});

Deno.test("what is no quantity is not zero", () => {
  for (const text of ["", "x", "1 Gi", "Gi", "1gi", "1e", "--1", "NaN", "0x10"]) {
    assert.equal(parseQuantity(text), undefined, text);
  }
});
