/**
 * The details of a pod.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import { podIndex } from "../../reports/pod_index.ts";
import type { ClusterPod } from "../../cluster/read/objects.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import { since } from "../words/amounts.ts";
import { containerLines } from "./containers.ts";
import { PodObject } from "./api_objects.ts";
import { conditionSection, eventSection, pairSection, podWords, referenceTo } from "./related.ts";
import { fieldSection, line, type Section, section } from "./section.ts";
import { inTone } from "../words/tone.ts";

type Parsed = ReturnType<typeof PodObject.parse>;

/**
 * All that is known of a pod.
 *
 * @param object the pod as the API server has it; undefined while it is being read
 */
export function podDetails(
  reference: ObjectReference,
  object: Readonly<Record<string, unknown>> | undefined,
  state: LiveState,
  now: number,
): readonly Section[] {
  const { namespace, name } = reference;
  const pod = state.cluster.pods && podIndex(state.cluster.pods).named(namespace, name);
  const parsed = object && PodObject.parse(object);
  const known = state.cluster.pods !== undefined && pod === undefined;
  return [
    statusSection({ reference, pod, parsed, gone: known }, now),
    ...parsed === undefined ? [READING] : [
      section("Containers", containerLines(containersOf(parsed), { now })),
      conditionSection(parsed.status.conditions, {
        now,
        good: (type) => type === "DisruptionTarget" ? "False" : "True",
      }),
    ],
    eventSection(state, {
      belongs: ({ kind, ...about }) =>
        kind === "Pod" && about.namespace === namespace && about.name === name,
      now,
    }),
    ...parsed === undefined ? [] : [
      section("Volumes", parsed.spec.volumes.map((volume) => line(volumeWords(volume)))),
    ],
    pairSection("Labels", pod?.labels ?? parsed?.metadata.labels ?? {}),
  ];
}

/** Stands where the rest of an object will be. */
export const READING: Section = section("More", [], { empty: "being read…" });

function statusSection(
  { reference, pod, parsed, gone }: {
    readonly reference: ObjectReference;
    readonly pod: ClusterPod | undefined;
    readonly parsed: Parsed | undefined;
    readonly gone: boolean;
  },
  now: number,
): Section {
  const { namespace, name } = reference;
  const owner = pod?.owner;
  const node = pod?.nodeName ?? (parsed?.spec.nodeName || undefined);
  const status = parsed?.status;
  const problem = pod?.ready ? undefined : pod?.problem;
  const ips = status?.podIPs.map(({ ip }) => ip).filter((ip) => ip !== "") ?? [];
  return fieldSection("Status", [
    ["Pod", `${namespace}/${name}`],
    [
      "Status",
      gone
        ? inTone("warn", "gone")
        : pod === undefined
        ? status?.phase ?? "not known"
        : podWords(pod),
    ],
    ["Why", problem?.message || (status?.message ?? "")],
    ["Ready", pod && `${pod.containers.ready} of ${pod.containers.total} containers`],
    [
      "Node",
      node ?? "none yet",
      node === undefined ? undefined : { kind: "Node", namespace: "", name: node },
    ],
    ["IP", ips.join(", ") || status?.podIP],
    ["IP of the node", status?.hostIP],
    [
      "Owner",
      owner === undefined
        ? pod === undefined ? undefined : "none; no controller will recreate it"
        : `${owner.kind}/${owner.name}`,
      owner && referenceTo({ ...owner, namespace }),
    ],
    ["Age", pod && since(pod.createdAt, now)],
    ["Restarts", pod && String(pod.restarts)],
    ["QoS", status?.qosClass],
    ["Service account", parsed?.spec.serviceAccountName],
    ["Priority", parsed?.spec.priorityClassName],
  ]);
}

/** Each container of a pod with its status, those that begin first, first. */
export function containersOf({ spec, status }: Parsed) {
  const pairs = (init: boolean) => {
    const specs = init ? spec.initContainers : spec.containers;
    const statuses = init ? status.initContainerStatuses : status.containerStatuses;
    return specs.map((each) => ({
      spec: each,
      status: statuses.find(({ name }) => name === each.name),
      init,
    }));
  };
  return [...pairs(true), ...pairs(false)];
}

/** `data: persistentVolumeClaim web-data`; of a Secret the name alone. */
function volumeWords(
  volume: Readonly<Record<string, unknown>> & { readonly name: string },
): string {
  const type = Object.keys(volume).find((key) => key !== "name");
  if (type === undefined) return volume.name;
  const source = volume[type] as Readonly<Record<string, unknown>> | null;
  const of = source?.claimName ?? source?.secretName ?? source?.name ?? source?.path;
  return `${volume.name}: ${type}${typeof of === "string" ? ` ${of}` : ""}`;
}
