/**
 * What is wrong with a cluster or soon will be, a sentence each, for `status --check`.
 *
 * @module
 */

import faults from "../../../ansible/roles/k3s_service/files/known_faults.json" with {
  type: "json",
};
import { safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import type { NodeReport } from "../../reports/node_report.ts";
import { backupReport } from "../../reports/backup_report.ts";
import { isTrouble } from "../../reports/health.ts";
import { compareReleases, formatTaint, minorOf } from "../../inventory/kubernetes_syntax.ts";
import type { Inventory } from "../../inventory/model.ts";
import { keyWarning } from "../../tailscale/suitability.ts";
import { gitopsReport } from "../lists/live_gitops.ts";
import { type LiveView, nodeRows, workloadReportRows } from "../lists/live_rows.ts";
import { duration, percent } from "./amounts.ts";
import { isFull } from "./storage_words.ts";

/** What a problem is about. */
export const PROBLEM_KINDS = [
  "node",
  "key",
  "certificate",
  "disk",
  "workload",
  "gitops",
  "backup",
  "drift",
  "version",
] as const;

/** One problem. */
export interface StatusProblem {
  readonly kind: typeof PROBLEM_KINDS[number];
  /** Name of the node, or `namespace/name`. */
  readonly object: string;
  /** What is wrong and, where it is not plain, what to do: a sentence without a full stop. */
  readonly message: string;
}

/** All that is wrong as far as the cluster is known; the nodes first. */
export function problemsOf(view: LiveView): readonly StatusProblem[] {
  const { inventory } = view.live;
  const known = inventory?.known ? inventory.value : undefined;
  return [
    ...nodeRows(view).flatMap((row) => nodeProblems(row, { inventory: known, now: view.now })),
    ...certificateProblems(view, known),
    ...backupProblems(view, known),
    ...workloadProblems(view, known),
    ...gitopsReport(view).objects.filter(({ state }) => state === "failed").map((object) =>
      problem("gitops", `${object.namespace}/${object.name}`, `${object.kind}: ${object.message}`)
    ),
  ];
}

function nodeProblems(
  row: NodeReport,
  { inventory, now }: { readonly inventory: Inventory | undefined; readonly now: number },
): readonly StatusProblem[] {
  const { name, status, since, reason, cordoned, pressures, peer, used } = row;
  const about = (kind: StatusProblem["kind"], message: string | undefined | false) =>
    message ? [problem(kind, name, message.replace(/\.$/, ""))] : [];
  const ago = since === undefined ? "" : ` for ${duration(now - Date.parse(since))}`;
  const isAway = status === "NotReady" || status === "Unreachable";
  const disk = used?.disk;
  return [
    ...about("node", isAway && `${status}${ago}${reason === "" ? "" : `: ${reason}`}`),
    ...about("node", pressures.length > 0 && `reports ${pressures.join(" and ")}`),
    ...about(
      "node",
      cordoned && `is cordoned; let it take pods with: k3s-tool node uncordon ${shellWord(name)}`,
    ),
    ...about("key", peer && keyWarning(peer, now)),
    ...about(
      "disk",
      disk !== undefined && isFull(disk) &&
        `the disk is ${percent(disk.used, disk.capacity)} full`,
    ),
    ...drift(row, inventory).flatMap((message) => about("drift", message)),
    ...knownFaults(row.node?.kubeletVersion ?? "").flatMap((message) => about("version", message)),
  ];
}

/** Where the cluster is not as the inventory says. */
function drift(
  { status, host, node, inInventory }: NodeReport,
  inventory: Inventory | undefined,
): readonly string[] {
  if (status === "NotProvisioned") {
    return ["is in the inventory and not in the cluster; add it with: k3s-tool provision"];
  }
  if (node === undefined) return [];
  if (host === undefined) {
    const isOurs = inInventory === false && (inventory?.hosts.length ?? 0) > 0;
    return isOurs ? ["is in the cluster and not in the inventory"] : [];
  }
  const wanted = inventory?.cluster.k3sVersion;
  const labels = Object.entries(host.labels).filter(([key, value]) => node.labels[key] !== value);
  const taints = host.taints.map(formatTaint).filter((taint) => !node.taints.includes(taint));
  const missing = [
    ...labels.map(([key, value]) => `label ${key}=${value}`),
    ...taints.map((taint) => `taint ${taint}`),
  ];
  return [
    ...wanted !== undefined && node.kubeletVersion !== wanted
      ? [
        `runs ${node.kubeletVersion}, the inventory says ${wanted}` +
        (compareReleases(node.kubeletVersion, wanted) < 0
          ? "; upgrade the cluster with: k3s-tool upgrade"
          : ""),
      ]
      : [],
    ...missing.length > 0
      ? [
        `lacks ${missing.join(", ")}; set it with: k3s-tool provision --tags node_config --limit ${
          shellWord(host.name)
        }`,
      ]
      : [],
  ];
}

/** Faults of a release that the roles know, too; those of releases before the oldest that was fixed have them all. */
function knownFaults(version: string): readonly string[] {
  return Object.values(faults).flatMap(({ words, fixed }) => {
    const minors = Object.keys(fixed).map(Number);
    const minor = Math.max(minorOf(version), Math.min(...minors));
    const first = new Map(Object.entries(fixed)).get(String(minor));
    return first !== undefined && compareReleases(version, first) < 0
      ? [`k3s ${version} ${words}; upgrade to ${first} or newer with: k3s-tool upgrade`]
      : [];
  });
}

const DAY_MS = 24 * 60 * 60_000;

/**
 * What k3s says of certificates (k3s pkg/certmonitor/certmonitor.go): each node looks every half hour
 * and records an Event if one ends within months, or once after its start if none does. A node
 * renews its own at a restart; to rotate an authority takes planning, so that is said earlier. As in notify.py.
 */
export const CERTIFICATE_EVENTS = [
  { reason: "CertificateExpirationWarning", within: 14 * DAY_MS },
  { reason: "CACertificateExpirationWarning", within: 90 * DAY_MS },
] as const;

function certificateProblems(
  { live, now }: LiveView,
  inventory: Inventory | undefined,
): readonly StatusProblem[] {
  const events = [...live.cluster.events?.values() ?? []].filter(({ about }) =>
    about.kind === "Node"
  );
  const byNode = Map.groupBy(events, ({ about }) => about.name);
  return [...byNode].flatMap(([node, said]) =>
    CERTIFICATE_EVENTS.flatMap(({ reason, within }) => {
      const last = said.filter((event) =>
        event.reason === reason || event.reason === "CertificateExpirationOK"
      ).reduce<typeof said[number] | undefined>(
        (newest, event) =>
          newest !== undefined && Date.parse(newest.lastSeen) > Date.parse(event.lastSeen)
            ? newest
            : event,
        undefined,
      );
      if (last?.reason !== reason) return [];
      const ends = [...last.message.matchAll(/ at (\d{4}-\d\d-\d\dT[\d:]+(?:Z|[+-]\d\d:\d\d))/g)]
        .map(([, date = ""]) => Date.parse(date));
      const left = Math.min(...ends) - now;
      if (!(left <= within)) return [];
      const when = left > 0 ? `expires in ${duration(left)}` : `expired ${duration(-left)} ago`;
      const isAuthority = reason.startsWith("CA");
      const host = inventory?.hosts.find(({ nodeName }) => nodeName === node);
      const unit = host?.role === "worker" ? "k3s-agent" : "k3s";
      const advice = isAuthority
        ? "rotate it as https://docs.k3s.io/cli/certificate describes"
        : `restart k3s to renew it: k3s-tool exec --limit ${shellWord(host?.name ?? node)} -- ` +
          `sudo systemctl restart ${unit}`;
      const what = isAuthority ? "a certificate authority" : "a certificate";
      return [problem("certificate", node, `${what} ${when}; ${advice}`)];
    })
  );
}

/** A backup that failed, or that the schedule owes. */
function backupProblems(
  { live, now }: LiveView,
  inventory: Inventory | undefined,
): readonly StatusProblem[] {
  const { newest, failed, schedule } = backupReport(live.cluster.nodes);
  const problems: StatusProblem[] = [];
  if (failed !== undefined) {
    const ago = duration(now - Date.parse(failed.time));
    const host = inventory?.hosts.find(({ nodeName }) => nodeName === failed.node)?.name;
    const advice = `k3s-tool exec --limit ${shellWord(host ?? failed.node)} -- ` +
      "sudo systemctl status k3s-tool-backup.service";
    problems.push(
      problem(
        "backup",
        failed.node,
        `a backup failed ${ago} ago: ${failed.message}; see ${advice}`,
      ),
    );
  }
  if (schedule !== undefined) {
    const times = [schedule.since, ...newest === undefined ? [] : [newest.time]].map(Date.parse);
    const age = now - Math.max(...times);
    const every = schedule.every * 1000;
    if (age > 2 * every) {
      const message = `no backup for ${duration(age)}, one is scheduled every ${duration(every)}`;
      problems.push(problem("backup", schedule.node, message));
    }
  } else if (inventory?.cluster.vars.has("backup_schedule") && live.cluster.nodes !== undefined) {
    const message = "the timer of backup_schedule is not set up; set it up with: " +
      "k3s-tool provision --tags backup";
    problems.push(problem("backup", inventory.cluster.clusterName, message));
  }
  return problems;
}

/** What the cluster itself needs. */
function workloadProblems(
  view: LiveView,
  inventory: Inventory | undefined,
): readonly StatusProblem[] {
  const system = ["kube-system", inventory?.cluster.fluxNamespace ?? "flux-system"];
  return workloadReportRows(view)
    .filter(({ workload, health }) => system.includes(workload.namespace) && isTrouble(health))
    .map(({ workload: { kind, namespace, name }, health, pods, problem: why }) => {
      const words = why === undefined
        ? ""
        : `: ${[why.reason, why.message].filter(Boolean).join(", ")}`;
      return problem(
        "workload",
        `${namespace}/${name}`,
        `${kind} is ${health.toLowerCase()}, ${pods.ready} of ${pods.wanted} pods ready${words}`,
      );
    });
}

function problem(kind: StatusProblem["kind"], object: string, message: string): StatusProblem {
  return { kind, object: safeText(object), message: safeText(message) };
}
