/**
 * The details of a Service.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import { type ServiceReport, serviceReport } from "../../reports/service_report.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import { NOTHING, since } from "../words/amounts.ts";
import { healthCell } from "../tables/services.ts";
import { containersOfPods } from "./containers.ts";
import { containersOf, READING } from "./pod.ts";
import { PodObject, ServiceObject } from "./api_objects.ts";
import { eventSection, pairSection, podSection } from "./related.ts";
import { fieldSection, rows, type Section, section } from "./section.ts";
import { inTone } from "../words/tone.ts";

type Parsed = ReturnType<typeof ServiceObject.parse>;
type ParsedPod = ReturnType<typeof PodObject.parse>;

/**
 * All that is known of a Service.
 *
 * @param object the Service as the API server has it; undefined while it is being read
 * @param options.pods some or all of its pods as the API server has them
 */
export function serviceDetails(
  reference: ObjectReference,
  object: Readonly<Record<string, unknown>> | undefined,
  state: LiveState,
  now: number,
  { pods: read = [] }: { readonly pods?: readonly Readonly<Record<string, unknown>>[] } = {},
): readonly Section[] {
  const { namespace, name } = reference;
  const report = serviceReport(state.cluster, reference);
  const parsed = object && ServiceObject.parse(object);
  const pods = report?.selected;
  const names = new Set(pods?.map((pod) => pod.name));
  const parsedPods = new Map(
    read.map((each) => PodObject.parse(each)).map((pod) => [pod.metadata.name, pod] as const)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .filter(([name]) => names.has(name)),
  );
  return [
    statusSection({ reference, report, parsed }, now),
    ...parsed === undefined ? [READING] : [portSection(parsed)],
    endpointSection({ report, parsed, pods: parsedPods }),
    podSection(pods, { now }),
    ...parsedPods.size === 0
      ? []
      : [containerSection(namespace, { pods: parsedPods, of: names.size, now })],
    eventSection(state, {
      belongs: (about) =>
        about.namespace === namespace &&
        (about.kind === "Service" && about.name === name ||
          about.kind === "Pod" && names.has(about.name)),
      now,
      about: true,
    }),
    pairSection("Selector", report?.service.selector ?? parsed?.spec.selector ?? {}),
  ];
}

function statusSection(
  { reference, report, parsed }: {
    readonly reference: ObjectReference;
    readonly report: ServiceReport | undefined;
    readonly parsed: Parsed | undefined;
  },
  now: number,
): Section {
  const ingress = parsed?.status.loadBalancer.ingress.map(({ ip, hostname }) => ip || hostname);
  const ips = parsed?.spec.clusterIPs ?? [];
  return fieldSection("Status", [
    ["Service", `${reference.namespace}/${reference.name}`],
    [
      "Health",
      report === undefined
        ? inTone("warn", "gone, or not known")
        : healthCell(report.health, report.problem),
    ],
    ["Why", report?.problem?.message],
    ["Pods ready", report?.pods && `${report.pods.ready} of ${report.pods.wanted}`],
    ["Type", report?.service.type ?? parsed?.spec.type],
    ["Cluster IP", ips.join(", ") || report?.service.clusterIp],
    ["External IPs", parsed?.spec.externalIPs.join(", ")],
    ["Load balancer", ingress?.join(", ")],
    ["External name", parsed?.spec.externalName],
    [
      "Session affinity",
      parsed?.spec.sessionAffinity === "ClientIP" ? "by the client's IP" : undefined,
    ],
    ["Age", report && since(report.service.createdAt, now)],
  ]);
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
function endpointSection({ report, parsed, pods }: {
  readonly report: ServiceReport | undefined;
  readonly parsed: Parsed | undefined;
  readonly pods: ReadonlyMap<string, ParsedPod>;
}): Section {
  if (report === undefined || report.pods === undefined) {
    const empty = report?.health === "External"
      ? "none of its own: it selects no pods"
      : "not known";
    return section("Endpoints", [], { empty });
  }
  const ready = report.selected.filter((pod) => pod.ready);
  return section(
    `Endpoints (${ready.length})`,
    rows(ready.map(({ namespace, name, nodeName }) => ({
      cells: [addressesOf(pods.get(name), parsed), name, nodeName ?? NOTHING],
      target: { kind: "Pod", namespace, name },
    }))),
    { empty: "none: no pod is ready, so nobody answers" },
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

/** How the containers of its pods stand. */
function containerSection(
  namespace: string,
  { pods, of, now }: {
    readonly pods: ReadonlyMap<string, ParsedPod>;
    /** How many pods it has. */
    readonly of: number;
    readonly now: number;
  },
): Section {
  const each = [...pods].map(([name, pod]) => ({
    reference: { kind: "Pod", namespace, name } as const,
    pairs: containersOf(pod),
  }));
  const title = pods.size < of ? `Containers of ${pods.size} of ${of} pods` : "Containers";
  return section(title, containersOfPods(each, { now }));
}
