/**
 * The backups of a cluster, as its servers know of them.
 *
 * @module
 */

import type { ClusterNode, NodeBackups } from "../cluster/read/objects.ts";

/** Something that a node knows. */
type At<T> = (NonNullable<T> & { readonly node: string }) | undefined;

/** What is known of a cluster's backups. */
export interface BackupReport {
  readonly newest: At<NodeBackups["made"]>;
  /** Later than the newest that was made. */
  readonly failed: At<NodeBackups["failed"]>;
  readonly schedule: At<NodeBackups["schedule"]>;
}

/** The newest of all servers: a worker may write what it likes on its own node. */
export function backupReport(nodes: ReadonlyMap<string, ClusterNode> | undefined): BackupReport {
  const known = [...nodes?.values() ?? []].flatMap(({ name: node, roles, backups }) =>
    backups === undefined || !roles.includes("control-plane") ? [] : { node, ...backups }
  );
  const newest = latest(known.flatMap(({ node, made }) => made ? [{ ...made, node }] : []));
  const failed = latest(known.flatMap(({ node, failed }) => failed ? [{ ...failed, node }] : []));
  const isOver = failed !== undefined && newest !== undefined &&
    Date.parse(newest.time) > Date.parse(failed.time);
  return {
    newest,
    failed: isOver ? undefined : failed,
    schedule: known.flatMap(({ node, schedule }) => schedule ? [{ ...schedule, node }] : [])
      .sort((a, b) => Date.parse(b.since) - Date.parse(a.since))[0],
  };
}

function latest<T extends { readonly time: string }>(all: readonly T[]): T | undefined {
  return all.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time))[0];
}
