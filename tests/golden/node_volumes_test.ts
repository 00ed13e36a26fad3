/** What `node show` says of the volumes on a host that names directories for them. */
import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { CLUSTER, inHomelab, INVENTORY } from "./homelab.ts";

const PATHS = "storage_paths: [{path: /srv/volumes, class: fast}]";
const inventory = INVENTORY.replace("100.64.0.1}", `100.64.0.1, ${PATHS}}`);

function volume(name: string, node: string, spec: object = {}) {
  const values = [node];
  const rule = { key: "kubernetes.io/hostname", operator: "In", values };
  return {
    metadata: { name, uid: name },
    spec: {
      capacity: { storage: "10Gi" },
      storageClassName: "fast",
      claimRef: { namespace: "default", name: "db" },
      local: { path: `/srv/volumes/${name}_default_db` },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [rule] }] } },
      ...spec,
    },
    status: { phase: "Bound" },
  };
}

const routes = {
  ...CLUSTER,
  "/api/v1/persistentvolumes": () => ({
    items: [
      volume("pvc-1", "nuc"),
      volume("pvc-2", "nuc", { claimRef: null, capacity: null, storageClassName: "\u001b[31mx" }),
      volume("pvc-3", "pi"),
      volume("nfs", "nuc", { local: null, nfs: { server: "x", path: "/y" } }),
      volume("free", "nuc", { nodeAffinity: null }),
    ],
  }),
};

Deno.test("node show lists the volumes on a host with storage_paths, and their sizes", async () => {
  const { code, stdout, stderr } = await inHomelab(["node", "show", "nuc"], { routes, inventory });
  assert.equal(code, 0, stderr);
  const table = stdout.slice(stdout.indexOf("VOLUME"));
  assert.equal(
    table,
    `VOLUME  CLAIM       CLASS  SIZE  STATUS  PATH
pvc-1   default/db  fast   10Gi  Bound   /srv/volumes/pvc-1_default_db
pvc-2   -           x         -  Bound   /srv/volumes/pvc-2_default_db
`,
  );
});

Deno.test("node show -o json has them as its schema says", async () => {
  const { stdout } = await inHomelab(["node", "show", "nuc", "-o", "json"], { routes, inventory });
  const { volumes } = DOCUMENTS.Node.parse(JSON.parse(stdout));
  assert.deepEqual(volumes?.map(({ name, size }) => [name, size]), [
    ["pvc-1", 10 * 2 ** 30],
    ["pvc-2", null],
  ]);
});

Deno.test("without an answer the variables are shown, and why no volumes are", async () => {
  const { code, stdout, stderr } = await inHomelab(["node", "show", "nuc"], {
    inventory,
    noKubeconfig: true,
  });
  assert.equal(code, 0);
  assert.match(stdout, /^nuc +storage_paths /m);
  assert.doesNotMatch(stdout, /VOLUME/);
  assert.match(stderr, /Its volumes could not be read: /);
});

Deno.test("a host without storage_paths is shown without asking the cluster", async () => {
  const asked = { "/api/v1/persistentvolumes": () => assert.fail("nobody asked for volumes") };
  const { code, stdout } = await inHomelab(["node", "show", "pi"], { routes: asked, inventory });
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /VOLUME/);
});
