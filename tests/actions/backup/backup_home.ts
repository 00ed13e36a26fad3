/**
 * A home with an inventory of one server, whose files are made up. The programs that run on it are the real ones, run by this
 * machine's Python; k3s is a script.
 *
 * @module
 */

import assert from "node:assert/strict";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { runCommand } from "../../cli/fake_context.ts";
import { type Answer, type Call, FakeRunner } from "../../process/fake_runner.ts";

const K3S = `#!/bin/sh
case $1 in
--version) echo "k3s version v1.36.3+k3s1 (abcdef12)";;
kubectl) echo "$@" >> "$0.asked"; echo '{"items":[{"metadata":{"name":"pvc-1"},"spec":{"claimRef":{"namespace":"web","name":"data"}}}]}';;
esac
`;

/** A home with an inventory of one server, and the host's files. */
export async function withHome(
  work: (home: {
    readonly directory: string;
    readonly host: string;
    readonly backups: string;
    run(
      argv: readonly string[],
      change?: (answer: Answer) => Answer,
    ): ReturnType<typeof runCommand>;
  }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const host = `${directory}/host`;
    const server = `${host}/k3s-data/server`;
    const etc = `${host}/etc`;
    for (const path of [`${server}/tls/etcd`, `${server}/db`, `${server}/manifests`, etc]) {
      await Deno.mkdir(path, { recursive: true });
    }
    await Deno.writeTextFile(`${server}/token`, "K10abc::server:secret");
    await Deno.writeTextFile(`${server}/tls/server-ca.key`, "key");
    await Deno.writeTextFile(`${server}/tls/etcd/peer-ca.crt`, "certificate");
    await Deno.writeTextFile(`${server}/tls/client-admin.key`, "made again by k3s");
    await Deno.writeTextFile(`${server}/manifests/mine.yaml`, "kind: ConfigMap");
    await Deno.writeTextFile(`${server}/manifests/coredns.yaml`, "packaged");
    await Deno.writeTextFile(`${etc}/config.yaml`, "node-name: nuc");
    await Deno.writeTextFile(`${host}/k3s`, K3S, { mode: 0o755 });
    await python(
      "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('CREATE TABLE kine(value)'); " +
        "d.execute('INSERT INTO kine VALUES (1)'); d.commit()",
      `${server}/db/state.db`,
    );
    await Deno.writeTextFile(`${directory}/key`, identity);
    await Deno.writeTextFile(`${directory}/passphrase`, "correct horse\n");
    await Deno.writeTextFile(`${directory}/wrong`, "wrong horse\n");
    await runCommand([
      "init",
      "--control-plane",
      "nuc=100.64.0.1",
      "--cluster-name",
      "home",
      "--no-input",
    ], { directory });
    const run = (argv: readonly string[], change = (answer: Answer) => answer) => {
      const runner = new FakeRunner().on("ssh", async (call) => change(await asHost(call, host)));
      return runCommand(argv, { directory, runner });
    };
    const backups = `${directory}/.local/state/k3s-tool/backups/home`;
    await work({ directory, host, backups, run });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** What the program of a backup does on the host. */
export async function asHost({ options }: Call, host: string): Promise<Answer> {
  const program = (options.stdin as string)
    .replaceAll("/var/lib/rancher/k3s", `${host}/k3s-data`)
    .replaceAll("/usr/local/bin/k3s", `${host}/k3s`)
    .replaceAll("/etc/rancher/k3s", `${host}/etc`);
  const child = new Deno.Command("python3", {
    args: ["-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, bytes: stdout, stderr: new TextDecoder().decode(stderr) };
}

async function python(program: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command("python3", { args: ["-c", program, ...args] })
    .output();
  assert.ok(success);
}

/** What is in a directory, in order. */
export async function names(directory: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(directory));
  return entries.map(({ name }) => name).sort();
}

/** Makes a backup that a passphrase opens, which takes scrypt a second each time. */
export const WITH_PASSPHRASE = ["backup", "create", "--passphrase-file", "passphrase"];

const identity = await generateX25519Identity();

/** Makes a backup that the home's key opens. */
export const CREATE = ["backup", "create", "--recipient", await identityToRecipient(identity)];

/** Opens it. */
export const OPEN = ["--identity", "key"];
