/**
 * What is committed runs, what is changed is changed, what is deleted goes: Flux follows a private repository over
 * HTTPS. The steps build on each other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "../cli/command.ts";
import { exampleImage, putExampleImage } from "../git/example_image.ts";
import { ROOT } from "../../../tasks/stage.ts";
import { history } from "../git/git_repository.ts";
import {
  addresses,
  ageKeyFile,
  checkout,
  deploy,
  edit,
  fluxRows,
  getObject,
  newApp,
  podsOf,
  push,
  repository,
  setUpGitOps,
  tokenFile,
} from "../git/gitops.ts";
import { exists, kubectl } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { fetchFrom, networkHoldsToPolicies, reaches } from "../network/network_policies.ts";
import { changedTasks, provision } from "../run_events.ts";
import { findSecrets, sampleProcesses } from "../secret_search.ts";
import type { Host } from "../state.ts";
import { tool, tryTool } from "../tool.ts";
import { waitFor } from "../wait.ts";
import { repositoryAccess } from "./gitops/access.ts";

/** A value of a Secret, which no file, log or event may show. */
const PASSWORD = "correct-horse-battery-staple";

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;
let output = "";

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 2 });
  await putExampleImage(hosts);
  await setUpGitOps(hosts);
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("gitops init keeps the private key outside the repository, for its owner alone", async () => {
  const { mode } = await Deno.stat(ageKeyFile);
  assert.equal((mode ?? 0) & 0o777, 0o600);
  const key = (await Deno.readTextFile(ageKeyFile)).match(/AGE-SECRET-KEY-\S+/)?.[0];
  assert.ok(key);
  assert.ok(!(await history(repository)).includes(key));
});

Deno.test("P13 P14 provision installs Flux, which follows the inventory's repository", async () => {
  const processes = sampleProcesses();
  const run = await provision();
  const seen = await processes.stop();
  output += run.stdout + run.stderr;
  for (const name of ["source-controller", "kustomize-controller"]) {
    const ready = await json(`-n flux-system deployment ${name}`);
    assert.equal(ready.status.availableReplicas, 1, name);
  }
  const source = await json("-n flux-system gitrepository flux-system");
  assert.equal(source.spec.url, addresses.https);
  assert.equal(source.spec.ref.branch, "main");
  const root = await json("-n flux-system kustomization flux-system");
  assert.equal(root.spec.path, "./clusters/lab");
  assert.equal(root.status.lastAppliedRevision, source.status.artifact.revision);
  const token = (await Deno.readTextFile(tokenFile)).trim();
  const more = {
    "the token": { text: token, file: tokenFile },
    "the age key": { text: await ageKey(), file: ageKeyFile },
  };
  assert.deepEqual(await findSecrets(hosts, { output, processes: seen, more }), []);
});

Deno.test("P17 a second run changes nothing", async () => {
  assert.deepEqual(changedTasks(await provision()), []);
});

