import assert from "node:assert/strict";
import { checkLines, doctorSummary } from "../../../src/view/tables/doctor.ts";

const OK = { name: "ssh", status: "ok", message: "OpenSSH_9.2" } as const;
const FAIL = {
  name: "tailnet",
  host: "pi",
  status: "fail",
  message: "offline\u001b[2J",
  hint: "Switch it on",
} as const;

Deno.test("a check is a line, its next step another", () => {
  assert.deepEqual(checkLines(OK), ["✓ ok    ssh               OpenSSH_9.2"]);
  assert.deepEqual(checkLines(FAIL), [
    "✗ fail  pi: tailnet       offline",
    "                          → Switch it on",
  ]);
});

Deno.test("the end counts what is not in order", () => {
  const warn = { ...OK, status: "warn" } as const;
  assert.equal(doctorSummary([OK]), "Everything is in order.");
  assert.equal(doctorSummary([OK, FAIL]), "1 thing fails: see the arrows.");
  assert.equal(doctorSummary([FAIL, FAIL, warn]), "2 things fail, 1 warning: see the arrows.");
});
