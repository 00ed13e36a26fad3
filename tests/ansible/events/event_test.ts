import assert from "node:assert/strict";
import { parseEventLine } from "../../../src/ansible/events/event.ts";

Deno.test("an event of the plugin is read", () => {
  const line = JSON.stringify({
    v: 1,
    ts: "2026-11-23T07:10:26.123+00:00",
    type: "result",
    host: "n1",
    play: "Control plane",
    task: "Start k3s",
    role: "k3s_control_plane",
    status: "failed",
    seconds: 1.5,
    message: "k3s did not start\nHint: look",
    rc: 1,
  });
  const event = parseEventLine(line);
  assert.ok(event?.type === "result");
  assert.equal(event.host, "n1");
  assert.equal(event.message, "k3s did not start\nHint: look");
  assert.ok(!("v" in event));
});

Deno.test("an unknown type, a torn line and nonsense are left out", () => {
  for (
    const line of [
      '{"v":2,"type":"weather","host":"n1"}',
      '{"v":1,"type":"result","host":"n1","task":"x","sta',
      "null",
      "[]",
      "",
      '{"type":"result","host":"","task":"x","status":"ok"}',
    ]
  ) assert.equal(parseEventLine(line), undefined, line);
});

Deno.test("a failure survives details of a wrong type", () => {
  const event = parseEventLine(JSON.stringify({
    type: "result",
    host: "n1",
    play: "Workers",
    task: "Join",
    role: null,
    status: "failed",
    seconds: "long",
    message: { nested: true },
    rc: "one",
    stderr: 7,
    diff: "none",
  }));
  assert.ok(event?.type === "result");
  assert.equal(event.status, "failed");
  assert.equal(event.message, undefined);
  assert.equal(event.seconds, undefined);
});
