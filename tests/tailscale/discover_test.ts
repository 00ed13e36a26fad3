import assert from "node:assert/strict";
import { UserError } from "../../src/errors/user_error.ts";
import type { Runner } from "../../src/process/runner.ts";
import { readTailnet, type TailnetSource } from "../../src/tailscale/discover.ts";
import { emptyMachine } from "../cli/fake_context.ts";
import { FakeRunner } from "../process/fake_runner.ts";
import { peerFields, statusJson, tailscaleSays } from "./status_fixture.ts";

const NO_SOCKET = "/proc/nonexistent/tailscaled.sock";

function source(runner: Runner, { socket = NO_SOCKET, signal }: {
  readonly socket?: string;
  readonly signal?: AbortSignal;
} = {}): TailnetSource {
  return {
    runner,
    signal: signal ?? new AbortController().signal,
    env: (name) => name === "K3S_TOOL_TAILSCALE_SOCKET" ? socket : undefined,
  };
}

async function failure(promise: Promise<unknown>): Promise<[number, string]> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.ok(error.hint, "every error says what to do next");
    return [error.exitCode, error.message];
  }
  assert.fail("it did not fail");
}

Deno.test("the tailnet is read from the tailscale program", async () => {
  const json = statusJson({ peers: [peerFields("nuc", "100.64.0.1")] });
  const { peers } = await readTailnet(source(tailscaleSays(json)));
  assert.deepEqual(peers.map(({ name }) => name), ["ws", "nuc"]);
});

Deno.test("the macOS application is asked where nothing is on PATH", async () => {
  const application = "/Applications/Tailscale.app/Contents/MacOS/Tailscale";
  const runner = new FakeRunner().on(application, { stdout: statusJson() });
  assert.equal((await readTailnet(source(runner))).peers.length, 1);
  assert.deepEqual(runner.calls.map(({ argv }) => argv[0]), ["tailscale", application]);
});

Deno.test("the program is told of an unusual socket, and only then", async () => {
  const runner = tailscaleSays(statusJson());
  await readTailnet(source(runner, { socket: "/run/x.sock" }));
  await readTailnet({ ...source(runner), env: () => undefined });
  assert.deepEqual(runner.lines, [
    "tailscale --socket=/run/x.sock status --json",
    "tailscale status --json",
  ]);
});

Deno.test("each state without a tailnet has a message and a code of its own", async () => {
  const expected: [string, RegExp][] = [
    ["NeedsLogin", /logged out/],
    ["NeedsMachineAuth", /approval/],
    ["Stopped", /stopped/],
    ["NoState", /still starting/],
    ["InUseOtherUser", /another user/],
    ["Dancing", /unknown state "Dancing"/],
  ];
  for (const [BackendState, message] of expected) {
    const runner = tailscaleSays(statusJson({ BackendState }));
    const [code, said] = await failure(readTailnet(source(runner)));
    assert.equal(code, 4);
    assert.match(said, message);
  }
});

Deno.test("an expired key of this machine is not called a logout", async () => {
  const json = statusJson({ BackendState: "NeedsLogin", self: { Expired: true } });
  const [code, said] = await failure(readTailnet(source(tailscaleSays(json))));
  assert.equal(code, 4);
  assert.match(said, /key has expired/);
});

// What the program says: cmd/tailscale/cli/diag.go and client/local/local.go, v1.100.0.
Deno.test("a daemon that does not run, or refuses, is told from what the program says", async () => {
  const expected: [string, RegExp][] = [
    [
      "failed to connect to local tailscaled; it doesn't appear to be running " +
      "(sudo systemctl start tailscaled ?)",
      /is not running/,
    ],
    [
      "Failed to connect to local Tailscale daemon for /localapi/v0/status; not running? " +
      "Error: dial unix /var/run/tailscale/tailscaled.sock: connect: permission denied",
      /No permission/,
    ],
    ["Access denied: status access denied", /No permission/],
    ["something\n\u001b[31mnew\u001b[0m\n", /failed with code 1: new$/],
    ["", /failed with code 1 and no message$/],
  ];
  for (const [stderr, message] of expected) {
    const [code, said] = await failure(readTailnet(source(tailscaleSays({ code: 1, stderr }))));
    assert.equal(code, 4);
    assert.match(said, message);
  }
});

