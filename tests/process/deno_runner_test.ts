import assert from "node:assert/strict";
import { Children } from "../../src/process/children.ts";
import { DenoRunner } from "../../src/process/deno_runner.ts";
import { ProgramNotFoundError } from "../../src/process/runner.ts";

Deno.test("run returns code, stdout and stderr", async () => {
  const result = await new DenoRunner().run(["sh", "-c", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual(result, { code: 3, stdout: "out\n", stderr: "err\n", timedOut: false });
});

Deno.test("run gives stdin and the environment", async () => {
  const result = await new DenoRunner().run(["sh", "-c", "cat; printf %s $GREETING"], {
    stdin: "hello ",
    env: { GREETING: "world" },
  });
  assert.equal(result.stdout, "hello world");
});

Deno.test("a stream goes to a program as it comes, and ends the run where it fails", async () => {
  const runner = new DenoRunner();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const whole = ReadableStream.from([bytes("a"), bytes("b")]);
  assert.equal((await runner.run(["cat"], { input: whole })).stdout, "ab");
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 16)),
  });
  assert.equal((await runner.run(["sh", "-c", "exit 3"], { input: endless })).code, 3);
  const silent = new ReadableStream<Uint8Array>(); // as long as nobody answers
  assert.equal((await runner.run(["sh", "-c", "exit 4"], { input: silent })).code, 4);
  async function* broken() {
    yield bytes("a");
    await Promise.resolve();
    throw new Error("cut off");
  }
  const input = ReadableStream.from(broken());
  await assert.rejects(runner.run(["cat"], { input }), /cut off/);
});

Deno.test("a program does not get the variables it is started without", async () => {
  for (const name of ["K3S_TOOL_TEST_OUT", "K3S_TOOL_TEST_BOTH", "K3S_TOOL_TEST_KEPT"]) {
    Deno.env.set(name, "mine");
  }
  const options = { env: { K3S_TOOL_TEST_BOTH: "given" }, without: /_(?:OUT|BOTH)$/ };
  const { stdout } = await new DenoRunner().run(["env"], options);
  const ours = stdout.split("\n").filter((line) => line.startsWith("K3S_TOOL_TEST_")).sort();
  assert.deepEqual(ours, ["K3S_TOOL_TEST_BOTH=given", "K3S_TOOL_TEST_KEPT=mine"]);
  assert.match(stdout, /^PATH=/m);
});

Deno.test("arguments are never read by a shell", async () => {
  const result = await new DenoRunner().run(["printf", "%s", "$(id); rm -rf /tmp/none"]);
  assert.equal(result.stdout, "$(id); rm -rf /tmp/none");
});

Deno.test("run names a program that is not installed", async () => {
  await assert.rejects(new DenoRunner().run(["no-such-program-k3s"]), ProgramNotFoundError);
});

Deno.test("run ends a program and its children at the time limit", async () => {
  const started = Date.now();
  const result = await new DenoRunner().run(["sh", "-c", "sleep 60 & wait"], { timeoutMs: 100 });
  assert.equal(result.timedOut, true);
  assert.ok(Date.now() - started < 30_000);
});

Deno.test("run rejects with the reason of an abort", async () => {
  const controller = new AbortController();
  const reason = new Error("the person said stop");
  const running = new DenoRunner().run(["sleep", "60"], { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(running, reason);
});

Deno.test("start logs both streams to a private file and stop ends the group", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const children = new Children();
    const logFile = `${directory}/log`;
    const running = new DenoRunner(children).start(
      ["sh", "-c", "echo out; echo err >&2; touch started; sleep 60 & wait"],
      { logFile, cwd: directory },
    );
    assert.equal(children.size, 1);
    while (!await exists(`${directory}/started`)) await new Promise((r) => setTimeout(r, 10));
    await running.stop({ graceMs: 200 });
    assert.notEqual(await running.exit, 0);
    assert.deepEqual((await Deno.readTextFile(logFile)).trim().split("\n").sort(), ["err", "out"]);
    assert.equal((await Deno.stat(logFile)).mode! & 0o777, 0o600);
    assert.equal(children.size, 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("start gives stdin, also to a program that does not read it", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const logFile = `${directory}/log`;
    const start = (script: string, stdin?: string) =>
      new DenoRunner().start(["sh", "-c", script], {
        logFile,
        ...(stdin === undefined ? {} : { stdin }),
      }).exit;
    assert.equal(await start("cat", "a secret\n"), 0);
    assert.equal(await start("cat; echo nothing"), 0);
    assert.equal(await Deno.readTextFile(logFile), "a secret\nnothing\n");
    assert.equal(await start("exit 3", "x".repeat(1 << 20)), 3);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

for (const way of ["text", "lines", "bytes"]) {
  Deno.test(`run does not wait for a program of another session that holds the pipes: ${way}`, async () => {
    const directory = await Deno.makeTempDir();
    const pidFile = `${directory}/pid`;
    try {
      const started = Date.now();
      let heard = "";
      const { stdout, timedOut } = await new DenoRunner().run(
        ["sh", "-c", `echo out; setsid sh -c 'echo $$ > ${pidFile}; exec sleep 60' & wait`],
        {
          timeoutMs: 5_000,
          ...way === "lines" ? { onLine: (line) => void (heard += `${line}\n`) } : {},
          ...way === "bytes"
            ? {
              onBytes: (bytes) => {
                heard += new TextDecoder().decode(bytes);
                return Promise.resolve();
              },
            }
            : {},
        },
      );
      assert.deepEqual([stdout + heard, timedOut], ["out\n", true]);
      assert.ok(Date.now() - started < 30_000);
    } finally {
      Deno.kill(Number(await Deno.readTextFile(pidFile)), "SIGKILL");
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test("a full disk does not stop a program whose output is logged", async () => {
  const running = new DenoRunner().start(["sh", "-c", "echo out; echo err >&2; echo out; exit 7"], {
    logFile: "/dev/full",
  });
  assert.equal(await running.exit, 7);
});

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

Deno.test("run hands out lines as they come, and attach gives the exit code", async () => {
  const heard: string[] = [];
  const go = await Deno.makeTempFile();
  try {
    // The program goes on only when its first line has been heard.
    const script = `echo first; while [ -e ${go} ]; do sleep 0.01; done; printf 'second\nrest'`;
    const { stdout } = await new DenoRunner().run(["sh", "-c", script], {
      onLine: (line) => {
        heard.push(line);
        if (line === "first") Deno.removeSync(go);
      },
    });
    assert.deepEqual([heard, stdout], [["first", "second", "rest"], ""]);
  } finally {
    await Deno.remove(go).catch(() => {});
  }
  assert.equal(await new DenoRunner().attach(["sh", "-c", "exit 7"]), 7);
  await assert.rejects(new DenoRunner().attach(["no-such-program"]), ProgramNotFoundError);
  const ownsKeys = new DenoRunner().attach(["sh", "-c", "exit 8"], { ownsKeys: true });
  assert.equal(await ownsKeys, 8);
  const stop = new AbortController();
  const attached = new DenoRunner().attach(["sleep", "3600"], { signal: stop.signal });
  stop.abort();
  await assert.rejects(attached, { name: "AbortError" });
});
