/**
 * Servers that keep their data in a database outlive each other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { powerOff, powerOn } from "../../hosts/faults.ts";
import { onHost } from "../../hosts/on_host.ts";
import { isReady, kubectl, nodes, waitUntilReady } from "../../kubernetes.ts";
import { DATABASE, startDatabase } from "../../network/database.ts";
import { changedTasks, provision, runWithEvents } from "../../run_events.ts";
import type { Host } from "../../state.ts";
import { initArgs, projectDir, tool } from "../../tool.ts";
import { waitFor } from "../../wait.ts";

const NAMED = "/etc/rancher/k3s/config.yaml.d/k3s-tool-datastore.yaml";

/** Declares the scenario: three machines, whatever they were before, become a cluster with a database. */
export function sharedDatabase(lab: () => readonly Host[]): void {
  const [n1, n2, n3] = [0, 1, 2].map((index) => () => lab()[index]!) as [
    () => Host,
    () => Host,
    () => Host,
  ];
  const file = join(projectDir, "database");
  const endpoint = (text: string) => Deno.writeTextFile(file, `${text}\n`, { mode: 0o600 });

  Deno.test("two servers share a database, which is named where it does not answer", async () => {
    await tool("reset", "--yes");
    await tool(...initArgs([n1(), { ...n2(), role: "control-plane" }]));
    await endpoint(DATABASE);
    await tool("config", "set", "datastore_endpoint_file", file);
    const away = await runWithEvents("provision", "--yes");
    assert.equal(away.code, 1, away.stderr);
    assert.match(away.stderr, /n1 · .*\n {2}The database that the servers share does not answer/);
    await startDatabase();
    await provision();
    assert.equal(await onHost(n2(), `stat -c %a ${NAMED}`), "600\n");
    for (const host of [n1(), n2()]) {
      const look = "cd /var/lib/rancher/k3s/server && ls -d db/state.db db/etcd/member || true";
      assert.equal(await onHost(host, look), "");
    }
  });

  Deno.test("a server that shares a database goes on without the other, and lets a third one join", async () => {
    await kubectl(n1(), "create configmap shared");
    await powerOff("n1");
    await waitFor(() => kubectl(n2(), "get configmap shared"), {
      limit: 60,
      what: "the API on n2",
      interval: 500,
    });
    await tool("node", "add", "n3", n3().tailscaleAddress, "--role", "control-plane", "--no-input");
    await provision("--limit", "n3");
    await kubectl(n3(), "get configmap shared");
    await powerOn("n1");
    await waitUntilReady(n2(), [n1(), n2(), n3()]);
    assert.deepEqual(changedTasks(await provision()), []);
  });

  Deno.test("a database is neither taken away from a cluster nor exchanged, and a server can leave it", async () => {
    await endpoint("http://db.example.com:2379");
    const other = await runWithEvents("provision", "--yes");
    assert.match(other.stderr, /is in another database than datastore_endpoint_file names/);
    await endpoint(DATABASE);
    await tool("config", "unset", "datastore_endpoint_file");
    const none = await runWithEvents("provision", "--yes");
    assert.match(none.stderr, /is in a database, and datastore_endpoint_file is not set/);
    await tool("config", "set", "datastore_endpoint_file", file);
    await tool("node", "remove", "n1", "--yes");
    const left = await nodes(n2());
    assert.deepEqual([...left.keys()].sort(), ["n2", "n3"]);
    assert.ok(isReady(left.get("n2")));
  });
}
