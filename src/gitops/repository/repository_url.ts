/**
 * Addresses of Git repositories.
 *
 * @module
 */

/** Where an SSH address leads. */
export interface SshServer {
  readonly user: string | undefined;
  readonly host: string;
  /** Undefined: 22. */
  readonly port: number | undefined;
}

/**
 * The address as Flux takes it: `git@host:me/x.git`, as Git itself has it, becomes
 * `ssh://git@host/me/x.git`; others stay.
 *
 * Source: GitRepository's `spec.url` must match `^(http|https|ssh)://.*$`.
 */
export function fluxUrl(address: string): string {
  return address.replace(/^([\w.-]+@[\w.-]+):\/*/, "ssh://$1/");
}

/** The server of an SSH address; undefined where it is another kind of address. */
export function sshServer(address: string): SshServer | undefined {
  const match = /^ssh:\/\/(?:([\w.-]+)@)?(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?\//.exec(
    fluxUrl(address),
  );
  const host = match?.[2] ?? match?.[3];
  // What begins with a dash would be an option for ssh-keyscan.
  if (match === null || host === undefined || host.startsWith("-")) return undefined;
  return {
    user: match[1],
    host,
    port: match[4] === undefined ? undefined : Number(match[4]),
  };
}
