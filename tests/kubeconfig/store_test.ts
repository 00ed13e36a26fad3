import assert from "node:assert/strict";
import { updateKubeconfig } from "../../src/kubeconfig/store.ts";
import type { Clock } from "../../src/process/system.ts";
import { withDirectory } from "../ansible/fake_system.ts";

/** Time that passes only when it is waited for. */
function madeUpClock(): Clock {
  let now = Date.parse("2026-11-23T07:20:00Z");
  return { now: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) };
}

const append = (text: string) => ({ text: text + "x", changed: true });

async function files(directory: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(directory), ({ name }) => name);
  return names.sort();
}

Deno.test("a new kubeconfig is made with its folder, for the person alone", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/.kube/config`;
    const { file, backup } = await updateKubeconfig(path, { clock: madeUpClock(), update: append });
    assert.equal(file, path);
    assert.equal(backup, undefined);
    assert.equal(await Deno.readTextFile(path), "x");
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.deepEqual(await files(`${directory}/.kube`), ["config"]);
  }));

Deno.test("the former content is kept under a name with the time", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/config`;
    await Deno.writeTextFile(path, "a", { mode: 0o644 });
    const clock = madeUpClock();
    const first = await updateKubeconfig(path, { clock, update: append });
    const second = await updateKubeconfig(path, { clock, update: append });
    assert.equal(first.backup, `${path}.20261123T072000Z.bak`);
    assert.equal(second.backup, `${path}.20261123T072000Z-1.bak`);
    assert.equal(await Deno.readTextFile(first.backup), "a");
    assert.equal(await Deno.readTextFile(second.backup), "ax");
    assert.equal(await Deno.readTextFile(path), "axx");
    for (const each of [path, first.backup, second.backup]) {
      assert.equal((await Deno.stat(each)).mode! & 0o777, 0o600);
    }
  }));

Deno.test("nothing is written where nothing changes, or the update is refused", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/config`;
    await Deno.writeTextFile(path, "a");
    const clock = madeUpClock();
    await updateKubeconfig(path, { clock, update: (text) => ({ text, changed: false }) });
    await assert.rejects(
      updateKubeconfig(path, {
        clock,
        update: (): { text: string; changed: boolean } => {
          throw new Error("refused");
        },
      }),
      /refused/,
    );
    assert.deepEqual(await files(directory), ["config"]);
    assert.equal(await Deno.readTextFile(path), "a");
  }));

Deno.test("a symbolic link stays one, and its file is written", () =>
  withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/real`, "a");
    await Deno.symlink(`${directory}/real`, `${directory}/config`);
    const { file } = await updateKubeconfig(`${directory}/config`, {
      clock: madeUpClock(),
      update: append,
    });
    assert.equal(file, await Deno.realPath(`${directory}/real`));
    assert.ok((await Deno.lstat(`${directory}/config`)).isSymlink);
    assert.equal(await Deno.readTextFile(`${directory}/real`), "ax");
  }));

Deno.test("a lock that another process holds is respected", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/config`;
    const clock = madeUpClock();
    await Deno.writeTextFile(`${path}.lock`, "");
    await Deno.utime(`${path}.lock`, clock.now() / 1000, clock.now() / 1000);
    await assert.rejects(
      updateKubeconfig(path, { clock, update: append }),
      /Another process is writing/,
    );
    assert.deepEqual(await files(directory), ["config.lock"]);
  }));

Deno.test("a lock that was left behind is taken over", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/config`;
    await Deno.writeTextFile(`${path}.lock`, "");
    await Deno.utime(`${path}.lock`, new Date(0), new Date(0));
    await updateKubeconfig(path, { clock: madeUpClock(), update: append });
    assert.deepEqual(await files(directory), ["config"]);
  }));

Deno.test("how old a lock is, the clock says", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/config`;
    const clock = madeUpClock();
    const old = clock.now() / 1000 - 25;
    await Deno.writeTextFile(`${path}.lock`, "");
    await Deno.utime(`${path}.lock`, old, old);
    await assert.rejects(
      updateKubeconfig(path, { clock, update: append }),
      /Another process is writing/,
    );
    await updateKubeconfig(path, { clock, update: append });
    assert.deepEqual(await files(directory), ["config"]);
  }));

Deno.test("a lock that was left behind and is another process' by now is not removed", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/config`;
    const clock = madeUpClock();
    await Deno.writeTextFile(`${path}.lock`, "");
    await Deno.utime(`${path}.lock`, new Date(0), new Date(0));
    const { stat } = Deno;
    try {
      Deno.stat = async (looked) => {
        const found = await stat(looked);
        if (looked === `${path}.lock` && found.mtime?.getTime() === 0) {
          await Deno.remove(looked);
          await Deno.writeTextFile(looked, "");
          await Deno.utime(looked, clock.now() / 1000, clock.now() / 1000);
        }
        return found;
      };
      await assert.rejects(
        updateKubeconfig(path, { clock, update: append }),
        /Another process is writing/,
      );
    } finally {
      Deno.stat = stat;
    }
    assert.deepEqual(await files(directory), ["config.lock"]);
  }));

Deno.test("a kubeconfig that the system refuses is explained", () =>
  withDirectory(async (directory) => {
    const clock = madeUpClock();
    await Deno.mkdir(`${directory}/config`);
    await Deno.writeTextFile(`${directory}/file`, "");
    for (const path of [`${directory}/config`, `${directory}/file/config`]) {
      await assert.rejects(updateKubeconfig(path, { clock, update: append }), {
        name: "UserError",
        exitCode: 1,
        message: /cannot be (?:read|written)/,
      });
    }
  }));

Deno.test("three backups are kept, for the person alone, and nothing else is removed", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/config`;
    const clock = madeUpClock();
    const others = ["config.bak", "config.2026.bak", "other.20200101T000000Z.bak"];
    for (const name of others) await Deno.writeTextFile(`${directory}/${name}`, "mine");
    const old = `${path}.20201231T000000Z.bak`;
    await Deno.writeTextFile(old, "old", { mode: 0o644 });
    await Deno.writeTextFile(path, "");
    for (let turn = 0; turn < 2; turn++) await updateKubeconfig(path, { clock, update: append });
    assert.equal((await Deno.stat(old)).mode! & 0o777, 0o600);
    for (let turn = 0; turn < 12; turn++) await updateKubeconfig(path, { clock, update: append });
    assert.deepEqual(
      await files(directory),
      [
        "config",
        ...[11, 12, 13].map((count) => `config.20261123T072000Z-${count}.bak`),
        ...others,
      ].sort(),
    );
  }));
