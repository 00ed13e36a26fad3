/**
 * Volumes on the disks that the inventory names: a database lands on the right one and keeps its rows,
 * a disk that is missing fills no other, and nothing that holds volumes is taken away.
 *
 * @module
 */

import assert from "node:assert/strict";
import { buildStorageImages, STORAGE_IMAGES } from "../../build/cluster_parts.ts";
import { addDisk, plugDisk, pullDisk, removeExtraDisk } from "../../hosts/extra_disk.ts";
import { putImages } from "../../hosts/host_images.ts";
import { onHost, tryOnHost } from "../../hosts/on_host.ts";
import { exists, kubectl } from "../../kubernetes.ts";
import { changedTasks, provision, runWithEvents } from "../../run_events.ts";
import type { Host } from "../../state.ts";
import { tool, tryTool } from "../../tool.ts";
import { waitFor } from "../../wait.ts";

const DISK = "/mnt/lab-disk";
const FAST = `${DISK}/volumes`;

/** As k3s brings it (k3s manifests/local-storage.yaml); the stand-in does not. */
const K3S_CLASS = JSON.stringify({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: {
    name: "local-path",
    annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
  },
  provisioner: "rancher.io/local-path",
  volumeBindingMode: "WaitForFirstConsumer",
  reclaimPolicy: "Delete",
});

interface Volume {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly local?: { readonly path: string };
    readonly storageClassName: string;
    readonly claimRef?: { readonly name: string };
  };
  readonly status: { readonly phase: string };
}

