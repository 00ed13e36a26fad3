/**
 * A machine for the modules below the command line: real files below a temporary directory,
 * programs from a fake runner.
 *
 * @module
 */

import { directoriesFrom, machineClock, type System } from "../../src/process/system.ts";
import { FakeRunner } from "../process/fake_runner.ts";

/** A system whose HOME is a directory. */
export function fakeSystem(
  directory: string,
  overrides: Partial<System> = {},
): System & { readonly runner: FakeRunner } {
  const variables: Record<string, string> = {
    HOME: directory,
    K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent",
  };
  const env = (name: string) => variables[name];
  return {
    runner: new FakeRunner(),
    clock: machineClock,
    directories: directoriesFrom(env),
    cwd: directory,
    env,
    signal: new AbortController().signal,
    ...overrides,
  } as System & { readonly runner: FakeRunner };
}

/** Runs a test with a temporary directory and removes it afterwards. */
export async function withDirectory(
  test: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "k3s-tool-test-" });
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
