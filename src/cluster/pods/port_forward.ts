/**
 * A port of this machine that leads into a pod, over the API server's `portforward` (Kubernetes
 * `cri-streaming/pkg/streaming/portforward/websocket.go`).
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { UserError } from "../../errors/user_error.ts";
import type { Channel, KubernetesApi } from "../api/kubernetes_api.ts";
import {
  channelError,
  objectError,
  objectPath,
  type ObjectReference,
  objectWords,
} from "../api/requests.ts";

/** A port of a Service or a pod. */
export interface ForwardPort {
  readonly port: number;
  /** Empty where it has none. */
  readonly name: string;
}

/** A port that is forwarded. */
export interface ForwardState {
  /** `127.0.0.1:8080`. */
  readonly address: string;
  /** Something else on this machine has the port of the same number. */
  readonly isTaken: boolean;
  readonly object: ObjectReference;
  readonly port: number;
  /** Where it leads now, or led last. */
  readonly pod: string;
  /** Connections that are open, and all there were. */
  readonly open: number;
  readonly connections: number;
  /** Bytes from the pod, and to it. */
  readonly received: number;
  readonly sent: number;
  /** Why the latest connection failed, where it did. */
  readonly problem: string | undefined;
}

/** This machine alone. */
const HERE = "127.0.0.1";

/** Ports below are the system's. */
const FIRST_OWN_PORT = 1024;

/** The only version without SPDY; a stream for data and one for errors. */
const PROTOCOLS = ["v4.channel.k8s.io"];
const STREAMS = { data: 0, errors: 1 } as const;

/** Each stream begins with the number of its port. */
const HEAD_BYTES = 2;

/**
 * How long the pod may be silent after the client has said all it had to say, in milliseconds: the pod
 * cannot be told, as these streams are only closed together.
 */
const LINGER_MS = 5_000;

/** How often bytes are told while they flow, in milliseconds. */
const TELL_MS = 500;

const Port = z.object({ name: z.string().nullish(), protocol: z.string().nullish() });
const Containers = z.array(z.object({
  ports: z.array(Port.extend({ containerPort: z.number() })).nullish(),
})).nullish();

const ServiceObject = z.object({
  spec: z.object({
    type: z.string().nullish(),
    selector: z.record(z.string(), z.string()).nullish(),
    ports: z.array(Port.extend({
      port: z.number(),
      targetPort: z.union([z.number(), z.string()]).nullish(),
    })).nullish(),
  }),
});

const PodObject = z.object({
  metadata: z.object({ name: z.string(), deletionTimestamp: z.string().nullish() }),
  spec: z.object({ containers: Containers }),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
  }).nullish(),
});

const isTcp = ({ protocol }: z.infer<typeof Port>) => (protocol ?? "TCP") === "TCP";

/** Ports that a Service or a pod, as the API server has it, can be reached at. @throws {z.ZodError} */
export function forwardPorts({ kind }: ObjectReference, object: unknown): readonly ForwardPort[] {
  const ports = kind === "Service"
    ? ServiceObject.parse(object).spec.ports ?? []
    : containerPorts(PodObject.parse(object).spec.containers);
  return ports.filter(isTcp).map(({ port, name }) => ({ port, name: name ?? "" }));
}

function containerPorts(containers: z.infer<typeof Containers>) {
  return (containers ?? []).flatMap(({ ports }) => ports ?? [])
    .map(({ containerPort: port, ...rest }) => ({ port, ...rest }));
}

/** Where a connection goes. */
interface Target {
  readonly pod: ObjectReference;
  readonly port: number;
}

/**
 * Forwards a port of this machine until the signal is aborted: the same one where it is free and an
 * ordinary user's, else any. A Service's connections go to one of its ready pods, and to another one when
 * that is gone.
 *
 * @param options.tell hears how it stands, first when it listens
 * @returns settles when it no longer listens and its connections have ended
 * @throws {UserError} where no pod can be reached, before it listens
 */
