/**
 * Tables of releases, of their files, and of what an upgrade would do.
 *
 * @module
 */

import type { Artifact } from "../../actions/upkeep/artifacts.ts";
import type { ReleaseChoice } from "../../actions/upkeep/releases.ts";
import type { UpgradeNode, UpgradePlan } from "../../actions/upkeep/upgrade_plan.ts";
import { counted, safeText } from "../../errors/safe_text.ts";
import { hideSecrets } from "../../errors/secrets.ts";
import { bytes } from "../words/amounts.ts";
import { inTone } from "../words/tone.ts";
import type { Column } from "./table.ts";

/** A node and when it has its turn. */
export interface UpgradeRow extends UpgradeNode {
  /** Nodes of a batch share it. */
  readonly turn: number;
  readonly target: string;
  readonly drained: boolean;
}

/** One row a node, in the order of their turns. */
export function upgradeRows({ steps, target, undrained }: UpgradePlan): readonly UpgradeRow[] {
  return steps.flatMap(({ nodes }, index) =>
    nodes.map((node) => ({
      ...node,
      turn: index + 1,
      target,
      drained: !undrained.includes(node.node),
    }))
  );
}

/** The table. */
export const UPGRADE_COLUMNS: readonly Column<UpgradeRow>[] = [
  { header: "TURN", align: "right", cell: ({ turn }) => String(turn) },
  { header: "NODE", cell: ({ node }) => node },
  { header: "ROLE", cell: ({ role }) => role },
  { header: "FROM", cell: ({ version }) => version ?? "" },
  { header: "TO", cell: ({ target }) => target },
  {
    header: "DRAIN",
    cell: ({ drained, pods }) => drained ? counted(pods, "pod") : "no, pods keep running",
  },
];

/** The channels. */
export const RELEASE_COLUMNS: readonly Column<ReleaseChoice>[] = [
  { header: "CHANNEL", cell: ({ name }) => name },
  { header: "VERSION", cell: ({ version }) => version },
  { header: "UPGRADE", cell: ({ upgrade }) => upgrade },
];

/** What may hold a drain up, or is away while it moves, a sentence a pod. */
export function heldWords(rows: readonly UpgradeRow[]): readonly string[] {
  return rows.filter(({ drained }) => drained).flatMap(({ node, held }) =>
    held.map(({ pod, why }) => `${node}: ${pod}: ${why}`)
  );
}

/** A row of the document. */
export function upgradeItem(
  { turn, host, node, role, version, target, drained, pods, held }: UpgradeRow,
) {
  return { turn, host, node, role, from: version ?? null, to: target, drained, pods, held };
}

/** Files of a release. */
export const ARTIFACT_COLUMNS: readonly Column<Artifact>[] = [
  { header: "FILE", cell: ({ path }) => path },
  { header: "SIZE", align: "right", cell: (row) => bytes(row.bytes) },
  { header: "STATE", cell: ({ state }) => inTone(state === "missing" ? "warn" : "good", state) },
  { header: "URL", wide: true, cell: ({ url }) => safeText(hideSecrets(url)) },
  { header: "SHA-256", wide: true, cell: ({ sha256 }) => sha256 },
];

/** A file of a release as documents have it. */
export function artifactItem({ path, url, sha256, bytes, state }: Artifact) {
  return { path, url: safeText(hideSecrets(url)), sha256, bytes: bytes ?? null, state };
}
