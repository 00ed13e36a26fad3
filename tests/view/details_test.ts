import assert from "node:assert/strict";
import fc from "fast-check";
import { yamlLines } from "../../src/view/details/yaml.ts";
import { part, sections, text } from "./details_text.ts";
import { ago, HOMELAB, liveState, pod } from "./live_fixture.ts";

const POD_OBJECT = {
  kind: "Pod",
  metadata: { name: "web-2", namespace: "default", labels: { app: "web" } },
  spec: {
    nodeName: "nuc",
    serviceAccountName: "web",
    initContainers: [{ name: "migrate", image: "web:2" }],
    containers: [{
      name: "web",
      image: "registry.example/web:2",
      ports: [{ containerPort: 8080, name: "http" }],
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
    }],
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: "web-data" } },
      { name: "token", secret: { secretName: "web-token" } },
      { name: "odd" },
    ],
  },
  status: {
    phase: "Running",
    qosClass: "Burstable",
    hostIP: "100.64.0.1",
    podIP: "10.42.0.9",
    podIPs: [{ ip: "10.42.0.9" }],
    conditions: [
      { type: "Initialized", status: "True", lastTransitionTime: ago(200) },
      {
        type: "Ready",
        status: "False",
        reason: "ContainersNotReady",
        message: "containers with unready status: [web]",
        lastTransitionTime: ago(3),
      },
    ],
    initContainerStatuses: [{
      name: "migrate",
      restartCount: 0,
      state: { terminated: { exitCode: 0, reason: "Completed", finishedAt: ago(199) } },
    }],
    containerStatuses: [{
      name: "web",
      ready: false,
      restartCount: 7,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s" } },
      lastState: { terminated: { exitCode: 137, reason: "OOMKilled", finishedAt: ago(4) } },
    }],
  },
};

Deno.test("a pod: containers with state, restarts and how they ended last", () => {
  const details = sections("Pod", "web-2", { object: POD_OBJECT });
  assert.equal(
    text(details),
    `Status:
  Pod              default/web-2
  Status           Running: CrashLoopBackOff
  Why              exit code 1; back-off 5m0s
  Ready            0 of 1 containers
  Node             nuc -> Node /nuc
  IP               10.42.0.9
  IP of the node   100.64.0.1
  Owner            Deployment/web -> Deployment default/web
  Age              3h
  Restarts         7
  QoS              Burstable
  Service account  web
Containers:
  migrate (init)
    State     Ended: exit code 0, 3h ago
    Restarts  0
    Image     web:2
    Requests  none
    Limits    none
  web
    State     Waiting: CrashLoopBackOff: back-off 5m0s
    Restarts  7, last end: OOMKilled, exit code 137, 4m ago
    Image     registry.example/web:2
    Ports     8080/TCP (http)
    Requests  cpu 100m, memory 64Mi
    Limits    memory 128Mi
Conditions:
  Initialized  True   since 3h
  Ready        False  since 3m  ContainersNotReady: containers with unready status: [web]
Events:
  60s  !  BackOff  Back-off restarting failed container (×15)
Volumes:
  data: persistentVolumeClaim web-data
  token: secret web-token
  odd
Labels:
  app=web`,
  );
});

Deno.test("a pod that is being read, is gone, or belongs to nobody", () => {
  assert.equal(part(sections("Pod", "web-2"), "More"), "More:\n  being read…");
  assert.match(part(sections("Pod", "no-more"), "Status"), /Status +gone/);
  assert.match(
    part(sections("Pod", "debug"), "Status"),
    /Owner +none; no controller will recreate it/,
  );
  const unlisted = sections("Pod", "web-2", { state: liveState({}), object: POD_OBJECT });
  assert.match(part(unlisted, "Status"), /Status +Running\n/);
  assert.doesNotMatch(part(unlisted, "Status"), /Owner/);
});

