/**
 * Machines that another tool's file names: an Ansible inventory (YAML or INI), the hosts or the
 * script of `k3sup plan`, or k0sctl.yaml. Only machines are taken; every other setting is left.
 *
 * @module
 */

import * as z from "zod/mini";
import { join } from "node:path";
import { refusalReason } from "../../errors/refusal.ts";
import { safeText } from "../../errors/safe_text.ts";
import { usageError, UserError } from "../../errors/user_error.ts";
import { parseJson } from "../../process/json.ts";
import { readSmallText } from "../../process/small_file.ts";
import { InventoryFiles } from "./inventory_files.ts";
import { loadParts } from "./load.ts";
import { type Role, ROLES } from "../model.ts";
import { rootValue } from "../../yaml/read_value.ts";
import { parseYaml } from "../../yaml/tree.ts";

/** A machine as the file has it. */
export interface ForeignHost {
  /** A name, or an address where the file has no name. */
  readonly name: string;
  /** Where the other tool connects; undefined where that is the name. */
  readonly address?: string | undefined;
  readonly user?: string | undefined;
  readonly role: Role;
}

/** What is looked for in a directory, in this order. */
const FILES = [
  "hosts.yml",
  "hosts.yaml",
  "inventory.yml",
  "inventory.yaml",
  "hosts.ini",
  "k0sctl.yaml",
];

/**
 * Reads the machines of a file, or of the one in a directory that is an inventory.
 *
 * @throws {UserError} exit code 2 where it cannot be read, or names no machine with a role
 */
export async function readForeignHosts(
  path: string,
  { cwd, warn }: { readonly cwd: string; readonly warn: (words: string) => void },
): Promise<readonly ForeignHost[]> {
  const { file, text } = await fileAt(path);
  const hosts = jsonHosts(text) ?? scriptHosts(text) ?? k0sctlHosts(text, { file, warn }) ??
    ansibleHosts(file, { cwd, text: iniInventory(text) });
  if (hosts.length > 0) return hosts;
  throw usageError(`${path} has no machine that is a server or a worker`, {
    hint: "k3s-tool reads Ansible inventories with groups such as server and agent or master and " +
      "node, the hosts or the script of k3sup plan, and k0sctl.yaml.",
  });
}

async function fileAt(path: string) {
  const unreadable = (why: string) =>
    usageError(`${path} cannot be read: ${why}`, {
      hint: "Name an inventory, a k3sup plan or k0sctl.yaml.",
    });
  const look = async (each: string) => await Deno.stat(each).catch(() => undefined);
  const found = await look(path);
  if (found === undefined) throw unreadable("it does not exist");
  let file = path;
  let info = found;
  if (found.isDirectory) {
    for (const name of FILES) {
      const inside = await look(join(path, name));
      if (inside?.isFile) [file, info] = [join(path, name), inside];
      if (inside?.isFile) break;
    }
    if (file === path) throw unreadable(`the directory has none of ${FILES.join(", ")}`);
  }
  if (!info.isFile) throw unreadable("it is not a regular file");
  const text = await readSmallText(file).catch((cause) => {
    throw unreadable(refusalReason(cause));
  });
  return { file, text };
}

/** `k3sup plan` makes servers of so many, in the order of the file (k3sup `cmd/plan.go`). */
const K3SUP_SERVERS = 3;

const K3supHosts = z.array(z.object({ hostname: z.string(), ip: z.string() }));

