import assert from "node:assert/strict";
import fc from "fast-check";
import { isTrouble } from "../../src/reports/health.ts";
import { podIndex } from "../../src/reports/pod_index.ts";
import { selectorIndex, serviceReports } from "../../src/reports/service_report.ts";
import {
  liveWorkloads,
  workloadReport,
  workloadReports,
} from "../../src/reports/workload_report.ts";
import type { ClusterPod, Workload } from "../../src/cluster/read/objects.ts";
import { ago, type Contents, liveState, pod, service, workload } from "../view/live_fixture.ts";

const CRASH = { reason: "CrashLoopBackOff", message: "exit code 1" };
const web = { kind: "Deployment", name: "web" };

function rows(contents: Contents, refused: readonly string[] = []) {
  return liveWorkloads(liveState(contents).cluster, { refused: new Set(refused) })
    .map(({ kind, name, pods, health, problem, restarts }) =>
      [
        `${kind}/${name}`,
        pods === undefined ? "-" : `${pods.ready}/${pods.wanted}`,
        problem === undefined ? health : `${health}: ${problem.reason}`,
        restarts,
      ].join(" ")
    );
}

function deployment(
  about: Partial<Workload>,
  pods: readonly ClusterPod[],
): string {
  const state = liveState({ deployments: [workload("Deployment", "web", about)], pods });
  const [report] = workloadReports(state.cluster);
  return report!.problem === undefined
    ? report!.health
    : `${report!.health}: ${report!.problem.reason}`;
}

Deno.test("a workload stands as its pods stand, with the cause of what is wrong", () => {
  const good = pod("a", { owner: web });
  const crashing = pod("b", { owner: web, ready: false, problem: CRASH });
  const starting = pod("b", {
    owner: web,
    ready: false,
    problem: { reason: "ContainerCreating", message: "" },
  });
  const tooFew = { reason: "MinimumReplicasUnavailable", message: "no minimum availability" };
  const stuck = { reason: "ProgressDeadlineExceeded", message: "timed out progressing" };

  assert.equal(deployment({ ready: 2, wanted: 2 }, [good]), "Healthy");
  assert.equal(deployment({ ready: 1, wanted: 2 }, [good]), "Degraded");
  assert.equal(deployment({ ready: 0, wanted: 0 }, []), "Idle");
  assert.equal(deployment({ ready: 1, wanted: 2 }, [good, crashing]), "Degraded: CrashLoopBackOff");
  assert.equal(deployment({ ready: 0 }, [crashing]), "Down: CrashLoopBackOff");
  // The cause in a pod is more than what the controller makes of it, and that more than a start.
  assert.equal(deployment({ ready: 0, problem: stuck }, [crashing]), "Down: CrashLoopBackOff");
  assert.equal(
    deployment({ ready: 0, problem: stuck }, [starting]),
    "Down: ProgressDeadlineExceeded",
  );
  assert.equal(deployment({ ready: 0, problem: tooFew }, [starting]), "Down: ContainerCreating");
  assert.equal(deployment({ ready: 0, problem: tooFew }, []), "Down: MinimumReplicasUnavailable");
});

Deno.test("a rollout that hangs is seen although enough pods are ready", () => {
  const good = pod("a", { owner: web });
  const next = pod("b", { owner: web, ready: false, problem: CRASH });
  assert.equal(deployment({ ready: 1, wanted: 1 }, [good, next]), "Degraded: CrashLoopBackOff");
  const starting = { ...next, problem: { reason: "PodInitializing", message: "" } };
  assert.equal(deployment({ ready: 1, wanted: 1 }, [good, starting]), "Healthy");
});

Deno.test("pods that end or have ended count for nothing", () => {
  const old = pod("old", { owner: web, ready: false, ending: true, problem: CRASH, restarts: 4 });
  const evicted = pod("evicted", {
    owner: web,
    ready: false,
    phase: "Failed",
    problem: { reason: "Evicted", message: "low on disk" },
  });
  const good = pod("a", { owner: web, restarts: 2 });
  const contents = { deployments: [workload("Deployment", "web")], pods: [old, evicted, good] };
  assert.deepEqual(rows(contents), ["Deployment/web 1/1 Healthy 2"]);
});

