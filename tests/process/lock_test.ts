import assert from "node:assert/strict";
import { lockInventory } from "../../src/ansible/run/run_lock.ts";
import { openDirectory } from "../../src/actions/backup/create_backup.ts";
import { withDirectoryLock } from "../../src/process/lock.ts";
import { fakeSystem, withDirectory } from "../ansible/fake_system.ts";

/** Has handles of a path twice, as a program that is being started has them until it executes. */
function duplicate(path: string): Disposable {
  const libc = Deno.dlopen("libc.so.6", {
    dup: { parameters: ["i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const mine = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name).filter((name) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false; // the handle of the listing itself
    }
  });
  assert.ok(mine.length > 0);
  const copies = mine.map((name) => libc.symbols.dup(Number(name)));
  return {
    [Symbol.dispose]: () => {
      copies.forEach((each) => libc.symbols.close(each));
      libc.close();
    },
  };
}

/** What takes a lock and gives back what it locked, while it is held. */
const LOCKS: Readonly<
  Record<string, (directory: string, held: (path: string) => void) => unknown>
> = {
  "a directory": async (directory, held) =>
    await withDirectoryLock(
      directory,
      { clock: fakeSystem(directory).clock },
      () => Promise.resolve(held(directory)),
    ),
  "an inventory": async (directory, held) => {
    const system = fakeSystem(directory);
    using _lock = await lockInventory(system, "/a/hosts.yml");
    const locks = `${system.directories.state}/locks`;
    held(`${locks}/${[...Deno.readDirSync(locks)][0]?.name}`);
  },
  "a directory of backups": async (directory, held) => {
    using _lock = await openDirectory(directory);
    held(directory);
  },
};

for (const [what, lock] of Object.entries(LOCKS)) {
  Deno.test({
    name: `the lock of ${what} is free though a program that is being started has its handle`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withDirectory(async (directory) => {
        let locked = "";
        let copies: Disposable | undefined;
        await lock(directory, (path) => {
          locked = path;
          copies = duplicate(path);
        });
        using _copies = copies;
        using handle = await Deno.open(locked);
        assert.ok(await handle.tryLock(true));
      }),
  });
}
