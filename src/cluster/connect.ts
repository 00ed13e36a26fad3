/**
 * A connection to the API server of a kubeconfig's context. Loads the Kubernetes client, which is
 * slow (0.3 s and more): import this module only where a cluster is asked.
 *
 * @module
 */

import { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import { Agent, type Dispatcher } from "undici";
import * as z from "zod";
import { safeText } from "../errors/safe_text.ts";
import { unreachableError, usageError, UserError } from "../errors/user_error.ts";
import { decodeStatus } from "./api_protobuf.ts";
import { clientCertificateError, connectionError, isCertificateError } from "./api_errors.ts";
import type { KubeContext } from "./find_context.ts";
import { splitLines } from "./split_lines.ts";
import { tlsProblem } from "./tls_diagnosis.ts";
import { ApiError, type GetOptions, type KubernetesApi } from "./kubernetes_api.ts";

/** How long the server may take for one answer, in milliseconds. */
const TIMEOUT_MS = 15_000;

/**
 * Connects to the server of a context.
 *
 * @param options.now milliseconds since the epoch, to tell an expired certificate
 * @throws {UserError} exit code 2 where the kubeconfig is wrong, 4 where its credentials cannot be
 *   used
 */
export async function connect(
  { file, context }: KubeContext,
  { now, timeoutMs = TIMEOUT_MS }: { readonly now: number; readonly timeoutMs?: number },
): Promise<KubernetesApi> {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (cause) {
    throw usageError(`The kubeconfig is not understood: ${messageOf(cause)}`, {
      where: { file },
      cause,
    });
  }
  config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (!cluster || !config.getCurrentUser() || !URL.canParse(cluster.server)) {
    throw usageError(`The context ${safeText(context)} lacks a cluster with a server, or a user`, {
      where: { file },
      hint: "Fetch it anew with: k3s-tool kubeconfig --force",
    });
  }
  const server = cluster.server.replace(/\/+$/, "");
  const { headers, dispatcher, authority } = await credentials(config, { server, now });
  const request = async (
    path: string,
    { query = {}, signal, method = "GET", body, headers: own }: GetOptions & Init = {},
  ): Promise<Answer> => {
    const url = new URL(server + path);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
    // Holds until the answer begins; who reads all of it at once has `timeoutMs` for that too.
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(timeoutError()), timeoutMs);
    try {
      // Not undici's `fetch`: under Deno 2.9 a read of its body never ends when the connection
      // breaks or the request is aborted.
      const answer = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        body: body ?? null,
        headers: { ...headers, accept: "application/json", ...own },
        signal: AbortSignal.any([limit.signal, ...(signal ? [signal] : [])]),
        headersTimeout: 0,
        bodyTimeout: 0, // a watch may be silent for as long as it likes
      });
      if (answer.statusCode < 200 || answer.statusCode > 299) throw await refusal(answer, path);
      return answer;
    } catch (error) {
      throw await translate(limit.signal.aborted ? limit.signal.reason : error, signal);
    } finally {
      clearTimeout(timer);
    }
  };
  const translate = (error: unknown, signal: AbortSignal | undefined) =>
    toError(error, { signal, server, authority, timeoutMs });
  const document = async (path: string, options: GetOptions & Init = {}) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([limit, ...(options.signal ? [options.signal] : [])]);
    try {
      const { decode } = options;
      const headers = decode === undefined ? {} : { accept: `${PROTOBUF}, application/json` };
      const init = { ...options, headers: { ...headers, ...options.headers }, signal };
      return await read(await request(path, init), { server, decode });
    } catch (error) {
      throw await translate(limit.aborted ? limit.reason : error, options.signal);
    }
  };
  return {
    server,
    get: document,
    lines: async function* (path, options = {}) {
      try {
        const answer = await request(path, { ...options, headers: { accept: "*/*" } });
        yield* splitLines(answer.body);
      } catch (error) {
        throw await translate(error, options.signal);
      }
    },
    change: ({ method, path, body, patch = "merge", signal }) =>
      document(path, {
        method,
        ...(signal === undefined ? {} : { signal }),
        ...(body === undefined ? {} : {
          body: JSON.stringify(body),
          headers: {
            "content-type": method === "PATCH"
              ? `application/${patch}-patch+json`
              : "application/json",
          },
        }),
      }),
    close: () => dispatcher.destroy(),
  };
}

