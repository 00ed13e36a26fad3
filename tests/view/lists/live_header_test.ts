import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import fc from "fast-check";
import {
  type LiveNews,
  type LiveState,
  NOTHING_HEARD,
  reduceLive,
} from "../../../src/live/live_state.ts";
import type { Connection } from "../../../src/cluster/watch/cluster_state.ts";
import { unreachableError } from "../../../src/errors/user_error.ts";
import { headerLines } from "../../../src/view/lists/live_header.ts";
import { noPaint } from "../../../src/view/words/tone.ts";
import { condition, HOMELAB, liveState, look, node, NOW, pod } from "../live_fixture.ts";

function lines(state: LiveState, width = 80): readonly string[] {
  return headerLines(look(state), { width, paint: noPaint }).map((line) => line.trimEnd());
}

const REFUSED = unreachableError("https://100.64.0.1:6443 cannot be reached: connection refused", {
  hint: "Is k3s running there? Look with: ssh nuc systemctl status k3s",
});

function lost(retryIn: number): LiveNews {
  const connection: Connection = {
    state: "lost",
    lastHeard: NOW - 72_000,
    problem: REFUSED,
    retryAt: NOW + retryIn,
  };
  return { type: "connection", connection };
}

Deno.test("which cluster, how it stands, and what will soon end", () => {
  assert.deepEqual(lines(liveState(HOMELAB)), [
    "homelab  100.64.0.1:6443  v1.36.3+k3s1, some nodes v1.36.2+k3s1           ● live",
    "Nodes 3/5  Pods 4/5  CPU 4.3/11 40%  Mem 8.9Gi/21Gi 42%  (3 of 4 nodes)",
    "! The Tailscale key of pi expires in 4 days; renew it there with: tailscale up …",
  ]);
  assert.equal(
    lines(liveState(HOMELAB), 200)[1],
    "Nodes 3/5 ready  Pods 4/5 running  CPU 4.3/11 40%  Mem 8.9Gi/21Gi 42%  (3 of 4 nodes)  GitOps –",
  );
});

Deno.test("nothing is claimed before the cluster was heard", () => {
  assert.deepEqual(lines(NOTHING_HEARD), [
    `${" ".repeat(67)}◌ connecting…`,
    "Nodes ?/0 ready  Pods ?  CPU ?  Mem ?  GitOps ?",
  ]);
});

Deno.test("a lost cluster: since when, why, when the next attempt is, and what to do", () => {
  assert.deepEqual(lines(liveState(HOMELAB, lost(5_000)), 160), [
    `homelab  100.64.0.1:6443  v1.36.3+k3s1, some nodes v1.36.2+k3s1${" ".repeat(14)}` +
    "✗ lost 1m12s ago: it cannot be reached: connection refused; next try in 5s (r: now)",
    "Nodes 3/5 ready  Pods 4/5 running  CPU 4.3/11 40%  Mem 8.9Gi/21Gi 42%  (3 of 4 nodes)  GitOps –",
    "! Is k3s running there? Look with: ssh nuc systemctl status k3s (+1 more)",
  ]);
  // With little room the reason is cut, never what comes next.
  assert.deepEqual(
    lines(liveState(HOMELAB, lost(5_000)))[0],
    "✗ lost 1m12s ago: it cannot be reached: connection ref…; next try in 5s (r: now)",
  );
  assert.match(lines(liveState(HOMELAB, lost(0)))[0]!, /; trying again…$/);
});

Deno.test("what an attempt came to is said while the next is under way", () => {
  const news: LiveNews = {
    type: "connection",
    connection: { state: "connecting", problem: REFUSED },
  };
  const [first, , notice] = lines(reduceLive(NOTHING_HEARD, [news]), 120);
  assert.match(
    first!,
    /◌ connecting… https:\/\/100.64.0.1:6443 cannot be reached: connection refused$/,
  );
  assert.equal(notice, "! Is k3s running there? Look with: ssh nuc systemctl status k3s");
});

Deno.test("gaps: the first in words, the others counted", () => {
  const gap = (what: string): LiveNews => ({
    type: "gap",
    what,
    words: `not allowed to list ${what}`,
  });
  const contents = { nodes: [node("nuc")], pods: [pod("a")] };
  const state = liveState(contents, gap("events"), gap("jobs"), gap("metrics"));
  assert.equal(lines(state)[2], "! not allowed to list events (+2 more)");
  // Cut, the number stays.
  assert.equal(lines(state, 30)[2], "! not allowed to li… (+2 more)");
});

Deno.test("a node that is short of something is named, also where its note has no room", () => {
  const conditions = [
    condition("DiskPressure", "True"),
    condition("MemoryPressure", "True"),
    condition("PIDPressure", "False"),
  ];
  const state = liveState({ nodes: [node("nuc", { conditions })], pods: [] });
  assert.equal(
    lines(state)[2],
    "! nuc reports DiskPressure and MemoryPressure; its pods may be evicted",
  );
});

Deno.test("unknown use has its reason, and no zero", () => {
  const none: LiveNews = {
    type: "metrics",
    metrics: { known: false, reason: "no metrics-server in the cluster" },
  };
  const [, totals, notice] = lines(liveState({ nodes: [node("nuc")], pods: [] }, none));
  assert.equal(totals, "Nodes 1/1 ready  Pods 0/0 running  CPU ?  Mem ?  GitOps –");
  assert.equal(notice, "! CPU and memory usage is unknown: no metrics-server in the cluster");
});

Deno.test("use that was not asked for yet is unknown, but no reason to worry", () => {
  const [, totals, notice] = lines(liveState({ nodes: [node("nuc")], pods: [] }));
  assert.match(totals!, /CPU \? {2}Mem \?/);
  assert.equal(notice, undefined);
});

Deno.test("each line takes exactly the width, whatever is said", () => {
  const words = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(
      words,
      words,
      fc.integer({ min: 1, max: 220 }),
      fc.boolean(),
      (said, hint, width, isLost) => {
        const problem = unreachableError(said, { hint });
        const state = liveState(
          HOMELAB,
          { type: "server", server: said, version: hint, insteadOf: undefined },
          { type: "gap", what: "pods", words: said },
          {
            type: "connection",
            connection: isLost
              ? { state: "lost", lastHeard: NOW - 5_000, problem, retryAt: NOW + 1_000 }
              : { state: "connecting", problem },
          },
        );
        for (const line of headerLines(look(state), { width, paint: noPaint })) {
          assert.equal(stringWidth(line), width, JSON.stringify(line));
        }
      },
    ),
    { numRuns: 300 },
  );
});
