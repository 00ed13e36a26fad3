import assert from "node:assert/strict";
import { PROJECT_ROOT } from "../fake_context.ts";

Deno.test("a question stands on stderr and is taken back when the program is told to end", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const command =
      `stty cols 80 rows 24; echo pid=$$; exec "${Deno.execPath()}" run -A "${PROJECT_ROOT}/main.ts" ` +
      `init > data`;
    // script (util-linux) gives it a terminal.
    const terminal = new Deno.Command("script", {
      args: ["--quiet", "--return", "--flush", "--command", command, "/dev/null"],
      cwd: directory,
      env: {
        HOME: directory,
        SHELL: "/bin/sh",
        TERM: "xterm",
        K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent/tailscaled.sock",
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    let shown = "";
    let told = false;
    for await (const text of terminal.stdout.pipeThrough(new TextDecoderStream())) {
      shown += text;
      if (told || !shown.includes("Control-plane hosts")) continue;
      told = true;
      Deno.kill(Number(/pid=(\d+)/.exec(shown)?.[1]), "SIGTERM");
    }
    assert.equal((await terminal.status).code, 130, shown);
    await terminal.stdin.close();
    assert.match(shown, /Cancelled; nothing was changed/);
    assert.equal(await Deno.readTextFile(`${directory}/data`), "");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
