/**
 * What Flux follows and applies, and what it says of what is not well.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import type { FluxObject } from "../../gitops/flux/flux_object.ts";
import { fluxColumns, fluxName } from "../tables/flux.ts";
import { gitopsReport, gitopsWords } from "../lists/live_gitops.ts";
import { type DetailLine, line, rows, type Section, section } from "./section.ts";
import { inTone } from "../words/tone.ts";

/** Columns of `gitops status` that are shown here. */
const SHOWN = ["NAME", "STATUS", "REVISION", "AGE", "FROM"];

/** Sources, Kustomizations, and the messages of those that are not ready. */
export function gitopsDetails(state: LiveState, now: number): readonly Section[] {
  const report = gitopsReport(state);
  const { gaps } = state;
  const { installed, objects } = report;
  const missing = [gaps.get("gitRepositories"), gaps.get("kustomizations")].flatMap((gap) =>
    gap === undefined ? [] : line(inTone("warn", gap))
  );
  const head = section("What is applied", [line(gitopsWords(report, now)), ...missing]);
  if (installed === false) {
    return [{
      ...head,
      lines: [
        ...head.lines,
        line("Name a repository and bring it up: k3s-tool config set git_repo_url URL"),
        line("then: k3s-tool provision"),
      ],
    }];
  }
  if (installed === undefined) return [head];
  const of = (kind: FluxObject["kind"]) => objects.filter((object) => object.kind === kind);
  const messages = objects.filter(({ state, message }) => state !== "ready" && message !== "");
  return [
    head,
    section("Sources", table(of("GitRepository"), now)),
    section("Kustomizations", table(of("Kustomization"), now)),
    ...messages.length === 0
      ? []
      : [section("What Flux says", messages.flatMap((object) => messageOf(object)))],
  ];
}

function table(objects: readonly FluxObject[], now: number): readonly DetailLine[] {
  const columns = fluxColumns(now).filter(({ header }) => SHOWN.includes(header));
  const cells = (object: FluxObject) => columns.map(({ cell }) => cell(object));
  return rows(
    objects.map((object) => ({ cells: cells(object) })),
    columns.map(({ header }) => header),
  );
}

function messageOf(object: FluxObject): readonly DetailLine[] {
  const { state, reason, message } = object;
  return [
    line(
      inTone(
        state === "failed" ? "bad" : "muted",
        `${fluxName(object)} ${state}${reason === "" ? "" : ` (${reason})`}:`,
      ),
    ),
    ...message.split("\n").map((text) => line(`  ${text}`)),
  ];
}
