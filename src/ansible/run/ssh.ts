/**
 * The system's own ssh, to a host of the inventory: with the login, the key and the known host keys that
 * Ansible uses.
 *
 * @module
 */

import { lastLine } from "../../errors/safe_text.ts";
import { unreachableError, type UserError } from "../../errors/user_error.ts";
import type { InventoryHost } from "../../inventory/model.ts";
import { failureHint } from "../events/failure_hint.ts";
import { knownHostsFiles } from "./known_hosts.ts";

/** How to get ssh. */
export const SSH_HINT = "Install it. On Debian and Ubuntu: sudo apt install openssh-client";

/** ssh's own exit code where it could not connect (ssh(1)); a command may end with it, too. */
export const SSH_FAILED = 255;

/** The error of a host that ssh could not connect to. @param stderr what ssh said */
export function notReached({ name }: Pick<InventoryHost, "name">, stderr: string): UserError {
  return unreachableError(`${name} cannot be reached: ${lastLine(stderr) || "ssh failed"}`, {
    hint: failureHint(name, stderr, { connecting: true }),
  });
}

/** Seconds ssh may take to connect. */
const CONNECT_SECONDS = 8;

/** A host that is gone is noticed within 20 seconds, as by Ansible (ansible.cfg), where nobody is there to press a key. */
const GONE = ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4"];

/** The Python of a host: the program that the inventory names (`ansible_python_interpreter`), else the one on PATH. */
export function pythonOf({ vars }: Pick<InventoryHost, "vars">): string {
  const named = vars.get("ansible_python_interpreter");
  const program = named?.state === "plain" ? named.value : undefined;
  // What else may be there is a way of Ansible's to search for one: auto, auto_silent.
  return typeof program === "string" && /^\/[\w.+/-]+$/.test(program) ? program : "python3";
}

/**
 * The command line, up to the command for the host; a text, after `NAME: `, where the inventory connects in
 * a way only Ansible knows.
 *
 * @param state the tool's state directory, for known host keys
 * @param options.asks whether ssh may ask for a passphrase or a password
 */
export function sshArgv(
  host: InventoryHost,
  state: string,
  { asks = false }: { readonly asks?: boolean } = {},
): readonly string[] | string {
  const plain = (name: string) => {
    const variable = host.vars.get(name);
    if (variable === undefined) return undefined;
    if (variable.state !== "plain") return null;
    return typeof variable.value === "string" || typeof variable.value === "number"
      ? String(variable.value)
      : null;
  };
  const connection = plain("ansible_connection");
  if (connection !== undefined && connection !== "ssh") {
    return "the inventory does not use SSH for it";
  }
  const port = plain("ansible_port") ?? plain("ansible_ssh_port");
  const key = plain("ansible_ssh_private_key_file");
  const custom = ["ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_ssh_args"];
  const address = host.ansibleHost ?? host.tailscaleIp;
  if (port === null || key === null || custom.some((name) => host.vars.has(name))) {
    return "the inventory has its own ssh settings";
  }
  // What begins with a dash would be an option for ssh.
  if (address === undefined || address.startsWith("-") || host.user?.startsWith("-")) {
    return "only Ansible knows its address";
  }
  const { accepted, published } = knownHostsFiles(state);
  return [
    "ssh",
    ...asks ? [] : ["-T", "-o", "BatchMode=yes", ...GONE],
    // A connection master from the user's settings would outlive this.
    "-o",
    "ControlMaster=no",
    "-o",
    `ConnectTimeout=${CONNECT_SECONDS}`,
    "-o",
    "StrictHostKeyChecking=accept-new",
    "-o",
    `UserKnownHostsFile="${accepted}" "${published}"`,
    ...(port === undefined ? [] : ["-p", port]),
    ...(key === undefined ? [] : ["-i", key]),
    ...(host.user === undefined ? [] : ["-l", host.user]),
    "--",
    address,
  ];
}
