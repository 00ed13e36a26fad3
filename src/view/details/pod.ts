/**
 * The details of a pod.
 *
 * @module
 */

import { podIndex } from "../../reports/pod_index.ts";
import type { ClusterPod } from "../../cluster/read/objects.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import type { LiveView } from "../lists/live_rows.ts";
import { since } from "../words/amounts.ts";
import { containerLines } from "./containers.ts";
import type { ApiObject } from "./object.ts";
import { PodObject } from "./api_objects.ts";
import { conditionSection, eventSection, pairSection, podWords, referenceTo } from "./related.ts";
import { type Field, fieldSection, line, type Section, section } from "./section.ts";
import { inTone } from "../words/tone.ts";

type Parsed = ReturnType<typeof PodObject.parse>;

/** All that is known of a pod. */
export function podDetails(
  view: LiveView,
  reference: ObjectReference,
  object: ApiObject | undefined,
): readonly Section[] {
  const { namespace, name } = reference;
  const { pods } = view.live.cluster;
  const pod = pods && podIndex(pods).named(namespace, name);
  const parsed = object && PodObject.parse(object);
  const gone = pods !== undefined && pod === undefined;
  const status = gone
    ? inTone("warn", "gone")
    : pod === undefined
    ? parsed?.status.phase ?? "not known"
    : podWords(pod);
  return [
    fieldSection("Status", [
      ["Pod", `${namespace}/${name}`],
      ["Status", status],
      ...statusFields(view.now, pod, parsed),
    ]),
    ...parsed === undefined ? [READING] : [
      section("Containers", containerLines(containersOf(parsed), view.now)),
      conditionSection(
        view,
        parsed.status.conditions,
        (type) => type === "DisruptionTarget" ? "False" : "True",
      ),
    ],
    eventSection(
      view,
      (about) => about.kind === "Pod" && about.namespace === namespace && about.name === name,
    ),
    ...parsed === undefined
      ? []
      : [section("Volumes", parsed.spec.volumes.map((volume) => line(volumeWords(volume))))],
    pairSection("Labels", pod?.labels ?? parsed?.metadata.labels ?? {}),
  ];
}

/** Stands where the rest of an object will be. */
export const READING: Section = section("More", [], "being read…");

function statusFields(
  now: number,
  pod: ClusterPod | undefined,
  { spec, status }: Partial<Parsed> = {},
): readonly Field[] {
  const owner = pod?.owner;
  const node = pod?.nodeName ?? (spec?.nodeName || undefined);
  const problem = pod?.ready ? undefined : pod?.problem;
  const ips = status?.podIPs.map(({ ip }) => ip).filter((ip) => ip !== "") ?? [];
  const noOwner = pod && "none; no controller will recreate it";
  return [
    ["Why", problem?.message || status?.message],
    ["Ready", pod && `${pod.containers.ready} of ${pod.containers.total} containers`],
    ["Node", node ?? "none yet", referenceTo({ kind: "Node", namespace: "", name: node ?? "" })],
    ["IP", ips.join(", ") || status?.podIP],
    ["IP of the node", status?.hostIP],
    [
      "Owner",
      owner === undefined ? noOwner : `${owner.kind}/${owner.name}`,
      owner && referenceTo({ ...owner, namespace: pod.namespace }),
    ],
    ["Age", pod && since(pod.createdAt, now)],
    ["Restarts", pod && String(pod.restarts)],
    ["QoS", status?.qosClass],
    ["Service account", spec?.serviceAccountName],
    ["Priority", spec?.priorityClassName],
  ];
}

/** Each container of a pod with its status, those that begin first, first. */
export function containersOf({ spec, status }: Parsed) {
  const pairs = (
    specs: typeof spec.containers,
    statuses: typeof status.containerStatuses,
    init: boolean,
  ) =>
    specs.map((each) => {
      return { spec: each, status: statuses.find(({ name }) => name === each.name), init };
    });
  return [
    ...pairs(spec.initContainers, status.initContainerStatuses, true),
    ...pairs(spec.containers, status.containerStatuses, false),
  ];
}

/** `data: persistentVolumeClaim web-data`; of a Secret the name alone. */
function volumeWords({ name, ...sources }: ApiObject & { readonly name: string }): string {
  const [type, value] = Object.entries(sources)[0] ?? [];
  if (type === undefined) return name;
  const source = value as ApiObject | null | undefined;
  const of = source?.claimName ?? source?.secretName ?? source?.name ?? source?.path;
  return `${name}: ${type}${typeof of === "string" ? ` ${of}` : ""}`;
}
