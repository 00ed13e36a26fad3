import assert from "node:assert/strict";
import { diskChecks, networkChecks, parseFacts, PROBE } from "../../../src/actions/doctor/hosts.ts";

const facts = (entries: Record<string, string>) => new Map(Object.entries(entries));
const ACTIVE = { "unit.k3s-agent": "active", "mtu.tailscale0": "1280" };

Deno.test("facts are read among whatever a login shell prints", () => {
  const text = "Last login: today\nmtu.tailscale0=1280\nmtu.evil;rm=1\nsudo=\u001b[31m\nend=yes\n";
  assert.deepEqual([...parseFacts(text)], [["mtu.tailscale0", "1280"], ["end", "yes"]]);
});

Deno.test("flannel.1 must fit into tailscale0, cni0 into flannel.1", () => {
  const status = (flannel: string, cni: string) =>
    networkChecks({ name: "pi" }, facts({ ...ACTIVE, "mtu.flannel.1": flannel, "mtu.cni0": cni }))
      .map((check) => check.status);
  assert.deepEqual(status("1230", "1230"), ["ok"]);
  assert.deepEqual(status("1450", "1450"), ["fail"]);
  assert.deepEqual(status("1230", "1500"), ["fail"]);
});

Deno.test("a bridge without ports is not looked at: no packet meets its MTU", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const links = [["tailscale0", "1280"], ["flannel.1", "1230"], ["cni0", "1500"]] as const;
    for (const [link, mtu] of links) {
      await Deno.mkdir(`${directory}/${link}/brif`, { recursive: true });
      await Deno.writeTextFile(`${directory}/${link}/mtu`, `${mtu}\n`);
    }
    const found = async () => {
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", PROBE.replaceAll("/sys/class/net", directory)],
      }).output();
      return parseFacts(new TextDecoder().decode(stdout)).get("mtu.cni0");
    };
    assert.equal(await found(), undefined);
    await Deno.mkdir(`${directory}/cni0/brif/veth1`);
    assert.equal(await found(), "1500");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a flannel.1 that is gone has its own remedy", () => {
  const [check] = networkChecks({ name: "pi" }, facts(ACTIVE));
  assert.equal(check?.status, "fail");
  assert.match(check?.hint ?? "", /systemctl restart k3s-agent/);
});

Deno.test("without k3s only tailscale0 is asked for", () => {
  assert.deepEqual(networkChecks({ name: "pi" }, facts({ "mtu.tailscale0": "1280" })), []);
  assert.equal(networkChecks({ name: "pi" }, facts({}))[0]?.status, "fail");
});

Deno.test("a disk of storage_paths that is not mounted is named, one that is there too", () => {
  const text = "disk.1=on /\ndisk.2=off /mnt/disk-1\ndisk.3=on /srv\ndisk.4=off /x;\u001b[2J\n";
  const checks = diskChecks({ name: "nas" }, parseFacts(text));
  assert.deepEqual(checks.map(({ status, name, host }) => [status, name, host]), [
    ["fail", "storage", "nas"],
  ]);
  assert.match(checks[0]!.message, /not mounted at \/mnt\/disk-1;/);
  assert.match(checks[0]!.hint ?? "", /sudo mount \/mnt\/disk-1;/);
  assert.deepEqual(
    diskChecks({ name: "nas" }, parseFacts("disk.1=on /\ndisk.2=on /srv\n")).map((check) =>
      check.message
    ),
    ["mounted: /srv"],
  );
  assert.deepEqual(diskChecks({ name: "nas" }, parseFacts("disk.1=on /\npath.1=on /v\n")), []);
  const other = (text: string) => diskChecks({ name: "nas" }, parseFacts(text))[0]!;
  const replaced = other("disk.1=on /srv\npath.1=on /srv/a\npath.2=off /srv/b\n");
  assert.match(replaced.message, /missing in the storage path \/srv\/b;/);
  assert.match(replaced.hint ?? "", /mkdir -p \/srv\/b; .*touch \/srv\/b\/\.k3s-tool-storage$/);
  assert.match(other("disk.1=off /srv\npath.1=off /srv/a\n").message, /not mounted at \/srv;/);
  assert.deepEqual(diskChecks({ name: "nas" }, parseFacts("end=yes\n")), []);
});

Deno.test("the script finds a storage path whose mark is missing, where it can be root", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const record = ["right", "other"].map((name) => ({
      path: `${directory}/${name}`,
      class: "fast",
      mount: "/",
    }));
    // As k3s-tool writes it.
    await Deno.writeTextFile(
      `${directory}/record.json`,
      `${JSON.stringify(record, null, 1)}\n`,
    );
    await Deno.mkdir(`${directory}/right`);
    await Deno.writeTextFile(`${directory}/right/.k3s-tool-storage`, "");
    await Deno.writeTextFile(`${directory}/k3s-agent.service`, "");
    const program = (name: string, text: string) =>
      Deno.writeTextFile(`${directory}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    await program("systemctl", "echo active");
    const probe = PROBE.replace("/etc/systemd/system", directory)
      .replace("/etc/rancher/k3s/k3s-tool-storage.json", `${directory}/record.json`);
    const paths = async (uid: string, sudo: string) => {
      await program("id", `echo ${uid}`);
      await program("sudo", sudo);
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", probe],
        env: { PATH: `${directory}:${Deno.env.get("PATH")}` },
      }).output();
      const found = parseFacts(new TextDecoder().decode(stdout));
      return ["path.1", "path.2"].map((name) => found.get(name)?.split(" ")[0]);
    };
    assert.deepEqual(await paths("0", "exit 1"), ["on", "off"]);
    assert.deepEqual(await paths("1000", 'shift; exec "$@"'), ["on", "off"]);
    assert.deepEqual(await paths("1000", "exit 1"), [undefined, undefined]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("an agent that runs and has not said READY yet is active, one that is started again and again is not", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const said = async (state: string, substate: string) => {
      const systemctl = `#!/bin/sh\n[ "$1" = show ] && echo ${substate} || echo ${state}\n`;
      await Deno.writeTextFile(`${directory}/systemctl`, systemctl, { mode: 0o755 });
      const probe = PROBE.replace("/etc/systemd/system", directory);
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", probe],
        env: { PATH: `${directory}:${Deno.env.get("PATH")}` },
      }).output();
      return parseFacts(new TextDecoder().decode(stdout)).get("unit.k3s-agent");
    };
    assert.equal(await said("active", "running"), undefined);
    await Deno.writeTextFile(`${directory}/k3s-agent.service`, "");
    assert.equal(await said("active", "running"), "active");
    assert.equal(await said("activating", "start"), "active");
    for (const substate of ["auto-restart", "start-pre"]) {
      assert.equal(await said("activating", substate), "activating");
    }
    assert.equal(await said("failed", "failed"), "failed");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("whatever the probe prints is read", () => {
  const printed = [...PROBE.matchAll(/echo (?:"((?:\$\([^)]*\)|[^"])*)"|([a-z=]+))/g)]
    .map(([, quoted, plain]) => (quoted ?? plain)!)
    .map((line) =>
      line.replace(/\$\([^)]*\)/g, "1500").replace(/\$[mp]/, "/x").replace(/\$\w/g, "1")
    );
  assert.ok(printed.length > 10, printed.join());
  for (const line of printed) assert.equal(parseFacts(line).size, 1, line);
});
