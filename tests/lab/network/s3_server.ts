/**
 * An S3 server on the bridge, with one bucket.
 *
 * @module
 */

import { join } from "node:path";
import { buildGo, s3Build } from "../build/go_programs.ts";
import { runDir } from "../paths.ts";
import { startOnBridge } from "./bridge_server.ts";
import { network } from "./network.ts";

const dir = join(runDir, "s3");
const PORT = 7070;
const BUCKET = "backups";

/** Name under which the server is among the lab's daemons. */
const name = "s3";

/** Where the server is, and who may use it. */
export const s3Server = {
  endpoint: `http://${network.address}:${PORT}`,
  bucket: `s3://${BUCKET}`,
  id: "lab",
  /** Of this run alone. */
  secret: crypto.randomUUID(),
  /** The bucket's objects, as files. */
  objects: join(dir, "data", BUCKET),
} as const;

/** Starts the server and waits until it answers. */
export async function startS3Server(): Promise<void> {
  const program = join(await buildGo(s3Build), "versitygw");
  await Deno.mkdir(s3Server.objects, { recursive: true });
  // Not every file system has extended attributes for what belongs to an object.
  const sidecar = join(dir, "metadata");
  await Deno.mkdir(sidecar, { recursive: true });
  await startOnBridge(
    name,
    PORT,
    (listen) => [program, "--port", listen, "posix", "--sidecar", sidecar, join(dir, "data")],
    { ROOT_ACCESS_KEY: s3Server.id, ROOT_SECRET_KEY: s3Server.secret },
  );
}
