import assert from "node:assert/strict";
import { ago, HOMELAB, liveState } from "../live_fixture.ts";
import { part, sections } from "./details_text.ts";

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
