import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { runCommand } from "../cli/fake_context.ts";
import { statusError } from "../cluster/fake_api_server.ts";
import { tailscaleSays } from "../tailscale/status_fixture.ts";
import { assertGolden } from "./golden.ts";
import { CLUSTER, inHomelab } from "./homelab.ts";

Deno.test("discover shows every machine and where it belongs", async () => {
  for (const format of ["table", "wide", "json", "yaml", "name"]) {
    const { code, stdout, stderr } = await inHomelab(["discover", "-o", format]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    await assertGolden(`discover.${format}.txt`, stdout);
  }
});

Deno.test("discover -o json is what its schema says", async () => {
  for (const options of [{}, { noKubeconfig: true }]) {
    const { stdout } = await inHomelab(["discover", "-o", "json"], options);
    DOCUMENTS.PeerList.parse(JSON.parse(stdout));
  }
});

Deno.test("discover filters", async () => {
  const names = async (...argv: string[]) =>
    (await inHomelab(["discover", "-o", "name", ...argv])).stdout.trim().split("\n");
  assert.deepEqual(await names("--offline"), ["dgx"]);
  assert.deepEqual(await names("--os", "ios"), ["phone"]);
  assert.deepEqual(await names("--tag", "server"), ["nuc"]);
  assert.deepEqual(await names("--owner", "grace"), ["nas"]);
  assert.deepEqual(await names("--unjoined"), ["ws", "nas", "phone"]);
  assert.deepEqual(await names("n*", "--online"), ["nas", "nuc"]);
  const none = await inHomelab(["discover", "nobody"]);
  assert.deepEqual([none.code, none.stdout], [0, ""]);
  assert.match(none.stderr, /No machine of the tailnet matches/);
  assert.equal((await inHomelab(["discover", "--online", "--offline"])).code, 2);
});

Deno.test("discover says what it could not compare with, and shows the rest", async () => {
  const alone = await inHomelab(["discover", "pi", "stray"], { noKubeconfig: true });
  assert.equal(alone.code, 0);
  await assertGolden("discover-without-kubeconfig.txt", alone.stdout + alone.stderr);

  const forbidden = { ...CLUSTER, "/api/v1/nodes": () => statusError(403, "Forbidden", "no") };
  const refused = await inHomelab(["discover", "pi"], { routes: forbidden });
  assert.equal(refused.code, 0);
  assert.match(refused.stderr, /The cluster cannot be read: .* may not do this/);

  const broken = await inHomelab(["discover", "pi"], { inventory: "all: [" });
  assert.equal(broken.code, 0);
  assert.match(broken.stderr, /The inventory could not be read/);
  assert.match(broken.stdout, /^pi .* unknown/m);
});

Deno.test("discover without a tailnet fails with a code of its own", async () => {
  const missing = await runCommand(["discover"], {
    env: { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent/tailscaled.sock" },
  });
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /Tailscale is not installed/);
  const runner = tailscaleSays({ code: 1, stderr: "failed to connect to local tailscaled" });
  const down = await inHomelab(["discover", "-o", "json"], { runner });
  assert.equal(down.code, 4);
  assert.equal(JSON.parse(down.stdout).kind, "Error");
});

Deno.test("a real tailnet with hostile names is shown harmless", async () => {
  const tailnet = await Deno.readTextFile(
    new URL("../tailscale/testdata/status-1.100.json", import.meta.url),
  );
  assert.match(tailnet, /\\u001b/);
  for (const format of ["wide", "json", "yaml"]) {
    const { stdout } = await inHomelab(["discover", "-o", format], { tailnet });
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    if (format === "wide") await assertGolden("discover-hostile.txt", stdout);
  }
});
