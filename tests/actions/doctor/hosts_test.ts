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
  assert.deepEqual(diskChecks({ name: "nas" }, parseFacts("disk.1=on /\n")), []);
  assert.deepEqual(diskChecks({ name: "nas" }, parseFacts("end=yes\n")), []);
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
