import assert from "node:assert/strict";
import { NOTHING_HEARD, reduceLive } from "../../src/live/live_state.ts";
import { advance, beginHome } from "../../src/tui/simulation/advance.ts";
import { allNews, newsBetween } from "../../src/tui/simulation/news.ts";
import { gitopsPart, gitopsReport } from "../../src/view/lists/live_gitops.ts";

const START = Date.parse("2026-11-23T12:00:00Z");

Deno.test("the simulated Flux applies what is pushed, in its order, and a broken app is mended", () => {
  let state = beginHome({ seed: 1, startedAt: START });
  let screen = reduceLive(NOTHING_HEARD, allNews(state));
  const words = () => {
    const report = gitopsReport(screen);
    return gitopsPart(report, { now: state.now, stale: false }).text;
  };
  assert.match(words(), /^GitOps ✓ main@[0-9a-f]{7} \d+s ago$/);
  const seen: string[] = [];
  const revisions = new Set<string>();
  for (let second = 0; second < 360; second++) {
    const next = advance(state, 1);
    const news = newsBetween(state, next);
    const told = news.filter((each) =>
      each.type === "seen" && each.collection === "kustomizations"
    );
    assert.ok(told.length <= 3, "a second changes little");
    screen = reduceLive(screen, news);
    state = next;
    const kind = /^GitOps (\S+( \S+ failed)?)/.exec(words())![1]!;
    if (seen.at(-1) !== kind) seen.push(kind);
    const applied = gitopsReport(screen).revision!;
    assert.match(applied, /^main@sha1:[0-9a-f]{40}$/);
    revisions.add(applied);
  }
  assert.deepEqual(seen, [
    "✓",
    "◌", // the second push
    "✓",
    "◌", // the third, which breaks an app
    "✗ media failed",
    "◌", // the fourth, which mends it
    "✓",
    "◌",
    "✓",
  ]);
  assert.ok(revisions.size >= 4);
});

Deno.test("what Flux has not looked at again has not changed", () => {
  const before = beginHome({ seed: 1, startedAt: START });
  const news = newsBetween(advance(before, 20), advance(before, 21));
  assert.deepEqual(
    news.filter((each) =>
      "collection" in each && ["gitRepositories", "kustomizations"].includes(each.collection)
    ),
    [],
  );
});
