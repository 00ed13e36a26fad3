import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import fc from "fast-check";
import { LIVE_COLLECTIONS } from "../../../src/live/live_collections.ts";
import type { LiveNews } from "../../../src/live/live_state.ts";
import { gitopsDetails } from "../../../src/view/details/gitops_details.ts";
import { gitopsPart, gitopsReport, gitopsSentence } from "../../../src/view/lists/live_gitops.ts";
import { headerLines } from "../../../src/view/lists/live_header.ts";
import { noPaint } from "../../../src/view/words/tone.ts";
import { type FluxFields, gitRepository, kustomization } from "../../gitops/flux/flux_fixture.ts";
import { HOMELAB, liveState, look, NOW } from "../live_fixture.ts";

type Apps = Readonly<Record<string, FluxFields>>;

/** What is heard of Flux; sources and apps by their names. */
function news(
  apps: Apps,
  { sources = { "flux-system": {} } }: { readonly sources?: Apps } = {},
): readonly LiveNews[] {
  const listed = (
    collection: "gitRepositories" | "kustomizations",
    make: typeof kustomization,
    all: Apps,
  ) => {
    const objects = Object.entries(all).map(([name, fields]) => {
      const object = make(name, fields);
      return LIVE_COLLECTIONS[collection]!.pick({
        ...object,
        metadata: { ...object.metadata, uid: `${collection}-${name}` },
      });
    });
    return { type: "listed", collection, objects } as LiveNews;
  };
  return [
    listed("gitRepositories", gitRepository, sources),
    listed("kustomizations", kustomization, apps),
  ];
}

function said(...more: readonly LiveNews[]) {
  const report = gitopsReport(look(liveState(HOMELAB, ...more)));
  const { text, short, tone } = gitopsPart(report, { now: NOW, stale: false });
  return [text, short, tone];
}

const FAILED: FluxFields = { ready: "False", reason: "BuildFailed", message: "kustomize failed" };

Deno.test("GitOps in the header: what is applied, and since when", () => {
  assert.deepEqual(said(...news({ web: {}, "flux-system": {} })), [
    "GitOps ✓ main@1a2b3c4 30m ago",
    "GitOps ✓ main@1a2b3c4",
    "good",
  ]);
  const old = { spec: { suspend: true } };
  assert.equal(said(...news({ web: {}, old }))[0], "GitOps ✓ main@1a2b3c4 30m ago (1 suspended)");
});

Deno.test("GitOps in the header: what failed has the first word, then what is at work", () => {
  const busy = { ready: "Unknown", reason: "Progressing" } as const;
  assert.deepEqual(said(...news({ web: FAILED, blog: busy })), [
    "GitOps ✗ web failed",
    "GitOps ✗ web failed",
    "bad",
  ]);
  assert.deepEqual(said(...news({ web: FAILED, blog: FAILED, api: FAILED })), [
    "GitOps ✗ api +2 failed (blog, web)",
    "GitOps ✗ api +2 failed",
    "bad",
  ]);
  const sources = { "flux-system": FAILED };
  assert.equal(
    said(...news({ web: {} }, { sources }))[0],
    "GitOps ✗ GitRepository flux-system failed",
  );
  assert.equal(said(...news({ blog: busy, web: {} }))[0], "GitOps ◌ main@1a2b3c4 blog at work");
  assert.deepEqual(said(...news({ web: { spec: { suspend: true } } }, { sources: {} })), [
    "GitOps ‖ suspended",
    "GitOps ‖ suspended",
    "warn",
  ]);
});

Deno.test("GitOps: not installed, nothing followed, and not known are three things", () => {
  const absent = (collection: "gitRepositories" | "kustomizations"): LiveNews => ({
    type: "absent",
    collection,
  });
  assert.equal(said()[0], "GitOps –");
  assert.equal(said(...news({}, { sources: {} }))[0], "GitOps – nothing followed");
  const [sources] = news({});
  const refused = liveState({}, sources!, { type: "gone", collection: "kustomizations", uid: "x" });
  assert.equal(gitopsReport(look(refused)).installed, true);
  // Flux was taken away while it was watched.
  assert.equal(
    said(...news({ web: {} }), absent("gitRepositories"), absent("kustomizations"))[0],
    "GitOps –",
  );
  // It is installed while somebody watches.
  assert.equal(said(absent("kustomizations"), ...news({ web: {} }))[2], "good");
});

Deno.test("GitOps in a sentence", () => {
  const sentence = (...more: readonly LiveNews[]) =>
    gitopsSentence(gitopsReport(look(liveState(HOMELAB, ...more))), NOW);
  assert.equal(sentence(), "GitOps: Flux is not installed.");
  assert.equal(sentence(...news({}, { sources: {} })), "GitOps: Flux has no sources yet.");
  assert.equal(
    sentence(...news({ web: FAILED, "flux-system": {} })),
    "GitOps: main@1a2b3c4 applied 30m ago. Sources: 1 of 1 ready. Applied: 1 of 2 ready, " +
      "1 failed (web). To see why, run: k3s-tool gitops status",
  );
});

Deno.test("however narrow it is: the sign of GitOps is left out last", () => {
  const state = liveState(HOMELAB, ...news({ web: FAILED, blog: FAILED }));
  const line = (width: number) => headerLines(look(state), { width, paint: noPaint })[1]!.trimEnd();
  assert.match(line(200), /\(3 of 4 nodes\) {2}GitOps ✗ blog \+1 failed \(web\)$/);
  assert.match(line(80), /Mem 8\.9Gi\/21Gi 42% {2}GitOps ✗$|GitOps ✗ blog \+1 failed$/);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), (width) => {
      for (const each of headerLines(look(state), { width, paint: noPaint })) {
        assert.equal(stringWidth(each), width);
      }
      if (width >= 70) assert.match(line(width), /GitOps ✗/);
    }),
    { numRuns: 200 },
  );
});

Deno.test("details: everything Flux follows, and what it says of what is not well, whole", () => {
  const message = "kustomize build failed:\nline 3\u001b[2J in File: deployment.yaml";
  const state = liveState(HOMELAB, ...news({ web: { ...FAILED, message }, blog: {} }));
  const text = (sections: ReturnType<typeof gitopsDetails>) =>
    sections.flatMap(({ title, lines }) => [
      title,
      ...lines.map(({ segments }) => segments.map(({ text }) => text).join("").trimEnd()),
    ]);
  assert.deepEqual(text(gitopsDetails(look(state))), [
    "What is applied",
    "main@1a2b3c4 applied 30m ago. Sources: 1 of 1 ready. Applied: 1 of 2 ready, 1 failed (web).",
    "Sources",
    "NAME         STATUS  REVISION      AGE  FROM",
    "flux-system  Ready   main@1a2b3c4  60m  https://git.example/homelab.git",
    "Kustomizations",
    "NAME  STATUS      REVISION      AGE  FROM",
    "blog  Ready       main@1a2b3c4  30m  ./apps/blog/overlays/homelab",
    "web   Failed 10m  main@1a2b3c4  30m  ./apps/web/overlays/homelab",
    "What Flux says",
    "Kustomization web failed (BuildFailed):",
    "  kustomize build failed:",
    "  line 3 in File: deployment.yaml",
  ]);
  assert.match(text(gitopsDetails(look(liveState(HOMELAB)))).join("\n"), /git_repo_url URL/);
  const gap: LiveNews = { type: "gap", what: "kustomizations", words: "not allowed to list them" };
  const [sources] = news({});
  assert.match(
    text(gitopsDetails(look(liveState(HOMELAB, sources!, gap)))).join("\n"),
    /not allowed to list them/,
  );
});
