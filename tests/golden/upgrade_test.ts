import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import type { Route } from "../cluster/fake_api_server.ts";
import { sha256 } from "../../src/process/digest.ts";
import type { Answer } from "../process/fake_runner.ts";
import { tailscaleSays } from "../tailscale/status_fixture.ts";
import { CLUSTER, inHomelab, INVENTORY, TAILNET } from "./homelab.ts";

const TO = "v1.35.7+k3s1";

/** nuc and dgx with a pod each, and a budget that allows nothing. */
const NODE = (name: string, more: Record<string, unknown> = {}) => ({
  metadata: { name, ...more },
  status: {
    nodeInfo: { kubeletVersion: "v1.35.6+k3s1", architecture: "amd64" },
    conditions: [{ type: "Ready", status: "True" }],
  },
});
const POD = (node: string) => ({
  metadata: {
    name: `on-${node}`,
    namespace: "default",
    labels: { app: node },
    ownerReferences: [{ kind: "ReplicaSet", uid: node, controller: true }],
  },
  spec: { nodeName: node },
  status: { phase: "Running" },
});
const ROUTES: Readonly<Record<string, Route>> = {
  ...CLUSTER,
  "/api/v1/nodes": () => ({ items: [NODE("nuc"), NODE("dgx")] }),
  "/api/v1/pods": () => ({ items: [POD("nuc"), POD("dgx")] }),
  "/api/v1/persistentvolumes": () => ({ items: [] }),
  "/apis/policy/v1/poddisruptionbudgets": () => ({
    items: [{
      metadata: { name: "keep", namespace: "default" },
      spec: { selector: { matchLabels: { app: "dgx" } } },
      status: { disruptionsAllowed: 0 },
    }],
  }),
};

Deno.test("the plan is a table: order, versions, what is drained, and what holds it", async () => {
  const { code, stdout, stderr } = await inHomelab(["upgrade", "--check", "--to", TO], {
    routes: ROUTES,
  });
  assert.equal(code, 0, stderr);
  const cells = stdout.trim().split("\n").map((line) => line.split(/ {2,}/).map((c) => c.trim()));
  assert.deepEqual(cells.map((row) => row.filter((cell) => cell !== "")), [
    ["TURN", "NODE", "ROLE", "FROM", "TO", "DRAIN"],
    ["1", "nuc", "control-plane", "v1.35.6+k3s1", TO, "1 pod"],
    ["2", "dgx", "worker", "v1.35.6+k3s1", TO, "1 pod"],
  ]);
  assert.match(stderr, /nuc: default\/on-nuc: single replica/);
  assert.match(stderr, /dgx: default\/on-dgx: its budget keep allows no disruption now/);
  assert.match(stderr, /pi is not in the cluster and is left out/);
});

