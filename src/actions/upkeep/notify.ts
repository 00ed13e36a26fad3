/**
 * Messages about problems, which a timer on the servers sends (role `notify`).
 *
 * @module
 */

import { unreadable } from "../../errors/refusal.ts";
import { safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { missingError, usageError, UserError } from "../../errors/user_error.ts";
import { hostNamed, hostsOf } from "../../inventory/model.ts";
import { openInventory } from "../../inventory/read/read.ts";
import { readSmallText } from "../../process/small_file.ts";
import type { ActionSystem } from "../action_system.ts";
import { asRoot, refusedBy } from "../backup/host_program.ts";
import { onHost } from "../hosts/remote.ts";

/** What the shell ends with where the program is not there. */
const NOT_INSTALLED = 93;

/** Where the role has put it. */
const PROGRAM = "/usr/local/lib/k3s-tool/notify.py";

/**
 * Checks the file with the address before anything is saved; the role checks it again, as an inventory may
 * name another one.
 *
 * @throws {UserError} exit code 2 where it cannot be read, or does not fit the format
 */
export async function readAddress(
  { directories }: Pick<ActionSystem, "directories">,
  path: string,
  format: string,
): Promise<void> {
  const file = path.replace(/^~(?=\/|$)/, directories.home);
  const address = (await readSmallText(file).catch(unreadable(safeText(path)))).trim();
  const fits = format === "mail" ? /^[^@,\s]+@[^@,\s]+$/ : /^https?:\/\/[^\s/@]+(?:\/\S*)?$/;
  if (fits.test(address)) return;
  throw usageError(`The address in ${safeText(path)} does not fit the format ${format}`, {
    hint: "ntfy and webhook take one address that begins with https:// or http://, without user " +
      "and password; mail takes one email address.",
  });
}

/**
 * Has a server send a test message.
 *
 * @returns the server's name
 * @throws {UserError} exit code 2 where the host is no server, 4 where it cannot be reached, 3 where it
 *   has no timer, 1 where the message was refused
 */
export async function testNotification(
  system: ActionSystem,
  { inventory: file, host: name }: {
    readonly inventory: string | undefined;
    readonly host: string | undefined;
  },
): Promise<string> {
  const { inventory } = await openInventory(system, file);
  const [first] = hostsOf(inventory, "control-plane");
  const host = name === undefined ? first : hostNamed(inventory, name);
  if (host?.role !== "control-plane") {
    throw usageError(
      host === undefined ? "There is no server in the inventory" : `${host.name} is a worker`,
      { hint: "Servers send the messages; name one of them." },
    );
  }
  const done = await onHost(system, host, {
    command: `test -x ${PROGRAM} || exit ${NOT_INSTALLED}; ` +
      asRoot(`${PROGRAM} test`, false),
  });
  if (done.code === 0) return host.name;
  if (done.code === NOT_INSTALLED) {
    throw missingError(`${host.name} has no timer that reports problems`, {
      hint: "Install it with: k3s-tool notify install --url-file FILE",
    });
  }
  if (/password is required/.test(done.stderr)) {
    throw new UserError(`sudo asks for a password on ${host.name}`, {
      hint: `Try it there: k3s-tool ssh ${shellWord(host.name)} -- sudo ${PROGRAM} test`,
    });
  }
  throw refusedBy(host, done, {
    what: `${host.name} could not send a message`,
    hint: "See why with: k3s-tool logs " + host.name,
  });
}