export async function forwardPort(
  api: KubernetesApi,
  { object, port }: { readonly object: ObjectReference; readonly port: number },
  { signal, tell }: {
    readonly signal: AbortSignal;
    readonly tell: (state: ForwardState) => void;
  },
): Promise<void> {
  let target: Target | undefined = await targetOf(api, object, { port, signal });
  signal.throwIfAborted();
  using listener = listen(port);
  const { port: own } = listener.addr as Deno.NetAddr;
  let state: ForwardState = {
    address: `${HERE}:${own}`,
    isTaken: port >= FIRST_OWN_PORT && own !== port,
    object,
    port,
    pod: target.pod.name,
    open: 0,
    connections: 0,
    received: 0,
    sent: 0,
    problem: undefined,
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const change = (part: Partial<ForwardState>) => {
    state = { ...state, ...part };
    timer ??= setTimeout(() => {
      timer = undefined;
      tell(state);
    }, TELL_MS);
  };
  const openTo = ({ pod, port }: Target) =>
    api.open(`${objectPath(pod, "portforward")}?ports=${port}`, { protocols: PROTOCOLS, signal })
      .catch((error) => {
        throw channelError(error, { object: pod, part: "portforward", server: api.server });
      });
  const open = async (): Promise<Channel> => {
    try {
      if (target !== undefined) return await openTo(target);
    } catch (error) {
      if (object.kind !== "Service") throw error;
    }
    target = await targetOf(api, object, { port, signal });
    change({ pod: target.pod.name });
    return await openTo(target);
  };
  const serve = async (connection: Deno.TcpConn) => {
    change({ open: state.open + 1, connections: state.connections + 1 });
    let channel: Channel | undefined;
    const end = () => {
      channel?.close();
      close(connection);
    };
    signal.addEventListener("abort", end, { once: true });
    try {
      channel = await open();
      const problem = await carry(connection, channel, {
        received: (bytes) => change({ received: state.received + bytes }),
        sent: (bytes) => change({ sent: state.sent + bytes }),
      });
      if (problem !== "") throw new UserError(problem);
      change({ problem: undefined });
    } catch (error) {
      // The next connection looks where the pods are then.
      target = undefined;
      change({ problem: safeText(error instanceof Error ? error.message : String(error)) });
    } finally {
      signal.removeEventListener("abort", end);
      end();
      change({ open: state.open - 1 });
    }
  };
  const stop = () => close(listener);
  signal.addEventListener("abort", stop, { once: true });
  const serving = new Set<Promise<void>>();
  tell(state);
  try {
    for await (const connection of listener) {
      const served = serve(connection).finally(() => serving.delete(served));
      serving.add(served);
    }
    await Promise.all(serving);
  } finally {
    clearTimeout(timer);
  }
}

function listen(port: number): Deno.TcpListener {
  if (port >= FIRST_OWN_PORT) {
    try {
      return Deno.listen({ hostname: HERE, port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return Deno.listen({ hostname: HERE, port: 0 });
}

/** Carries bytes both ways until either side ends; a text says what the pod's side complains about. */
async function carry(
  connection: Deno.TcpConn,
  channel: Channel,
  told: { readonly received: (bytes: number) => void; readonly sent: (bytes: number) => void },
): Promise<string> {
  let linger: ReturnType<typeof setTimeout> | undefined;
  let hasAsked = false;
  const waitOn = () => {
    clearTimeout(linger);
    if (hasAsked) linger = setTimeout(() => channel.close(), LINGER_MS);
  };
  const upload = async () => {
    const buffer = new Uint8Array(64 * 1024);
    for (let size = await connection.read(buffer); size !== null;) {
      await channel.send(STREAMS.data, buffer.subarray(0, size));
      told.sent(size);
      size = await connection.read(buffer);
    }
    hasAsked = true;
    waitOn();
  };
  const download = async () => {
    const heads = [HEAD_BYTES, HEAD_BYTES];
    let problem = "";
    for await (const { number, bytes } of channel.messages()) {
      const head = Math.min(heads[number] ?? 0, bytes.length);
      if (number in heads) heads[number]! -= head;
      const rest = bytes.subarray(head);
      if (number === STREAMS.errors) problem += new TextDecoder().decode(rest);
      if (number !== STREAMS.data || rest.length === 0) continue;
      for (let sent = 0; sent < rest.length;) sent += await connection.write(rest.subarray(sent));
      told.received(rest.length);
      waitOn();
    }
    return problem;
  };
  const failed = Promise.withResolvers<never>();
  upload().catch(failed.reject);
  try {
    return await Promise.race([download(), failed.promise]);
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  } finally {
    clearTimeout(linger);
  }
}

/** Whether the client, or who stopped it all, has closed the connection. */
function isGone(error: unknown): boolean {
  const { BadResource, BrokenPipe, ConnectionReset, Interrupted } = Deno.errors;
  return [BadResource, BrokenPipe, ConnectionReset, Interrupted]
    .some((type) => error instanceof type);
}

/** @throws {UserError} where there is no pod to go to */
async function targetOf(
  api: KubernetesApi,
  object: ObjectReference,
  { port, signal }: { readonly port: number; readonly signal: AbortSignal },
): Promise<Target> {
  if (object.kind === "Pod") return { pod: object, port };
  const words = objectWords(object);
  const { server } = api;
  const read = async (path: string, query: Readonly<Record<string, string>> = {}) => {
    try {
      return await api.get(path, { query, signal });
    } catch (error) {
      throw objectError(error, { object, verb: "get", server });
    }
  };
  const { spec } = ServiceObject.parse(await read(objectPath(object)));
  const labels = Object.entries(spec.selector ?? {}).map(([key, value]) => `${key}=${value}`);
  if (labels.length === 0 || spec.type === "ExternalName") {
    throw new UserError(`${words} selects no pods`, { hint: "Forward from a pod instead." });
  }
  const wanted = spec.ports?.find((each) => each.port === port)?.targetPort ?? port;
  const path = objectPath({ kind: "Pod", namespace: object.namespace, name: "x" }).slice(0, -2);
  const list = z.object({ items: z.array(PodObject) })
    .parse(await read(path, { labelSelector: labels.join(",") }));
  const ready = list.items.filter(({ metadata, status }) =>
    !metadata.deletionTimestamp &&
    status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
  );
  for (const { metadata: { name }, spec: { containers } } of ready) {
    const found = typeof wanted === "number"
      ? wanted
      : containerPorts(containers).find((each) => each.name === wanted)?.port;
    if (found !== undefined) {
      return { pod: { kind: "Pod", namespace: object.namespace, name }, port: found };
    }
  }
  throw new UserError(
    ready.length === 0
      ? `No pod of ${words} is ready`
      : `No pod of ${words} has a port called ${safeText(String(wanted))}`,
    { hint: "Open the details of the Service to see the state of its pods." },
  );
}

/** Closes it, which may have happened already. */
function close(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
