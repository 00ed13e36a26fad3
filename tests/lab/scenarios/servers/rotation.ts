/**
 * What keeps a cluster secret is replaced while it runs: certificates, the server token, the keys that Secrets are
 * encrypted with. Certificates and tokens are finished by the run after one that was killed; where else a run may be killed is
 * rotate_test.py's, and `deno task faults` does so in the lab.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { powerOff, powerOn } from "../../hosts/faults.ts";
import { onHost, tryOnHost } from "../../hosts/on_host.ts";
import { kubectl, waitUntilReady } from "../../kubernetes.ts";
import {
  changedTasks,
  provision,
  type RunEvent,
  runWithEvents,
  signalAt,
} from "../../run_events.ts";
import type { Host } from "../../state.ts";
import { projectDir, tool, tryTool } from "../../tool.ts";
import { waitFor } from "../../wait.ts";

const DATA = "/var/lib/rancher/k3s";
const SECRET = "plain-as-day-4711";
/** As k3s names keys (`pkg/server/handlers/secrets-encrypt.go`); what is encrypted follows at once, and may look like more of a name. */
const KEY_NAME = "aescbckey(-[0-9-]{10}T[0-9:]{8}(Z|[+-][0-9:]{5}))?";

let members: () => readonly Host[] = () => [];
const n1 = (): Host => members()[0]!;
const servers = (): Host[] => members().slice(0, 3);

function ended(host: string, task: string, play?: string) {
  return (event: RunEvent): boolean =>
    event.type === "result" && event.host === host && event.task === task &&
    event.status === "changed" && (play === undefined || event.play === play);
}

/** Names of the keys that Secrets in the datastore are encrypted with, of old revisions too; none of them is in clear text. */
async function keysInDatastore(): Promise<string[]> {
  await onHost(n1(), "k3s etcd-snapshot save --name look >/dev/null 2>&1");
  const file = `$(ls -t ${DATA}/server/db/snapshots/look-* | head -1)`;
  assert.equal((await onHost(n1(), `grep -c ${SECRET} ${file} || true`)).trim(), "0");
  // Those of revisions that are not compacted yet, too.
  const found = await onHost(
    n1(),
    `grep -aoE 'k8s:enc:aescbc:v1:${KEY_NAME}:' ${file} | sort | uniq`,
  );
  const names = found.trim().split("\n").map((line) => line.replace("k8s:enc:aescbc:v1:", ""));
  return names.map((name) => name.replace(/:$/, ""));
}

/** What ends when, and a digest of its key, by host and path. */
async function certificates(): Promise<Record<string, { end: number; key: string }>> {
  const program = [
    "import glob, hashlib, json, ssl",
    "found = {}",
    "for path in glob.glob('" + DATA + "/server/tls/*.crt') + glob.glob('" + DATA +
    "/server/tls/etcd/*.crt') + glob.glob('" + DATA + "/agent/*.crt'):",
    "    end = ssl._ssl._test_decode_cert(path)['notAfter']",
    "    try: key = hashlib.sha256(open(path[:-4] + '.key', 'rb').read()).hexdigest()",
    "    except FileNotFoundError: key = ''",
    "    found[path] = {'end': ssl.cert_time_to_seconds(end), 'key': key}",
    "print(json.dumps(found, sort_keys=True))",
  ].join("\n");
  const all: Record<string, { end: number; key: string }> = {};
  for (const host of members()) {
    const found = JSON.parse(await onHost(host, "python3 -", { stdin: program }));
    for (const [path, value] of Object.entries(found)) {
      all[`${host.name}:${path}`] = value as { end: number; key: string };
    }
  }
  return all;
}

/** A server is taken down only when the one before has started. */
function serversOneByOne(events: readonly RunEvent[]): void {
  const order = events.filter(({ type, task, host }) =>
    type === "result" && ["Renew the certificates", "Start the service"].includes(task ?? "") &&
    servers().some(({ name }) => name === host)
  ).map(({ host, task }) => `${host} ${task}`);
  assert.deepEqual(
    order,
    servers().flatMap((
      { name },
    ) => [`${name} Renew the certificates`, `${name} Start the service`]),
  );
}

async function token(host: Host): Promise<string> {
  return (await onHost(host, `sed 's/.*:://; s/.*://' ${DATA}/server/token`)).trim();
}

/** Every server takes one token and refuses the other, and every host starts with that one. */
async function onlyTakes(good: string, bad: string): Promise<void> {
  const ask = (server: Host, secret: string) =>
    onHost(
      server,
      "curl -sk -o /dev/null -w '%{http_code}' --config - https://127.0.0.1:6443/v1-k3s/config",
      { stdin: `user = "node:${secret}"\n` },
    );
  for (const server of servers()) {
    assert.deepEqual([await ask(server, good), await ask(server, bad)], ["200", "401"]);
  }
  for (const host of members().slice(1)) {
    assert.match(
      await onHost(host, "cat /etc/rancher/k3s/cluster-token"),
      new RegExp(`:${good}\\n$`),
    );
  }
  const left = await onHost(n1(), `ls ${DATA}/server`);
  assert.doesNotMatch(left, /token-before-rotation/);
}

