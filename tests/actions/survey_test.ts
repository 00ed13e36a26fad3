import assert from "node:assert/strict";
import { connectTo, surveyInventory } from "../../src/actions/survey.ts";
import { storedKubeconfig } from "../../src/kubeconfig/store.ts";
import { fakeSystem, withDirectory } from "../ansible/fake_system.ts";
import { INVENTORY, writeInventory } from "../cli/ansible_machine.ts";
import { certificate, serverOf } from "../cluster/tls_fixture.ts";

/** The server that is asked, and the one that it stands in for. */
async function asked(directory: string, context?: string) {
  const system = fakeSystem(directory);
  const inventory = await surveyInventory(system, undefined);
  assert.ok(inventory.known);
  const api = await connectTo(system, {
    inventory: inventory.value,
    choice: context === undefined ? {} : { context },
  });
  await api.close();
  return { server: api.server, insteadOf: api.insteadOf };
}

Deno.test("R13 where the kubeconfig's server is gone, api_endpoint or the last run's server is asked", () =>
  withDirectory(async (directory) => {
    const authority = await certificate(directory, 30);
    const serve = await certificate(directory, 30, authority);
    const well = serverOf(serve, () => Response.json({}));
    const gone = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    gone.close();
    const goneUrl = `https://127.0.0.1:${gone.addr.port}`;
    const write = async (path: string, server: string, names = ["homelab"]) => {
      await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
      const cluster = { server, "certificate-authority-data": btoa(authority.cert) };
      await Deno.writeTextFile(
        path,
        JSON.stringify({
          clusters: names.map((name) => ({ name, cluster })),
          users: [{ name: "u", user: { token: "x" } }],
          contexts: names.map((name) => ({ name, context: { cluster: name, user: "u" } })),
          "current-context": names[0],
        }),
      );
    };
    // Nobody is asked outside this machine, and at these addresses nothing listens.
    const inventory = INVENTORY.replaceAll("100.64.0.", "127.255.0.")
      .replace("  vars:\n", "  vars:\n    tailscale_network: 127.0.0.0/8\n");
    const withEndpoint = (endpoint: string) =>
      writeInventory(
        directory,
        inventory.replace("  vars:\n", `  vars:\n    api_endpoint: "${endpoint}"\n`),
      );
    const personal = `${directory}/.kube/config`;
    try {
      await write(personal, goneUrl, ["homelab", "other"]);
      await withEndpoint(`127.0.0.1:${well.http.addr.port}`);
      assert.deepEqual(await asked(directory), { server: well.url, insteadOf: goneUrl });
      // Another cluster's context is never led to this cluster's endpoint.
      assert.deepEqual(await asked(directory, "other"), { server: goneUrl, insteadOf: undefined });
      // The kubeconfig's own server stays while it is well, whatever the endpoint does.
      await write(personal, well.url);
      await withEndpoint(`127.0.0.1:${gone.addr.port}`);
      assert.deepEqual(await asked(directory), { server: well.url, insteadOf: undefined });

      const file = await writeInventory(directory, inventory);
      await write(await storedKubeconfig(fakeSystem(directory), file), well.url);
      await write(personal, goneUrl);
      assert.deepEqual(await asked(directory), { server: well.url, insteadOf: goneUrl });
    } finally {
      await well.http.shutdown();
    }
  }));
