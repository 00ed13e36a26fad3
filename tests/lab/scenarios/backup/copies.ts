/**
 * Backups of the workstation are copied to S3 and to a host, and come back from there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { onHost } from "../../hosts/on_host.ts";
import { s3Server, startS3Server } from "../../network/s3_server.ts";
import type { Host } from "../../state.ts";
import { projectDir, tool, tryTool } from "../../tool.ts";

/** Declares the scenario; for a server. */
export function backupCopies(server: () => Host): void {
  const identity = join(projectDir, "copies.key");
  const keys = join(projectDir, "s3-keys");
  const here = ["--directory", join(projectDir, "copied")];
  const { endpoint, bucket, id, secret } = s3Server;
  const credentials = (secret: string) =>
    `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`;
  const setPlace = (place: Record<string, string>) =>
    tool("config", "set", "backup_copy", JSON.stringify(place), "--type", "json");

  let file = "";
  let name = "";
  let whole: Uint8Array;
  const opensFromCopy = async (address: string) => {
    await Deno.remove(file);
    const { items } = JSON.parse(await tool("backup", "list", ...here, "-o", "json"));
    const listed = items.find((each: { name: string }) => each.name === name);
    assert.deepEqual([listed.file, listed.encryptedTo], [`${address}/${name}`, "recipient"]);
    await tool("backup", "restore", name, ...here, "--identity", identity, "--check");
    await Deno.writeFile(file, whole);
  };

  Deno.test("a backup is copied to S3, and is restored from the copy alone", async () => {
    await startS3Server();
    const key = await onHost(server(), "age-keygen 2>/dev/null");
    await Deno.writeTextFile(identity, key);
    await Deno.writeTextFile(keys, credentials(secret), { mode: 0o600 });
    await setPlace({ to: `${bucket}/of/lab`, endpoint, credentials_file: keys });
    const recipient = /age1\w+/.exec(key)![0];
    file = (await tool("backup", "create", ...here, "--recipient", recipient)).trim();
    name = basename(file);
    whole = await Deno.readFile(file);
    assert.deepEqual(await Deno.readFile(join(s3Server.objects, "of/lab", name)), whole);
    await opensFromCopy(`${bucket}/of/lab`);
    await Deno.writeTextFile(keys, credentials("wrong"));
    const refused = await tryTool("backup", "list", ...here);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /SignatureDoesNotMatch/);
  });

  Deno.test("a backup is copied to a host of the inventory, for its user alone, and is restored from there", async () => {
    await onHost(server(), "install -d -m 700 -o lab /srv/copies");
    await setPlace({ to: `ssh://${server().name}/srv/copies` });
    await tool("backup", "copy", name, ...here);
    const [mode, owner] = (await onHost(server(), `stat -c '%a %U' /srv/copies/${name}`)).trim()
      .split(" ");
    assert.deepEqual([mode, owner], ["600", "lab"]);
    await opensFromCopy(`ssh://${server().name}/srv/copies`);
    const keep = ["--keep-daily", "1", "--keep-weekly", "1", "--keep-monthly", "1"];
    await tool("backup", "prune", ...here, ...keep, "--yes");
    assert.equal((await onHost(server(), "ls -A /srv/copies")).trim(), name);
    await tool("config", "unset", "backup_copy");
  });
}