/** A server writes and reads a Secret, as soon as it answers: what was killed may just have restarted it. */
async function secretIsThere(host: Host): Promise<void> {
  const { name } = host;
  const line = `k3s kubectl label secret known --overwrite touched-by=${name} >/dev/null && ` +
    "k3s kubectl get secret known -o jsonpath={.data.word}";
  const { code, stdout, stderr } = await waitFor(async () => {
    const result = await tryOnHost(host, line);
    return result.code === 0 || /matching key|decrypt/.test(result.stderr) ? result : undefined;
  }, { limit: 120, what: `the API on ${name}`, interval: 1000 });
  assert.equal(code, 0, stderr);
  assert.equal(atob(stdout), SECRET);
}

async function allWell(): Promise<void> {
  await waitUntilReady(n1(), members());
  const votes = await kubectl(
    n1(),
    `get nodes -o jsonpath='{range .items[*]}{.status.conditions[?(@.type=="EtcdIsVoter")].status} {end}'`,
  );
  assert.equal(votes.trim().split(/\s+/).filter((vote) => vote === "True").length, 3);
}

/** Declares the scenario, for a cluster of three servers and a worker whose Secrets are encrypted. */
export function rotation(cluster: () => readonly Host[]): void {
  members = cluster;

  Deno.test("secrets_encryption encrypts Secrets in the datastore from the start, and cannot be taken back", async () => {
    await kubectl(n1(), `create secret generic known --from-literal=word=${SECRET}`);
    assert.deepEqual(await keysInDatastore(), ["aescbckey"]);
    await tool("config", "set", "secrets_encryption", "false");
    const refused = await runWithEvents("provision", "--yes");
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /secrets are encrypted in this cluster/i);
    assert.match(
      await onHost(n1(), "cat /etc/rancher/k3s/config.yaml"),
      /^secrets-encryption: true$/m,
    );
    await tool("config", "set", "secrets_encryption", "true");
    assert.deepEqual(changedTasks(await provision()), []);
  });

  Deno.test("rotate certs renews certificates and keys on every host", async () => {
    const before = await certificates();
    const check = await runWithEvents("rotate", "certs", "--check");
    assert.equal(check.code, 0, check.stderr);
    assert.deepEqual(await certificates(), before);
    assert.match(check.stdout, /n2: its certificates end 20\d\d-\d\d-\d\d and would be renewed/);
    const run = await runWithEvents("rotate", "certs", "--yes");
    assert.equal(run.code, 0, run.stderr);
    const after = await certificates();
    assert.deepEqual(Object.keys(after), Object.keys(before));
    for (const [path, { end, key }] of Object.entries(after)) {
      const authority = /-ca(\.nochain)?\.crt$/.test(path);
      assert.equal(end > before[path]!.end, !authority, path);
      assert.equal(key !== before[path]!.key, !authority, path);
    }
    await serversOneByOne(run.events);
    await allWell();
    // The workstation has the new one.
    const admin = await onHost(n1(), `base64 -w0 ${DATA}/server/tls/client-admin.crt`);
    const kubeconfig = await Deno.readTextFile(join(projectDir, ".kube", "config"));
    assert.ok(kubeconfig.includes(admin.trim()));
    assert.equal((await tryTool("status")).code, 0);
  });

  Deno.test("rotate token gives every host another token, though it is killed and a server loses its power meanwhile", async () => {
    const first = await token(n1());
    const killed = await signalAt(
      "SIGKILL",
      ["rotate", "token", "--yes"],
      ended("n1", "Rotate the token"),
    );
    assert.equal(killed.signal, "SIGKILL");
    const second = await token(n1());
    assert.notEqual(second, first);
    // Their own token is the old one: k3s does not start with it.
    await powerOff("n1");
    await powerOff("n2");
    await powerOn("n1");
    await powerOn("n2");
    const finished = await runWithEvents("rotate", "token", "--yes");
    assert.equal(finished.code, 0, finished.stderr);
    assert.equal(await token(n1()), second, "no third one is made");
    await onlyTakes(second, first);

    for (const secret of [first, second]) {
      const { stdout, stderr } = finished;
      assert.ok(!(stdout + stderr).includes(secret));
    }
    await allWell();
  });

  Deno.test("rotate encryption-keys encrypts every Secret with another key", async () => {
    const check = await runWithEvents("rotate", "encryption-keys", "--check");
    assert.equal(check.code, 0, check.stderr);
    assert.match(check.stdout, /n1: Secrets are encrypted with the key aescbckey, which would be/);
    const run = await runWithEvents("rotate", "encryption-keys", "--yes");
    assert.equal(run.code, 0, run.stderr);
    const names = new Set<string>();
    for (const server of servers()) {
      const config = await onHost(server, `cat ${DATA}/server/cred/encryption-config.json`);
      const found = [...config.matchAll(/"name":"([^"]+)"/g)].map(([, name]) => name!);
      assert.equal(found.length, 1, config);
      names.add(found[0]!);
      // One that is encrypted with a key that is gone would fail all of it.
      await kubectl(server, "get secrets -A");
      await secretIsThere(server);
    }
    const [key = "", ...others] = names;
    assert.deepEqual(others, []);
    assert.match(key, /^aescbckey-20/);
    assert.ok((await keysInDatastore()).includes(key));
    await allWell();
    assert.deepEqual(changedTasks(await provision()), []);
  });

  Deno.test("a backup has what Secrets are decrypted with", async () => {
    const passphrase = join(projectDir, "passphrase");
    await Deno.writeTextFile(passphrase, "correct horse\n");
    const open = ["--passphrase-file", passphrase];
    const file = (await tool("backup", "create", ...open)).trim();
    assert.match(
      await tool("backup", "show", file, ...open),
      /server\/cred\/encryption-config\.json/,
    );
  });
}
