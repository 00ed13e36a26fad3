import { run } from "./cli/command.ts";

/** The least that `openssl ca` wants, which alone makes certificates for a time in the past. */
const CONFIG = `
[req]
distinguished_name = name
[name]
[ca]
default_ca = made
[made]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
`;

const PEER = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=somebody";

/** Writes a kubeconfig whose client certificate ended in 2020. */
export async function makeExpiredKubeconfig(file: string, server: string): Promise<void> {
  const cwd = await Deno.makeTempDir();
  const openssl = (args: string) => run(["openssl", ...args.split(" ")], { cwd });
  const base64 = async (name: string) => btoa(await Deno.readTextFile(`${cwd}/${name}`));
  try {
    await Deno.writeTextFile(`${cwd}/config`, CONFIG);
    await Deno.writeTextFile(`${cwd}/index`, "");
    await Deno.writeTextFile(`${cwd}/serial`, "01");
    await openssl(`req -new ${PEER} -keyout key -out request -config config`);
    await openssl(
      "ca -batch -notext -config config -selfsign -keyfile key -in request -out certificate " +
        "-startdate 20190101000000Z -enddate 20200101000000Z",
    );
    const certificate = await base64("certificate");
    const named = { cluster: "old", user: "old" };
    const user = { "client-certificate-data": certificate, "client-key-data": await base64("key") };
    await Deno.writeTextFile(
      file,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "old", cluster: { server, "certificate-authority-data": certificate } }],
        users: [{ name: "old", user }],
        contexts: [{ name: "old", context: named }],
        "current-context": "old",
      }),
      { mode: 0o600 },
    );
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}
