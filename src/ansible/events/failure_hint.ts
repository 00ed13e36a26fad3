/**
 * The next step for the failures people meet most, by what ssh, sudo and the system say. Nothing else
 * decides it: the event plugin passes messages on unchanged, and modules add their own hints.
 *
 * Ansible is run with LC_ALL=C.UTF-8, so the words are the English ones. Wording: OpenSSH 9
 * (`sshconnect.c`, `readconf.c`), sudo 1.9 (`plugins/sudoers`), errno texts of glibc.
 *
 * @module
 */

import { DISK_FULL } from "../../errors/refusal.ts";

type Hint = readonly [said: RegExp, hint: (host: string) => string];

/** Where ssh could not get in. A module may say such words of another connection. */
const CONNECTION_HINTS: readonly Hint[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/i,
    (host) =>
      `The SSH host key of ${host} has changed. If the machine was reinstalled, remove the old key from the tool's known_hosts (k3s-tool doctor names the file) and run again; if not, do not connect.`,
  ],
  [
    /Load key .*: (?:incorrect passphrase|error in libcrypto)|Enter passphrase|passphrase/i,
    () => "The SSH key has a passphrase: load it with ssh-add, then run again.",
  ],
  [
    /Too many authentication failures/i,
    (host) =>
      `The SSH agent offers too many keys to ${host}. Name the right one as ansible_ssh_private_key_file in the inventory.`,
  ],
  [
    /Permission denied \((?:publickey|[a-z,-]*password|[a-z,-]*keyboard-interactive)/i,
    (host) =>
      `${host} rejected the login. Check ansible_user and the key: ssh-copy-id puts your key there, ssh-add loads one with a passphrase.`,
  ],
  [
    /Could not resolve hostname|Name or service not known|nodename nor servname/i,
    (host) =>
      `This machine cannot resolve the name of ${host}. Set ansible_host to its Tailscale address.`,
  ],
  [
    /Connection refused/i,
    (host) => `Nothing listens for SSH on ${host}. Start it there: sudo systemctl enable --now ssh`,
  ],
  [
    /Connection timed out|Operation timed out|Timed out|timeout was reached|Timeout when waiting|No route to host|Network is unreachable|Host is down/i,
    (host) =>
      `${host} does not answer. Is it switched on, and is Tailscale up there? Try: tailscale ping ${host}`,
  ],
  [
    /Connection (?:reset|closed) by|Broken pipe|Shared connection .* closed|kex_exchange_identification/i,
    (host) =>
      `The connection to ${host} was lost. Run again; if it keeps happening, see journalctl -u ssh on that machine.`,
  ],
];

/** What sudo and the system say, whoever passes it on. */
const HOST_HINTS: readonly Hint[] = [
  [
    /(?:Missing|Incorrect) sudo password|sudo: a (?:password|terminal) is required|sudo: no tty present|interactive authentication is required/i,
    (host) =>
      `sudo on ${host} asks for a password. Run again with -K to type it, or allow it without one: echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/90-$USER`,
  ],
  [
    /is not in the sudoers|may not run sudo|not allowed to (?:execute|run sudo)/i,
    (host) =>
      `The user may not use sudo on ${host}. Add it to the sudo group there, or set ansible_user.`,
  ],
  [
    /sudo: (?:command )?not found|unable to find.*sudo|Failed to find required executable "?sudo/i,
    (host) => `sudo is not installed on ${host}. Install it, or set ansible_user: root.`,
  ],
  [
    DISK_FULL,
    (host) => `The disk of ${host} is full. Free some space and run again.`,
  ],
  [
    /Read-only file system/i,
    (host) => `A file system of ${host} is mounted read-only: look at dmesg there.`,
  ],
  [
    /Failed to create temporary directory/i,
    (host) =>
      `The login user cannot write to ~/.ansible on ${host}. If it belongs to root, run on that machine: sudo chown -R "$(id -un)" ~/.ansible`,
  ],
  [
    /python3?: (?:command )?not found|interpreter.*(?:not found|No such file)|No python interpreters? found|No such file or directory: b?'python3'/i,
    (host) => `Python 3 is not installed on ${host}. Install it: sudo apt install python3`,
  ],
  [
    /Could not get lock|dpkg frontend lock|is another process using it/i,
    (host) =>
      `Another program installs packages on ${host}. Wait until it has ended, then run again.`,
  ],
  [
    /certificate has expired|certificate is not yet valid|clock/i,
    (host) => `Check the clock of ${host}: timedatectl shows whether it is synchronised.`,
  ],
];

/** Said where no better next step is known. */
export const GENERAL_HINT =
  "Read the log for the full output, fix the cause and run the command again.";

/**
 * The next step for a failure on a host, from what was said there.
 *
 * @param connecting whether it was ssh that failed
 */
export function failureHint(
  host: string,
  said: string,
  { connecting }: { readonly connecting: boolean },
): string {
  const hints = connecting ? [...CONNECTION_HINTS, ...HOST_HINTS] : HOST_HINTS;
  return hints.find(([pattern]) => pattern.test(said))?.[1](host) ?? GENERAL_HINT;
}
