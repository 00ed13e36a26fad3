/**
 * An API server's WebSockets, over real TLS: streams on channels, and refusals.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { connect } from "../../src/cluster/api/connect.ts";
import type { KubernetesApi } from "../../src/cluster/api/kubernetes_api.ts";
import { withDirectory } from "../ansible/fake_system.ts";
import { certificate } from "./tls_fixture.ts";

/** The server's side of a channel. */
export interface ServedChannel {
  /** Path and query. */
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly protocols: readonly string[];
  readonly socket: WebSocket;
  send(number: number, text: string | Uint8Array): void;
  /** The next message: the number and the bytes. */
  next(): Promise<readonly [number, Buffer]>;
}

/** What a request for a channel comes to: a refusal, or who serves it. */
export type Answer =
  | { readonly status: number; readonly message: string }
  | ((channel: ServedChannel) => void | Promise<void>);

/** How a kubeconfig leads to a server: its `cluster`. */
export type ClusterOf = (server: { readonly port: number; readonly authority: string }) => object;

/** Runs a test against such a server; what serving a channel throws fails the test. */
export function withChannels(
  answer: (url: URL) => Answer,
  test: (api: KubernetesApi) => Promise<void>,
  { objects = {}, cluster }: {
    /** What is there, by path. */
    readonly objects?: Readonly<Record<string, unknown>>;
    /** Else by its address and authority. */
    readonly cluster?: ClusterOf;
  } = {},
): Promise<void> {
  return withDirectory(async (directory) => {
    const authority = await certificate(directory, 10);
    const server = createServer(await certificate(directory, 10, authority));
    server.on("request", (request, response) => {
      const found = objects[new URL(request.url!, "https://server").pathname];
      const said = { kind: "Status", reason: "NotFound", message: "not found", code: 404 };
      response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(found ?? said));
    });
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => [...offered][0]!,
    });
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {}); // awaited below
    const closed: Promise<void>[] = [];
    server.on("upgrade", (request, connection, head) => {
      const url = new URL(request.url!, "https://server");
      const what = answer(url);
      if (typeof what !== "function") {
        const body = JSON.stringify({ kind: "Status", ...what, code: what.status });
        connection.end(
          `HTTP/1.1 ${what.status} Refused\r\ncontent-type: application/json\r\n` +
            `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
        return;
      }
      sockets.handleUpgrade(request, connection, head, (socket) => {
        closed.push(new Promise((resolve) => socket.once("close", () => resolve())));
        const messages: (readonly [number, Buffer])[] = [];
        let wake: () => void = () => {};
        socket.on("message", (message: Buffer) => {
          messages.push([message[0]!, message.subarray(1)]);
          wake();
        });
        const channel: ServedChannel = {
          url,
          authorization: request.headers.authorization,
          protocols: String(request.headers["sec-websocket-protocol"]).split(/, */),
          socket,
          send: (number, text) =>
            socket.send(Buffer.concat([Buffer.of(number), Buffer.from(text)])),
          next: async () => {
            while (messages.length === 0) await new Promise<void>((resolve) => wake = resolve);
            return messages.shift()!;
          },
        };
        Promise.try(() => what(channel)).catch(failed.reject);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const base64 = Buffer.from(authority.cert).toString("base64");
    const text = JSON.stringify({
      clusters: [{
        name: "c",
        cluster: cluster?.({ port, authority: base64 }) ?? {
          server: `https://127.0.0.1:${port}`,
          "certificate-authority-data": base64,
        },
      }],
      users: [{ name: "u", user: { token: "secret-token" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    });
    const api = await connect({ file: "kubeconfig", context: "x", text }, { now: Date.now() });
    try {
      await Promise.race([test(api), failed.promise]);
      await Promise.all(closed);
    } finally {
      await api.close();
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
}
