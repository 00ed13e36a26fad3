/** What Python on the servers and the tool here both hold, each for itself. */
import assert from "node:assert/strict";
import { KEPT, SERVER_DIRECTORY } from "../../src/actions/backup/schedule_defaults.ts";
import { CERTIFICATE_DAYS } from "../../src/actions/doctor/nodes.ts";
import { WARN_DAYS } from "../../src/tailscale/suitability.ts";
import { CERTIFICATE_EVENTS } from "../../src/view/words/problems.ts";
import { FULL } from "../../src/view/words/storage_words.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

const DAY_S = 24 * 60 * 60;

/** A JSON document that a program in Python makes of a file of `ansible/`, loaded as `it`. */
async function fromPython(path: string, expression: string): Promise<unknown> {
  const program = `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("it", sys.argv[1])
it = importlib.util.module_from_spec(spec)
spec.loader.exec_module(it)
print(json.dumps(${expression}))`;
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-B", "-c", program, `${PROJECT_ROOT}/ansible/${path}`],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("status and doctor warn from where on the servers report", async () => {
  const reported = await fromPython(
    "roles/notify/files/notify.py",
    "[it.DISK_FULL, it.KEY_EXPIRES, {reason: before for reason, (_, before) in it.CERTIFICATES.items()}]",
  );
  assert.deepEqual(reported, [
    FULL,
    WARN_DAYS * DAY_S,
    Object.fromEntries(CERTIFICATE_EVENTS.map(({ reason, within }) => [reason, within / 1000])),
  ]);
  assert.equal(CERTIFICATE_EVENTS[0].within / 1000, CERTIFICATE_DAYS * DAY_S);
});

Deno.test("what backups are kept, and where, is the same for a person who prunes and for the server", async () => {
  const text = await Deno.readTextFile(
    `${PROJECT_ROOT}/ansible/plugins/modules/k3s_backup_schedule.py`,
  );
  assert.deepEqual(JSON.parse(/^KEEP = (\{.*\})$/m.exec(text)?.[1] ?? "null"), KEPT);
  const directories = [
    /^ {6}directory:\n(?: {8}.*\n)*? {8}default: (\S+)$/m,
    /"directory": \{"type": "path", "default": "([^"]+)"\}/,
  ].map((pattern) => pattern.exec(text)?.[1]);
  assert.deepEqual(directories, [SERVER_DIRECTORY, SERVER_DIRECTORY]);
});
