/**
 * A connection to the API server of a kubeconfig's context. Loads the Kubernetes client, which is
 * slow (0.3 s and more): import this module only where a cluster is asked.
 *
 * @module
 */

import { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { safeText } from "../../errors/safe_text.ts";
import { unreachableError, usageError, UserError } from "../../errors/user_error.ts";
import { decodeStatus } from "./api_protobuf.ts";
import {
  clientCertificateError,
  connectionError,
  isCertificateError,
  notKubernetes,
  tookTooLong,
} from "./api_errors.ts";
import { type Clock, machineClock } from "../../process/system.ts";
import { openChannel } from "./channel.ts";
import { CHOICE_MS, chooseServer } from "./choose_server.ts";
import type { KubeContext } from "../../kubeconfig/find_context.ts";
import {
  ApiError,
  type GetOptions,
  type KubernetesApi,
  limited,
  refusalOf,
} from "./kubernetes_api.ts";
import { LineSplitter } from "../../process/line_splitter.ts";

/** How long the server may take for one answer, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** How a connection is made. */
export interface ConnectOptions {
  /** Milliseconds since the epoch, to tell an expired certificate. */
  readonly now: number;
  /** How long the server may take for one answer, in milliseconds. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** Further servers of the same cluster, `https://100.64.0.2:6443`. */
  readonly others?: readonly string[];
  /** Gives the attempt up. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to the server of a context, or to another one of its cluster where that one does not
 * answer. Others are asked only where the kubeconfig says which authority they must have: each k3s
 * server has a certificate of the cluster's authority for its own address (k3s
 * `pkg/cluster/https.go`), so none but them hears of the credentials.
 *
 * @throws {UserError} exit code 2 where the kubeconfig is wrong, 4 where its credentials cannot be
 *   used or no server listens
 */
export async function connect(
  { file, context, text }: KubeContext,
  {
    now,
    timeoutMs = TIMEOUT_MS,
    clock = machineClock,
    others = [],
    signal = new AbortController().signal,
  }: ConnectOptions,
): Promise<KubernetesApi> {
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch (cause) {
    throw usageError(`The kubeconfig cannot be parsed: ${messageOf(cause)}`, {
      where: { file },
      cause,
    });
  }
  config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (!cluster || !config.getCurrentUser() || !URL.canParse(cluster.server)) {
    throw usageError(`The context ${safeText(context)} lacks a cluster with a server, or a user`, {
      where: { file },
      hint: "Fetch it again with: k3s-tool kubeconfig --force",
    });
  }
  const first = cluster.server.replace(/\/+$/, "");
  const access = { ...await credentials(config, { server: first, now }), timeoutMs, clock };
  const verified = first.startsWith("https:") && access.authority !== undefined &&
    !cluster.skipTLSVerify;
  const more = verified && cluster.proxyUrl === undefined ? others : [];
  const servers = [first, ...new Set(more).difference(new Set([first]))] as const;
  try {
    const server = servers.length === 1 ? first : await chooseServer(servers, {
      answers: (server, signal) => answers(requestsTo(server, access), signal),
      clock,
      signal,
      limitMs: Math.min(timeoutMs, CHOICE_MS),
    });
    const insteadOf = server === first ? undefined : first;
    return { server, insteadOf, ...requestsTo(server, access), close: access.close };
  } catch (error) {
    await access.close();
    throw error;
  }
}

type Requests = Pick<KubernetesApi, "get" | "lines" | "change" | "open">;

/** @throws where a server cannot answer for the cluster */
async function answers({ lines }: Requests, signal: AbortSignal): Promise<void> {
  try {
    await Array.fromAsync(lines("/readyz", { signal }));
  } catch (error) {
    // A refusal is an answer; a server that is not ready says so with 500 (its etcd is gone).
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
  }
}

/** What one server of the cluster can be asked. */
function requestsTo(
  server: string,
  { headers, dispatcher, authority, timeoutMs, clock, tls, agent }:
    & Awaited<ReturnType<typeof credentials>>
    & { readonly timeoutMs: number; readonly clock: Clock },
): Requests {
  const send = async (
    path: string,
    { query = {}, signal, decode, method = "GET", body, headers: own }: GetOptions & Init,
  ): Promise<Answer> => {
    const url = new URL(server + path);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
    // Not undici's `fetch`: under Deno 2.9 a read of its body never ends when the connection
    // breaks or the request is aborted.
    const answer = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      body: body ?? null,
      headers: { ...headers, accept: decode ? `${PROTOBUF}, ${JSON_FORM}` : JSON_FORM, ...own },
      signal: signal ?? null,
      headersTimeout: 0,
      bodyTimeout: 0, // a watch may be silent for as long as it likes
    });
    if (answer.statusCode < 200 || answer.statusCode > 299) throw await refusal(answer, path);
    return answer;
  };
  const translated = (error: unknown, signal: AbortSignal | undefined) =>
    toError(error, { signal, server, authority, timeoutMs });
  // undici hears of an abort only once it is connected, `limited` at once.
  const inTime = async <T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    try {
      const limit = { clock, ms: timeoutMs, signal, error: tookTooLong };
      return await limited(work, limit);
    } catch (error) {
      throw await translated(error, signal);
    }
  };
  const document = (path: string, options: GetOptions & Init = {}) =>
    inTime(
      options.signal,
      async (signal) => await contentOf(await send(path, { ...options, signal }), options.decode),
    );
  return {
    get: document,
    lines: async function* (path, options = {}) {
      const { signal } = options;
      // The limit holds until the answer begins, the signal as long as it goes on.
      const answer = await inTime(signal, (limit) => {
        const both = signal === undefined ? limit : AbortSignal.any([limit, signal]);
        return send(path, { ...options, headers: { accept: "*/*" }, signal: both });
      });
      try {
        yield* splitLines(answer.body);
      } catch (error) {
        throw await translated(error, signal);
      }
    },
    change: ({ method, path, body, patch = "merge", signal }) => {
      if (body === undefined) return document(path, { method, signal });
      const form = method === "PATCH" ? `application/${patch}-patch+json` : JSON_FORM;
      const headers = { "content-type": form };
      return document(path, { method, signal, headers, body: JSON.stringify(body) });
    },
    open: (path, { protocols, signal }) =>
      inTime(signal, (limit) =>
        openChannel(new URL(server.replace(/^http/, "ws") + path), {
          protocols,
          headers,
          agent,
          tls,
          signal: limit,
          refusal: async (answer) => {
            const said = await text(answer).then(JSON.parse).catch(() => undefined);
            const { statusCode: status = 500, statusMessage: otherwise } = answer;
            return refusalOf(said, { path, status, otherwise });
          },
        })),
  };
}

