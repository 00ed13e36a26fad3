import assert from "node:assert/strict";
import { parse } from "yaml";
import { UserError } from "../../src/errors/user_error.ts";
import { mergeKubeconfig, readEntry, standaloneKubeconfig } from "../../src/kubeconfig/merge.ts";
import { k3sKubeconfig } from "./kubeconfig_fixture.ts";

const HOMELAB = { contextName: "homelab" };

const PERSONAL = `# my clusters
apiVersion: v1
kind: Config
current-context: work # the day job
preferences:
  colors: true
extensions:
- name: tool
  extension: {a: 1}
clusters:
- name: work
  cluster:
    server: https://work.example.com
    certificate-authority-data: V09SSw==
    tls-server-name: odd # keep
contexts:
- name: work
  context: {cluster: work, user: ada, namespace: dev}
users:
# from the admins
- name: ada
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: get-token
`;

function refused(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, 2);
    return error.message;
  }
  assert.fail("it was not refused");
}

Deno.test("without a kubeconfig one is made, with the context as the current one", () => {
  const result = mergeKubeconfig("", k3sKubeconfig(), HOMELAB);
  assert.deepEqual(parse(result.text), {
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    clusters: [{
      name: "homelab",
      cluster: { "certificate-authority-data": "QUJD", server: "https://100.64.0.1:6443" },
    }],
    users: [{
      name: "homelab",
      user: { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" },
    }],
    contexts: [{ name: "homelab", context: { cluster: "homelab", user: "homelab" } }],
    "current-context": "homelab",
  });
  assert.equal(result.replaced, false);
  assert.equal(result.current, "homelab");
});

Deno.test("everything that was there stays: comments, order, unknown fields, current context", () => {
  const { text, current } = mergeKubeconfig(PERSONAL, k3sKubeconfig(), HOMELAB);
  const kept = text.split("\n");
  let at = -1;
  for (const line of PERSONAL.trimEnd().split("\n")) {
    const found = kept.indexOf(line, at + 1);
    assert.ok(found > at, `this line is gone or moved: ${line}\n${text}`);
    at = found;
  }
  assert.equal(current, "work");
  const contexts = parse(text).contexts.map(({ name }: { name: string }) => name);
  assert.deepEqual(contexts.toSorted(), ["homelab", "work"]);
});

Deno.test("the current context changes when that is asked for", () => {
  const options = { ...HOMELAB, setCurrent: true };
  const { text, current } = mergeKubeconfig(PERSONAL, k3sKubeconfig(), options);
  assert.equal(current, "homelab");
  assert.equal(parse(text)["current-context"], "homelab");
});

Deno.test("a second merge changes nothing, not even the layout", () => {
  const first = mergeKubeconfig(PERSONAL, k3sKubeconfig(), HOMELAB);
  const second = mergeKubeconfig(first.text, k3sKubeconfig(), HOMELAB);
  assert.deepEqual(second, { ...first, changed: false, replaced: true });
});

Deno.test("renewed credentials replace the old ones and what contradicts them", () => {
  const first = mergeKubeconfig(PERSONAL, k3sKubeconfig(), HOMELAB).text
    .replace("client-key-data: S0VZ", "client-key-data: S0VZ\n    token: old\n    as: someone")
    .replace("cluster: homelab\n", "cluster: homelab\n    namespace: mine\n");
  const { text } = mergeKubeconfig(first, k3sKubeconfig({ certificate: "TkVX" }), HOMELAB);
  const config = parse(text);
  assert.deepEqual(config.users[1], {
    name: "homelab",
    user: { "client-certificate-data": "TkVX", "client-key-data": "S0VZ", as: "someone" },
  });
  assert.equal(config.contexts[1].context.namespace, "mine");
  assert.equal(config.clusters.length, 2);
});

Deno.test("a cluster installed anew at the same address is the same cluster", () => {
  const first = mergeKubeconfig("", k3sKubeconfig(), HOMELAB).text;
  const { text } = mergeKubeconfig(first, k3sKubeconfig({ authority: "TkVX" }), HOMELAB);
  assert.equal(parse(text).clusters[0].cluster["certificate-authority-data"], "TkVX");
});

Deno.test("another cluster's context of that name is refused, unless forced", () => {
  const work = { contextName: "work" };
  assert.match(
    refused(() => mergeKubeconfig(PERSONAL, k3sKubeconfig(), work)),
    /has work already, for https:\/\/work\.example\.com; nothing was written/,
  );
  const { text, replaced } = mergeKubeconfig(PERSONAL, k3sKubeconfig(), { ...work, force: true });
  assert.equal(replaced, true);
  const config = parse(text);
  assert.equal(config.clusters[0].cluster.server, "https://100.64.0.1:6443");
  assert.equal(config.clusters[0].cluster["tls-server-name"], "odd");
  assert.deepEqual(config.contexts[0].context, {
    cluster: "work",
    user: "work",
    namespace: "dev",
  });
});

Deno.test("a context or user of that name that leads elsewhere is refused", () => {
  const shared = PERSONAL.replace("name: work\n  context:", "name: homelab\n  context:");
  assert.match(
    refused(() => mergeKubeconfig(shared, k3sKubeconfig(), HOMELAB)),
    /for the cluster work/,
  );
  assert.match(
    refused(() => mergeKubeconfig(PERSONAL, k3sKubeconfig(), { contextName: "ada" })),
    /a user of another context/,
  );
});

Deno.test("what is not understood is refused before anything is written", () => {
  for (const broken of ["{", "a: 1\na: 2", "- 1\n", "clusters: 7\n", "\t- x: y"]) {
    assert.match(refused(() => mergeKubeconfig(broken, k3sKubeconfig(), HOMELAB)), /nothing was/);
  }
  for (
    const broken of ["", "nonsense", "contexts: []", k3sKubeconfig().replace("user: default", "")]
  ) {
    assert.match(refused(() => readEntry(broken)), /control plane's kubeconfig/);
  }
});

Deno.test("a kubeconfig alone carries the names asked for", () => {
  const config = parse(standaloneKubeconfig(k3sKubeconfig(), HOMELAB));
  assert.equal(config["current-context"], "homelab");
  assert.equal(config.contexts[0].name, "homelab");
});

Deno.test("null lists, as kubectl writes an empty kubeconfig, are filled", () => {
  const empty = "apiVersion: v1\nclusters: null\ncontexts: null\nkind: Config\nusers: null\n";
  const config = parse(mergeKubeconfig(empty, k3sKubeconfig(), HOMELAB).text);
  assert.equal(config.clusters.length, 1);
  const flow = "{apiVersion: v1, clusters: [], contexts: [], users: []}\n";
  assert.equal(parse(mergeKubeconfig(flow, k3sKubeconfig(), HOMELAB).text).users.length, 1);
});