function jsonHosts(text: string): readonly ForeignHost[] | undefined {
  if (!/^\s*\[\s*\{/.test(text)) return undefined;
  return parseJson(K3supHosts, text)?.map(({ hostname, ip }, index) => ({
    name: hostname,
    address: ip,
    role: index < K3SUP_SERVERS ? "control-plane" : "worker",
  }));
}

/** The script that `k3sup plan` prints: `k3sup install --host …`, `k3sup join --host … --server`. */
function scriptHosts(text: string): readonly ForeignHost[] | undefined {
  const lines = text.replaceAll(/\\\r?\n/g, " ").matchAll(/^\s*k3sup (install|join)\b([^\n]*)$/gm);
  const hosts = [...lines].flatMap(([, verb, rest = ""]): ForeignHost[] => {
    const value = (flag: string) =>
      new RegExp(`(?:^|\\s)--${flag}[ =]+["']?([^\\s"']+)`).exec(rest)?.[1];
    const name = value("host") ?? value("ip");
    if (name === undefined) return [];
    const isServer = verb === "install" || /(?:^|\s)--server(?=\s|=true|$)/.test(rest);
    return [{ name, user: value("user"), role: isServer ? "control-plane" : "worker" }];
  });
  return hosts.length > 0 ? hosts : undefined;
}

const Connection = z.object({ address: z.string(), user: z.optional(z.string()) });
const K0sctl = z.object({
  apiVersion: z.string().check(z.startsWith("k0sctl.k0sproject.io/")),
  spec: z.object({
    hosts: z.array(z.object({
      role: z.string(),
      hostname: z.optional(z.string()),
      ssh: z.optional(Connection),
      openSSH: z.optional(Connection),
      winRM: z.optional(z.looseObject({ address: z.optional(z.string()) })),
      localhost: z.optional(z.unknown()),
    })),
  }),
});

function k0sctlHosts(
  text: string,
  { file, warn }: { readonly file: string; readonly warn: (words: string) => void },
): readonly ForeignHost[] | undefined {
  if (!text.includes("k0sctl.k0sproject.io/")) return undefined;
  const document = parseYaml(text, file);
  if (document.problems.length > 0) return undefined;
  const parsed = K0sctl.safeParse(rootValue(document)).data;
  return parsed?.spec.hosts.flatMap((host, index): ForeignHost[] => {
    const { role, hostname, ssh, openSSH } = host;
    const { address, user } = ssh ?? openSSH ?? {};
    const name = hostname ?? address;
    if (address === undefined || name === undefined) {
      const way = ["winRM", "localhost"].find((each) => each in host);
      const called = safeText(hostname ?? host.winRM?.address ?? `Host ${index + 1} of the file`);
      const why = way === undefined
        ? "it has no ssh address"
        : `it is reached by ${way}, not by ssh`;
      warn(`${called} is left out: ${why}`);
      return [];
    }
    return [{ name, address, user, role: role === "worker" ? "worker" : "control-plane" }];
  });
}

/** What a section of an INI inventory says of a group. */
interface IniGroup {
  readonly hosts: Map<string, Readonly<Record<string, string>>>;
  readonly children: Set<string>;
  readonly vars: Map<string, string>;
}

/** An inventory in Ansible's INI format (ansible-core `plugins/inventory/ini.py`), as one in YAML. */
function iniInventory(text: string): string | undefined {
  if (!/^\s*\[[^\]\s]+\]\s*(?:[#;].*)?$/m.test(text)) return undefined;
  const groups = new Map<string, IniGroup>();
  const groupNamed = (name: string): IniGroup => {
    const group = groups.get(name) ?? { hosts: new Map(), children: new Set(), vars: new Map() };
    groups.set(name, group);
    return group;
  };
  let [group, kind] = [groupNamed("ungrouped"), "hosts"];
  for (const raw of text.split("\n")) {
    const line = raw.trim().replace(/\s+#.*$/, "");
    if (line === "" || /^[#;]/.test(line)) continue;
    const section = /^\[([^\]:]+)(?::(\w+))?\]$/.exec(line);
    if (section !== null) [group, kind] = [groupNamed(section[1]!), section[2] ?? "hosts"];
    else if (kind === "children") group.children.add(line);
    else if (kind === "vars") {
      const [, key, value = ""] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (key !== undefined) group.vars.set(key, value.replace(/^(["'])(.*)\1$/, "$2"));
    } else if (kind === "hosts") {
      const [, name = "", pairs = ""] = /^(\S+)(?:\s+(.*))?$/.exec(line) ?? [];
      const own = [...pairs.matchAll(/(\w+)=["']?([^\s"']+)/g)].map((
        [, key, value],
      ) => [key, value]);
      group.hosts.set(name, { ...group.hosts.get(name), ...Object.fromEntries(own) });
    }
  }
  const plain = ({ hosts, children, vars }: IniGroup) => ({
    hosts: Object.fromEntries(hosts),
    children: Object.fromEntries([...children].map((name) => [name, {}])),
    vars: Object.fromEntries(vars),
  });
  const all = plain(groupNamed("all"));
  groups.delete("all");
  const others = [...groups].map(([name, each]) => [name, plain(each)]);
  return JSON.stringify({
    all: { ...all, children: { ...all.children, ...Object.fromEntries(others) } },
  });
}

/** An Ansible inventory, with the variables beside it. `text`: its YAML, where the file has something else. */
function ansibleHosts(
  file: string,
  { cwd, text }: { readonly cwd: string; readonly text: string | undefined },
): readonly ForeignHost[] {
  const over = new Map(text === undefined ? [] : [[file, parseYaml(text, file)]]);
  const parts = loadParts(file, new InventoryFiles({ cwd, over }));
  if ("problems" in parts) {
    throw new UserError(`${file} cannot be read as an inventory`, {
      exitCode: 2,
      problems: parts.problems,
    });
  }
  return [...parts.places].flatMap(([name, places]): ForeignHost[] => {
    const groups = parts.variables.groupsOf(places);
    const role = ROLES.find((each) => parts.roleGroups[each].some((one) => groups.includes(one)));
    if (role === undefined) return [];
    const variables = parts.variables.ofHost(places);
    const plain = (key: string) => {
      const found = variables.get(key);
      return found?.state === "plain" && typeof found.value === "string" ? found.value : undefined;
    };
    const address = plain("tailscale_ip") ?? plain("ansible_host");
    return [{ name, address, user: plain("ansible_user"), role }];
  });
}
