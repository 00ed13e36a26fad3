import assert from "node:assert/strict";
import { serviceReports } from "../../src/reports/service_report.ts";
import { workloadReports } from "../../src/reports/workload_report.ts";
import {
  type ClusterNews,
  type ClusterState,
  emptyCluster,
  reduceClusterAll,
} from "../../src/cluster/watch/cluster_state.ts";
import { readPod, readService, readWorkload } from "../../src/cluster/read/read_objects.ts";
import { serviceSentence, workloadSentence } from "../../src/view/tables/services.ts";
import { deploymentObject, podObject, serviceObject } from "../cluster/objects_fixture.ts";

function cluster({ services = [], pods, deployments = [] }: {
  readonly services?: readonly ReturnType<typeof serviceObject>[];
  readonly pods?: readonly ReturnType<typeof podObject>[];
  readonly deployments?: readonly ReturnType<typeof deploymentObject>[];
}): ClusterState {
  const events: ClusterNews[] = [
    { type: "listed", collection: "services", objects: services.map(readService) },
    {
      type: "listed",
      collection: "deployments",
      objects: deployments.map((each) => readWorkload("Deployment", each)),
    },
  ];
  if (pods) events.push({ type: "listed", collection: "pods", objects: pods.map(readPod) });
  return reduceClusterAll(emptyCluster, events);
}

function health(state: ClusterState) {
  return serviceReports(state)?.map(({ pods, health, problem }) => [
    pods && `${pods.ready}/${pods.wanted}`,
    health,
    problem?.reason ?? "",
  ]);
}

const web = { labels: { app: "web" } };

Deno.test("a service stands as its pods stand to what is wanted", () => {
  const services = [serviceObject("web")];
  const deployments = [deploymentObject("web", { wanted: 2 })];
  const [a, b] = [podObject("a", web), podObject("b", web)];
  const waiting = podObject("b", { ...web, ready: false, waiting: "CrashLoopBackOff" });
  const of = (pods: readonly ReturnType<typeof podObject>[]) =>
    health(cluster({ services, deployments, pods }))?.[0];
  assert.deepEqual(of([a, b]), ["2/2", "Healthy", ""]);
  assert.deepEqual(of([a]), ["1/2", "Degraded", ""]);
  assert.deepEqual(of([a, waiting]), ["1/2", "Degraded", "CrashLoopBackOff"]);
  assert.deepEqual(of([waiting]), ["0/2", "Down", "CrashLoopBackOff"]);
  assert.deepEqual(of([]), ["0/2", "Down", ""]);
  // A pod of an old ReplicaSet that ends does not count, nor one of another namespace.
  const ending = podObject("c", web);
  Object.assign(ending.metadata, { deletionTimestamp: "2026-11-23T12:00:00Z" });
  assert.deepEqual(of([a, ending, podObject("d", { ...web, namespace: "x" })])?.[0], "1/2");
});

Deno.test("pods without a workload are wanted as they are", () => {
  const services = [serviceObject("web")];
  assert.deepEqual(health(cluster({ services, pods: [podObject("a", web)] })), [
    ["1/1", "Healthy", ""],
  ]);
  assert.deepEqual(health(cluster({ services, pods: [] })), [["0/0", "Idle", ""]]);
});

Deno.test("what is not known is not zero, and nobody's pods are External", () => {
  assert.equal(serviceReports(emptyCluster), undefined);
  assert.deepEqual(health(cluster({ services: [serviceObject("web")] })), [
    [undefined, "Unknown", ""],
  ]);
  const external = serviceObject("ext", { selector: null });
  assert.deepEqual(health(cluster({ services: [external], pods: [] })), [
    [undefined, "External", ""],
  ]);
});

Deno.test("the sentences name what is in trouble", () => {
  const state = cluster({
    services: [serviceObject("a"), serviceObject("b")],
    deployments: [
      deploymentObject("a"),
      deploymentObject("b", { ready: 0, wanted: 2 }),
      deploymentObject("c", { ready: 0, wanted: 0 }),
    ],
    pods: [podObject("a", { labels: { app: "a" } })],
  });
  assert.equal(
    workloadSentence(workloadReports(state)),
    "Workloads: 3, 1 in trouble (default/b 0/2).",
  );
  assert.equal(
    serviceSentence(serviceReports(state)),
    "Services: 2, 1 in trouble (default/b 0/2).",
  );
  assert.equal(workloadSentence([]), "Workloads: none.");
  const well = cluster({
    deployments: [deploymentObject("a")],
    services: [serviceObject("a")],
    pods: [],
  });
  assert.equal(workloadSentence(workloadReports(well)), "Workloads: 1, none of them in trouble.");
  assert.equal(serviceSentence([]), "Services: none.");
  assert.equal(serviceSentence(undefined), "Services: not known.");
});
