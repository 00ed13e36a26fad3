/**
 * WebSockets to an API server: several streams on one connection, each message beginning with the number
 * of its stream (`channel.k8s.io`; Kubernetes `apimachinery/pkg/util/httpstream/wsstream`).
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type ClientOptions, createWebSocketStream, WebSocket } from "ws";
import type { Channel } from "./kubernetes_api.ts";

/**
 * Time between two questions whether the other side is still there, in milliseconds; one that is not
 * answered before the next ends the connection, which nobody would hear of otherwise.
 */
const PING_MS = 15_000;

/** How a connection ended that nobody closed (RFC 6455, 7.4.1). */
const BROKEN = 1006;

/** How a channel is opened. */
export interface ChannelOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: ClientOptions["agent"] | undefined;
  readonly protocols: readonly string[];
  /** Certificates and keys. */
  readonly tls: object;
  /** Gives the attempt up. */
  readonly signal: AbortSignal;
  readonly pingMs?: number;
  /** Makes an error of an answer that is no WebSocket. */
  readonly refusal: (answer: IncomingMessage) => Promise<Error>;
}

/** Opens a channel. @throws what `refusal` makes, or why there is no connection */
export async function openChannel(
  url: URL,
  { protocols, headers, agent, tls, signal, refusal, pingMs = PING_MS }: ChannelOptions,
): Promise<Channel> {
  const socket = new WebSocket(url, [...protocols], {
    ...tls,
    headers,
    ...agent === undefined ? {} : { agent },
    perMessageDeflate: false,
  });
  // Before it is open: the first messages can come in one packet with the answer. It reads no more than is
  // taken, and waits with what is sent until the other side takes it.
  const stream = createWebSocketStream(socket, { readableObjectMode: true });
  stream.on("error", () => {}); // thrown where it is read
  const opened = Promise.withResolvers<void>();
  socket.once("open", opened.resolve);
  socket.on("error", opened.reject);
  socket.once("unexpected-response", (_request, answer) => {
    refusal(answer).then(opened.reject, opened.reject);
  });
  const giveUp = () => socket.terminate();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    if (signal.aborted) giveUp();
    await opened.promise;
  } catch (error) {
    socket.terminate();
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  return channelOver(socket, { stream, pingMs });
}

function channelOver(
  socket: WebSocket,
  { stream, pingMs }: { readonly stream: Duplex; readonly pingMs: number },
): Channel {
  let isAlive = true;
  let left = false;
  let code = 0;
  for (const sign of ["pong", "message"]) socket.on(sign, () => isAlive = true);
  const timer = setInterval(() => {
    // An answer waits behind what nobody has read yet, and a question behind what was not taken yet.
    const isBusy = socket.isPaused || socket.bufferedAmount > 0;
    if (!isAlive && !isBusy) return socket.terminate();
    isAlive = isBusy;
    socket.ping();
  }, pingMs);
  socket.once("close", (closeCode) => {
    code = closeCode;
    clearInterval(timer);
  });
  return {
    send: (number, bytes) =>
      new Promise((resolve) => {
        const message = new Uint8Array(bytes.length + 1);
        message[0] = number;
        message.set(bytes, 1);
        // Not through the stream: where the other side has closed, its error would take away what was not read yet.
        socket.send(message, () => resolve());
      }),
    messages: async function* () {
      try {
        for await (const message of stream as AsyncIterable<Buffer>) {
          if (message.length > 0) yield { number: message[0]!, bytes: message.subarray(1) };
        }
        if (code === BROKEN) throw new Error("the connection was lost");
      } catch (error) {
        if (!left) throw error;
      }
    },
    close: () => {
      left = true;
      socket.close();
      stream.destroy();
    },
  };
}
