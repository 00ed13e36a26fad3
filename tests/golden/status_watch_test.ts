import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { interruptedError } from "../../src/errors/user_error.ts";
import { machineClock } from "../../src/process/system.ts";
import { recordedStream } from "../cli/fake_context.ts";
import { type Route, statusError } from "../cluster/fake_api_server.ts";
import { nodeObject, podObject } from "../cluster/objects_fixture.ts";
import { type WatchRoutes, watchRoutes } from "../cluster/watch/watch_routes.ts";
import { CLUSTER, inHomelab, NOW } from "./homelab.ts";

const NODES = "/api/v1/nodes";

/** What a test sees and does while `status --watch` runs. */
interface Watching {
  readonly cluster: WatchRoutes;
  /** Settles as soon as what was printed so far matches. */
  until(expected: (printed: Printed) => boolean): Promise<void>;
  readonly printed: Printed;
  /** Answers of the server are errors, while true. */
  broken: boolean;
  /** The reader is gone. */
  closed: boolean;
}

interface Printed {
  stdout: string;
  stderr: string;
}

/** Runs `status --watch` in the homelab until the test is done; returns its exit code. */
async function watching(
  argv: readonly string[],
  test: (watching: Watching) => Promise<void>,
  { size }: { readonly size?: { readonly columns: number; readonly rows: number } } = {},
): Promise<number> {
  const printed = { stdout: "", stderr: "" };
  let changed = Promise.withResolvers<void>();
  const write = (stream: keyof Printed) => (text: string) => {
    printed[stream] += text;
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const lists: Readonly<Record<string, Route>> = {
    ...CLUSTER,
    "/version": () => ({ gitVersion: "v1.35.6+k3s1" }),
  };
  const cluster = watchRoutes(
    Object.fromEntries(
      Object.entries(lists).map(([path, route]): [string, Route] => [
        path,
        (url, request) =>
          live.broken ? statusError(503, "", "apiserver is shutting down") : route(url, request),
      ]),
    ),
  );
  const live: Watching = {
    cluster,
    printed,
    until: async (expected) => {
      while (!expected(printed)) await Promise.race([changed.promise, ended]);
    },
    broken: false,
    closed: false,
  };
  const controller = new AbortController();
  const run = inHomelab(["status", "--watch", ...argv], {
    routes: cluster.routes,
    context: {
      signal: controller.signal,
      clock: { now: () => NOW, sleep: machineClock.sleep },
      stdout: { ...recordedStream(write("stdout"), size), isOpen: () => !live.closed },
      stderr: recordedStream(write("stderr"), size),
    },
  });
  const ended = run.then(({ code }) => assert.fail(`it ended with ${code}: ${printed.stderr}`));
  ended.catch(() => {});
  try {
    await test(live);
  } finally {
    controller.abort(interruptedError());
    await run;
    cluster.end();
  }
  return (await run).code;
}

function documents({ stdout }: Printed) {
  return stdout.trim().split("\n").map((line) => JSON.parse(line)).filter(({ kind }) =>
    kind === "Status"
  ).map((document) => DOCUMENTS.Status.parse(document));
}

Deno.test("status --watch -o json: a whole document, and another one when something changes", async () => {
  const code = await watching(["-o", "json"], async ({ cluster, until, printed }) => {
    const used = () => documents(printed).at(-1)?.nodes[0]?.used;
    await until(({ stdout }) => stdout !== "" && used()?.disk !== null);
    const [first] = documents(printed);
    assert.equal(first?.nodes.length, 5);
    assert.equal(first?.services?.length, 2);
    assert.deepEqual(used(), {
      cpu: 0.7000000000000001,
      memory: 3584 * 2 ** 20,
      disk: { used: 27 * 2 ** 30, capacity: 96 * 2 ** 30 },
    });
    const nodesOf = () => documents(printed).at(-1)?.nodes.map(({ status }) => status);
    cluster.say(NODES, "MODIFIED", nodeObject("nuc", { controlPlane: true, ready: "False" }));
    cluster.say("/api/v1/pods", "ADDED", podObject("new"));
    await until(() => nodesOf()?.[0] === "NotReady");
    assert.equal(documents(printed).at(-1)?.podsRunning, 3);
  });
  assert.equal(code, 130);
});

Deno.test("status --watch on a pipe: the API away and back", async () => {
  await watching([], async (live) => {
    const { cluster, until, printed } = live;
    await until(({ stdout }) => stdout.includes("27Gi/96Gi"));
    await cluster.opened(9);
    const before = printed.stdout;
    live.broken = true;
    cluster.end();
    await until(({ stderr }) => stderr.includes("The cluster last responded at "));
    assert.match(
      printed.stderr,
      /last responded at 2026-11-23 12:00 UTC; the values shown are from that time: /,
    );
    live.broken = false;
    await until(({ stderr }) => stderr.includes("The cluster is reachable again."));
    assert.equal(printed.stdout, before, "the last state stays, and is not printed again");
    assert.equal(printed.stderr.match(/Warning: The Tailscale key/g)?.length, 1);
    await cluster.opened(9);
    cluster.say(NODES, "DELETED", nodeObject("stray", { ip: "100.64.0.6" }));
    await until(({ stdout }) => stdout !== before);
    assert.doesNotMatch(printed.stdout.slice(before.length), /stray/);
  });
});

Deno.test("status --watch -o json says that it is lost, with what was known last", async () => {
  await watching(["-o", "json"], async (live) => {
    const { cluster, until, printed } = live;
    await until(({ stdout }) => stdout !== "");
    await cluster.opened(9);
    live.broken = true;
    cluster.end();
    await until(() => documents(printed).at(-1)?.reachable === false);
    const { connection, nodes } = documents(printed).at(-1)!;
    assert.equal(connection.state, "lost");
    assert.equal(connection.lastHeard, "2026-11-23T12:00:00.000Z");
    assert.match(connection.problem ?? "", /apiserver is shutting down/);
    assert.equal(nodes[0]?.status, "Ready");
  });
});

Deno.test("status --watch -o yaml: documents that can be told apart", async () => {
  const { parseAllDocuments } = await import("yaml");
  await watching(["-o", "yaml"], async ({ cluster, until, printed }) => {
    await until(({ stdout }) => stdout !== "");
    await cluster.opened(9);
    cluster.say(NODES, "DELETED", nodeObject("stray", { ip: "100.64.0.6" }));
    await until(({ stdout }) => /---\n[^]*podsRunning[^]*$/.test(stdout));
    const all = parseAllDocuments(printed.stdout).map((each) => each.toJS());
    assert.ok(all.length >= 2 && all.every(({ kind }) => kind === "Status"));
    assert.equal(all.at(-1).nodes.length, 4);
  });
});

Deno.test("status --watch on a terminal stays in its place and is no higher than it", async () => {
  const size = { columns: 100, rows: 14 };
  await watching([], async (live) => {
    const { cluster, until, printed } = live;
    const last = () => stripVTControlCharacters(printed.stdout.split("\u001b[H").at(-1)!);
    await until(() => /● live[^]*27Gi\/96Gi/.test(last()));
    await cluster.opened(9);
    assert.match(last(), /^homelab {2}http:\/\/127\.0\.0\.1:\d+ {2}● live\nNAME /);
    assert.match(last(), /\n… 3 more lines; to scroll, use k3s-tool tui\n/);
    assert.match(last(), /Warning: The Tailscale key of pi/);
    for (const frame of printed.stdout.split("\u001b[H").slice(1)) {
      assert.ok(frame.split("\n").length <= size.rows, frame);
    }
    live.broken = true;
    cluster.end();
    await until(() => /✗ lost 0s ago: .*next try in 1s\n[^]*nuc/.test(last()));
    live.broken = false;
    await until(() => /● live/.test(last()));
    assert.equal(printed.stderr, "");
  }, { size });
});

Deno.test("status --watch ends when nobody reads it any more", async () => {
  const { code } = await inHomelab(["status", "--watch"], {
    noKubeconfig: true,
    context: {
      stdout: { ...recordedStream(() => {}), isOpen: () => false },
      clock: { now: () => NOW, sleep: machineClock.sleep },
    },
  });
  assert.equal(code, 0);
});

Deno.test("status --watch of an inventory that is named and wrong ends with 2", async () => {
  const { code, stderr } = await inHomelab(["status", "--watch", "-i", "hosts.yml"], {
    inventory: "all: [",
    context: { clock: { now: () => NOW, sleep: machineClock.sleep } },
  });
  assert.equal(code, 2, stderr);
});
