/**
 * The command line and environment of ansible-playbook. Pure.
 *
 * @module
 */

import { hostKeyArguments, type KnownHosts } from "./known_hosts.ts";
import type { Ansible } from "../setup/locate.ts";

/** The playbooks of the tree, by file name without `.yml`. */
export type Playbook =
  | "site"
  | "preflight"
  | "detect"
  | "adopt"
  | "provision_cluster"
  | "add_node"
  | "remove_node"
  | "kubeconfig"
  | "snapshot"
  | "reset"
  | "restore"
  | "rotate_certs"
  | "rotate_token"
  | "rotate_encryption_keys";

/** Files that hold a password, or programs that print it; Ansible reads them itself. */
export interface PasswordFiles {
  readonly becomePasswordFile?: string | undefined;
  /**
   * The sudo password itself, as it was typed: it goes before a file. Ansible reads it from a pipe; it
   * is in no argument, log or file, so that nothing is left of it where a process is killed.
   */
  readonly becomePassword?: string | undefined;
  readonly vaultPasswordFile?: string | undefined;
}

/** What of a playbook is run, and on what. */
export interface PlaybookOptions extends PasswordFiles {
  readonly playbook: Playbook;
  /** Absolute paths, the person's own first. */
  readonly inventories: readonly string[];
  /** Given in a file of mode 0600, never in argv. */
  readonly extraVars?: Readonly<Record<string, unknown>>;
  /** Change nothing, say what would change. */
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  /** Ansible host patterns. */
  readonly limit?: readonly string[];
  /** Hosts at once. */
  readonly forks?: number | undefined;
  /** Seconds ssh may take to connect. */
  readonly connectTimeout?: number | undefined;
}

/** Files a run uses. */
export interface RunFiles {
  /** Folder that holds `ansible.cfg`, `playbooks/`, `roles/`. */
  readonly tree: string;
  readonly extraVars: string;
  readonly events: string;
  /** Private to this run and removed after it. */
  readonly temporary: string;
  /** Ansible's home; kept from run to run. */
  readonly ansibleHome: string;
  /** Sockets of ssh; its path must be short (`sun_path` holds 104 to 108 bytes). */
  readonly sockets: string;
  readonly knownHosts: KnownHosts;
}

/** Variable that every process of a run carries in its environment; its value is unique to a run. */
export const EVENTS_VARIABLE = "K3S_TOOL_EVENTS";

/** The argument vector. */
export function playbookArgv(
  ansible: Pick<Ansible, "argv">,
  options: PlaybookOptions,
  files: Pick<RunFiles, "tree" | "extraVars">,
): readonly string[] {
  const list = (flag: string, values: readonly string[] | undefined) =>
    values === undefined || values.length === 0 ? [] : [flag, values.join(",")];
  const amount = (flag: string, value: number | undefined) =>
    value === undefined ? [] : [flag, String(value)];
  const file = (flag: string, path: string | undefined) => path === undefined ? [] : [flag, path];
  return [
    ...ansible.argv,
    ...options.inventories.flatMap((inventory) => ["--inventory", inventory]),
    "--extra-vars",
    `@${files.extraVars}`,
    ...(options.check ? ["--check"] : []),
    ...(options.diff ? ["--diff"] : []),
    ...list("--tags", options.tags),
    ...list("--skip-tags", options.skipTags),
    ...list("--limit", options.limit),
    ...amount("--forks", options.forks),
    ...amount("--timeout", options.connectTimeout),
    ...file(
      "--become-password-file",
      options.becomePassword === undefined ? options.becomePasswordFile : "-",
    ),
    ...file("--vault-password-file", options.vaultPasswordFile),
    `${files.tree}/playbooks/${options.playbook}.yml`,
  ];
}

/** What is added to the environment. */
export function playbookEnv(files: RunFiles): Record<string, string> {
  return {
    ANSIBLE_CONFIG: `${files.tree}/ansible.cfg`,
    ANSIBLE_STDOUT_CALLBACK: "k3s_tool_log",
    ANSIBLE_HOME: files.ansibleHome,
    ANSIBLE_LOCAL_TEMP: files.temporary,
    ANSIBLE_SSH_CONTROL_PATH_DIR: files.sockets,
    ANSIBLE_SSH_COMMON_ARGS: hostKeyArguments(files.knownHosts),
    ANSIBLE_NOCOLOR: "1",
    [EVENTS_VARIABLE]: files.events,
    // Hints are found by the English words of ssh and sudo; Ansible refuses other encodings.
    LC_ALL: "C.UTF-8",
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  };
}