Deno.test("a workload: its containers, its pods, what was said of them", () => {
  const object = {
    spec: {
      replicas: 2,
      strategy: { type: "RollingUpdate" },
      selector: { matchLabels: { app: "web" } },
      template: { spec: { containers: [{ name: "web", image: "web:2" }] } },
    },
    status: {
      updatedReplicas: 2,
      availableReplicas: 1,
      conditions: [
        { type: "Available", status: "False", reason: "MinimumReplicasUnavailable", message: "" },
        { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "no quota" },
      ],
    },
  };
  assert.equal(
    text(sections("Deployment", "web", { object })),
    `Status:
  Deployment  default/web
  Health      Degraded: CrashLoopBackOff
  Why         exit code 1; back-off 5m0s
  Pods ready  1 of 2
  Restarts    7
  Age         2d2h
  Updated     2
  Available   1
  Strategy    RollingUpdate
Containers:
  web  web:2  requests none  limits none
Conditions:
  Available       False  -  MinimumReplicasUnavailable
  ReplicaFailure  True   -  FailedCreate: no quota
Pods (2):
  web-1  1/1  Running                    0 restarts  3h  nuc -> Pod default/web-1
  web-2  0/1  Running: CrashLoopBackOff  7 restarts  3h  nuc -> Pod default/web-2
Events:
  60s  !  BackOff    Pod/web-2  Back-off restarting failed container (×15) -> Pod default/web-2
  30m     Scheduled  Pod/web-1  assigned to nuc -> Pod default/web-1
Selector:
  app=web`,
  );
});

Deno.test("a CronJob leads to its Jobs, and a Job of it can be looked at too", () => {
  const object = {
    spec: {
      schedule: "0 3 * * *",
      concurrencyPolicy: "Forbid",
      jobTemplate: {
        spec: { template: { spec: { containers: [{ name: "tar", image: "tar:1" }] } } },
      },
    },
    status: { lastScheduleTime: ago(540), lastSuccessfulTime: ago(539) },
  };
  const cron = sections("CronJob", "backup", { object });
  assert.match(part(cron, "Status"), /Schedule +0 3 \* \* \*/);
  assert.match(part(cron, "Status"), /Last success +8h ago/);
  assert.match(part(cron, "Containers"), /tar +tar:1/);
  assert.match(part(cron, "Jobs (1)"), /backup-1 +complete +2d2h -> Job default\/backup-1/);
  const job = sections("Job", "backup-1");
  assert.match(part(job, "Status"), /Health +Complete\n +Completions +1 of 1/);
  assert.match(part(job, "Pods (1)"), /backup-1-x .* -> Pod default\/backup-1-x/);
  assert.match(part(sections("Job", "other"), "Status"), /gone, or not known/);
});

Deno.test("a Service: where it listens, and who answers", () => {
  const object = {
    spec: {
      clusterIPs: ["10.43.0.7"],
      externalIPs: ["192.0.2.1"],
      ports: [{ name: "http", port: 80, targetPort: "http", nodePort: 30080 }, {
        port: 53,
        protocol: "UDP",
      }],
    },
    status: { loadBalancer: { ingress: [{ ip: "100.64.0.1" }] } },
  };
  const details = sections("Service", "web", { object });
  assert.match(part(details, "Status"), /Pods ready +1 of 2/);
  assert.match(part(details, "Status"), /External IPs +192.0.2.1\n +Load balancer +100.64.0.1/);
  assert.equal(
    part(details, "Ports"),
    "Ports:\n  80/TCP  to http  30080 on every node  (http)\n  53/UDP  to 53",
  );
  // Before its pods are read their addresses are not known.
  assert.equal(
    part(details, "Endpoints"),
    "Endpoints (1):\n  -  web-1  nuc -> Pod default/web-1",
  );
  assert.equal(part(details, "Containers"), "");
  assert.match(
    part(sections("Service", "kubernetes"), "Endpoints"),
    /none: it selects no pods/,
  );
  const down = liveState({ ...HOMELAB, pods: [] });
  assert.match(
    part(sections("Service", "web", { state: down }), "Endpoints"),
    /none: no pod is ready, so nothing answers/,
  );
});