/** Declares the scenarios; they leave the lab as they found it. */
export function storage(hosts: () => readonly Host[]): void {
  const server = () => hosts()[0]!;
  const worker = () => hosts()[1]!;

  Deno.test("storage_paths: classes for the nodes that have them, and units that wait for disks", async () => {
    await putImages(hosts(), await buildStorageImages());
    await addDisk(worker(), { path: DISK, megabytes: 64 });
    // Somebody else made the directory.
    await onHost(worker(), `mkdir ${FAST} && chown lab ${FAST} && chmod 2777 ${FAST}`);
    const fast = [{ path: FAST, class: "fast", default: true, reclaim: "Retain" }];
    await setPaths(worker(), fast);
    await setPaths(hosts()[2]!, [{ path: "/srv/lab-volumes", class: "bulk" }]);
    await provision();
    assert.deepEqual(await classes(server()), {
      fast: { nodes: [worker().name], reclaim: "Retain", default: "true" },
      bulk: { nodes: [hosts()[2]!.name], reclaim: "Delete", default: undefined },
    });
    const mount = "systemctl show $(systemd-escape --path --suffix=mount " + DISK + ")";
    const state = await onHost(worker(), `${mount} -p ActiveState -p Before -p WantedBy`);
    assert.match(state, /^ActiveState=active$/m);
    assert.match(state, /^Before=.*k3s-agent\.service/m);
    assert.match(state, /^WantedBy=k3s-agent\.service/m);
    assert.equal(
      await onHost(worker(), "systemctl show k3s-agent -p NeedDaemonReload --value"),
      "no\n",
    );
    assert.equal((await onHost(worker(), `stat -c "%U %a" ${FAST}`)).trim(), "root 700");
  });

  Deno.test("the default of storage_paths counts, also after k3s made its own again; a second run changes nothing", async () => {
    // Of several defaults the youngest one counts, so k3s' class is made again, not only marked again.
    await kubectl(server(), "delete storageclass local-path --ignore-not-found");
    await kubectl(server(), "apply -f -", K3S_CLASS);
    const run = await provision();
    assert.equal(changedTasks(run).length, 1, changedTasks(run).join());
    assert.match(changedTasks(run)[0]!, /Set up the storage classes$/);
    await kubectl(server(), "apply -f -", claim("chosen"));
    const chosen = await kubectl(server(), "get pvc chosen -o jsonpath='{.spec.storageClassName}'");
    assert.equal(chosen, "fast");
    await kubectl(server(), "delete pvc chosen");
    assert.deepEqual(changedTasks(await provision()), []);
  });

  Deno.test("a database's volume is on the right disk, outlives the pod, and stays on Retain", async () => {
    // It names neither class nor node: the default class has the one and leads to the other.
    await kubectl(server(), "apply -f -", claim("db"));
    await startDatabase(server(), "db");
    const [volume] = await volumesOf(server(), "db");
    assert.match(volume!.spec.local!.path, new RegExp(`^${FAST}/pvc-[^/]+_default_db$`));
    const rows = `${volume!.spec.local!.path}/rows`;
    await waitForRows(worker(), rows, "row\n");
    assert.equal((await onHost(worker(), `findmnt -n -o TARGET -T ${rows}`)).trim(), DISK);
    await kubectl(server(), "delete pod db --now");
    await startDatabase(server(), "db");
    await waitForRows(worker(), rows, "row\nrow\n");
    const { volumes } = JSON.parse(await tool("node", "show", worker().name, "-o", "json")) as {
      volumes: { claim: string; size: number; path: string }[];
    };
    const shown = volumes.map(({ claim, size, path }) => ({ claim, size, path }));
    const path = volume!.spec.local!.path;
    assert.deepEqual(shown, [{ claim: "default/db", size: 2 ** 20, path }]);

    await kubectl(server(), "delete pod db --now");
    await kubectl(server(), "delete pvc db");
    await waitFor(
      async () => (await volumesOf(server(), "db"))[0]?.status.phase === "Released",
      { what: "the volume to be released" },
    );
    assert.equal(await onHost(worker(), `cat ${rows}`), "row\nrow\n");
  });

  Deno.test("a path that only looks usable is refused, and nothing is changed", async () => {
    const host = hosts()[2]!;
    await onHost(
      host,
      `set -e
mkdir /srv/lab-ro && mount --bind /srv/lab-ro /srv/lab-ro && mount -o remount,bind,ro /srv/lab-ro
ln -s lab-loop /srv/lab-loop
cp /etc/fstab /srv/lab-fstab 2>/dev/null || touch /srv/lab-fstab
echo 'UUID=0 /srv/lab-none/ ext4 noauto,x-systemd.automount 0 0' >> /etc/fstab`,
    );
    const refused = {
      "/srv/lab-ro/volumes": /cannot be written: the file system at \/srv\/lab-ro is read-only/,
      "/srv/lab-loop/volumes": /goes through a symbolic link/,
      "/srv/lab-none/volumes": /is not mounted at \/srv\/lab-none$/m,
      "/srv/lab-fstab/volumes": /lab-fstab is not a directory/,
      "{{ 'srv/volumes' }}": /is not an absolute path/,
    };
    for (const [path, said] of Object.entries(refused)) {
      await setPaths(host, [{ path, class: "bulk" }]);
      const run = await runWithEvents("provision", "--yes", "--limit", host.name);
      assert.notEqual(run.code, 0, path);
      assert.match(run.stderr, said);
      assert.deepEqual(changedTasks(run), []);
    }
    await onHost(
      host,
      "umount /srv/lab-ro; cat /srv/lab-fstab >/etc/fstab; rm -r /srv/lab-ro /srv/lab-loop /srv/lab-fstab",
    );
    await setPaths(host, [{ path: "/srv/lab-volumes", class: "bulk" }]);
  });

  Deno.test("a claim for a storage class that no node has is named by status", async () => {
    await kubectl(server(), "apply -f -", claim("lonely", "turbo"));
    const warning = "The claim default/lonely waits: no node has the storage class turbo";
    await waitFor(async () => {
      const { warnings } = JSON.parse(await tool("status", "-o", "json")) as { warnings: string[] };
      return warnings.some((each) => each.startsWith(warning));
    }, { limit: 60, what: "status to name the claim", interval: 2000 });
    await kubectl(server(), "delete pvc lonely");
  });

  Deno.test("a path with volumes on it is not given up; they are named, and nothing changes", async () => {
    const [volume] = await volumesOf(server(), "db");
    await tool("config", "unset", "storage_paths", "--scope", worker().name);
    const run = await runWithEvents("provision", "--yes", "--limit", worker().name);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, new RegExp(`${volume!.metadata.name} \\(claim default/db\\)`));
    assert.deepEqual(changedTasks(run), []);
    assert.deepEqual(Object.keys(await classes(server())).sort(), ["bulk", "fast"]);
    await setPaths(worker(), [{ path: FAST, class: "fast", default: true, reclaim: "Retain" }]);
  });

  Deno.test("a disk that is missing fills no other, and volumes wait for it", async () => {
    await pullDisk(worker(), DISK);
    const run = await runWithEvents("provision", "--yes", "--limit", worker().name);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, new RegExp(`${FAST} is not mounted at ${DISK}`));
    const { stdout } = await tryTool("doctor", "--hosts");
    assert.match(stdout, new RegExp(`storage_paths is not mounted at ${DISK}`));
    await kubectl(server(), "apply -f -", claim("late"));
    await kubectl(server(), "apply -f -", database("late"));
    await waitFor(async () => {
      const events = await kubectl(server(), "get events -o jsonpath='{.items[*].message}'");
      return events.includes("is the disk mounted?");
    }, { limit: 60, what: "the claim to say what is missing" });
    assert.equal((await onHost(worker(), `find ${DISK} -type f`)).trim(), "", "the root disk");
    assert.deepEqual(await volumesOf(server(), "late"), []);

    await plugDisk(worker(), DISK);
    await waitForPod(server(), "late");
    assert.equal((await volumesOf(server(), "late"))[0]!.spec.storageClassName, "fast");
  });

  Deno.test("without the last path all of it is gone again, and k3s' own class is as it was", async () => {
    await kubectl(server(), "delete pod late --now");
    await kubectl(server(), "delete pvc late");
    await kubectl(server(), "delete pv --all");
    for (const host of [worker(), hosts()[2]!]) {
      await tool("config", "unset", "storage_paths", "--scope", host.name);
    }
    await provision();
    assert.deepEqual(await classes(server()), {});
    await kubectl(server(), "delete storageclass local-path");
    assert.ok(!await exists(server(), "namespace k3s-tool-storage"));
    const left = "/etc/systemd/system/k3s-agent.service.d /etc/rancher/k3s/k3s-tool-storage*";
    assert.notEqual((await tryOnHost(worker(), `ls -d ${left}`)).code, 0);
    await removeExtraDisk(worker(), DISK);
    await onHost(hosts()[2]!, "rm -rf /srv/lab-volumes");
  });
}

