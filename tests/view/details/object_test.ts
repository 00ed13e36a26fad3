import assert from "node:assert/strict";
import fc from "fast-check";
import { yamlLines } from "../../../src/view/details/object.ts";
import { HOMELAB, liveState, pod } from "../live_fixture.ts";
import { part, sections, text } from "./details_text.ts";

Deno.test("an event leads to its object", () => {
  assert.equal(
    text(sections("Event", "b")),
    `Event:
  Type       Warning
  Reason     BackOff
  Object     Pod/web-2 -> Pod default/web-2
  Namespace  default
  Said       15 times
  Last       60s ago
  First      30m ago
  Name       b
Message:
  Back-off restarting failed container
Events:
  60s  !  BackOff  Back-off restarting failed container (×15)`,
  );
  assert.match(text(sections("Event", "none")), /The event none is gone/);
});

Deno.test("details are told of whatever the API server says, and are harmless", () => {
  const kinds = ["Node", "Pod", "Service", "Deployment", "CronJob", "Job", "Event"] as const;
  const shape = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: "binary" }),
      fc.integer(),
      fc.constant(null),
      fc.boolean(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          "spec",
          "status",
          "metadata",
          "containers",
          "containerStatuses",
          "conditions",
          "name",
          "image",
          "state",
          "waiting",
          "ports",
          "volumes",
          "template",
          "type",
        ),
        tie("value"),
        { maxKeys: 5 },
      ),
    ),
  }));
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.constantFrom("web", "web-2", "nuc", "b", "\u001b[2Jx"),
      fc.record({ spec: shape.value, status: shape.value, metadata: shape.value }),
      (kind, name, object) => {
        for (
          const { segments } of sections(kind, name, {
            object,
            pods: [{ ...object, metadata: { name: "web-2" } }],
          }).flatMap(({ lines }) => lines)
        ) {
          for (const { text } of segments) {
            // deno-lint-ignore no-control-regex
            assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]|undefined|NaN/);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("YAML is written line by line, whatever is in it", async () => {
  const lines = await yamlLines({
    kind: "Pod",
    metadata: { name: "a\u001b[2J" },
    list: [1, "two"],
  });
  assert.deepEqual(lines, [
    "kind: Pod",
    "metadata:",
    '  name: "a\\e[2J"',
    "list:",
    "  - 1",
    "  - two",
  ]);
  const long = { text: "word ".repeat(100).trim() };
  assert.equal((await yamlLines(long)).length, 1);
});

Deno.test("the data of a Secret is never in its YAML", async () => {
  const secret = {
    kind: "Secret",
    metadata: {
      name: "token",
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "hunter2", note: "kept" },
    },
    data: { password: "aHVudGVyMg==" },
    stringData: { other: "hunter2" },
    type: "Opaque",
  };
  const text = (await yamlLines(secret)).join("\n");
  assert.doesNotMatch(text, /hunter2|aHVudGVyMg/);
  assert.match(text, /password: \(not shown\)/);
  assert.match(text, /note: kept/);
  assert.match(text, /type: Opaque/);
  const odd = (await yamlLines({ kind: "Secret", data: "aHVudGVyMg==" })).join("\n");
  assert.equal(odd, "kind: Secret\ndata: (not shown)");
});

Deno.test("many events of one object are counted, not all shown", () => {
  const events = Array.from({ length: 40 }, (_, index) => ({
    ...HOMELAB.events![0]!,
    uid: `e${index}`,
    message: `message ${index}`,
  }));
  const state = liveState({ ...HOMELAB, events, pods: [pod("web-1")] });
  const shown = part(sections("Pod", "web-1", { state }), "Events");
  assert.equal(shown.split("\n").length, 32);
  assert.match(shown, /and 10 more$/);
});
