/**
 * A cluster that is deployed from Git, as its owner sets it up: their checkout at the workstation, the lab's Git server,
 * the tool.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { putFluxImages } from "./flux_images.ts";
import { commitTree, createRepository } from "./git_repository.ts";
import { gitServer, setToken, startGitServer } from "./git_server.ts";
import { kubectl } from "../kubernetes.ts";
import { network } from "../network/network.ts";
import type { Host } from "../state.ts";
import { initArgs, projectDir, tool, tryTool } from "../tool.ts";
import { tryAtWorkstation } from "../hosts/workstation.ts";

/** Name of the repository on the Git server. */
export const repository = "fleet";

/** The owner's checkout. */
export const checkout = join(projectDir, repository);

/** The private key that `gitops init` makes, outside the checkout. */
export const ageKeyFile = join(projectDir, ".config", "k3s-tool", "age", "lab.txt");

/** Where the owner keeps the token of the repository. */
export const tokenFile = join(projectDir, "token");

/** Addresses of the repository as git_repo_url has them. */
export const addresses = {
  https: `${gitServer.https}/${repository}.git`,
  ssh: `${gitServer.ssh}/${repository}.git`,
};

/** Writes an inventory and a repository's first tree; the repository asks for a token, its certificate for an authority. */
export async function setUpGitOps(hosts: readonly Host[]): Promise<void> {
  await putFluxImages(hosts);
  await startGitServer();
  await createRepository(repository);
  await changeToken();
  await tool(...initArgs(hosts));
  await tool("gitops", "init", checkout, "--cluster", "lab");
  await push("Begin");
  await set("git_repo_url", addresses.https);
  await set("gitops_token_file", tokenFile);
  await set("gitops_ca_file", gitServer.ca);
  await set("gitops_interval", "10s");
  await set("gitops_flux_version", fluxVersion);
  await set("gitops_flux_manifest_url", `${network.mirror}/flux/${fluxVersion}/install.yaml`);
}

/** The release of Flux that the lab's mirror has. */
export const fluxVersion = "v2.9.3";

/** Sets a variable of the inventory for all hosts. */
export async function set(variable: string, value: string): Promise<void> {
  await tool("config", "set", variable, value);
}

/** Gives the repository a new token on the server, and to its owner; the old one is refused from now on. */
export async function changeToken(): Promise<string> {
  const token = newToken();
  await setToken(repository, token);
  await Deno.writeTextFile(tokenFile, `${token}\n`, { mode: 0o600 });
  return token;
}

/** A token that nobody has. */
export function newToken(): string {
  return `lab_${randomBytes(16).toString("hex")}`;
}

/** Commits and pushes the checkout as it is, to `main` or another branch; returns the commit's id. */
export function push(message: string, branch?: string): Promise<string> {
  return commitTree(repository, checkout, { message, branch });
}

/** Replaces text in a file of the checkout; throws where the file does not have it. */
export async function edit(path: string, old: string | RegExp, by: string): Promise<void> {
  const file = join(checkout, path);
  const before = await Deno.readTextFile(file);
  const after = before.replace(old, by);
  if (after === before) throw new Error(`${path} has no ${old}:\n${before}`);
  await Deno.writeTextFile(file, after);
}

/** One row of `gitops status`. */
export interface FluxRow {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly message: string;
  readonly revision: string | null;
}

/** What `gitops status` says, by `KIND/NAME`. */
export async function fluxRows(): Promise<Map<string, FluxRow>> {
  const { items } = JSON.parse(await tool("gitops", "status", "-o", "json")) as {
    items: FluxRow[];
  };
  return new Map(items.map((row) => [`${row.kind}/${row.name}`, row]));
}

/** Pushes the checkout and lets Flux look; throws where not all of it is applied. */
export async function deploy(message: string): Promise<string> {
  const commit = await push(message);
  const { code, stdout, stderr } = await tryTool("gitops", "sync");
  if (code !== 0) throw new Error(`gitops sync: exit code ${code}\n${stdout}\n${stderr}`);
  return commit;
}

/** How an app is written. */
export interface NewApp {
  /** More options of `gitops new-app`. */
  readonly args?: readonly string[];
  /** Its Secret's PASSWORD. */
  readonly password?: string;
}

/** Writes an app of the lab's hello into the checkout; returns what the tool printed. */
export async function newApp(name: string, { args = [], password }: NewApp = {}): Promise<string> {
  const argv = [
    ...["k3s-tool", "gitops", "new-app", name, "--dir", checkout],
    ...["--image", "docker.io/lab/hello:1", "--port", "8080", "--health-path", "/healthz"],
    ...args,
    ...(password === undefined ? [] : ["--secret-file", "PASSWORD=-"]),
  ];
  const stdin = password === undefined ? {} : { stdin: password };
  const { code, stdout, stderr } = await tryAtWorkstation(argv, { cwd: projectDir, ...stdin });
  if (code !== 0) throw new Error(`gitops new-app ${name}: exit code ${code}\n${stderr}`);
  return stdout + stderr;
}

/** An object of the cluster, or a list of them. */
// deno-lint-ignore no-explicit-any -- any kind of object, read for a field or two
export async function getObject(server: Host, args: string): Promise<any> {
  return JSON.parse(await kubectl(server, `get ${args} -o json`));
}

/**
 * Pods of a namespace that are to stay, and how often each one's containers started: what changes when anything is done to
 * them.
 */
export async function podsOf(server: Host, namespace: string): Promise<string[]> {
  const { items } = await getObject(server, `pods -n ${namespace}`);
  type Pod = {
    metadata: { uid: string; deletionTimestamp?: string };
    status: { containerStatuses?: { restartCount: number }[] };
  };
  return (items as Pod[]).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, status }) =>
      `${metadata.uid} ${status.containerStatuses?.map((each) => each.restartCount) ?? ""}`
    ).sort();
}
