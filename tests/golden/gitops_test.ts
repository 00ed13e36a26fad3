import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { type Route, statusError } from "../cluster/fake_api_server.ts";
import { gitRepository, kustomization, REVISION } from "../gitops/flux/flux_fixture.ts";
import { assertGolden } from "./golden.ts";
import { CLUSTER, inHomelab, INVENTORY, NOW } from "./homelab.ts";

const SOURCES = "/apis/source.toolkit.fluxcd.io/v1";
const KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";
const BROKEN = {
  ready: "False",
  reason: "BuildFailed",
  message: "kustomize build failed: accumulating resources:\naccumulating resources from " +
    "'deployment.yaml': MalformedYAMLError: yaml: line 3 in File: deployment.yaml\u001b[2J",
} as const;

/** A repository with four apps: one well, one broken, one at work, one stopped. */
const FLUX: Readonly<Record<string, Route>> = {
  ...CLUSTER,
  [`${SOURCES}/gitrepositories`]: () => ({ items: [gitRepository()] }),
  [`${SOURCES}/buckets`]: () => statusError(403, "Forbidden", "buckets is forbidden"),
  [KUSTOMIZATIONS]: () => ({
    items: [
      kustomization("web", BROKEN),
      kustomization("flux-system", { spec: { path: "./clusters/homelab" } }),
      kustomization("blog"),
      kustomization("jobs", { ready: "Unknown", reason: "Progressing", message: "at work" }),
      kustomization("old", { spec: { suspend: true } }),
    ],
  }),
};
const WITH_REPOSITORY = INVENTORY.replace(
  "cluster_name: homelab",
  "cluster_name: homelab\n    git_repo_url: https://git.example/homelab.git",
);

Deno.test("gitops status shows sources and apps, and what Flux says of a broken one, whole", async () => {
  for (const format of ["table", "wide", "json", "yaml", "name"]) {
    const options = { routes: FLUX, inventory: WITH_REPOSITORY };
    const { code, stdout, stderr } = await inHomelab(["gitops", "status", "-o", format], options);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Bucket objects could not be read: buckets is forbidden\.$/m);
    await assertGolden(`gitops-status.${format}.txt`, stdout);
    if (format === "json") DOCUMENTS.GitopsStatus.parse(JSON.parse(stdout));
  }
});

Deno.test("gitops status says where Flux follows something else than the inventory", async () => {
  for (
    const [url, warning] of [
      ["ssh://git@git.example/other.git", /Warning: Flux follows https:\/\/git\.example\/homelab/],
      [
        "https://git.example/homelab.git\n    git_branch: next",
        /Flux follows \S+ \(main\), but the/,
      ],
    ] as const
  ) {
    const inventory = INVENTORY.replace("homelab\n", `homelab\n    git_repo_url: ${url}\n`);
    const { stderr } = await inHomelab(["gitops", "status"], { routes: FLUX, inventory });
    assert.match(stderr, warning);
  }
});

Deno.test("without Flux, without the cluster: what to do, and the code says so", async () => {
  const missing = await inHomelab(["gitops", "status"]);
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /Flux is not installed in this cluster\nHint: .*git_repo_url/);
  const refused = await inHomelab(["gitops", "status"], {
    routes: { [`${SOURCES}/gitrepositories`]: () => statusError(401, "Unauthorized", "no") },
  });
  assert.equal(refused.code, 4);
  assert.equal((await inHomelab(["gitops", "status"], { noKubeconfig: true })).code, 3);
});

/** A cluster whose Flux answers a request to look at its next turn: `after` is what it finds. */
function syncing(after: { web?: Parameters<typeof kustomization>[1]; revision?: string }) {
  const requests = new Map<string, string>();
  let revision = REVISION;
  const handled = (path: string) => ({ lastHandledReconcileAt: requests.get(path) });
  const patch = (path: string): Route => async (_, request) => {
    assert.equal(request.method, "PATCH");
    const { metadata } = await request.json();
    requests.set(path, metadata.annotations["reconcile.fluxcd.io/requestedAt"]);
    if (path === "source") revision = after.revision ?? REVISION;
    return Response.json({});
  };
  const applied = (name: string, fields: Parameters<typeof kustomization>[1] = {}) =>
    requests.has(name)
      ? kustomization(name, {
        ...fields,
        status: { lastAppliedRevision: revision, ...handled(name), ...fields.status },
      })
      : kustomization(name);
  const one = (kind: string) => kind.replace("/v1/", "/v1/namespaces/flux-system/");
  const routes: Record<string, Route> = {
    ...CLUSTER,
    [`${SOURCES}/gitrepositories`]: () => ({
      items: [gitRepository("flux-system", {
        status: { artifact: { revision }, ...handled("source") },
      })],
    }),
    [KUSTOMIZATIONS]: () => ({ items: [applied("flux-system"), applied("web", after.web)] }),
    [one(`${SOURCES}/gitrepositories/flux-system`)]: patch("source"),
    [one(`${KUSTOMIZATIONS}/flux-system`)]: patch("flux-system"),
    [one(`${KUSTOMIZATIONS}/web`)]: patch("web"),
  };
  return { routes, requests };
}

