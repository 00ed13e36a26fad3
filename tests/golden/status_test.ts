import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { statusError } from "../cluster/fake_api_server.ts";
import { nodeObject } from "../cluster/objects_fixture.ts";
import { gitRepository, kustomization } from "../gitops/flux/flux_fixture.ts";
import { tailscaleSays } from "../tailscale/status_fixture.ts";
import { assertGolden } from "./golden.ts";
import { CLUSTER, inHomelab } from "./homelab.ts";

Deno.test("status shows every node, and what is in trouble", async () => {
  for (const format of ["table", "wide", "json", "yaml", "name"]) {
    const { code, stdout, stderr } = await inHomelab(["status", "-o", format]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Warning: The Tailscale key of pi expires in 4 days;/);
    await assertGolden(`status.${format}.txt`, stdout);
  }
});

Deno.test("status -o json is what its schema says, whatever is missing", async () => {
  const gone = tailscaleSays({ code: 1, stderr: "failed to connect" });
  const options = [{}, { noKubeconfig: true }, { runner: gone }, { inventory: "all: [" }];
  for (const each of options) {
    const { stdout } = await inHomelab(["status", "-o", "json"], each);
    DOCUMENTS.Status.parse(JSON.parse(stdout));
  }
});

Deno.test("without the cluster the inventory and the tailnet are shown, and the code says so", async () => {
  const missing = await inHomelab(["status"], { noKubeconfig: true });
  assert.equal(missing.code, 3);
  await assertGolden("status-without-kubeconfig.txt", missing.stdout + missing.stderr);

  const routes = { "/api/v1/nodes": () => statusError(401, "Unauthorized", "Unauthorized") };
  const refused = await inHomelab(["status", "-o", "json"], { routes });
  assert.equal(refused.code, 4);
  const document = JSON.parse(refused.stdout);
  assert.equal(document.reachable, false);
  assert.deepEqual(
    document.nodes.map(({ name, status }: { name: string; status: string }) => [name, status]),
    [["nuc", "Unknown"], ["dgx", "Unreachable"], ["pi", "Unknown"], ["attic", "Unknown"]],
  );
  assert.match(refused.stderr, /does not accept the credentials/);
});

Deno.test("without the tailnet the cluster's own word counts", async () => {
  const runner = tailscaleSays({ code: 1, stderr: "failed to connect" });
  const { code, stdout, stderr } = await inHomelab(["status"], { runner });
  assert.equal(code, 0);
  assert.match(stdout, /^dgx +worker +Unreachable 11m /m);
  assert.match(stdout, /Kubelet stopped posting node status/);
  assert.match(stderr, /The tailnet could not be read/);
});

Deno.test("while this machine is cut off itself, the tailnet's word on others is not taken", async () => {
  const { TAILNET } = await import("./homelab.ts");
  const tailnet = JSON.parse(TAILNET);
  tailnet.Self.Online = false;
  for (const peer of Object.values(tailnet.Peer) as { Online: boolean }[]) peer.Online = false;
  const { stdout } = await inHomelab(["status"], { tailnet: JSON.stringify(tailnet) });
  assert.match(stdout, /^nuc +control-plane +Ready /m);
});

Deno.test("a cluster without any host of the inventory is suspicious", async () => {
  const routes = {
    ...CLUSTER,
    "/api/v1/nodes": () => ({ items: [nodeObject("other", { ip: "10.0.0.1" })] }),
  };
  const { stderr } = await inHomelab(["status"], { routes });
  assert.match(stderr, /No node of this cluster is in the inventory/);
});

Deno.test("unknown use is not shown as zero", async () => {
  const {
    "/apis/metrics.k8s.io/v1beta1/nodes": _,
    "/api/v1/nodes/nuc/proxy/stats/summary": __,
    ...routes
  } = CLUSTER;
  const { stdout, stderr } = await inHomelab(["status"], { routes });
  assert.doesNotMatch(stdout, /\b0%/);
  assert.match(stdout, /^nuc .* \?\/3\.5 +\?\/7Gi +\?\/100Gi /m);
  assert.match(stdout, /CPU \? {2}Mem \?/);
  assert.match(stderr, /Disk usage is unknown: the kubelets do not answer/);
  assert.match(stderr, /CPU and memory usage is unknown: no metrics-server in the cluster/);
});

Deno.test("looking needs no place of the tool's own", async () => {
  for (const command of ["status", "discover", "doctor"]) {
    const state = "/dev/null";
    const { stderr } = await inHomelab([command], {
      context: { directories: { home: "/proc/nonexistent", config: state, cache: state, state } },
    });
    assert.doesNotMatch(stderr, /^Error:/m);
  }
});

Deno.test("status says how GitOps stands, where Flux is there", async () => {
  const uid = (object: ReturnType<typeof kustomization>) => ({
    ...object,
    metadata: { ...object.metadata, uid: `uid-${object.metadata.name}` },
  });
  const routes = {
    ...CLUSTER,
    "/apis/source.toolkit.fluxcd.io/v1/gitrepositories": () => ({ items: [uid(gitRepository())] }),
    "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations": () => ({
      items: [
        uid(
          kustomization("web", { ready: "False", reason: "BuildFailed", message: "no such file" }),
        ),
        uid(kustomization("flux-system")),
      ],
    }),
  };
  const { stdout, code } = await inHomelab(["status"], { routes });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^GitOps: main@1a2b3c4 applied 30m ago\. .* Applied: 1 of 2 ready, 1 failed \(web\)\./m,
  );
  const { gitops } = DOCUMENTS.Status.parse(
    JSON.parse((await inHomelab(["status", "-o", "json"], { routes })).stdout),
  );
  assert.deepEqual([gitops.installed, gitops.state, gitops.items.length], [true, "failed", 3]);
  assert.equal(gitops.items.find(({ name }) => name === "web")?.message, "no such file");
  const refused = {
    ...routes,
    "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations": () => statusError(403, "Forbidden", ""),
    "/apis/source.toolkit.fluxcd.io/v1/gitrepositories": () => statusError(403, "Forbidden", ""),
  };
  const unknown = await inHomelab(["status"], { routes: refused });
  assert.match(unknown.stdout, /^GitOps: not known\.$/m);
  assert.match(unknown.stderr, /^not allowed to list git repositories$/m);
});

Deno.test("status NODE… shows those nodes alone, and names the others for one that is not there", async () => {
  const named = await inHomelab(["status", "pi", "nuc", "-o", "name"]);
  assert.equal(named.stdout, "nuc\npi\n");
  const { code, stdout, stderr } = await inHomelab(["status", "nuk"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /There is no node nuk, neither in the inventory nor in the cluster/);
  assert.match(stderr, /There are: nuc, .*stray/);
});
