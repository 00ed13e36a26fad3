/**
 * What exactly is wrong with a server's certificate.
 *
 * @module
 */

/** How long the question may take, in milliseconds. */
const TIMEOUT_MS = 5_000;

/**
 * The TLS library's own words: `node:tls` under Deno says of everything that it is "unable to
 * verify the first certificate", while Deno's fetch names the reason (expired, unknown issuer).
 *
 * @param authority PEM of the certificate authority that is trusted; undefined: the system's
 * @returns undefined where the certificate is accepted after all, or no connection is made
 */
export async function tlsProblem(
  server: string,
  authority: string | undefined,
): Promise<string | undefined> {
  using client = Deno.createHttpClient(authority === undefined ? {} : { caCerts: [authority] });
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    await (await fetch(`${server}/version`, { client, signal })).body?.cancel();
    return undefined;
  } catch (error) {
    const text = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    return /invalid peer certificate: ([^\n:]+)/.exec(text)?.[1];
  }
}