Deno.test("hosts with an old Tailscale are named; one that cannot be asked or says nonsense is not", async () => {
  const status = (version: string, latest?: string) =>
    JSON.stringify({
      BackendState: "Running",
      Self: null,
      Version: version,
      ClientVersion: latest === undefined ? { RunningLatest: true } : { LatestVersion: latest },
    });
  const said = async (answers: readonly Answer[]) => {
    const rest = [...answers];
    const { code, stderr } = await inHomelab(["upgrade", "--check", "--to", TO], {
      routes: ROUTES,
      runner: tailscaleSays(TAILNET).on(
        /^ssh .*tailscale status --json --peers=false$/,
        () => rest.shift() ?? { code: 255, stderr: "Connection refused" },
      ),
    });
    assert.equal(code, 0, stderr);
    return stderr.split("\n").filter((line) => /Tailscale is old/.test(line)).join("\n");
  };
  const old = { stdout: status("1.80.0-t1-g2", "1.98.1") };
  assert.match(
    await said([old, { stdout: status("1.98.1") }]),
    /Tailscale is old on nuc \(1\.80\.0, latest 1\.98\.1\); .*k3s-tool exec --limit nuc -- sudo tailscale update$/,
  );
  assert.match(await said([old, old]), /nuc \(1\.80\.0, latest 1\.98\.1\), \w+ \(/);
  assert.equal(await said([{ stdout: "nonsense" }, { stdout: '{"BackendState":1}' }]), "");
  assert.equal(await said([{ code: 1, stdout: status("1.80.0", "1.98.1") }]), "");
});

Deno.test("an old Flux and an old device plugin are named with how to upgrade them, and what cannot be read is not", async () => {
  const workload = (labels: object, image: string) => ({
    items: [{ metadata: { labels }, spec: { template: { spec: { containers: [{ image }] } } } }],
  });
  const said = async (flux: Route, plugin: Route) => {
    const { stderr } = await inHomelab(["upgrade", "--check", "--to", TO], {
      routes: {
        ...ROUTES,
        "/apis/apps/v1/namespaces/flux-system/deployments": flux,
        "/apis/apps/v1/namespaces/kube-system/daemonsets": plugin,
      },
    });
    return stderr.split("\n").filter((line) => /older than/.test(line));
  };
  const version = (value: string) => () => workload({ "app.kubernetes.io/version": value }, "x");
  const image = (value: string) => () => workload({}, value);
  const old = await said(
    version("v2.1.10"),
    image("nvcr.io/nvidia/k8s-device-plugin:v0.9.0@sha256:1"),
  );
  assert.match(old[0] ?? "", /Flux v2\.1\.10 is older than v2\..*k3s-tool provision/);
  assert.match(old[1] ?? "", /device plugin v0\.9\.0 is older than v0\..*k3s-tool provision/);
  assert.deepEqual(await said(version("v99.0.0"), image("mirror:5000/plugin:v99.0.0")), []);
  assert.deepEqual(await said(version("main"), image("mirror:5000/plugin")), []);
  assert.deepEqual(await said(() => new Response("no", { status: 403 }), () => ({ items: 1 })), []);
});

Deno.test("-o json of the plan is its document, also where it is refused", async () => {
  for (const [to, exit] of [[TO, 0], ["v1.37.0+k3s1", 1], ["v1.35.5+k3s1", 1]] as const) {
    const argv = ["upgrade", "--check", "--to", to, "-o", "json"];
    const { code, stdout, stderr } = await inHomelab(argv, { routes: ROUTES });
    assert.equal(code, exit, stderr);
    const plan = DOCUMENTS.UpgradePlan.parse(JSON.parse(stdout));
    assert.equal(plan.refusals.length, exit === 0 ? 0 : 2);
    assert.deepEqual(plan.items.map(({ node, to }) => [node, to]), [["nuc", to], ["dgx", to]]);
  }
});

Deno.test("a release that artifact_dir does not have whole is refused before anything is drained", async () => {
  const artifacts = await Deno.makeTempDir();
  try {
    const inventory = INVENTORY.replace("  vars:", `  vars:\n    artifact_dir: ${artifacts}`);
    const refused = async () => {
      const argv = ["upgrade", "--check", "--to", TO, "-o", "json"];
      const { stdout } = await inHomelab(argv, { routes: ROUTES, inventory });
      return DOCUMENTS.UpgradePlan.parse(JSON.parse(stdout)).refusals;
    };
    const images = "k3s-airgap-images-amd64.tar.zst";
    const put = (name: string, text: string) =>
      Deno.writeTextFile(`${artifacts}/${TO}/${name}`, text);
    const absent = async (names: string) => {
      const [refusal, ...more] = await refused();
      assert.deepEqual(more, []);
      assert.equal(refusal?.message, `${artifacts} (artifact_dir) has no ${names} of ${TO}`);
      assert.match(refusal!.hint, /artifacts download --k3s-version v1\.35\.7\+k3s1 --arch amd64$/);
    };
    await absent("sha256sum-amd64.txt");
    await Deno.mkdir(`${artifacts}/${TO}`);
    const line = async (name: string) => `${await sha256(name)}  ${name}\n`;
    await put("sha256sum-amd64.txt", await line("k3s") + await line(images));
    await absent(`k3s, ${images}`);
    await put("k3s", "another program");
    await put(images, images);
    await absent("k3s");
    await put("k3s", "k3s");
    assert.deepEqual(await refused(), []);
  } finally {
    await Deno.remove(artifacts, { recursive: true });
  }
});

Deno.test("where every node has the version nothing is done", async () => {
  const { code, stderr } = await inHomelab(["upgrade", "--yes"], { routes: ROUTES });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Every node runs v1\.35\.6\+k3s1/);
});