Deno.test("a Service: the addresses and the containers of its pods", () => {
  const object = { spec: { ports: [{ port: 80, targetPort: "http" }, { port: 53 }] } };
  const podObject = (name: string, ip: string, state: Readonly<Record<string, unknown>>) => ({
    metadata: { name },
    spec: {
      containers: [{
        name: "web",
        image: "web:2",
        ports: [{ name: "http", containerPort: 8080 }],
      }],
    },
    status: { podIP: ip, containerStatuses: [{ name: "web", restartCount: 1, ...state }] },
  });
  const pods = [
    podObject("web-2", "10.42.0.9", {
      ready: false,
      restartCount: 7,
      state: { waiting: { reason: "CrashLoopBackOff", message: "" } },
    }),
    podObject("web-1", "fd00::9", { ready: true, state: { running: { startedAt: ago(3) } } }),
    podObject("other", "10.42.0.1", {}),
  ];
  const details = sections("Service", "web", { object, pods });
  assert.equal(
    part(details, "Endpoints"),
    "Endpoints (1):\n  [fd00::9]:8080, [fd00::9]:53  web-1  nuc -> Pod default/web-1",
  );
  assert.equal(
    part(details, "Containers"),
    `Containers:
  web  web:2
    web-1  Running for 3m             1 restart -> Pod default/web-1
    web-2  Waiting: CrashLoopBackOff  7 restarts -> Pod default/web-2`,
  );
  const some = sections("Service", "web", { object, pods: pods.slice(0, 1) });
  assert.match(part(some, "Containers"), /^Containers of 1 of 2 pods:/);
});

Deno.test("an event leads to its object", () => {
  assert.equal(
    text(sections("Event", "b")),
    `Event:
  Type       Warning
  Reason     BackOff
  Object     Pod/web-2 -> Pod default/web-2
  Namespace  default
  Said       15 times
  Last       60s ago
  First      30m ago
  Name       b
Message:
  Back-off restarting failed container
Events:
  60s  !  BackOff  Back-off restarting failed container (×15)`,
  );
  assert.match(text(sections("Event", "none")), /The event none is gone/);
});

Deno.test("details are told of whatever the API server says, and are harmless", () => {
  const kinds = ["Node", "Pod", "Service", "Deployment", "CronJob", "Job", "Event"] as const;
  const shape = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: "binary" }),
      fc.integer(),
      fc.constant(null),
      fc.boolean(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          "spec",
          "status",
          "metadata",
          "containers",
          "containerStatuses",
          "conditions",
          "name",
          "image",
          "state",
          "waiting",
          "ports",
          "volumes",
          "template",
          "type",
        ),
        tie("value"),
        { maxKeys: 5 },
      ),
    ),
  }));
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.constantFrom("web", "web-2", "nuc", "b", "\u001b[2Jx"),
      fc.record({ spec: shape.value, status: shape.value, metadata: shape.value }),
      (kind, name, object) => {
        for (
          const { segments } of sections(kind, name, {
            object,
            pods: [{ ...object, metadata: { name: "web-2" } }],
          }).flatMap(({ lines }) => lines)
        ) {
          for (const { text } of segments) {
            // deno-lint-ignore no-control-regex
            assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]|undefined|NaN/);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("YAML is written line by line, whatever is in it", async () => {
  const lines = await yamlLines({
    kind: "Pod",
    metadata: { name: "a\u001b[2J" },
    list: [1, "two"],
  });
  assert.deepEqual(lines, [
    "kind: Pod",
    "metadata:",
    '  name: "a\\e[2J"',
    "list:",
    "  - 1",
    "  - two",
  ]);
  const long = { text: "word ".repeat(100).trim() };
  assert.equal((await yamlLines(long)).length, 1);
});

Deno.test("the data of a Secret is never in its YAML", async () => {
  const secret = {
    kind: "Secret",
    metadata: {
      name: "token",
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "hunter2", note: "kept" },
    },
    data: { password: "aHVudGVyMg==" },
    stringData: { other: "hunter2" },
    type: "Opaque",
  };
  const text = (await yamlLines(secret)).join("\n");
  assert.doesNotMatch(text, /hunter2|aHVudGVyMg/);
  assert.match(text, /password: \(not shown\)/);
  assert.match(text, /note: kept/);
  assert.match(text, /type: Opaque/);
  const odd = (await yamlLines({ kind: "Secret", data: "aHVudGVyMg==" })).join("\n");
  assert.equal(odd, "kind: Secret\ndata: (not shown)");
});

Deno.test("many events of one object are counted, not all shown", () => {
  const events = Array.from({ length: 40 }, (_, index) => ({
    ...HOMELAB.events![0]!,
    uid: `e${index}`,
    message: `message ${index}`,
  }));
  const state = liveState({ ...HOMELAB, events, pods: [pod("web-1")] });
  const shown = part(sections("Pod", "web-1", { state }), "Events");
  assert.equal(shown.split("\n").length, 32);
  assert.match(shown, /and 10 more$/);
});