/** What a request is beside its path, query and signal. */
interface Init {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function timeoutError(): DOMException {
  return new DOMException("The answer took too long", "TimeoutError");
}

/** What a request carries, and what it trusts. */
interface Credentials {
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher;
  /** PEM; undefined: what the system trusts. */
  readonly authority: string | undefined;
}

async function credentials(
  config: KubeConfig,
  { server, now }: { readonly server: string; readonly now: number },
): Promise<Credentials> {
  const request = new RequestContext(server, HttpMethod.GET);
  try {
    await config.applySecurityAuthentication(request);
  } catch (cause) {
    throw unreachableError(`The kubeconfig's credentials cannot be used: ${messageOf(cause)}`, {
      hint: "Fetch a new kubeconfig with: k3s-tool kubeconfig",
      cause,
    });
  }
  const tls: { cert?: unknown; ca?: unknown } = {};
  await config.applyToHTTPSOptions(tls);
  const expired = tls.cert === undefined
    ? undefined
    : clientCertificateError(String(tls.cert), now);
  if (expired !== undefined) throw expired;
  const dispatcher = request.getDispatcher() as Dispatcher | undefined ?? new Agent();
  const authority = tls.ca === undefined ? undefined : String(tls.ca);
  return { headers: request.getHeaders(), dispatcher, authority };
}

const Status = z.object({
  reason: z.string().nullish(),
  message: z.string().nullish(),
  details: z.object({
    causes: z.array(z.object({ reason: z.string().nullish(), message: z.string().nullish() }))
      .nullish(),
  }).nullish(),
});

type Answer = Dispatcher.ResponseData;

async function refusal(answer: Answer, path: string): Promise<ApiError> {
  const body = new Uint8Array(await answer.body.arrayBuffer());
  let status: z.infer<typeof Status> = {};
  try {
    const said = isProtobuf(answer) ? decodeStatus(body) : JSON.parse(decodeText(body));
    status = Status.parse(said);
  } catch {
    // A proxy's page, or nothing: the number says enough.
  }
  // The message of a refused eviction says that there is a budget; which one, its cause says.
  const budgets = (status.details?.causes ?? []).flatMap(({ reason, message }) =>
    reason === "DisruptionBudget" && message ? [message] : []
  );
  const said = status.message ?? (answer.statusText || "no reason given");
  const message = [said, ...budgets].join(" ");
  return new ApiError(answer.statusCode, status.reason ?? "", message, path);
}

/** Kubernetes' own form of Protocol Buffers. */
const PROTOBUF = "application/vnd.kubernetes.protobuf";

function isProtobuf({ headers }: Answer): boolean {
  return String(headers["content-type"] ?? "").startsWith(PROTOBUF);
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The document of an answer, in the form of its JSON. */
async function read(
  answer: Answer,
  { server, decode }: {
    readonly server: string;
    readonly decode: GetOptions["decode"];
  },
): Promise<unknown> {
  const decoded = isProtobuf(answer) ? decode : undefined;
  const body = decoded === undefined
    ? await answer.body.text()
    : new Uint8Array(await answer.body.arrayBuffer());
  try {
    return typeof body === "string" ? JSON.parse(body) : decoded?.(body);
  } catch (cause) {
    const form = typeof body === "string" ? "JSON" : "Protocol Buffers";
    throw unreachableError(`${server} does not answer like a Kubernetes API server: not ${form}`, {
      hint: "Look at the server of the context with: kubectl config view",
      cause,
    });
  }
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
  const problem = isCertificateError(error) ? await tlsProblem(server, authority) : undefined;
  return connectionError(problem === undefined ? error : new Error(problem, { cause: error }), {
    server,
    timeoutMs,
  });
}

function messageOf(error: unknown): string {
  return safeText(error instanceof Error ? error.message.split("\n", 1)[0] ?? "" : String(error));
}
