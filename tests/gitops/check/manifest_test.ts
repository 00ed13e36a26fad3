import assert from "node:assert/strict";
import { readManifests } from "../../../src/gitops/check/manifest.ts";

const TEXT = `# a comment
apiVersion: v1
kind: Service
metadata: {name: a, labels: {x: &one "1", y: *one}}
spec:
  ports:
    - name: http
      port: 80
    - port: 443
---
---
apiVersion: v1
kind: ConfigMapList
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: b
`;

Deno.test("every field knows its line and column, in every document and in a List", () => {
  const { manifests, problems } = readManifests("f.yaml", TEXT);
  assert.deepEqual(problems, []);
  assert.deepEqual(manifests.map(({ value }) => value.kind), ["Service", "ConfigMap"]);
  const place = (index: number, ...path: (string | number)[]) => {
    const { file, line, column } = manifests[index]!.place(path);
    return `${file}:${line}:${column}`;
  };
  assert.equal(place(0), "f.yaml:2:1");
  assert.equal(place(0, "spec", "ports", 0, "port"), "f.yaml:8:7");
  assert.equal(place(0, "spec", "ports", 1), "f.yaml:9:7");
  assert.equal(place(0, "metadata", "labels", "y"), "f.yaml:4:43");
  assert.equal(place(1, "metadata", "name"), "f.yaml:18:7");
  // What is missing is where it would belong.
  assert.equal(place(0, "spec", "selector"), "f.yaml:5:1");
  assert.equal(place(0, "spec", "ports", 7, "port"), "f.yaml:6:3");
});

Deno.test("what is no object is told with its line", () => {
  const wrong = (text: string) =>
    readManifests("f.yaml", text).problems.map(({ message, where }) => [where?.line, message]);
  assert.deepEqual(wrong("a: 1\n---\n- x\n"), [
    [3, "this is not a Kubernetes object: not a map"],
  ]);
  assert.deepEqual(wrong("a: 1\na: 2\n"), [[2, "this is not YAML: Map keys must be unique"]]);
  assert.equal(wrong("a: [\n")[0]?.[0], 2);
  assert.deepEqual(wrong(""), []);
  assert.deepEqual(wrong("# nothing\n---\n"), []);
});

Deno.test("a small file does not become a large object", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let n = 1; n < 12; n++) {
    lines.push(`a${n}: &a${n} [${Array(10).fill(`*a${n - 1}`).join(", ")}]`);
  }
  const { problems, manifests } = readManifests("f.yaml", lines.join("\n"));
  assert.equal(manifests.length, 0);
  assert.match(problems[0]!.message, /alias/i);
});