/** What a request is beside its path, query and signal. */
interface Init {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request carries, and what it trusts; an authority of undefined: what the system does. */
async function credentials(
  config: KubeConfig,
  { server, now }: { readonly server: string; readonly now: number },
) {
  const request = new RequestContext(server, HttpMethod.GET);
  try {
    await config.applySecurityAuthentication(request);
  } catch (cause) {
    throw unreachableError(`The kubeconfig's credentials cannot be used: ${messageOf(cause)}`, {
      hint: "Fetch a new kubeconfig with: k3s-tool kubeconfig",
      cause,
    });
  }
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  // What it says beside certificates is in the headers, too.
  const { agent, ...tls } = options;
  const expired = tls.cert === undefined
    ? undefined
    : clientCertificateError(String(tls.cert), now);
  if (expired !== undefined) throw expired;
  const authority = tls.ca === undefined ? undefined : String(tls.ca);
  const isProxied = config.getCurrentCluster()?.proxyUrl !== undefined;
  const proxied = isProxied ? request.getDispatcher() as Dispatcher | undefined : undefined;
  const direct = directAgent(tls);
  return {
    headers: request.getHeaders(),
    authority,
    dispatcher: proxied ?? direct.dispatcher,
    tls,
    agent: isProxied && typeof agent === "object" ? agent : undefined,
    close: async () => {
      await proxied?.destroy();
      await direct.close();
    },
  };
}

/**
 * An agent whose `close` also ends the connections that are still being made. undici leaves those
 * to their time limit, and the program would wait for them.
 */
function directAgent(tls: object) {
  // What client-node asks for: a keep-alive that comes before the patience of load balancers ends.
  const connector = buildConnector({ ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 });
  const underWay = new Set<Socket>();
  const dispatcher = new Agent({
    connect: (options, callback) => {
      // It returns the socket, though its type does not say so (undici `lib/core/connect.js`).
      const socket = connector(options, (...result) => {
        underWay.delete(socket);
        callback(...result);
      }) as unknown as Socket;
      underWay.add(socket);
    },
  });
  return {
    dispatcher,
    close: async () => {
      for (const socket of underWay) socket.destroy(new Error("The connection was given up"));
      await dispatcher.destroy();
    },
  };
}

type Answer = Dispatcher.ResponseData;

async function refusal(answer: Answer, path: string): Promise<ApiError> {
  const { statusCode: status, statusText } = answer;
  // Of a proxy's page, or nothing, the number says enough.
  const said = await contentOf(answer, decodeStatus).catch(() => undefined);
  return refusalOf(said, { path, status, otherwise: statusText || undefined });
}

const JSON_FORM = "application/json";

/** Kubernetes' own form of Protocol Buffers. */
const PROTOBUF = "application/vnd.kubernetes.protobuf";

/** The document of an answer, in the form of its JSON. @throws {SyntaxError | RangeError} */
async function contentOf(
  { headers, body }: Answer,
  decode: GetOptions["decode"],
): Promise<unknown> {
  const isProtobuf = String(headers["content-type"] ?? "").startsWith(PROTOBUF);
  return isProtobuf && decode !== undefined
    ? decode(new Uint8Array(await body.arrayBuffer()))
    : JSON.parse(await body.text());
}

async function toError(
  error: unknown,
  { signal, server, authority, timeoutMs }: {
    readonly signal: AbortSignal | undefined;
    readonly server: string;
    readonly authority: string | undefined;
    readonly timeoutMs: number;
  },
): Promise<unknown> {
  if (signal?.aborted) return signal.reason;
  if (error instanceof ApiError || error instanceof UserError) return error;
  const form = error instanceof SyntaxError
    ? "JSON"
    : error instanceof RangeError
    ? "Protocol Buffers"
    : undefined;
  if (form !== undefined) {
    const message = `${server} does not answer like a Kubernetes API server: not ${form}`;
    return notKubernetes(message, error);
  }
  const problem = isCertificateError(error) ? await tlsProblem(server, authority) : undefined;
  return connectionError(problem === undefined ? error : new Error(problem, { cause: error }), {
    server,
    timeoutMs,
  });
}

function messageOf(error: unknown): string {
  return safeText(error instanceof Error ? error.message.split("\n", 1)[0] ?? "" : String(error));
}

/** A line may be as long as this, in characters: an object of the API is at most 3 MiB. */
const LONGEST_LINE = 16 * 1024 * 1024;

/**
 * The lines of a stream, without their line breaks, as they come; the last one need not be ended.
 *
 * @throws for a line without an end
 */
async function* splitLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const splitter = new LineSplitter();
  for await (const bytes of body) {
    yield* splitter.push(bytes);
    if (splitter.rest.length > LONGEST_LINE) {
      throw new Error("a line of the response is too long");
    }
  }
  if (splitter.rest !== "") yield splitter.rest;
}

/** How long the question may take, in milliseconds. */
const LOOK_MS = 5_000;

/**
 * The TLS library's own words: `node:tls` under Deno says of everything that it is "unable to
 * verify the first certificate", while Deno's fetch names the reason (expired, unknown issuer).
 *
 * @param authority PEM of the certificate authority that is trusted; undefined: the system's
 * @returns undefined where the certificate is accepted after all, or no connection is made
 */
async function tlsProblem(
  server: string,
  authority: string | undefined,
): Promise<string | undefined> {
  using client = Deno.createHttpClient(authority === undefined ? {} : { caCerts: [authority] });
  try {
    const signal = AbortSignal.timeout(LOOK_MS);
    await (await fetch(`${server}/version`, { client, signal })).body?.cancel();
    return undefined;
  } catch (error) {
    const text = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    return /invalid peer certificate: ([^\n:]+)/.exec(text)?.[1];
  }
}
