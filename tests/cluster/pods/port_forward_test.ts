import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  forwardPort,
  forwardPorts,
  type ForwardState,
} from "../../../src/cluster/pods/port_forward.ts";
import type { ObjectReference } from "../../../src/cluster/api/requests.ts";
import type { KubernetesApi } from "../../../src/cluster/api/kubernetes_api.ts";
import {
  type ReconnectingApi,
  reconnectingApi,
} from "../../../src/cluster/api/reconnecting_api.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import { settled } from "../../process/fake_clock.ts";
import { waitForValue } from "../../terminal/wait_for_value.ts";
import { type Answer, type ServedChannel, withChannels } from "../channel_server.ts";

const SERVICE: ObjectReference = { kind: "Service", namespace: "shop", name: "web" };
const POD: ObjectReference = { kind: "Pod", namespace: "shop", name: "web-1" };
const PORT = 80;

const service = {
  metadata: { name: "web" },
  spec: {
    type: "ClusterIP",
    selector: { app: "web" },
    ports: [
      { name: "http", port: PORT, targetPort: "web" },
      { name: "dns", port: 53, protocol: "UDP" },
      { port: 443, targetPort: 8443 },
      { port: 9000 },
    ],
  },
};

function pod(name: string, { ready = true, ending = false } = {}) {
  return {
    metadata: { name, ...ending ? { deletionTimestamp: "2026-11-27T00:00:00Z" } : {} },
    spec: { containers: [{ ports: [{ name: "web", containerPort: 8080 }] }] },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

/** A cluster with the Service and some pods. */
function cluster(...pods: readonly ReturnType<typeof pod>[]) {
  return {
    "/api/v1/namespaces/shop/services/web": service,
    "/api/v1/namespaces/shop/pods": { items: pods },
  };
}

/** Answers each message of the client with the pod's name before it. */
async function echo(channel: ServedChannel): Promise<void> {
  const port = Buffer.alloc(2);
  port.writeUInt16LE(Number(channel.url.searchParams.get("ports")));
  channel.send(0, port);
  channel.send(1, port);
  const name = channel.url.pathname.split("/").at(-2)!;
  while (channel.socket.readyState === channel.socket.OPEN) {
    const [number, bytes] = await channel.next();
    assert.equal(number, 0);
    if (bytes.toString() === "bye") return channel.socket.close();
    channel.send(0, `${name}:${port.readUInt16LE()}:${bytes}`);
  }
}

/** Runs a test against a forwarded port, which is stopped at its end. */
async function forwarding(
  {
    object = SERVICE,
    port = PORT,
    answer = () => echo,
    objects = cluster(pod("web-1")),
    over = (api) => api,
  }: {
    readonly object?: ObjectReference;
    readonly port?: number;
    readonly answer?: (url: URL) => Answer;
    readonly objects?: Readonly<Record<string, unknown>>;
    /** Puts something between the forwarded port and the API server. */
    readonly over?: (api: KubernetesApi) => KubernetesApi;
  },
  test: (forward: {
    readonly state: () => ForwardState;
    readonly connect: (hostname?: string) => Promise<Deno.TcpConn>;
    readonly stop: () => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await withChannels(answer, async (api) => {
    const abort = new AbortController();
    const { state, done } = await begin(over(api), { object, port }, abort.signal);
    const stop = async () => {
      abort.abort();
      await done;
    };
    const own = Number(state().address.split(":")[1]);
    const connect = (hostname = "127.0.0.1") => Deno.connect({ hostname, port: own });
    try {
      await test({ state, connect, stop });
    } finally {
      await stop();
    }
    await assert.rejects(connect(), Deno.errors.ConnectionRefused);
  }, { objects });
}

async function begin(
  api: KubernetesApi,
  from: { readonly object: ObjectReference; readonly port: number },
  signal: AbortSignal,
) {
  let latest: ForwardState;
  const listening = Promise.withResolvers<void>();
  const done = forwardPort(api, from, {
    signal,
    tell: (state) => {
      latest = state;
      listening.resolve();
    },
  });
  await Promise.race([listening.promise, done]);
  return { state: () => latest, done };
}

async function ask(connection: Deno.TcpConn, text: string): Promise<string> {
  await connection.write(new TextEncoder().encode(text));
  return await read(connection);
}

async function read(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(1000);
  const size = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, size ?? 0));
}

/** Waits for what is told now and then. */
async function until(is: () => boolean): Promise<void> {
  assert.ok(await waitForValue(() => Promise.resolve(is() || undefined)));
}

Deno.test("connections to the local port go to a ready pod of the Service, and are counted", async () => {
  const objects = cluster(
    pod("web-0", { ready: false }),
    pod("web-e", { ending: true }),
    pod("web-1"),
  );
  await forwarding({ objects }, async ({ state, connect }) => {
    assert.match(state().address, /^127\.0\.0\.1:(?!80$)\d+$/);
    assert.equal(state().pod, "web-1");
    using one = await connect();
    using other = await connect();
    assert.equal(await ask(one, "a"), "web-1:8080:a");
    assert.equal(await ask(other, "b"), "web-1:8080:b");
    assert.equal(await ask(one, "c"), "web-1:8080:c");
    await until(() => state().sent === 3 && state().received === 36);
    const { open, connections } = state();
    assert.deepEqual([open, connections], [2, 2]);
    await one.write(new TextEncoder().encode("bye"));
    assert.equal(await read(one), "");
    await until(() => state().open === 1);
  });
});

Deno.test("a Service's port leads to its target port in the pod", async () => {
  const cases = [[80, 8080], [443, 8443], [9000, 9000]] as const;
  for (const [port, target] of cases) {
    await forwarding({ port }, async ({ connect }) => {
      using connection = await connect();
      assert.equal(await ask(connection, "a"), `web-1:${target}:a`);
    });
  }
});

Deno.test("a client that has said all still gets the answer; one that leaves ends its channel", async () => {
  const said = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const answer = () => async (channel: ServedChannel) => {
    channel.socket.once("close", () => ended.resolve());
    channel.send(0, new Uint8Array([80, 0]));
    const [, bytes] = await channel.next();
    await said.promise;
    channel.send(0, `answer to ${bytes}`);
  };
  await forwarding({ answer }, async ({ connect }) => {
    const connection = await connect();
    await connection.write(new TextEncoder().encode("question"));
    await connection.closeWrite();
    await settled(); // the other end hears of it
    said.resolve();
    assert.equal(await read(connection), "answer to question");
    connection.close();
    await ended.promise;
  });
});

Deno.test("a lot of bytes go both ways on several connections at a time, and come back whole", async () => {
  const answer = () => async (channel: ServedChannel) => {
    channel.send(0, new Uint8Array([80, 0]));
    while (true) channel.send(0, (await channel.next())[1]);
  };
  await forwarding({ object: POD, answer }, async ({ state, connect }) => {
    const size = 3_000_000;
    const transfer = async () => {
      using connection = await connect();
      const bytes = crypto.getRandomValues(new Uint8Array(65_536));
      const sent = Buffer.concat(Array.from({ length: 50 }, () => bytes)).subarray(0, size);
      const sending = (async () => {
        for (let at = 0; at < size;) at += await connection.write(sent.subarray(at));
      })();
      const received = Buffer.alloc(size);
      for (let at = 0; at < size;) {
        const count = await connection.read(received.subarray(at));
        assert.ok(count !== null, `ended after ${at} bytes`);
        at += count;
      }
      await sending;
      assert.ok(received.equals(sent));
    };
    await Promise.all([1, 2, 3, 4].map(transfer));
    await until(() => state().sent === 4 * size && state().received === 4 * size);
    assert.equal(state().problem, undefined);
  });
});

Deno.test("a server that goes away is told, and the next connection tries again", async () => {
  let breaks = true;
  const answer = () => async (channel: ServedChannel) => {
    if (!breaks) return await echo(channel);
    await channel.next();
    channel.socket.terminate();
  };
  await forwarding({ object: POD, answer }, async ({ state, connect }) => {
    using lost = await connect();
    assert.equal(await ask(lost, "a"), "");
    await until(() => state().problem !== undefined);
    assert.equal(state().problem, "the connection was lost");
    breaks = false;
    using next = await connect();
    assert.equal(await ask(next, "a"), "web-1:80:a");
    await next.write(new TextEncoder().encode("bye"));
    await until(() => state().problem === undefined && state().open === 0);
  });
});

Deno.test("when the screen connects anew, open connections stay and new ones are made", async () => {
  let reconnecting: ReconnectingApi | undefined;
  const over = (api: KubernetesApi) => {
    // Who made the server closes it.
    return reconnecting = reconnectingApi(() =>
      Promise.resolve({ ...api, close: () => Promise.resolve() })
    );
  };
  await forwarding({ over }, async ({ connect }) => {
    using before = await connect();
    assert.equal(await ask(before, "a"), "web-1:8080:a");
    reconnecting!.drop();
    assert.equal(await ask(before, "b"), "web-1:8080:b");
    using after = await connect();
    assert.equal(await ask(after, "c"), "web-1:8080:c");
  });
});

Deno.test({
  name: "no other address of this machine leads there",
  // Only Linux has all of 127.0.0.0/8.
  ignore: Deno.build.os !== "linux",
  async fn() {
    await forwarding({}, async ({ connect }) => {
      await assert.rejects(connect("127.0.0.2"), Deno.errors.ConnectionRefused);
    });
  },
});

Deno.test("when the pod goes, the next connection goes to another one", async () => {
  const gone = new Set<string>();
  const objects = cluster(pod("web-1"));
  const answer = (url: URL): Answer =>
    gone.has(url.pathname.split("/").at(-2)!) ? { status: 404, message: "not found" } : echo;
  await forwarding({ objects, answer }, async ({ state, connect }) => {
    using before = await connect();
    assert.equal(await ask(before, "a"), "web-1:8080:a");
    gone.add("web-1");
    objects["/api/v1/namespaces/shop/pods"] = { items: [pod("web-2")] };
    using after = await connect();
    assert.equal(await ask(after, "b"), "web-2:8080:b");
    await until(() => state().pod === "web-2");
  });
});

Deno.test("what the pod's side complains about is told, and it goes on listening", async () => {
  const answer = () => (channel: ServedChannel) => {
    channel.send(0, new Uint8Array([80, 0]));
    channel.send(1, new Uint8Array([80, 0]));
    channel.send(1, "error forwarding port 8080: connect: connection refused\u001b[2J");
    channel.socket.close();
  };
  await forwarding({ object: POD, answer }, async ({ state, connect }) => {
    for (let time = 1; time <= 2; time++) {
      using connection = await connect();
      assert.equal(await read(connection), "");
      await until(() => state().connections === time && state().problem !== undefined);
      const { problem } = state();
      assert.match(problem!, /^error forwarding port 8080: connect: connection refused/);
      assert.ok(!problem!.includes("\u001b"));
    }
  });
});

Deno.test("the port of the same number is used where it is free, and said where it is not", async () => {
  const held = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = held.addr as Deno.NetAddr;
  await withChannels(() => echo, async (api) => {
    for (const isTaken of [true, false]) {
      if (!isTaken) held.close();
      const abort = new AbortController();
      const { state, done } = await begin(api, { object: POD, port }, abort.signal);
      assert.equal(state().isTaken, isTaken);
      assert.equal(state().address === `127.0.0.1:${port}`, !isTaken);
      abort.abort();
      await done;
    }
  });
});

Deno.test("why nothing can be forwarded is said before anything listens", async () => {
  const cases: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [cluster(), /No pod of Service shop\/web is ready/],
    [{}, /Service shop\/web is gone/],
    [
      {
        ...cluster(),
        "/api/v1/namespaces/shop/services/web": { spec: { ports: service.spec.ports } },
      },
      /Service shop\/web selects no pods/,
    ],
    [
      cluster({ ...pod("web-1"), spec: { containers: [] } }),
      /has a port called web/,
    ],
  ];
  for (const [objects, words] of cases) {
    await withChannels(() => assert.fail("no channel"), async (api) => {
      await assert.rejects(
        begin(api, { object: SERVICE, port: PORT }, new AbortController().signal),
        (error) => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, words);
          return true;
        },
      );
    }, { objects });
  }
});

Deno.test("who may not forward is told which right is missing", async () => {
  const message = 'pods "web-1" is forbidden: User "ada" cannot create resource "pods/portforward"';
  await forwarding({ answer: () => ({ status: 403, message }) }, async ({ state, connect }) => {
    using connection = await connect();
    assert.equal(await read(connection), "");
    await until(() => state().problem !== undefined);
    assert.match(state().problem!, /may not create pods\/portforward in the namespace shop/);
  });
});

Deno.test("ports that can be forwarded are those of TCP", () => {
  assert.deepEqual(forwardPorts(SERVICE, service), [
    { port: 80, name: "http" },
    { port: 443, name: "" },
    { port: 9000, name: "" },
  ]);
  assert.deepEqual(forwardPorts(POD, pod("web-1")), [{ port: 8080, name: "web" }]);
});
