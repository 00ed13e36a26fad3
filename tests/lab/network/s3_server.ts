/**
 * An S3 server on the bridge, with one bucket.
 *
 * @module
 */

import { join } from "node:path";
import { buildGo, s3Build } from "../build/go_programs.ts";
import { isAlive, startDaemon } from "../cli/daemon.ts";
import { runDir, runPaths } from "../paths.ts";
import { exclusively, keepDaemon, LabStateError, runningLab } from "../state.ts";
import { waitFor } from "../wait.ts";
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
export function startS3Server(): Promise<void> {
  return exclusively(async () => {
    const state = await runningLab();
    const running = state.daemons[name];
    if (running !== undefined && await isAlive(running)) {
      throw new LabStateError("the S3 server is on");
    }
    const program = join(await buildGo(s3Build), "versitygw");
    await Deno.mkdir(s3Server.objects, { recursive: true });
    // Not every file system has extended attributes for what belongs to an object.
    const sidecar = join(dir, "metadata");
    await Deno.mkdir(sidecar, { recursive: true });
    const listen = `${network.address}:${PORT}`;
    const daemon = await startDaemon(
      name,
      [program, "--port", listen, "posix", "--sidecar", sidecar, join(dir, "data")],
      {
        log: join(runPaths.logs, "s3.log"),
        env: { ROOT_ACCESS_KEY: s3Server.id, ROOT_SECRET_KEY: s3Server.secret },
      },
    );
    await keepDaemon(state, name, daemon);
    await waitFor(async () => {
      if (!await isAlive(daemon)) return false;
      (await Deno.connect({ hostname: network.address, port: PORT })).close();
      return true;
    }, { what: "the S3 server", interval: 20 });
  });
}
