import assert from "node:assert/strict";
import {
  openPodShell,
  type RawTerminal,
  runningContainers,
} from "../../../src/cluster/pods/pod_shell.ts";
import { ExitCode, UserError } from "../../../src/errors/user_error.ts";
import { type Answer, withChannels } from "../channel_server.ts";

const place = { namespace: "shop", pod: "web-1", container: "app" };

/** A terminal in the hands of a test. */
class TestTerminal implements RawTerminal {
  shown = "";
  columns = 80;
  listening = false;
  #heard: Parameters<RawTerminal["listen"]>[0] | undefined;
  size = () => ({ columns: this.columns, rows: 24 });
  write(bytes: Uint8Array): Promise<void> {
    this.shown += new TextDecoder().decode(bytes);
    return Promise.resolve();
  }
  listen(heard: Parameters<RawTerminal["listen"]>[0]): Disposable {
    this.#heard = heard;
    this.listening = true;
    return { [Symbol.dispose]: () => void (this.listening = false) };
  }
  type(text: string): void {
    this.#heard!.keys(new TextEncoder().encode(text));
  }
  resize(columns: number): void {
    this.columns = columns;
    this.#heard!.resized();
  }
}

async function shellIn(
  serve: Answer,
  terminal = new TestTerminal(),
  signal = new AbortController().signal,
): Promise<number> {
  let code = -1;
  await withChannels(() => serve, async (api) => {
    const run = await openPodShell(api, place, { signal });
    code = await run(terminal);
  });
  return code;
}

const SUCCESS = JSON.stringify({ metadata: {}, status: "Success" });

function failure(reason: string, message: string, code?: number): string {
  const causes = code === undefined ? [] : [{ reason: "ExitCode", message: String(code) }];
  return JSON.stringify({ metadata: {}, status: "Failure", reason, message, details: { causes } });
}

Deno.test("keys go to the container, what it draws comes back, and a new size is told", async () => {
  const terminal = new TestTerminal();
  const code = await shellIn(async (channel) => {
    assert.equal(channel.authorization, "Bearer secret-token");
    assert.deepEqual(channel.protocols, ["v5.channel.k8s.io", "v4.channel.k8s.io"]);
    const { pathname, searchParams } = channel.url;
    assert.equal(pathname, "/api/v1/namespaces/shop/pods/web-1/exec");
    assert.equal(searchParams.get("container"), "app");
    for (const name of ["stdin", "stdout", "tty"]) assert.equal(searchParams.get(name), "true");
    assert.match(searchParams.getAll("command").join(" "), /^sh -c .*exec bash; exec sh$/);
    const size = async () => {
      const [number, bytes] = await channel.next();
      assert.equal(number, 4);
      return JSON.parse(bytes.toString());
    };
    assert.deepEqual(await size(), { Width: 80, Height: 24 });
    channel.send(1, "$ ");
    terminal.type("ls\u0003é");
    assert.deepEqual((await channel.next()).map(String), ["0", "ls\u0003é"]);
    terminal.resize(100);
    assert.deepEqual(await size(), { Width: 100, Height: 24 });
    channel.send(1, new Uint8Array());
    channel.send(1, "bye");
    channel.send(3, failure("NonZeroExitCode", "command terminated with exit code 7", 7));
    channel.socket.close();
  }, terminal);
  assert.equal(code, 7);
  assert.equal(terminal.shown, "$ bye");
  assert.equal(terminal.listening, false);
  assert.equal(await shellIn((channel) => (channel.send(3, SUCCESS), channel.socket.close())), 0);
});

/** The error of a shell. */
async function errorOf(serve: Answer, terminal?: TestTerminal): Promise<UserError> {
  let error: unknown;
  await assert.rejects(shellIn(serve, terminal), (thrown) => {
    error = thrown;
    return true;
  });
  assert.ok(error instanceof UserError, String(error));
  return error;
}

Deno.test("a container without a shell is said, with kubectl debug", async () => {
  const message =
    "error executing command in container: failed to exec in container: OCI runtime exec " +
    'failed: exec failed: unable to start container process: exec: "sh": executable file not found in $PATH';
  const { message: said, hint } = await errorOf((channel) => {
    channel.send(3, failure("InternalError", message));
    channel.socket.close();
  });
  assert.equal(said, "There is no shell in the container app");
  assert.match(hint!, /kubectl debug -it -n shop web-1 --image=busybox --target=app/);
});

Deno.test("who may not open a shell is told which right is missing", async () => {
  for (const verb of ["get", "create"]) {
    const error = await errorOf({
      status: 403,
      message:
        `pods "web-1" is forbidden: User "ada" cannot ${verb} resource "pods/exec" in API group ""`,
    });
    assert.equal(error.exitCode, ExitCode.Unreachable);
    assert.match(
      error.hint!,
      new RegExp(`lacks the right "${verb}" on "pods/exec" in the namespace shop`),
    );
  }
  assert.match(
    (await errorOf({ status: 404, message: "not found" })).message,
    /Pod shop\/web-1 is gone/,
  );
});

Deno.test("a connection that breaks is said, and the keys are given back", async () => {
  const terminal = new TestTerminal();
  const error = await errorOf(async (channel) => {
    await channel.next();
    channel.socket.terminate();
  }, terminal);
  assert.match(error.message, /The connection to the shell in web-1 was lost/);
  assert.equal(terminal.listening, false);
});

Deno.test("the signal ends a shell, and the server sees it end", async () => {
  const stop = new AbortController();
  await withChannels(() => (channel) => channel.send(1, "$ "), async (api) => {
    const run = await openPodShell(api, place, stop);
    const terminal = new TestTerminal();
    const ended = run(terminal);
    stop.abort();
    await assert.rejects(ended, { name: "AbortError" });
    assert.equal(terminal.listening, false);
  });
});

Deno.test("containers that run are offered, the default one first", () => {
  const running = (name: string) => ({ name, state: { running: { startedAt: "" } } });
  const pod = (annotations: Record<string, string>) => ({
    metadata: { annotations },
    status: {
      containerStatuses: [running("a"), { name: "b", state: { waiting: {} } }, running("c")],
    },
  });
  assert.deepEqual(runningContainers(pod({})), ["a", "c"]);
  const standard = { "kubectl.kubernetes.io/default-container": "c" };
  assert.deepEqual(runningContainers(pod(standard)), ["c", "a"]);
  assert.deepEqual(runningContainers({ metadata: {} }), []);
});