Deno.test("Jobs and CronJobs have words of their own", () => {
  const cron = { kind: "CronJob", name: "backup" };
  const job = (name: string, about: Partial<Workload>) =>
    workload("Job", name, { ready: 0, ...about });
  const oom = pod("m", {
    owner: { kind: "Job", name: "failed" },
    phase: "Failed",
    ready: false,
    problem: { reason: "OOMKilled", message: "exit code 137" },
  });
  const image = pod("i", {
    owner: { kind: "Job", name: "waits" },
    phase: "Pending",
    ready: false,
    problem: { reason: "ImagePullBackOff", message: "" },
  });
  const limit = { reason: "BackoffLimitExceeded", message: "" };
  assert.deepEqual(
    rows({
      pods: [oom, image],
      jobs: [
        job("done", { ready: 1, phase: "complete" }),
        job("failed", { phase: "failed", problem: limit }),
        job("gave-up", { phase: "failed", problem: limit }),
        job("runs", { phase: "running" }),
        job("waits", { phase: "running" }),
        job("paused", { phase: "suspended" }),
        job("backup-1", { phase: "complete", owner: cron, createdAt: ago(60) }),
        job("backup-2", { phase: "failed", owner: cron, createdAt: ago(5), problem: limit }),
      ],
      cronJobs: [
        workload("CronJob", "backup", { ready: 0, wanted: 0 }),
        workload("CronJob", "busy", { ready: 1, wanted: 1, phase: "running" }),
        workload("CronJob", "quiet", { ready: 0, wanted: 0 }),
        workload("CronJob", "stopped", { ready: 0, wanted: 0, phase: "suspended" }),
      ],
    }),
    [
      "CronJob/backup 0/0 Failed: BackoffLimitExceeded 0",
      "Job/failed 0/1 Failed: OOMKilled 0",
      "Job/gave-up 0/1 Failed: BackoffLimitExceeded 0",
      "Job/waits 0/1 Degraded: ImagePullBackOff 0",
      "CronJob/busy 1/1 Running 0",
      "Job/done 1/1 Complete 0",
      "Job/paused 0/1 Suspended 0",
      "CronJob/quiet 0/0 Idle 0",
      "Job/runs 0/1 Running 0",
      "CronJob/stopped 0/0 Suspended 0",
    ],
  );
});

Deno.test("pods that nothing listed keeps are rows of their own", () => {
  const pods = [
    pod("alone"),
    pod("alone-done", { phase: "Succeeded", ready: false }),
    pod("alone-failed", {
      phase: "Failed",
      ready: false,
      problem: { reason: "Error", message: "exit code 2" },
    }),
    pod("half", { ready: false, containers: { ready: 1, total: 2 } }),
    pod("static", { owner: { kind: "Node", name: "nuc" } }),
    pod("operated", { owner: { kind: "Cluster", name: "pg" } }),
    pod("web-1", { owner: web }),
    pod("db-0", { owner: { kind: "StatefulSet", name: "db" } }),
    pod("orphan", { owner: { kind: "Deployment", name: "deleted" } }),
    pod("orphan-ending", { owner: { kind: "Deployment", name: "deleted" }, ending: true }),
  ];
  const contents = { pods, deployments: [workload("Deployment", "web")] };
  const expected = [
    "Pod/alone-failed 0/1 Failed: Error 0",
    "Pod/half 0/1 Degraded 0",
    "Pod/alone 1/1 Healthy 0",
    "Pod/alone-done 1/1 Complete 0",
    "Pod/operated 1/1 Healthy 0",
    "Pod/orphan 1/1 Healthy 0",
    "Pod/static 1/1 Healthy 0",
    "Deployment/web 1/1 Healthy 0",
  ];
  // StatefulSets are not there yet: it is too early to call db-0 nobody's.
  assert.deepEqual(rows(contents), expected);
  // They may not be listed: then db-0 is all there is to see of it.
  assert.deepEqual(rows(contents, ["statefulSets"]), [
    ...expected.slice(0, 4),
    "Pod/db-0 1/1 Healthy 0",
    ...expected.slice(4),
  ]);
});

