import assert from "node:assert/strict";
import { readObject } from "../../../src/cluster/api/requests.ts";
import { ExitCode, UserError } from "../../../src/errors/user_error.ts";
import { withConnection } from "../api_fixture.ts";
import { statusError } from "../fake_api_server.ts";
import { nodeObject, podObject } from "../objects_fixture.ts";

const { signal } = new AbortController();
const reference = (kind: "Node" | "Pod" | "CronJob" | "Deployment" | "Event", name: string) => ({
  kind,
  namespace: kind === "Node" ? "" : "default",
  name,
});

Deno.test("an object is read whole, but for managedFields", () =>
  withConnection({ "/api/v1/nodes/nuc": () => nodeObject("nuc") }, async (api) => {
    const node = await readObject(api, reference("Node", "nuc"), { signal });
    const { managedFields: _, ...metadata } = nodeObject("nuc").metadata;
    assert.deepEqual(node, { ...nodeObject("nuc"), metadata });
  }));

Deno.test("each kind is asked for where it lies", () =>
  withConnection({}, async (api, { asked }) => {
    for (const kind of ["Pod", "Event", "Deployment", "CronJob"] as const) {
      await assert.rejects(readObject(api, reference(kind, "x"), { signal }), UserError);
    }
    assert.deepEqual(asked, [
      "/api/v1/namespaces/default/pods/x",
      "/api/v1/namespaces/default/events/x",
      "/apis/apps/v1/namespaces/default/deployments/x",
      "/apis/batch/v1/namespaces/default/cronjobs/x",
    ]);
  }));

Deno.test("gone, forbidden and not an object are said in words with the next step", () =>
  withConnection({
    "/api/v1/namespaces/default/pods/secretive": () =>
      statusError(403, "Forbidden", 'pods "secretive" is forbidden'),
    "/api/v1/namespaces/default/pods/odd": () => ["no object"],
    "/api/v1/namespaces/default/pods/fine": () => podObject("fine"),
  }, async (api) => {
    const failure = async (name: string) => {
      const error = await readObject(api, reference("Pod", name), { signal }).then(
        () => assert.fail("it was read"),
        (error) => error,
      );
      assert.ok(error instanceof UserError, String(error));
      assert.ok(error.hint);
      return [error.exitCode, error.message] as const;
    };
    assert.deepEqual(await failure("lost\u001b[2J"), [ExitCode.Failed, "Pod default/lost is gone"]);
    assert.deepEqual(await failure("secretive"), [
      ExitCode.Unreachable,
      "The kubeconfig's user may not get pods in the namespace default",
    ]);
    assert.match((await failure("odd"))[1], /does not answer .* with an object/);
    await readObject(api, reference("Pod", "fine"), { signal });
  }));

Deno.test("who wants no more gets the signal's reason", () =>
  withConnection({}, async (api) => {
    const reason = new Error("enough");
    await assert.rejects(
      readObject(api, reference("Pod", "x"), { signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
    );
  }));