Deno.test("a refused upgrade and one that nobody agreed to write nothing", async () => {
  for (const [to, words] of [["v1.35.5+k3s1", /downgrade/], [TO, /--yes/]] as const) {
    const { code, stderr } = await inHomelab(["upgrade", "--to", to, "--no-input"], {
      routes: ROUTES,
    });
    assert.notEqual(code, 0);
    assert.match(stderr, words);
  }
});

/** A channel server that answers with this. */
async function withChannels(answer: () => Response, use: (url: string) => Promise<void>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  try {
    await use(`http://127.0.0.1:${server.addr.port}/channels`);
  } finally {
    await server.shutdown();
  }
}

const CHANNELS = [
  { name: "stable", latest: TO },
  { name: "latest", latest: "v1.37.0+k3s1" },
  { name: "v1.34", latest: "v1.34.9+k3s1" },
  { name: "v1.35", latest: "v1.35.6+k3s1" },
  { name: "testing", latest: null },
  { name: "evil\u001b[31m", latest: "v1.36.0+k3s1" },
  { name: "odd", latest: "v1.36.0+k3s1; rm -rf" },
];

Deno.test("--list says what each channel means for the cluster, and --to takes a channel", async () => {
  await withChannels(() => Response.json({ type: "collection", data: CHANNELS }), async (url) => {
    const listed = await inHomelab(["upgrade", "--list", "--channel-url", url, "-o", "json"], {
      routes: ROUTES,
    });
    assert.equal(listed.code, 0, listed.stderr);
    const { items } = DOCUMENTS.ReleaseList.parse(JSON.parse(listed.stdout));
    assert.deepEqual(items.map(({ channel, upgrade }) => [channel, upgrade]), [
      ["stable", "possible"],
      ["latest", "skips a minor version"],
      ["v1.34", "downgrade"],
      ["v1.35", "runs now"],
    ]);
    const argv = ["upgrade", "--check", "--to", "stable", "--channel-url", url, "-o", "json"];
    const plan = await inHomelab(argv, { routes: ROUTES });
    assert.equal(JSON.parse(plan.stdout).target, TO);
    const none = await inHomelab(["upgrade", "--check", "--to", "nope", "--channel-url", url], {
      routes: ROUTES,
    });
    assert.equal(none.code, 2);
    assert.match(none.stderr, /nope is neither a k3s release nor a channel/);
  });
});

Deno.test("a channel server that cannot be read is said so, with the way around it", async () => {
  const answers: readonly (() => Response)[] = [
    () => new Response("gone", { status: 503 }),
    () => new Response("<html>captive portal</html>"),
    () => new Response("[".repeat(2 << 20)),
    () => Response.json({ data: 1 }),
  ];
  for (const answer of answers) {
    await withChannels(answer, async (url) => {
      for (const argv of [["--list"], ["--check", "--to", "stable"]]) {
        const { code, stderr } = await inHomelab(["upgrade", ...argv, "--channel-url", url], {
          routes: ROUTES,
        });
        assert.equal(code, 4, stderr);
        assert.match(stderr, /cannot be read from http[^]*--to v1\.36/);
      }
    });
  }
});

Deno.test("a version or a batch that is none is wrong usage", async () => {
  for (const argv of [["--to", "latest-and-greatest"], ["--batch", "0"], ["--batch", "101%"]]) {
    const { code } = await inHomelab(["upgrade", "--check", ...argv], { routes: ROUTES });
    assert.equal(code, 2, argv.join(" "));
  }
});
