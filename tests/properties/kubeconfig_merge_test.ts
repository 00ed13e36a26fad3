import assert from "node:assert/strict";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { mergeKubeconfig } from "../../src/kubeconfig/merge.ts";
import { k3sKubeconfig } from "../kubeconfig/kubeconfig_fixture.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/).filter((text) => text !== "homelab");
const extra = fc.dictionary(
  fc.stringMatching(/^x-[a-z]{1,6}$/),
  fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string()), fc.constant(null)),
  { maxKeys: 3 },
);
const entry = (field: string) =>
  fc.uniqueArray(fc.tuple(name, extra, extra), { selector: ([each]) => each, maxLength: 4 })
    .map((list) => list.map(([name, inner, outer]) => ({ name, [field]: inner, ...outer })));
const kubeconfig = fc.record({
  clusters: entry("cluster"),
  contexts: entry("context"),
  users: entry("user"),
  "current-context": name,
}).chain((known) => extra.map((unknown) => ({ ...known, ...unknown })));

Deno.test("a kubeconfig merge adds one context and keeps everything else", () => {
  fc.assert(
    fc.property(kubeconfig, fc.boolean(), (existing, json) => {
      const text = json ? JSON.stringify(existing) : stringify(existing);
      const { text: merged } = mergeKubeconfig(text, k3sKubeconfig(), { contextName: "homelab" });
      const after = parse(merged);
      for (const list of ["clusters", "contexts", "users"] as const) {
        const [added] = after[list].splice(existing[list].length);
        assert.equal(added.name, "homelab");
      }
      assert.deepEqual(after, JSON.parse(JSON.stringify(existing)));
      const again = mergeKubeconfig(merged, k3sKubeconfig(), { contextName: "homelab" });
      assert.equal(again.text, merged);
    }),
    { numRuns: 200 },
  );
});
