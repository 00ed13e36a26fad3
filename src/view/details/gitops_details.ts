/**
 * What Flux follows and applies, and what it says of what is not well.
 *
 * @module
 */

import type { FluxObject } from "../../gitops/flux/flux_status.ts";
import { fluxColumns, fluxName } from "../tables/flux.ts";
import { gitopsReport, gitopsWords } from "../lists/live_gitops.ts";
import type { LiveView } from "../lists/live_rows.ts";
import { line, rows, type Section, section } from "./section.ts";
import { inTone, type TextLine } from "../words/tone.ts";

/** Columns of `gitops status` that are shown here. */
const SHOWN = ["NAME", "STATUS", "REVISION", "AGE", "FROM"];

/** Sources, Kustomizations, and the messages of those that are not ready. */
export function gitopsDetails(view: LiveView): readonly Section[] {
  const report = gitopsReport(view);
  const { gaps } = view.live;
  const { installed, objects } = report;
  const missing = [gaps.get("gitRepositories"), gaps.get("kustomizations")];
  const head = section("What is applied", [
    line(gitopsWords(report, view.now)),
    ...missing.flatMap((gap) => gap === undefined ? [] : line(inTone("warn", gap))),
    ...installed !== false ? [] : [
      line("Set a repository and apply it: k3s-tool config set git_repo_url URL"),
      line("then: k3s-tool provision"),
    ],
  ]);
  if (!installed) return [head];
  const columns = fluxColumns(view.now).filter(({ header }) => SHOWN.includes(header));
  const headers = columns.map(({ header }) => header);
  const table = (kind: FluxObject["kind"]) =>
    rows(
      objects.filter((object) => object.kind === kind)
        .map((object) => ({ cells: columns.map(({ cell }) => cell(object)) })),
      headers,
    );
  const messages = objects.filter(({ state, message }) => state !== "ready" && message !== "");
  return [
    head,
    section("Sources", table("GitRepository")),
    section("Kustomizations", table("Kustomization")),
    ...messages.length === 0 ? [] : [section("What Flux says", messages.flatMap(messageOf))],
  ];
}

function messageOf(object: FluxObject): readonly TextLine[] {
  const { state, reason, message } = object;
  const head = `${fluxName(object)} ${state}${reason === "" ? "" : ` (${reason})`}:`;
  return [
    line(inTone(state === "failed" ? "bad" : "muted", head)),
    ...message.split("\n").map((text) => line(`  ${text}`)),
  ];
}
