/**
 * What keeps Flux from its repository is said in words with the next step, stops nothing that runs, and heals. The steps
 * build on each other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { run as runCommand } from "../../cli/command.ts";
import { addDeployKey, gitServer, startGitServer, stopGitServer } from "../../git/git_server.ts";
import {
  addresses,
  checkout,
  deploy,
  edit,
  fluxRows,
  getObject,
  newApp,
  newToken,
  podsOf,
  push,
  repository,
  set,
  tokenFile,
} from "../../git/gitops.ts";
import { isReady, kubectl, nodes } from "../../kubernetes.ts";
import { changedTasks, type Run, runWithEvents } from "../../run_events.ts";
import { findSecrets } from "../../secret_search.ts";
import type { Host } from "../../state.ts";
import { projectDir, tool, tryTool } from "../../tool.ts";
import { waitFor } from "../../wait.ts";

let hosts: () => readonly Host[] = () => [];
const n1 = (): Host => hosts()[0]!;
/** All that the tool printed. */
let output = "";

const keyFile = join(projectDir, ".config", "k3s-tool", "deploy-keys", "lab");
const knownHosts = `${keyFile}.known_hosts`;

async function provision(...args: string[]): Promise<Run> {
  const run = await runWithEvents("provision", "--yes", ...args);
  output += run.stdout + run.stderr;
  return run;
}

async function heard(...args: string[]) {
  const result = await tryTool(...args);
  output += result.stdout + result.stderr;
  return result;
}

/** Waits until a command says all of it: Flux tries again and again, and says "progressing" while it does. */
async function says(args: readonly string[], ...all: readonly RegExp[]): Promise<void> {
  let said = "";
  await waitFor(async () => {
    const { stdout } = await heard(...args);
    said = stdout;
    return all.every((words) => words.test(said));
  }, { what: `what ${args.join(" ")} says`, interval: 500 })
    .catch(() => {}); // said with the words
  for (const words of all) assert.match(said, words);
}

/** What `doctor` says of each thing: status, message and hint. */
async function checks(): Promise<{ code: number; lines: Map<string, string> }> {
  const { code, stdout } = await heard("doctor", "-o", "json");
  const { items } = JSON.parse(stdout) as {
    items: { name: string; status: string; message: string; hint?: string }[];
  };
  const lines = items.map(({ name, status, message, hint = "" }) =>
    [name, `${status} ${message} ${hint}`] as const
  );
  return { code, lines: new Map(lines) };
}

/** The fingerprint that the Git server's owner publishes. */
async function fingerprint(): Promise<string> {
  const text = await runCommand(["ssh-keygen", "-lf", gitServer.knownHosts]);
  return /SHA256:\S+/.exec(text)![0];
}

/** Everything the role makes, by `KIND/NAME`, with what shows that somebody changed it. */
async function standing(): Promise<Map<string, string>> {
  const kinds = "deployments,gitrepositories,kustomizations,secrets";
  const { items } = await getObject(n1(), `-n flux-system ${kinds}`);
  type Item = {
    kind: string;
    metadata: { name: string; generation?: number };
    data?: Record<string, string>;
  };
  return new Map((items as Item[]).map(({ kind, metadata, data }) => [
    `${kind}/${metadata.name}`,
    data === undefined ? String(metadata.generation) : JSON.stringify(data),
  ]));
}

/** What was there before and is not as it was. */
async function changes(before: Map<string, string>): Promise<string[]> {
  const after = await standing();
  return [...before.keys()].filter((name) => before.get(name) !== after.get(name));
}

