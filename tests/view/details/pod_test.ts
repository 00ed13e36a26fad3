import assert from "node:assert/strict";
import { ago, liveState } from "../live_fixture.ts";
import { part, sections, text } from "./details_text.ts";

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