Deno.test("gitops sync asks for all of it and follows it to the new revision", async () => {
  const { routes, requests } = syncing({ revision: "main@sha1:feedface0000" });
  const { code, stdout, stderr } = await inHomelab(["gitops", "sync", "-o", "json"], { routes });
  assert.equal(code, 0, stderr);
  assert.deepEqual([...requests.keys()], ["source", "flux-system", "web"]);
  const document = DOCUMENTS.GitopsSync.parse(JSON.parse(stdout));
  assert.equal(document.revision, "main@sha1:feedface0000");
  assert.ok(document.finished);
  assert.match(stderr, /^Kustomization web: ready, main@feedfac$/m);
  assert.match(stderr, /^The cluster is at main@feedfac\.$/m);
});

Deno.test("gitops sync says what is new, and what was removed", async () => {
  const { routes, requests } = syncing({ revision: "main@sha1:feedface0000" });
  const both = routes[KUSTOMIZATIONS]!;
  const { stderr } = await inHomelab(["gitops", "sync"], {
    routes: {
      ...routes,
      [KUSTOMIZATIONS]: (...asked) => {
        const { items } = both(...asked) as { items: { metadata: { name: string } }[] };
        const gone = requests.has("flux-system");
        return { items: items.filter(({ metadata }) => !gone || metadata.name !== "web") };
      },
    },
  });
  assert.match(stderr, /^Kustomization web: removed$/m);
  assert.doesNotMatch(stderr, /main@1a2b3c4/);
});

Deno.test("gitops sync ends with 1 and Flux' message where an app fails", async () => {
  const { routes } = syncing({ web: BROKEN });
  const { code, stdout } = await inHomelab(["gitops", "sync"], { routes });
  assert.equal(code, 1);
  assert.match(stdout, /^Kustomization web failed \(BuildFailed\):\n {2}kustomize build failed/m);
  assert.match(stdout, /in File: deployment\.yaml$/m);
});

Deno.test("gitops sync leaves what is suspended alone and says so", async () => {
  const { routes, requests } = syncing({ web: {} });
  const stopped = kustomization("web", { spec: { suspend: true } });
  const { code, stderr } = await inHomelab(["gitops", "sync"], {
    routes: {
      ...routes,
      [KUSTOMIZATIONS]: () => ({ items: [stopped] }),
    },
  });
  assert.equal(code, 0);
  assert.ok(!requests.has("web"));
  assert.match(stderr, /Kustomization web is suspended and was not synced/);
});

Deno.test("gitops sync ends when its time is up", async () => {
  const { routes } = syncing({ web: { ready: "Unknown", reason: "Progressing" } });
  let now = NOW;
  const { code, stderr } = await inHomelab(["gitops", "sync", "--timeout", "30"], {
    routes,
    context: { clock: { now: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) } },
  });
  assert.equal(code, 1);
  assert.ok(now >= NOW + 30_000 && now < NOW + 35_000);
  assert.match(stderr, /The sync is not finished yet/);
});

Deno.test("gitops sync without the source says what to do", async () => {
  const { code, stderr } = await inHomelab(["gitops", "sync"], {
    routes: { ...CLUSTER, [KUSTOMIZATIONS]: () => ({ items: [] }) },
  });
  assert.equal(code, 1);
  assert.match(stderr, /no GitRepository flux-system\/flux-system.*\nHint: .*--tags gitops/);
});

const CONTROLLERS = "/apis/apps/v1/namespaces/flux-system/deployments";

function controller(name: string, available: "True" | "False") {
  const message = "Deployment does not have minimum availability.";
  return {
    metadata: { name },
    status: { conditions: [{ type: "Available", status: available, message }] },
  };
}

Deno.test("doctor looks at Flux's controllers and its revision, where a repository is named", async () => {
  const lines = async (options: Parameters<typeof inHomelab>[1]) => {
    const { stdout } = await inHomelab(["doctor"], options);
    return stdout.split("\n").filter((line) =>
      /^\S \S+ +(flux|repository|applied|gitops) /.test(line)
    );
  };
  const both = ["source-controller", "kustomize-controller"];
  const all = (available: "True" | "False") => () => ({
    items: both.map((name) => controller(name, available)),
  });
  const inventory = WITH_REPOSITORY;
  assert.deepEqual(await lines({ routes: FLUX }), [], "no repository is named");
  assert.deepEqual(await lines({ inventory, routes: { ...FLUX, [CONTROLLERS]: all("True") } }), [
    "✓ ok    flux              2 controllers are ready",
    "✓ ok    repository        main@1a2b3c4 of https://git.example/homelab.git",
    "! warn  applied           1 of 5 failed: web",
  ]);
  const [down] = await lines({ inventory, routes: { ...FLUX, [CONTROLLERS]: all("False") } });
  assert.match(down!, /✗ fail {2}flux +source-controller: Deployment does not have minimum/);
  const stopped = { ...controller("source-controller", "True"), spec: { replicas: 0 } };
  const [none] = await lines({
    inventory,
    routes: { ...FLUX, [CONTROLLERS]: () => ({ items: [stopped] }) },
  });
  assert.match(none!, /✗ fail {2}flux +source-controller: it is scaled to 0 pods/);
  assert.deepEqual(await lines({ inventory }), [
    "! warn  gitops            not checked: http://SERVER answered " + CONTROLLERS +
    " with 404: the server could not find the requested resource",
  ]);
});