/** Declares the scenario. */
export function repositoryAccess(lab: () => readonly Host[]): void {
  hosts = lab;

  Deno.test("a wrong token: provision says so with the next step, the cluster is up all the same", async () => {
    const token = await Deno.readTextFile(tokenFile);
    await Deno.writeTextFile(tokenFile, newToken());
    const run = await provision();
    assert.equal(run.code, 1);
    assert.match(
      run.stderr,
      /n1 · .*\n {2}Flux's credentials are not accepted by https:\S+\.git\. /,
    );
    assert.match(
      run.stderr,
      /authentication required.*\n {2}Hint: Put a token .* into \/\S+\/token on the workstation/,
    );
    assert.ok(isReady((await nodes(n1())).get("n1")));
    await says(
      ["gitops", "status"],
      /^GitRepository flux-system failed \(GitOperationFailed\):\n {2}.*required/m,
      /^Hint: .* gitops_token_file .* k3s-tool provision --tags gitops$/m,
    );
    assert.equal((await heard("gitops", "sync")).code, 1);
    await Deno.writeTextFile(tokenFile, token);
  });

  Deno.test("the right token, and all of it is applied; nothing but the token is changed", async () => {
    const before = await standing();
    const run = await provision("--tags", "gitops");
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(changedTasks(run), ["n1: Load the credentials into the cluster"]);
    assert.deepEqual(await changes(before), ["Secret/flux-system"]);
    await newApp("wiki", { args: ["--replicas", "1"] });
    await deploy("Add wiki");
  });

  Deno.test("a Git server that is away: said, nothing stops, and Flux follows it again by itself", async () => {
    const before = await podsOf(n1(), "wiki");
    const { revision } = (await fluxRows()).get("GitRepository/flux-system")!;
    await stopGitServer();
    const source = await waitFor(async () => {
      const row = (await fluxRows()).get("GitRepository/flux-system");
      return row?.state === "failed" ? row : undefined;
    }, { limit: 60, what: "Flux to notice", interval: 500 });
    assert.match(source.message, /connection refused/);
    assert.equal(source.revision, revision, "what was fetched last stays");
    const run = await provision("--tags", "gitops");
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(changedTasks(run), []);
    const warnings = run.events.filter(({ type }) => type === "warning").map((each) =>
      each.message
    );
    assert.match(
      warnings.join("\n"),
      /Flux stays at main@[0-9a-f]{7}: .* could not be fetched\. .*connection refused/,
    );
    await says(["gitops", "status"], /^Hint: Flux keeps retrying, and running apps/m);
    await says(
      ["status"],
      /^GitOps: main@[0-9a-f]{7} applied .* 0 of 1 ready, 1 failed \(flux-system\)\. /m,
    );
    const doctor = await waitFor(async () => {
      const found = await checks();
      return /^fail .*connection refused/.test(found.lines.get("repository") ?? "") && found;
    }, { what: "doctor to name the repository", interval: 500 });
    assert.equal(doctor.code, 1);
    assert.match(doctor.lines.get("flux") ?? "", /^ok 2 controllers/);
    await Deno.writeTextFile(join(checkout, "NEWS"), "written while the server is away\n");
    const commit = await push("Write while the server is away");
    await startGitServer();
    await waitFor(async () => {
      const rows = await fluxRows();
      return ["GitRepository/flux-system", "Kustomization/wiki"].every((name) =>
        rows.get(name)?.state === "ready" && rows.get(name)?.revision?.endsWith(commit)
      );
    }, { limit: 180, what: "the commit to be applied", interval: 500 });
    assert.deepEqual(await podsOf(n1(), "wiki"), before);
  });

  Deno.test("gitops deploy-key makes a key, and trusts no host key unasked", async () => {
    await set("git_repo_url", addresses.ssh);
    const first = await heard("gitops", "deploy-key");
    assert.equal(first.code, 0);
    assert.match(first.stdout, /^ssh-ed25519 \S+ k3s-tool lab\n$/);
    assert.match(first.stderr, /No host key of \[10\.77\.0\.1\]:3022 is trusted yet/);
    assert.equal(((await Deno.stat(keyFile)).mode ?? 0) & 0o777, 0o600);
    const refused = await provision("--tags", "gitops");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /no SSH host key of 10\.77\.0\.1 is trusted yet\n {2}Hint: /);
    const other = `SHA256:${"A".repeat(43)}`;
    const foreign = await heard("gitops", "deploy-key", "--fingerprint", other);
    assert.equal(foreign.code, 2);
    assert.match(foreign.stderr, /presents other host keys: ssh-ed25519 SHA256:/);
    const right = await heard("gitops", "deploy-key", "--fingerprint", await fingerprint());
    assert.equal(right.code, 0, right.stderr);
    assert.equal(right.stdout, first.stdout, "the key stays");
  });

  Deno.test("a key that the repository does not have: said, with the key to add", async () => {
    const run = await provision("--tags", "gitops");
    assert.equal(run.code, 1);
    assert.match(run.stderr, /Flux's credentials are not accepted by ssh:\S+\.git\. /);
    assert.match(run.stderr, /Hint: Add the public key that `k3s-tool gitops deploy-key` shows/);
    await says(
      ["gitops", "status"],
      /unable to authenticate/,
      /^Hint: Flux's credentials are not accepted by ssh:\S+\. Add the public key /m,
    );
  });

  Deno.test("over SSH with that key the same commit is followed, and what runs is left alone", async () => {
    const before = await podsOf(n1(), "wiki");
    await addDeployKey(repository, await tool("gitops", "deploy-key"));
    const run = await provision("--tags", "gitops");
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(changedTasks(run), []);
    const { spec } = await getObject(n1(), "-n flux-system gitrepository flux-system");
    assert.equal(spec.url, addresses.ssh);
    const { data } = await getObject(n1(), "-n flux-system secret flux-system");
    assert.deepEqual(Object.keys(data).sort(), ["identity", "known_hosts"], "no token is left");
    assert.deepEqual(await podsOf(n1(), "wiki"), before);
  });

  Deno.test("a server with another host key is not talked to", async () => {
    const kept = await Deno.readTextFile(knownHosts);
    const other = join(projectDir, "other-key");
    await runCommand(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other]);
    const [type, blob] = (await Deno.readTextFile(`${other}.pub`)).split(" ");
    await Deno.writeTextFile(knownHosts, `[10.77.0.1]:3022 ${type} ${blob}\n`);
    const run = await provision("--tags", "gitops");
    assert.equal(run.code, 1);
    assert.match(run.stderr, /The SSH host key of ssh:\S+ is not one of the known ones/);
    assert.match(run.stderr, /Hint: .*deploy-key --renew-host-key/);
    const renew = ["--renew-host-key", "--fingerprint", await fingerprint()];
    assert.equal((await heard("gitops", "deploy-key", ...renew)).code, 0);
    assert.equal(await Deno.readTextFile(knownHosts), kept);
    assert.equal((await provision("--tags", "gitops")).code, 0);
  });

  Deno.test("another branch changes the branch alone", async () => {
    await edit("apps/wiki/overlays/lab/kustomization.yaml", /count: 1/, "count: 2");
    await push("Two of wiki", "next");
    const before = await standing();
    await set("git_branch", "nowhere");
    const none = await provision("--tags", "gitops");
    assert.equal(none.code, 1);
    assert.match(none.stderr, /There is no branch nowhere in ssh:/);
    await set("git_branch", "next");
    const run = await provision("--tags", "gitops");
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(changedTasks(run), ["n1: Follow the repository"]);
    assert.deepEqual(await changes(before), ["GitRepository/flux-system"]);
    await waitFor(async () => (await podsOf(n1(), "wiki")).length === 2, {
      limit: 60,
      what: "the branch's two pods",
      interval: 500,
    });
  });

  Deno.test("gitops sync looks now, where Flux would look in an hour", async () => {
    await set("gitops_interval", "1h");
    assert.equal((await provision("--tags", "gitops")).code, 0);
    const before = (await fluxRows()).get("GitRepository/flux-system")?.revision;
    await edit("apps/wiki/overlays/lab/kustomization.yaml", /count: 2/, "count: 1");
    const commit = await push("One of wiki", "next");
    assert.equal((await fluxRows()).get("GitRepository/flux-system")?.revision, before);
    const sync = await heard("gitops", "sync");
    assert.equal(sync.code, 0, sync.stderr);
    assert.ok(sync.stderr.includes(`The cluster is at next@${commit.slice(0, 7)}.`), sync.stderr);
  });

  Deno.test("doctor finds a controller that was stopped, and provision starts it again", async () => {
    await kubectl(n1(), "-n flux-system scale deployment source-controller --replicas=0");
    const { code, lines } = await checks();
    assert.equal(code, 1);
    assert.match(lines.get("flux") ?? "", /^fail source-controller: it is scaled to 0 .*provision/);
    const run = await provision("--tags", "gitops");
    assert.equal(run.code, 0, run.stderr);
    assert.match((await checks()).lines.get("flux") ?? "", /^ok 2 controllers/);
  });

  Deno.test("no credential came out", async () => {
    const key = (await Deno.readTextFile(keyFile)).split("\n")[2]!;
    const token = (await Deno.readTextFile(tokenFile)).trim();
    const more = {
      "the deploy key": { text: key, file: keyFile },
      "the token": { text: token, file: tokenFile },
    };
    assert.deepEqual(await findSecrets(hosts(), { output, processes: "", more }), []);
  });
}
