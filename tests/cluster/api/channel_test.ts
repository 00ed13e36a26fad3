import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { openChannel } from "../../../src/cluster/api/channel.ts";
import type { Channel } from "../../../src/cluster/api/kubernetes_api.ts";
import { type ClusterOf, type ServedChannel, withChannels } from "../channel_server.ts";

/** Milliseconds between two questions, where they matter. */
const OFTEN = 100;

function open(port: number, pingMs?: number): Promise<Channel> {
  return openChannel(new URL(`ws://127.0.0.1:${port}/`), {
    protocols: ["v4.channel.k8s.io"],
    headers: {},
    agent: undefined,
    tls: {},
    signal: new AbortController().signal,
    ...pingMs === undefined ? {} : { pingMs },
    refusal: () => Promise.reject(new Error("refused")),
  });
}

/** Runs a test with a channel to a server, which does something with it. */
async function withChannel(
  serve: (socket: WebSocket) => void,
  test: (channel: Channel) => Promise<void>,
  { autoPong = true, pingMs }: { readonly autoPong?: boolean; readonly pingMs?: number } = {},
): Promise<void> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, autoPong });
  server.on("connection", serve);
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    await test(await open((server.address() as AddressInfo).port, pingMs));
  } finally {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
}

Deno.test("what comes right behind the answer is not lost", async () => {
  const server = new Worker(new URL("hasty_server.ts", import.meta.url), { type: "module" });
  const port = await new Promise<number>((resolve) =>
    server.onmessage = ({ data }) => resolve(data)
  );
  try {
    for (let time = 0; time < 200; time++) {
      const messages = await Array.fromAsync((await open(port)).messages());
      assert.deepEqual(messages.map(({ number }) => number), [0, 1]);
    }
  } finally {
    server.terminate();
  }
});

Deno.test("what was said before the end is read, though somebody still sends", async () => {
  for (const end of ["close", "terminate"] as const) {
    const ended = Promise.withResolvers<void>();
    await withChannel((socket) => {
      socket.once("close", () => ended.resolve());
      socket.send(new Uint8Array([3, 1]), () => socket[end]());
    }, async (channel) => {
      await ended.promise;
      for (let time = 0; time < 3; time++) await channel.send(4, new Uint8Array(1));
      const numbers: number[] = [];
      try {
        for await (const { number } of channel.messages()) numbers.push(number);
      } catch {
        // It broke off after that.
      }
      assert.deepEqual(numbers, [3], end);
    });
  }
});

Deno.test("a connection that breaks is an error, one that is closed is not", async () => {
  const read = (channel: Channel) => Array.fromAsync(channel.messages());
  await withChannel((socket) => socket.on("message", () => socket.terminate()), async (channel) => {
    await channel.send(0, new Uint8Array(1));
    await assert.rejects(read(channel), /was lost/);
  });
  await withChannel((socket) => socket.close(), async (channel) => {
    assert.deepEqual(await read(channel), []);
  });
  await withChannel(() => {}, async (channel) => {
    const all = read(channel);
    channel.close();
    assert.deepEqual(await all, []);
  });
});

Deno.test("a server that answers nothing any more is noticed", async () => {
  await withChannel(() => {}, async (channel) => {
    await assert.rejects(Array.fromAsync(channel.messages()), /was lost/);
  }, { autoPong: false, pingMs: OFTEN });
});

Deno.test("who reads slowly is not taken for a server that is gone", async () => {
  const messages = 200;
  const asked = Promise.withResolvers<void>();
  await withChannel((socket) => {
    let questions = 0;
    socket.on("ping", () => ++questions === 3 && asked.resolve());
    socket.once("close", asked.resolve);
    for (let number = 0; number < messages; number++) socket.send(Buffer.alloc(100_000));
  }, async (channel) => {
    let count = 0;
    for await (const _ of channel.messages()) {
      // The answers to these questions wait behind the messages.
      if (count++ === 0) await asked.promise;
      if (count === messages) channel.close();
    }
    assert.equal(count, messages);
    // Longer than a busy machine takes from a question to its answer.
  }, { pingMs: 1_000 });
});

Deno.test("a channel goes the way the kubeconfig says", async () => {
  const asked: string[] = [];
  const proxy = createServer().on("connect", ({ url }, client) => {
    asked.push(url!);
    const [, port] = url!.split(":");
    const server = connect({ host: "127.0.0.1", port: Number(port) }, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(server).pipe(client);
    });
    for (const side of [client, server]) {
      side.on("error", () => {}).on("close", () => server.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port: proxyPort } = proxy.address() as AddressInfo;
  const unverified = { "insecure-skip-tls-verify": true };
  const ways: readonly ClusterOf[] = [
    ({ port }) => ({ server: `https://127.0.0.1:${port}`, ...unverified }),
    ({ port }) => ({
      server: `https://127.0.0.1:${port}`,
      "proxy-url": `http://127.0.0.1:${proxyPort}`,
      ...unverified,
    }),
    // The certificate has another name than the server.
    ({ port, authority }) => ({
      server: `https://localhost:${port}`,
      "tls-server-name": "kubernetes",
      "certificate-authority-data": authority,
    }),
  ];
  const echo = async (channel: ServedChannel) => channel.send(...await channel.next());
  for (const cluster of ways) {
    await withChannels(() => echo, async (api) => {
      const channel = await api.open("/", { protocols: ["v4.channel.k8s.io"] });
      await channel.send(3, new Uint8Array([7]));
      for await (const { number, bytes } of channel.messages()) {
        assert.deepEqual([number, ...bytes], [3, 7]);
        break;
      }
      channel.close();
    }, { cluster });
  }
  assert.equal(asked.length, 1);
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
});
