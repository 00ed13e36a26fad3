/**
 * Copies of backups in a directory of another host, over ssh, as the user that logs in there.
 *
 * @module
 */

import * as z from "zod";
import { failureHint } from "../../ansible/events/failure_hint.ts";
import { pythonOf, SSH_FAILED } from "../../ansible/run/ssh.ts";
import { lastLine } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { UserError } from "../../errors/user_error.ts";
import { findHost, type Inventory, type InventoryHost } from "../../inventory/model.ts";
import type { ActionSystem } from "../action_system.ts";
import { streamFrom } from "../hosts/remote.ts";
import { parseJson } from "../../process/json.ts";
import type { CopyPlace } from "./copy_place.ts";
import { hostProgram, LOADER, refusedBy } from "./host_program.ts";

const Listed = z.array(z.object({ name: z.string(), bytes: z.int(), start: z.string().max(256) }));
const Received = z.boolean();

/** Longest answer that is read, in bytes. */
const MOST_ANSWERED = 1 << 22;

/** What a shell ends with where there is no such program. */
const NOT_FOUND = 127;

/** The directory that `ssh://[USER@]HOST[:PORT]/DIR` names; HOST may be one of the inventory. */
export function sshPlace(system: ActionSystem, inventory: Inventory, to: string): CopyPlace {
  const [, user, name = "", port, path = ""] =
    /^ssh:\/\/(?:([^@/]+)@)?([^/:]+)(?::(\d+))?(\/.*)$/.exec(to) ?? [];
  const host = hostAt(inventory, {
    name,
    user,
    port: port === undefined ? undefined : Number(port),
  });
  const directory = path;
  const run = async (
    call: string,
    request: Readonly<Record<string, unknown>>,
    { what, input, onBytes = () => Promise.resolve() }: {
      readonly what: string;
      readonly input?: AsyncIterable<Uint8Array>;
      readonly onBytes?: (bytes: Uint8Array) => Promise<void>;
    },
  ) => {
    const program = new TextEncoder().encode(
      await hostProgram(system, ["backup_directory"], call, { ...request, directory }),
    );
    async function* sent() {
      yield new TextEncoder().encode(`${program.length}\n`);
      yield program;
      if (input !== undefined) yield* input;
    }
    const { code, stderr } = await streamFrom(system, host, {
      command: `exec ${pythonOf(host)} -c ${shellWord(LOADER)}`,
      input: ReadableStream.from(sent()),
      onBytes,
    });
    if (code === 0) return;
    if (code === SSH_FAILED) throw refusedBy(host, { code, stderr }, { what, hint: "" });
    const said = lastLine(stderr) || `exit code ${code}`;
    throw new UserError(`${what}: ${said}`, {
      hint: code === NOT_FOUND
        ? failureHint(host.name, "python3: not found", { connecting: false })
        : `The user that logs in to ${host.name} must be able to write in ${directory}.`,
    });
  };
  const answer = async <T>(
    schema: z.ZodType<T>,
    call: string,
    request: Readonly<Record<string, unknown>>,
    options: { readonly what: string; readonly input?: AsyncIterable<Uint8Array> },
  ): Promise<T> => {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    await run(`json.dump(${call}, sys.stdout)`, request, {
      ...options,
      onBytes: (bytes) => {
        size += bytes.length;
        if (size > MOST_ANSWERED) throw new UserError(`The response from ${host.name} is too long`);
        chunks.push(bytes.slice());
        return Promise.resolve();
      },
    });
    const text = await new Blob(chunks).text();
    const parsed = parseJson(schema, text);
    if (parsed !== undefined) return parsed;
    throw new UserError(`The response from ${host.name} cannot be parsed`);
  };
  return {
    address: to,
    list: async () => {
      const what = `The copies in ${to} could not be listed`;
      const listed = await answer(Listed, "backup_directory.listed(request['directory'])", {}, {
        what,
      });
      return listed.map(({ start, ...file }) => ({
        ...file,
        start: Uint8Array.from(start, (character) => character.charCodeAt(0)),
      }));
    },
    put: ({ name, bytes, sha256, read }) =>
      answer(
        Received,
        "backup_directory.receive(request['directory'], request['name'], request, sys.stdin.buffer)",
        { name, bytes, sha256 },
        { what: `${name} was not copied to ${to}`, input: read() },
      ),
    get: async (name, into) => {
      const writer = into.getWriter();
      try {
        const call =
          "backup_directory.send(request['directory'], request['name'], sys.stdout.buffer)";
        const what = `${name} could not be read from ${to}`;
        await run(call, { name }, { what, onBytes: (bytes) => writer.write(bytes) });
        await writer.close();
      } catch (error) {
        await writer.abort(error).catch(() => {});
        throw error;
      }
      return undefined;
    },
    remove: async (names) => {
      const call = "backup_directory.remove(request['directory'], request['names'])";
      await run(call, { names }, { what: `Copies in ${to} could not be deleted` });
    },
    close: () => Promise.resolve(),
  };
}

/** A host of the inventory, as it connects to it; any other one with the settings of this user's ssh. */
function hostAt(
  inventory: Inventory,
  { name, user, port }: {
    readonly name: string;
    readonly user: string | undefined;
    readonly port: number | undefined;
  },
): InventoryHost {
  const where = inventory.cluster.vars.get("backup_copy")?.where ?? { file: inventory.file };
  const known = findHost(inventory, name);
  const host: InventoryHost = known ??
    {
      name,
      nodeName: name,
      role: "worker",
      groups: [],
      ansibleHost: name,
      labels: {},
      taints: [],
      vars: new Map(),
      where,
    };
  const vars = new Map(host.vars);
  if (port !== undefined) {
    const state = "plain";
    vars.set("ansible_port", { name: "ansible_port", value: port, state, where, scope: name });
  }
  return { ...host, vars, ...user === undefined ? {} : { user } };
}
