/**
 * Certificates, made by openssl for each test, and servers that show them.
 *
 * @module
 */

import assert from "node:assert/strict";

const DAY_MS = 86_400_000;

/** A key and its certificate, as PEM. */
export interface Pair {
  readonly key: string;
  readonly cert: string;
}

const config = (isAuthority: boolean) =>
  `[ca]
default_ca = ours
[ours]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
subjectAltName = IP:127.0.0.1, DNS:kubernetes
basicConstraints = CA:${isAuthority}
[req]
distinguished_name = name
[name]
`;

/** A key and a certificate that ends in `days` from now, signed by itself where by nobody else. */
export async function certificate(
  directory: string,
  days: number,
  issuer?: Pair,
): Promise<Pair> {
  const place = await Deno.makeTempDir({ dir: directory });
  const openssl = async (args: string) => {
    const { code, stderr } = await new Deno.Command("openssl", {
      args: args.split(" "),
      cwd: place,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  };
  const moment = (ms: number) => new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  await Deno.writeTextFile(`${place}/config`, config(issuer === undefined));
  await Deno.writeTextFile(`${place}/index`, "");
  await Deno.writeTextFile(`${place}/serial`, "01");
  await openssl(
    "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes " +
      `-keyout key -out request -subj /CN=${
        issuer === undefined ? "authority" : "test"
      } -config config`,
  );
  const [from, to] = [Date.now() - 60 * DAY_MS, Date.now() + days * DAY_MS].map(moment);
  if (issuer !== undefined) {
    await Deno.writeTextFile(`${place}/issuer.key`, issuer.key);
    await Deno.writeTextFile(`${place}/issuer.cert`, issuer.cert);
  }
  const by = issuer === undefined
    ? "-selfsign -keyfile key"
    : "-cert issuer.cert -keyfile issuer.key";
  await openssl(
    `ca -batch -notext -config config ${by} -in request -out cert ` +
      `-startdate ${from} -enddate ${to}`,
  );
  return {
    key: await Deno.readTextFile(`${place}/key`),
    cert: await Deno.readTextFile(`${place}/cert`),
  };
}

/** A server of a cluster, and the tokens that it was shown. */
export function serverOf(pair: Pair, answer: () => Response) {
  const tokens: (string | null)[] = [];
  const http = Deno.serve(
    { ...pair, port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (asked) => {
      tokens.push(asked.headers.get("authorization"));
      return answer();
    },
  );
  return { http, tokens, url: `https://127.0.0.1:${http.addr.port}` };
}