async function setPaths(host: Host, paths: readonly object[]): Promise<void> {
  await tool("config", "set", "storage_paths", JSON.stringify(paths), "--scope", host.name);
}

/** Classes of ours: nodes, what happens to volumes, and whether claims get it that name none. */
async function classes(server: Host): Promise<Record<string, unknown>> {
  const { items } = JSON.parse(await kubectl(server, "get storageclass -o json")) as {
    items: {
      metadata: { name: string; annotations?: Record<string, string> };
      provisioner: string;
      reclaimPolicy: string;
      allowedTopologies?: { matchLabelExpressions: { values: string[] }[] }[];
    }[];
  };
  return Object.fromEntries(
    items.filter(({ provisioner }) => provisioner === "k3s-tool.io/local-path").map((each) => [
      each.metadata.name,
      {
        nodes: each.allowedTopologies?.[0]?.matchLabelExpressions[0]?.values,
        reclaim: each.reclaimPolicy,
        default: each.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"],
      },
    ]),
  );
}

async function volumesOf(server: Host, claim: string): Promise<readonly Volume[]> {
  const { items } = JSON.parse(await kubectl(server, "get pv -o json")) as { items: Volume[] };
  return items.filter(({ spec }) => spec.claimRef?.name === claim);
}

function claim(name: string, storageClassName?: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Mi" } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  });
}

/** A pod that writes a row each time it starts. */
function database(name: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{
        name: "db",
        image: STORAGE_IMAGES.shell,
        imagePullPolicy: "Never",
        command: ["/bin/sh", "-c", "echo row >> /data/rows; sleep 86400"],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      }],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: name } }],
    },
  });
}

async function startDatabase(server: Host, name: string): Promise<void> {
  await kubectl(server, "apply -f -", database(name));
  await waitForPod(server, name);
}

/** A container counts as running a moment before its program has written. */
async function waitForRows(host: Host, path: string, rows: string): Promise<void> {
  await waitFor(async () => await onHost(host, `cat ${path}`) === rows, {
    what: `${path} to have the rows ${JSON.stringify(rows)}`,
  });
}

async function waitForPod(server: Host, name: string): Promise<void> {
  const phase = () => kubectl(server, `get pod ${name} -o jsonpath='{.status.phase}'`);
  await waitFor(async () => await phase() === "Running", {
    limit: 90,
    what: `the pod ${name} to run`,
    interval: 500,
  });
}
