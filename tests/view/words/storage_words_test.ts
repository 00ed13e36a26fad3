import assert from "node:assert/strict";
import { statusWords } from "../../../src/view/tables/status.ts";
import { claimWarnings, fullDisks } from "../../../src/view/words/storage_words.ts";
import { ago, event, liveState, look, node } from "../live_fixture.ts";

const CLAIM = { kind: "PersistentVolumeClaim", namespace: "default", name: "db", uid: "c1" };
const MISSING = {
  warning: true,
  reason: "ProvisioningFailed",
  message: 'storageclass.storage.k8s.io "turbo" not found',
  about: CLAIM,
  lastSeen: ago(1),
};

function viewWith(...events: Parameters<typeof event>[1][]) {
  return look(liveState({ events: events.map((about, at) => event(`e${at}`, about)) }));
}

Deno.test("a claim for a storage class that is not there is named once, with what to do", () => {
  const view = viewWith(MISSING, { ...MISSING, lastSeen: ago(2) });
  const said = "The claim default/db waits: no node has the storage class turbo. " +
    "See the classes with: kubectl get storageclass";
  assert.deepEqual(claimWarnings(view), [said]);
  assert.ok(statusWords({ ...view, nodes: [] }).warnings.includes(said));
});

Deno.test("what was said long ago, of something else, or for another reason names no claim", () => {
  const others = [
    { ...MISSING, lastSeen: ago(11) },
    { ...MISSING, about: { ...CLAIM, kind: "Pod" } },
    { ...MISSING, reason: "ExternalProvisioning" },
    { ...MISSING, message: "failed to provision volume" },
  ];
  for (const each of others) assert.deepEqual(claimWarnings(viewWith(each)), []);
});

const GIB = 2 ** 30;

Deno.test("a disk of volumes that is 85 % full is named once, with its node and its claims", () => {
  const volume = (claim: string, used: number, capacity = 1000) => ({
    claim,
    used: used * GIB,
    capacity: capacity * GIB,
  });
  const ofNas = (...volumes: ReturnType<typeof volume>[]) =>
    fullDisks(look(liveState({
      nodes: [node("nas")],
      usage: { nas: { cpu: 1, memory: 1, disk: undefined, volumes } },
    })));
  assert.deepEqual(ofNas(volume("default/db", 849), volume("default/web", 1, 10)), []);
  assert.deepEqual(ofNas(volume("default/db", 850)), [
    "The disk of nas that has the volumes of default/db is 85% full (850Gi of 1000Gi)",
  ]);
  assert.deepEqual(
    ofNas(...["a/1", "a/2", "a/3", "a/4"].map((claim) => volume(claim, 900)), volume("b/1", 9, 10)),
    [
      "The disk of nas that has the volumes of a/1, a/2, a/3 and 1 more is 90% full (900Gi of 1000Gi)",
      "The disk of nas that has the volumes of b/1 is 90% full (9Gi of 10Gi)",
    ],
  );
  assert.deepEqual(fullDisks(look(liveState({ nodes: [node("nas")] }))), []);
});
