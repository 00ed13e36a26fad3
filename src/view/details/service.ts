/**
 * The details of a Service.
 *
 * @module
 */

import { counted } from "../../errors/safe_text.ts";
import { type ServiceReport, serviceReport } from "../../reports/service_report.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import type { LiveView } from "../lists/live_rows.ts";
import { NOTHING, since } from "../words/amounts.ts";
import { reportedHealth } from "../tables/services.ts";
import { containerName, stateCell } from "./containers.ts";
import type { ApiObject } from "./object.ts";
import { containersOf, READING } from "./pod.ts";
import { PodObject, ServiceObject } from "./api_objects.ts";
import { eventSection, pairSection, podSection } from "./related.ts";
import { type Field, fieldSection, rows, type Section, section } from "./section.ts";
import { inTone, type TextLine } from "../words/tone.ts";

type Parsed = ReturnType<typeof ServiceObject.parse>;
type ParsedPod = ReturnType<typeof PodObject.parse>;

/**
 * All that is known of a Service.
 *
 * @param read some or all of its pods as the API server has them
 */
export function serviceDetails(
  view: LiveView,
  reference: ObjectReference,
  object: ApiObject | undefined,
  read: readonly ApiObject[],
): readonly Section[] {
  const { namespace, name } = reference;
  const report = serviceReport(view.live.cluster, reference);
  const parsed = object && ServiceObject.parse(object);
  const pods = report?.selected;
  const names = new Set(pods?.map((pod) => pod.name));
  const parsedPods = new Map(
    read.map((each) => PodObject.parse(each)).map((pod) => [pod.metadata.name, pod] as const)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .filter(([name]) => names.has(name)),
  );
  const containers = containersOfPods(namespace, parsedPods, view.now);
  const some = parsedPods.size < names.size ? ` of ${parsedPods.size} of ${names.size} pods` : "";
  return [
    fieldSection("Status", [
      ["Service", `${namespace}/${name}`],
      ...statusFields(view.now, report, parsed),
    ]),
    ...parsed === undefined ? [READING] : [portSection(parsed)],
    endpointSection(report, parsed, parsedPods),
    podSection(view, pods),
    ...parsedPods.size === 0 ? [] : [section(`Containers${some}`, containers)],
    eventSection(view, (about) =>
      about.namespace === namespace &&
      (about.kind === "Service" && about.name === name ||
        about.kind === "Pod" && names.has(about.name)), { about: true }),
    pairSection("Selector", report?.service.selector ?? parsed?.spec.selector ?? {}),
  ];
}

function statusFields(
  now: number,
  report: ServiceReport | undefined,
  { spec, status }: Partial<Parsed> = {},
): readonly Field[] {
  const ingress = status?.loadBalancer.ingress.map(({ ip, hostname }) => ip || hostname);
  const affinity = spec?.sessionAffinity === "ClientIP" ? "by the client's IP" : undefined;
  return [
    ["Health", reportedHealth(report)],
    ["Why", report?.problem?.message],
    ["Pods ready", report?.pods && `${report.pods.ready} of ${report.pods.wanted}`],
    ["Type", report?.service.type ?? spec?.type],
    ["Cluster IP", spec?.clusterIPs.join(", ") || report?.service.clusterIp],
    ["External IPs", spec?.externalIPs.join(", ")],
    ["Load balancer", ingress?.join(", ")],
    ["External name", spec?.externalName],
    ["Session affinity", affinity],
    ["Age", report && since(report.service.createdAt, now)],
  ];
}

function portSection({ spec }: Parsed): Section {
  return section(
    "Ports",
    rows(spec.ports.map(({ name, port, protocol, targetPort, nodePort }) => ({
      cells: [
        `${port}/${protocol || "TCP"}`,
        `to ${targetPort || port}`,
        nodePort === "" ? "" : `${nodePort} on every node`,
        name === "" ? "" : `(${name})`,
      ],
    }))),
  );
}

/** Pods that get what is sent to the Service: those that are ready. */
function endpointSection(
  report: ServiceReport | undefined,
  parsed: Parsed | undefined,
  pods: ReadonlyMap<string, ParsedPod>,
): Section {
  if (report === undefined || report.pods === undefined) {
    const isExternal = report?.health === "External";
    const why = isExternal ? "none: it selects no pods" : "not known";
    return section("Endpoints", [], why);
  }
  const ready = report.selected.filter((pod) => pod.ready);
  return section(
    `Endpoints (${ready.length})`,
    rows(ready.map(({ namespace, name, nodeName }) => ({
      cells: [addressesOf(pods.get(name), parsed), name, nodeName ?? NOTHING],
      target: { kind: "Pod", namespace, name },
    }))),
    "none: no pod is ready, so nothing answers",
  );
}

/** `10.42.0.9:8080`: where a pod answers to the ports of a Service. */
function addressesOf(pod: ParsedPod | undefined, service: Parsed | undefined): string {
  const ip = pod?.status.podIP ?? "";
  if (pod === undefined || ip === "") return NOTHING;
  const named = pod.spec.containers.flatMap(({ ports }) => ports);
  const host = ip.includes(":") ? `[${ip}]` : ip;
  const addresses = (service?.spec.ports ?? []).map(({ port, targetPort }) => {
    const target = targetPort || port;
    return `${host}:${named.find(({ name }) => name === target)?.containerPort ?? target}`;
  });
  return addresses.length === 0 ? ip : addresses.join(", ");
}

/** The containers of its pods: each with its image, and how it stands in each pod. */
function containersOfPods(
  namespace: string,
  pods: ReadonlyMap<string, ParsedPod>,
  now: number,
): readonly TextLine[] {
  const all = [...pods].flatMap(([pod, parsed]) =>
    containersOf(parsed).map((container) => ({ pod, ...container }))
  );
  const alike = Map.groupBy(all, ({ spec, init }) => JSON.stringify([init, spec.name, spec.image]));
  return [...alike.values()].flatMap((group) => [
    {
      segments: [
        inTone("accent", `${containerName(group[0]!)}  `),
        inTone("plain", group[0]!.spec.image),
      ],
    },
    ...rows(group.map(({ pod, status }) => ({
      cells: [
        `  ${pod}`,
        stateCell(status, now),
        status?.restartCount === undefined ? "? restarts" : counted(status.restartCount, "restart"),
      ],
      target: { kind: "Pod", namespace, name: pod },
    }))),
  ]);
}
