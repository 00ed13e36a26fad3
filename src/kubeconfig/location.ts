/**
 * Where kubeconfigs lie.
 *
 * @module
 */

import { delimiter, join, resolve } from "node:path";
import type { Directories } from "../process/system.ts";

/** What is known of the machine here; a `System` is one. */
export interface KubeconfigPlace {
  readonly directories: Directories;
  readonly cwd: string;
  env(name: string): string | undefined;
}

/**
 * The person's kubeconfig files, as kubectl finds them: the one named, else `KUBECONFIG` (which
 * may list several), else `~/.kube/config`. At least one; whether they exist is not looked at.
 */
export function kubeconfigFiles(
  { directories, cwd, env }: KubeconfigPlace,
  named: string | undefined,
): readonly [string, ...string[]] {
  if (named !== undefined) return [resolve(cwd, named)];
  const [first, ...more] = (env("KUBECONFIG") ?? "").split(delimiter).filter((path) => path !== "");
  return first === undefined
    ? [join(directories.home, ".kube", "config")]
    : [resolve(cwd, first), ...more.map((path) => resolve(cwd, path))];
}
