import assert from "node:assert/strict";
import type { ActionSystem } from "../../../src/actions/action_system.ts";
import type { YamlValue } from "../../../src/yaml/yaml_value.ts";
import {
  askHealth,
  ClockReader,
  clusterDns,
  clusterNetworks,
  parseHealth,
} from "../../../src/actions/doctor/health.ts";
import { FolderAssets } from "../../../src/assets/source.ts";
import type { Inventory, ValueState } from "../../../src/inventory/model.ts";
import { DenoRunner } from "../../../src/process/deno_runner.ts";
import { directoriesFrom, machineClock } from "../../../src/process/system.ts";
import { withDirectory } from "../../ansible/fake_system.ts";
import { emptyMachine, PROJECT_ROOT } from "../../cli/fake_context.ts";
import { inventoryHost } from "../host_fixture.ts";

/** What the programs of a node say, as they were recorded: iputils, iproute2. */
const PROGRAMS = {
  systemctl: "echo active",
  sudo: "exit 1",
  ping:
    `case "$*" in *"-s 1252"*) echo '3 packets transmitted, 0 received, 100% packet loss'; exit 1 ;; esac
cat <<'END'
PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.

--- 127.0.0.1 ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 400ms
rtt min/avg/max/mdev = 0.020/1.250/0.041/0.009 ms
END`,
  ip: `case "$*" in
*neigh*) echo '[{"dst":"10.42.1.0","lladdr":"fe:00:00:00:00:02","state":["PERMANENT"]}]' ;;
*table*) echo '[{"dst":"192.168.0.0/16","dev":"tailscale0","flags":[]}]' ;;
*) echo '[{"ifname":"eth0","addr_info":[{"family":"inet","local":"192.168.1.5","prefixlen":24}]}]' ;;
esac`,
  bridge:
    `echo '[{"mac":"fe:00:00:00:00:02","ifname":"flannel.1","dst":"127.0.0.2","state":"permanent"}]'`,
};

function inventory(): Inventory {
  return {
    file: "hosts.yml",
    hosts: [
      inventoryHost("nuc", "127.0.0.1", "control-plane"),
      inventoryHost("pi", "127.0.0.2"),
    ],
    cluster: {
      clusterName: "home",
      tailscaleNetwork: "100.64.0.0/10",
      gitBranch: "main",
      fluxNamespace: "flux-system",
      vars: new Map([[
        "k3s_service_cidr",
        {
          name: "k3s_service_cidr",
          scope: "all",
          state: "plain",
          value: "127.0.0.0/16",
          where: { file: "hosts.yml", line: 1 },
        },
      ]]),
    },
    roleGroups: { "control-plane": [], worker: [] },
    warnings: [],
  };
}

async function askHere(directory: string, ahead: number) {
  for (const [name, script] of Object.entries(PROGRAMS)) {
    await Deno.writeTextFile(`${directory}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const deno = new DenoRunner();
  const system = {
    runner: {
      ...emptyMachine,
      run: (argv, options) =>
        deno.run(["sh", "-c", argv.at(-1)!], {
          ...options,
          env: { ...options?.env, PATH: `${directory}:${Deno.env.get("PATH")}` },
        }),
    },
    clock: { ...machineClock, now: () => Date.now() - ahead * 1000 },
    directories: directoriesFrom(() => directory),
    assets: new FolderAssets(PROJECT_ROOT),
    signal: new AbortController().signal,
  } as Partial<ActionSystem> as ActionSystem;
  const all = inventory();
  return await askHealth(system, all, all.hosts[0]!);
}

Deno.test("the program runs as it is sent, and says of a node what its programs say", async () => {
  await withDirectory(async (directory) => {
    const answer = await askHere(directory, 0);
    assert.ok(typeof answer === "object", String(answer));
    const { health } = answer;
    assert.equal(health.k3s, "k3s");
    assert.deepEqual(health.shadowed, ["192.168.1.0/24"]);
    assert.deepEqual(health.peers, [{
      name: "pi",
      sent: 1280,
      rtt_ms: 1.25,
      small: 3,
      large: 0, // with the headers of ICMP: 1252 bytes
      pods_small: 3,
      pods_large: 3,
      closed: [],
    }]);
    assert.equal(health.dns?.server, "127.0.0.10");
    assert.notEqual(health.dns?.answer, "ok");
    assert.ok(health.disk.used_percent <= 100);
  });
});

Deno.test("a clock is read closely, though the login takes its time", async () => {
  await withDirectory(async (directory) => {
    const answer = await askHere(directory, 90);
    assert.ok(typeof answer === "object", String(answer));
    const { ahead, roundTrip } = answer.clock!;
    assert.ok(Math.abs(ahead - 90) <= roundTrip / 2 + 0.001, `${ahead} ± ${roundTrip}`);
  });
});

Deno.test("of several readings of a clock the fastest counts", () => {
  let now = 1000;
  const reader = new ClockReader(() => now);
  reader.input(new Uint8Array());
  now = 1003; // a slow login
  reader.hear("k3s-tool-clock=1006.000000");
  now = 1003.2;
  reader.hear("k3s-tool-clock=1008.100000");
  reader.hear("k3s-tool-clock=not a time");
  assert.ok(Math.abs(reader.offset!.ahead - 5) < 0.001);
  assert.ok(Math.abs(reader.offset!.roundTrip - 0.2) < 0.001);
});

Deno.test("networks come from the inventory, else from k3s' defaults", () => {
  assert.deepEqual(clusterNetworks(inventory()), {
    pods: "10.42.0.0/16",
    services: "127.0.0.0/16",
  });
});

Deno.test("the cluster's DNS is asked where the inventory has it, and not where it is off or only Ansible knows", () => {
  const services = "10.43.0.0/16";
  const plain = { services, server: "", domain: "cluster.local" };
  const asked = (vars: Record<string, YamlValue>, state: ValueState = "plain") => {
    const { cluster, ...rest } = inventory();
    const given = new Map(
      Object.entries(vars).map(([name, value]) =>
        [name, { name, value, state, where: { file: "hosts.yml" }, scope: "all" }] as const
      ),
    );
    return clusterDns({ ...rest, cluster: { ...cluster, vars: given } }, services);
  };
  assert.deepEqual(asked({}), plain);
  const own = { "cluster-dns": ["10.43.0.99"], "cluster-domain": "home.arpa" };
  assert.deepEqual(asked({ k3s_config: own }), {
    ...{ services, server: "10.43.0.99", domain: "home.arpa" },
  });
  assert.deepEqual(asked({ k3s_config: { "cluster-dns": "x y", "cluster-domain": 5 } }), plain);
  assert.equal(asked({ k3s_disable: ["coredns"] }), null);
  assert.equal(asked({ k3s_service_cidr: "{{ x }}" }, "templated"), null);
});

Deno.test("what is no answer of the program is not believed", () => {
  for (const said of ["", "[]", "{", '{"k3s":"rm -rf"}', "null"]) {
    assert.equal(parseHealth(said), undefined, said);
  }
});