Deno.test("without pods their restarts are not known, and nothing is claimed", () => {
  assert.deepEqual(
    rows({ deployments: [workload("Deployment", "web")], services: [service("web")] }),
    [
      "Service/web - Unknown ",
      "Deployment/web 1/1 Healthy ",
    ].toSorted((a, b) => a < b ? 1 : -1),
  );
  assert.deepEqual(rows({}), []);
});

Deno.test("one workload is reported as among all", () => {
  const jobs = [
    workload("Job", "backup-1", { phase: "failed", owner: { kind: "CronJob", name: "backup" } }),
  ];
  const { cluster } = liveState({ cronJobs: [workload("CronJob", "backup")], jobs, pods: [] });
  const [expected] = workloadReports(cluster);
  const reference = { kind: "CronJob", namespace: "default", name: "backup" } as const;
  assert.deepEqual(workloadReport(cluster, reference), expected);
  const job = workloadReport(cluster, { ...reference, kind: "Job", name: "backup-1" });
  assert.equal(job?.health, "Failed");
  assert.equal(workloadReport(cluster, { ...reference, name: "other" }), undefined);
});

const name = fc.constantFrom("a", "b", "c");
const labels = fc.dictionary(name, name, { maxKeys: 3 });
const labelled = fc.record({ namespace: name, labels });

Deno.test("an index finds what a search from end to end finds", () => {
  fc.assert(
    fc.property(fc.array(labelled), fc.array(labelled), (things, wanted) => {
      const selectors = wanted.map(({ namespace, labels }) => ({ namespace, selector: labels }));
      const find = selectorIndex(things, { labelsOf: ({ labels }) => labels, selectors });
      for (const { namespace, selector } of selectors) {
        const pairs = Object.entries(selector);
        const expected = pairs.length === 0
          ? []
          : things.filter((thing) =>
            thing.namespace === namespace &&
            pairs.every(([key, value]) => thing.labels[key] === value)
          );
        assert.deepEqual(find(namespace, selector), expected);
      }
    }),
    { numRuns: 300 },
  );
});

const anyPod = fc.record({
  name,
  namespace: name,
  node: fc.option(name, { nil: undefined }),
  phase: fc.constantFrom("Running", "Succeeded", "Pending"),
  owner: fc.option(fc.record({ kind: fc.constantFrom("Deployment", "Job"), name }), {
    nil: undefined,
  }),
}).map(({ name, node, ...about }) => pod(name, { ...about, nodeName: node }));
const anyPods = fc.uniqueArray(anyPod, { selector: ({ uid }) => uid });

Deno.test("each pod is found by its owner, its node and its name", () => {
  fc.assert(
    fc.property(anyPods, (pods) => {
      const index = podIndex(new Map(pods.map((each) => [each.uid, each])));
      const owned = [...index.owned()].flatMap(({ pods }) => pods);
      assert.deepEqual(new Set([...owned, ...index.ownerless()]), new Set(pods));
      for (const each of pods) {
        assert.equal(index.named(each.namespace, each.name), each);
        const { namespace, owner, nodeName, phase } = each;
        if (owner !== undefined) assert.ok(index.ofOwner({ ...owner, namespace }).includes(each));
        if (nodeName !== undefined) {
          assert.equal(index.onNode(nodeName).includes(each), phase !== "Succeeded");
        }
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("rows: every service and pod of nobody once, trouble first", () => {
  fc.assert(
    fc.property(anyPods, fc.uniqueArray(name), (pods, services) => {
      const contents = { pods, services: services.map((each) => service(each)) };
      const { cluster } = liveState(contents);
      const rows = liveWorkloads(cluster, { refused: new Set(["deployments", "jobs"]) });
      const expected = pods.filter(({ owner, phase }) =>
        owner === undefined || phase !== "Succeeded"
      );
      assert.deepEqual(
        rows.filter(({ kind }) => kind === "Pod").map(({ uid }) => uid).sort(),
        expected.map(({ uid }) => uid).sort(),
      );
      assert.equal(rows.filter(({ kind }) => kind === "Service").length, services.length);
      assert.equal(serviceReports(cluster)?.length, services.length);
      const trouble = rows.map(({ health }) => isTrouble(health));
      assert.deepEqual(trouble, trouble.toSorted((a, b) => Number(b) - Number(a)));
    }),
    { numRuns: 200 },
  );
});
