import assert from "node:assert/strict";
import {
  CPU_QUANTITY,
  DNS_SUBDOMAIN,
  formatTaint,
  K3S_VERSION,
  LABEL_VALUE,
  MEMORY_QUANTITY,
  nodeNameOf,
  parseLabel,
  parseTaint,
  QUALIFIED_NAME,
} from "../../src/inventory/kubernetes_syntax.ts";

const CASES = [
  ["CPU", CPU_QUANTITY, "2 0.5 500m .5 1e3 0 +1", "2 cores|-1|4Gi|2k|m||1,5|5 m"],
  ["memory", MEMORY_QUANTITY, "4Gi 512Mi 0.5Gi 1G 4000000 0 1e9", "8|4GB|4gb|-1Gi|500m||Gi|4 Gi"],
  ["k3s", K3S_VERSION, "v1.36.3+k3s1 v1.36.0-rc1+k3s1 v1.30.10+k3s12", "1.36.3+k3s1|v1.36|latest"],
  ["node names", DNS_SUBDOMAIN, "a a-b a.b 1a 192.168.1.1", "A|-a|a-|a..b|a_b||.a"],
  [
    "label keys",
    QUALIFIED_NAME,
    "a A a.b_c-d nvidia.com/gpu x/1",
    "a b|/a|a/|-a|a/b/c|A.com/x|a:b",
  ],
  ["label values", LABEL_VALUE, "a true 1.5_x-y", "a b|-a|a-|a/b|é"],
] as const;

for (const [what, pattern, good, bad] of CASES) {
  Deno.test(`syntax of ${what}`, () => {
    for (const text of good.split(" ")) assert.ok(pattern.test(text), text);
    for (const text of bad.split("|")) assert.ok(!pattern.test(text), text);
  });
}

Deno.test("lengths are held to", () => {
  assert.ok(LABEL_VALUE.test("") && LABEL_VALUE.test("x".repeat(63)));
  assert.ok(!LABEL_VALUE.test("x".repeat(64)));
  assert.ok(!QUALIFIED_NAME.test("x".repeat(64)));
  assert.ok(!QUALIFIED_NAME.test(`${"x.".repeat(127)}/a`));
  assert.ok(!DNS_SUBDOMAIN.test(Array(130).fill("aa").join(".")));
  assert.ok(!DNS_SUBDOMAIN.test("x".repeat(64)));
});

Deno.test("node names are the hosts' in lower case, all else a dash", () => {
  assert.equal(nodeNameOf("DGX_Spark.Lab"), "dgx-spark.lab");
});

Deno.test("labels are read as kubectl does", () => {
  assert.deepEqual(parseLabel("a.b/c="), { key: "a.b/c", value: "" });
  for (const text of ["a", "=b", "a=b=c", "a b=c"]) assert.equal(parseLabel(text), undefined);
});

Deno.test("taints are read and written as kubectl does", () => {
  for (const text of ["nvidia.com/gpu=true:NoSchedule", "a:NoExecute", "x=1:PreferNoSchedule"]) {
    assert.equal(formatTaint(parseTaint(text)!), text);
  }
  assert.equal(formatTaint({ key: "a", value: "", effect: "NoSchedule" }), "a:NoSchedule");
  for (
    const text of ["a", "a=b", "a=b:Never", "a=b c:NoSchedule", ":NoSchedule", "a=b:c:NoSchedule"]
  ) {
    assert.equal(parseTaint(text), undefined);
  }
});