Deno.test("P16 an app that is committed runs, in a namespace of its own", async () => {
  const args = ["--replicas", "1", "--config", "GREETING=hello"];
  output += await newApp("shop", { args, password: PASSWORD });
  await tool("gitops", "validate", checkout);
  const commit = await deploy("Add shop");
  const rows = await fluxRows();
  assert.equal(rows.get("Kustomization/shop")?.state, "ready");
  assert.ok(rows.get("GitRepository/flux-system")?.revision?.endsWith(commit));
  const shop = await json("-n shop deployment shop");
  assert.equal(shop.status.readyReplicas, 1);
  assert.match(await answerOf("shop"), /"pod":"shop-/);
});

Deno.test("its secret arrives decrypted", async () => {
  const { data } = await json("-n shop secret shop");
  assert.equal(atob(data.PASSWORD), PASSWORD);
});

Deno.test("a changed replica count is changed, and nothing else", async () => {
  await newApp("blog");
  await deploy("Add blog");
  const before = await pods("blog");
  await edit("apps/shop/overlays/lab/kustomization.yaml", /count: 1/, "count: 3");
  await deploy("More of shop");
  assert.equal((await json("-n shop deployment shop")).status.readyReplicas, 3);
  assert.deepEqual(await pods("blog"), before);
});

Deno.test("a broken manifest is reported with its file, and the rest is applied", async () => {
  const file = "apps/blog/base/deployment.yaml";
  const good = await Deno.readTextFile(join(checkout, file));
  await edit(file, "spec:", "spec: [");
  await edit("apps/shop/overlays/lab/kustomization.yaml", /count: 3/, "count: 2");
  const check = await tryTool("gitops", "validate", checkout);
  assert.equal(check.code, 2);
  assert.match(check.stderr, /apps\/blog\/base\/deployment\.yaml:\d+/);
  await push("Break blog");
  const sync = await tryTool("gitops", "sync");
  assert.equal(sync.code, 1, sync.stderr);
  const blog = (await fluxRows()).get("Kustomization/blog");
  assert.equal(blog?.state, "failed");
  assert.match(blog.message, /deployment\.yaml/);
  assert.match(await tool("gitops", "status"), /deployment\.yaml/);
  await waitFor(async () => (await json("-n shop deployment shop")).status.readyReplicas === 2, {
    limit: 60,
    what: "shop to have two pods all the same",
    interval: 500,
  });
  assert.ok(await exists(n1(), "-n blog deployment/blog"), "what ran of blog goes on running");
  await Deno.writeTextFile(join(checkout, file), good);
  await deploy("Mend blog");
  assert.equal((await fluxRows()).get("Kustomization/blog")?.state, "ready");
});

Deno.test("an app whose directory is deleted goes away, the others stay as they are", async () => {
  const before = await pods("shop");
  await Deno.remove(join(checkout, "apps", "blog"), { recursive: true });
  await deploy("Remove blog");
  await waitFor(async () => !await exists(n1(), "namespace/blog"), {
    limit: 90,
    what: "the namespace blog to be gone",
    interval: 500,
  });
  assert.deepEqual(await pods("shop"), before);
  assert.ok(!(await fluxRows()).has("Kustomization/blog"));
});

Deno.test("no secret is in clear in Git, logs or events", async () => {
  const secrets = {
    "the password": PASSWORD,
    "the age key": await ageKey(),
    "the token": (await Deno.readTextFile(tokenFile)).trim(),
  };
  const places = {
    Git: await history(repository),
    "source-controller's log": await kubectl(n1(), "-n flux-system logs deploy/source-controller"),
    "kustomize-controller's log": await kubectl(
      n1(),
      "-n flux-system logs deploy/kustomize-controller",
    ),
    events: await kubectl(n1(), "get events -A -o yaml"),
    "Flux's objects": await kubectl(n1(), "get gitrepositories,kustomizations -A -o yaml"),
    "the tool's output": output + await tool("gitops", "status", "-o", "json"),
  };
  for (const [place, text] of Object.entries(places)) {
    assert.ok(text.length > 0, place);
    for (const [name, secret] of Object.entries(secrets)) {
      assert.ok(!text.includes(secret), `${name} is in ${place}`);
    }
  }
});

Deno.test("the web app of the examples runs as it is committed, with an image of the lab's own", async () => {
  const app = join(checkout, "apps", "web");
  await run(["cp", "-r", join(ROOT, "examples", "apps", "web"), app]);
  await Deno.rename(join(app, "overlays", "homelab"), join(app, "overlays", "lab"));
  const { name, tag } = exampleImage;
  const image = "ghcr.io/stefanprodan/podinfo";
  const overlay = "apps/web/overlays/lab/kustomization.yaml";
  await edit(
    overlay,
    /name: (\S+)\n {4}newTag: \S+/,
    `name: $1\n    newName: ${name}\n    newTag: ${tag}`,
  );
  assert.ok((await Deno.readTextFile(join(checkout, overlay))).includes(image));
  await tool("gitops", "validate", checkout);
  await deploy("Add the example");
  const { spec, status } = await json("-n web deployment web");
  assert.equal(spec.template.spec.containers[0].image, `${name}:${tag}`);
  assert.equal(status.readyReplicas, 2);
  assert.match(await answerOf("web"), /"pod":"web-/);
  const ingress = await json("-n web ingress web");
  assert.equal(ingress.spec.rules[0].host, "web.example.com");
});

Deno.test("each app has a policy that keeps others out", async (test) => {
  await newApp("other");
  await deploy("Add other");
  for (const name of ["shop", "other", "web"]) {
    const { spec } = await json(`-n ${name} networkpolicy isolate`);
    assert.deepEqual([spec.podSelector, spec.policyTypes], [{}, ["Ingress", "Egress"]], name);
  }
  const from = (await json("-n other pods")).items[0];
  assert.ok(await reaches({ from, to: await address("other") }), "its own namespace");
  await kubectl(n1(), "run free --image=docker.io/lab/hello:1");
  await kubectl(n1(), "wait --for=condition=Ready pod/free --timeout=60s");
  const free = await json("pod free");
  await test.step({
    name: "a pod does not reach another app (ignored where the network holds to no policy at all)",
    ignore: !await networkHoldsToPolicies(n1(), free),
    fn: async () => {
      assert.equal(await reaches({ from, to: await address("shop") }), false);
    },
  });
});

repositoryAccess(() => hosts);

const json = (args: string) => getObject(n1(), args);
const pods = (namespace: string) => podsOf(n1(), namespace);
const address = async (name: string): Promise<string> =>
  `http://${(await json(`-n ${name} service ${name}`)).spec.clusterIP}/`;

/** What an app's Service answers to one of its own pods: the app's policy lets in nobody else but the ingress. */
async function answerOf(name: string): Promise<string> {
  const pod = (await json(`-n ${name} pods`)).items[0];
  return (await fetchFrom(pod, await address(name))).body;
}

async function ageKey(): Promise<string> {
  const key = (await Deno.readTextFile(ageKeyFile)).match(/AGE-SECRET-KEY-\S+/)?.[0];
  assert.ok(key);
  return key;
}
