import assert from "node:assert/strict";
import { podLog } from "../../../src/cluster/read/pod_log.ts";
import type { LogRequest } from "../../../src/cluster/api/requests.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import { withConnection } from "../api_fixture.ts";
import { statusError } from "../fake_api_server.ts";

const { signal } = new AbortController();
const PATH = "/api/v1/namespaces/default/pods/web/log";
const REQUEST: LogRequest = {
  namespace: "default",
  pod: "web",
  container: undefined,
  previous: false,
  tail: 100,
};

Deno.test("lines come as they are written, while the log is followed", async () => {
  const { promise: goOn, resolve } = Promise.withResolvers<void>();
  const encoder = new TextEncoder();
  const body = () =>
    new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(encoder.encode("one\ntw"));
        await goOn;
        controller.enqueue(encoder.encode("o\nhalf"));
        controller.close();
      },
    });
  await withConnection({ [PATH]: () => new Response(body()) }, async (api, { asked }) => {
    const seen: string[] = [];
    for await (const line of podLog(api, REQUEST, { signal })) {
      seen.push(line);
      if (line === "one") resolve();
    }
    assert.deepEqual(seen, ["one", "two", "half"]);
    assert.deepEqual(asked, [`${PATH}?tailLines=100&follow=true`]);
  });
});

Deno.test("a previous run is not followed; container and times are asked for", () =>
  withConnection({ [PATH]: () => new Response("old\n") }, async (api, { asked }) => {
    const request = { ...REQUEST, container: "app", previous: true, timestamps: true };
    assert.deepEqual(await Array.fromAsync(podLog(api, request, { signal })), ["old"]);
    assert.deepEqual(asked, [
      `${PATH}?tailLines=100&previous=true&container=app&timestamps=true`,
    ]);
  }));

Deno.test("an end is put to a log that goes on", async () => {
  const body = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("one\n")),
    });
  await withConnection({ [PATH]: () => new Response(body()) }, async (api) => {
    const abort = new AbortController();
    const reason = new Error("enough");
    const reading = (async () => {
      for await (const _ of podLog(api, REQUEST, { signal: abort.signal })) abort.abort(reason);
    })();
    await assert.rejects(reading, (error) => error === reason);
  });
});

// What Kubernetes 1.36 answers (pkg/kubelet/kubelet_pods.go, pkg/registry/core/pod/strategy.go).
const REFUSALS: readonly (readonly [number, string, RegExp])[] = [
  [
    400,
    'container "app" in pod "web" is waiting to start: ContainerCreating',
    /^The container app of web has not started yet: ContainerCreating$/,
  ],
  [
    400,
    'container "app" in pod "web" is waiting to start: trying and failing to pull image',
    /has not started yet: trying and failing to pull image$/,
  ],
  [
    400,
    'container "app" in pod "web" is waiting to start - no logs yet',
    /has not started yet: no logs yet$/,
  ],
  [400, "pod web does not have a host assigned", /^web has not started yet: /],
  [
    400,
    'previous terminated container "app" in pod "web" not found',
    /^The container app of web has no previous log$/,
  ],
  [
    400,
    "a container name must be specified for pod web, choose one of: [app proxy]",
    /^web has several containers: app, proxy$/,
  ],
  [400, 'container "app" in pod "web" is terminated', /has ended and left no log$/],
  [400, "container x is not valid for pod web", /refuses this for Pod default\/web: container x/],
  [403, 'pods "web" is forbidden', /^The kubeconfig's user may not get pods\/log in/],
  [404, 'pods "web" not found', /^Pod default\/web is gone$/],
  [
    500,
    'Get "https://100.64.0.3:10250/containerLogs/default/web/app": dial tcp: i/o timeout',
    /^The node of web does not answer: /,
  ],
  [
    500,
    'Get "https://100.64.0.3:10250/containerLogs/default/web/app": tls: failed to verify ' +
    "certificate: x509: certificate is valid for 192.168.1.4, not 100.64.0.3",
    /^The kubelet's certificate is not valid for its address: /,
  ],
];

for (const [status, said, words] of REFUSALS) {
  Deno.test(`no log: ${said}`, () =>
    withConnection({ [PATH]: () => statusError(status, "", said) }, async (api) => {
      const error = await Array.fromAsync(podLog(api, REQUEST, { signal })).then(
        () => assert.fail("there was a log"),
        (error) => error,
      );
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, words);
      assert.ok(error.hint);
    }));
}
