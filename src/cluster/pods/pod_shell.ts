/**
 * A shell in a container, over the API server's `exec` (Kubernetes `kubelet/pkg/apis`, KEP-4006).
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { unreachableError, UserError } from "../../errors/user_error.ts";
import { parseJson } from "../../process/json.ts";
import { type KubernetesApi, Status } from "../api/kubernetes_api.ts";
import { channelError, objectPath } from "../api/requests.ts";

/** Where a shell is opened. */
export interface ContainerPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** A terminal whose keys all go to somebody else. */
export interface RawTerminal {
  size(): { readonly columns: number; readonly rows: number };
  /** Shows what somebody else draws; settles when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Hears every key, Ctrl-C as well, and changes of the size, until it is disposed. */
  listen(
    heard: { readonly keys: (bytes: Uint8Array) => void; readonly resized: () => void },
  ): Disposable;
}

/** The newest first: 5 since Kubernetes 1.30, 4 is what every API server speaks. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** Numbers of the streams. */
const STREAMS = { keys: 0, output: 1, errors: 2, status: 3, size: 4 } as const;

/** The better shell of those there are. */
const COMMAND = ["sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh"];

const Annotated = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }),
  status: z.object({
    containerStatuses: z.array(z.object({
      name: z.string(),
      state: z.object({ running: z.unknown().optional() }).nullish(),
    })).nullish(),
  }).nullish(),
});

/** Names of a pod's containers that run, its default one first. @throws {z.ZodError} */
export function runningContainers(pod: unknown): readonly string[] {
  const { metadata, status } = Annotated.parse(pod);
  const standard = metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  return (status?.containerStatuses ?? [])
    .filter(({ state }) => state?.running !== undefined && state.running !== null)
    .map(({ name }) => name)
    .sort((a, b) => Number(b === standard) - Number(a === standard));
}

/**
 * Opens a shell; it is shown on a terminal by calling what is returned, which settles with its exit code.
 *
 * @throws {UserError} where it is refused, or out of reach (exit code 4); later, where there is no shell or
 *   the connection breaks
 */
export async function openPodShell(
  api: KubernetesApi,
  place: ContainerPlace,
  { signal }: { readonly signal: AbortSignal },
): Promise<(terminal: RawTerminal) => Promise<number>> {
  const { namespace, pod, container } = place;
  const object = { kind: "Pod", namespace, name: pod } as const;
  const query = new URLSearchParams([
    ["container", container],
    ...["stdin", "stdout", "tty"].map((name) => [name, "true"]),
    ...COMMAND.map((word) => ["command", word]),
  ]);
  try {
    const path = `${objectPath(object, "exec")}?${query}`;
    const channel = await api.open(path, { protocols: PROTOCOLS, signal });
    const close = () => channel.close();
    signal.addEventListener("abort", close, { once: true });
    return async (terminal) => {
      const sized = () => {
        const { columns: Width, rows: Height } = terminal.size();
        void channel.send(STREAMS.size, encode(JSON.stringify({ Width, Height })));
      };
      using _listener = terminal.listen({
        keys: (bytes) => void channel.send(STREAMS.keys, bytes),
        resized: sized,
      });
      sized();
      let status = "";
      try {
        for await (const { number, bytes } of channel.messages()) {
          if (number === STREAMS.status) status += new TextDecoder().decode(bytes);
          else if (number === STREAMS.output || number === STREAMS.errors) {
            await terminal.write(bytes);
          }
        }
      } catch (error) {
        signal.throwIfAborted();
        if (status === "") throw broken(place, error);
      } finally {
        signal.removeEventListener("abort", close);
        close();
      }
      signal.throwIfAborted();
      return exitCode(place, status);
    };
  } catch (error) {
    throw channelError(error, { object, part: "exec", server: api.server });
  }
}

const Ended = Status.extend({ status: z.string() });

/** What the runtimes say of a program that is not there (runc, crun, youki). */
const NO_SUCH_PROGRAM = /executable file .*not found|no such file or directory/i;

/** @throws {UserError} where it did not run to its end */
function exitCode(place: ContainerPlace, status: string): number {
  const ended = parseJson(Ended, status);
  if (ended === undefined) throw broken(place);
  const code = ended.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (ended.status === "Success") return 0;
  if (ended.reason === "NonZeroExitCode" && code) return Number(code);
  const said = safeText(ended.message ?? ended.reason ?? "no reason given");
  const { namespace, pod, container } = place;
  if (NO_SUCH_PROGRAM.test(said)) {
    throw new UserError(`There is no shell in the container ${safeText(container)}`, {
      hint: "Use a debug container: " + safeText(
        `kubectl debug -it -n ${namespace} ${pod} --image=busybox --target=${container}`,
      ),
    });
  }
  throw new UserError(`No shell could be started in ${safeText(pod)}: ${said}`);
}

function broken({ pod }: ContainerPlace, cause?: unknown): UserError {
  return unreachableError(`The connection to the shell in ${safeText(pod)} was lost`, {
    hint: "If the pod still runs, open it again.",
    cause,
  });
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
