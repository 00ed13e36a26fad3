import assert from "node:assert/strict";
import { directoriesFrom, machineClock } from "../../src/process/system.ts";

Deno.test("directories follow the XDG variables", () => {
  const env: Record<string, string> = { HOME: "/home/ada", XDG_STATE_HOME: "/var/ada" };
  assert.deepEqual(directoriesFrom((name) => env[name]), {
    home: "/home/ada",
    config: "/home/ada/.config/k3s-tool",
    cache: "/home/ada/.cache/k3s-tool",
    state: "/var/ada/k3s-tool",
  });
});

Deno.test("a relative XDG variable is ignored, as its specification says", () => {
  const env: Record<string, string> = { HOME: "/home/ada", XDG_CACHE_HOME: "cache" };
  assert.equal(directoriesFrom((name) => env[name]).cache, "/home/ada/.cache/k3s-tool");
});

Deno.test("without a HOME that can be one, the user database says where home is", () => {
  for (const HOME of [undefined, "", "ada"]) {
    const directories = directoriesFrom(
      (name) => name === "HOME" ? HOME : undefined,
      () => "/home/ada",
    );
    assert.equal(directories.home, "/home/ada");
    assert.equal(directories.cache, "/home/ada/.cache/k3s-tool");
  }
  // Nothing is ever kept at the root of the disk because a variable is missing.
  for (const path of Object.values(directoriesFrom(() => undefined))) {
    assert.match(path, /^\/[^.]/);
  }
});

Deno.test("sleep ends with the reason of an abort", async () => {
  const controller = new AbortController();
  const sleeping = machineClock.sleep(60_000, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(sleeping, /enough/);
});