Deno.test("nonsense and silence are told apart", async () => {
  const nonsense = await failure(readTailnet(source(tailscaleSays("Usage: tailscale"))));
  assert.deepEqual(nonsense, [4, "Cannot parse Tailscale's status: not JSON"]);
  const silent = await failure(
    readTailnet(source(tailscaleSays({ code: 137, timedOut: true })), { timeoutMs: 3_000 }),
  );
  assert.deepEqual(silent, [4, "Tailscale did not answer within 3 seconds"]);
});

Deno.test("no program and no socket means not installed: exit code 3", async () => {
  const [code, said] = await failure(readTailnet(source(emptyMachine)));
  assert.equal(code, 3);
  assert.match(said, /not installed/);
});

Deno.test("without the program the local API's socket is asked", async () => {
  await withSocket((request) => {
    assert.equal(request.headers.get("host"), "local-tailscaled.sock");
    assert.equal(new URL(request.url).pathname, "/localapi/v0/status");
    return new Response(statusJson({ peers: [peerFields("nuc", "100.64.0.1")] }));
  }, async (socket) => {
    const { peers } = await readTailnet(source(emptyMachine, { socket }));
    assert.deepEqual(peers.map(({ name }) => name), ["ws", "nuc"]);
  });
});

Deno.test("a refusal of the local API is a missing permission", async () => {
  await withSocket(() => new Response("status access denied", { status: 403 }), async (socket) => {
    const [code, said] = await failure(readTailnet(source(emptyMachine, { socket })));
    assert.equal(code, 4);
    assert.match(said, /No permission/);
  });
});

Deno.test("an error of the local API is passed on", async () => {
  await withSocket(() => new Response("no netmap\n", { status: 500 }), async (socket) => {
    const [code, said] = await failure(readTailnet(source(emptyMachine, { socket })));
    assert.equal(code, 4);
    assert.match(said, /code 500: no netmap/);
  });
});

Deno.test("a local API that never answers runs into the limit", async () => {
  const never = Promise.withResolvers<Response>();
  await withSocket(() => never.promise, async (socket) => {
    const [code, said] = await failure(
      readTailnet(source(emptyMachine, { socket }), { timeoutMs: 50 }),
    );
    assert.equal(code, 4);
    assert.match(said, /did not answer within 1 second$/);
    never.resolve(new Response(""));
  });
});

Deno.test("the person's Ctrl-C ends the wait with the person's reason", async () => {
  const controller = new AbortController();
  const never = Promise.withResolvers<Response>();
  await withSocket(() => {
    controller.abort(new Error("Interrupted"));
    return never.promise;
  }, async (socket) => {
    await assert.rejects(
      readTailnet(source(emptyMachine, { socket, signal: controller.signal })),
      /Interrupted/,
    );
    never.resolve(new Response(""));
  });
});

Deno.test("a socket nobody listens on means that the service does not run", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const socket = `${directory}/tailscaled.sock`;
    // Deno removes a socket's file when it stops listening; a killed daemon leaves it behind.
    const { code } = await new Deno.Command("python3", {
      args: ["-c", "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", socket],
    }).output();
    assert.equal(code, 0);
    const [exitCode, said] = await failure(readTailnet(source(emptyMachine, { socket })));
    assert.equal(exitCode, 4);
    assert.match(said, /is not running/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

async function withSocket(
  handler: (request: Request) => Response | Promise<Response>,
  test: (socket: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/tailscaled.sock`;
  const server = Deno.serve({ path, onListen: () => {} }, handler);
  try {
    await test(path);
  } finally {
    await server.shutdown();
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a socket that is not tailscaled's is not understood: exit code 4", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/other.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const served = (async () => {
    for await (const connection of listener) {
      // The first connection only asks whether somebody listens, and is gone.
      await connection.write(new TextEncoder().encode("220 mail.example.com ready\r\n"))
        .catch(() => {});
      connection.close();
    }
  })();
  try {
    const [code, said] = await failure(readTailnet(source(emptyMachine, { socket: path })));
    assert.equal(code, 4);
    assert.match(said, /Cannot parse/);
  } finally {
    listener.close();
    await served;
    await Deno.remove(directory, { recursive: true });
  }
});
