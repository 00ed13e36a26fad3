/**
 * The objects of a new app, safe by default: restricted pods, nothing reaches it that is not let
 * in, and it reaches the internet but neither other apps nor the network at home.
 *
 * @module
 */

import { priorityClass } from "../check/priority_classes.ts";
import type { AppSpec } from "./app_spec.ts";

/** An object of Kubernetes. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

/** The namespace k3s runs DNS and its ingress controller in. */
const SYSTEM = "kube-system";

/**
 * Addresses that are not the internet: private ones (RFC 1918), those of carriers and of Tailscale
 * (RFC 6598), link-local ones (RFC 3927). k3s' pods and services are among the first.
 */
const NOT_THE_INTERNET = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
];

/** User and group pods run as: `nobody` may own files, this one owns none (as distroless has it). */
const NONROOT = 65532;

const GPU_TOLERATION = { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" };

/** Label and taint of nodes with `protect: true` (ansible/playbooks/group_vars/all.yml). */
const PROTECTED = "k3s-tool.io/protected";
const PROTECTED_TOLERATION = { key: PROTECTED, operator: "Exists", effect: "NoSchedule" };

const REQUESTS = { cpu: "50m", memory: "64Mi" };
const LIMITS = { cpu: "1", memory: "256Mi" };

/** What a container of the namespace gets that says nothing of it itself: one that is added later. */
export function limitRange(): KubernetesObject {
  return object("v1", "LimitRange", { name: "defaults" }, {
    spec: { limits: [{ type: "Container", defaultRequest: REQUESTS, default: LIMITS }] },
  });
}

/** Each app's namespace; its pods must hold to the strictest Pod Security Standard. */
export function namespace({ name }: AppSpec): KubernetesObject {
  const labels = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
  };
  return object("v1", "Namespace", { name, labels }, {});
}

/** The pods. Replicas, tag and host are the overlays' matter. */
export function deployment(spec: AppSpec): KubernetesObject {
  const { name, volume, gpu, protected: onProtected, priority } = spec;
  const tolerations = [
    ...(gpu ? [GPU_TOLERATION] : []),
    ...(onProtected ? [PROTECTED_TOLERATION] : []),
  ];
  return object("apps/v1", "Deployment", { name, labels: labels(spec) }, {
    spec: {
      // Neither a volume of one node nor a GPU is handed over while the old pod still holds it.
      ...(volume === undefined && !gpu ? {} : { strategy: { type: "Recreate" } }),
      selector: { matchLabels: labels(spec) },
      template: {
        metadata: { labels: labels(spec) },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          ...(gpu ? { runtimeClassName: "nvidia" } : {}),
          securityContext: {
            runAsNonRoot: true,
            runAsUser: NONROOT,
            runAsGroup: NONROOT,
            fsGroup: NONROOT,
            seccompProfile: { type: "RuntimeDefault" },
          },
          ...(priority === undefined ? {} : { priorityClassName: priorityClass(priority) }),
          ...(onProtected ? { nodeSelector: { [PROTECTED]: "true" } } : {}),
          ...(tolerations.length === 0 ? {} : { tolerations }),
          containers: [container(spec)],
          volumes: [
            { name: "tmp", emptyDir: {} },
            ...(volume === undefined ? [] : [{
              name: "data",
              persistentVolumeClaim: { claimName: name },
            }]),
          ],
        },
      },
    },
  });
}

function container(spec: AppSpec): KubernetesObject {
  const { name, image, port, config, secretKeys, volume, gpu } = spec;
  const sources = [
    ...(config.size === 0 ? [] : [{ configMapRef: { name } }]),
    ...(secretKeys.length === 0 ? [] : [{ secretRef: { name } }]),
  ];
  return {
    name,
    image: image.name,
    ...(port === undefined ? {} : { ports: [{ name: "http", containerPort: port }] }),
    ...(sources.length === 0 ? {} : { envFrom: sources }),
    resources: {
      requests: REQUESTS,
      limits: gpu ? { cpu: "2", memory: "2Gi", "nvidia.com/gpu": 1 } : LIMITS,
    },
    ...probes(spec),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      ...(volume === undefined ? [] : [{ name: "data", mountPath: "/data" }]),
    ],
  };
}

/** A minute to start; then half a minute without an answer starts it anew. */
function probes({ port, healthPath }: AppSpec): KubernetesObject {
  if (port === undefined) return {};
  const probe = healthPath === undefined
    ? { tcpSocket: { port: "http" } }
    : { httpGet: { path: healthPath, port: "http" } };
  return {
    startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 30 },
    readinessProbe: { ...probe, periodSeconds: 5 },
    livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
  };
}

/** The name under which other pods of the namespace reach it. */
export function service(spec: AppSpec): KubernetesObject {
  return object("v1", "Service", { name: spec.name, labels: labels(spec) }, {
    spec: {
      selector: labels(spec),
      ports: [{ name: "http", port: 80, targetPort: "http" }],
    },
  });
}

/** The host each overlay puts into its place. `.invalid` never resolves (RFC 2606). */
const PLACEHOLDER_HOST = "set-by-overlay.invalid";

/** Served by the ingress controller k3s brings along. */
export function ingress({ name }: AppSpec): KubernetesObject {
  const backend = { service: { name, port: { name: "http" } } };
  return object("networking.k8s.io/v1", "Ingress", { name }, {
    spec: {
      ingressClassName: "traefik",
      rules: [{
        host: PLACEHOLDER_HOST,
        http: { paths: [{ path: "/", pathType: "Prefix", backend }] },
      }],
    },
  });
}

/** What is not secret, as environment variables. */
export function configMap({ name, config }: AppSpec): KubernetesObject {
  return object("v1", "ConfigMap", { name }, { data: Object.fromEntries(config) });
}

/** What is secret, as environment variables; encrypted before it is written anywhere. */
export function secret(
  { name }: Pick<AppSpec, "name">,
  values: ReadonlyMap<string, string>,
): KubernetesObject {
  return object("v1", "Secret", { name }, { stringData: Object.fromEntries(values) });
}

/** Room on a disk, of the cluster's default storage class (k3s: local-path). */
export function volumeClaim({ name, volume, storageClass }: AppSpec): KubernetesObject {
  return object("v1", "PersistentVolumeClaim", { name }, {
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...storageClass === undefined ? {} : { storageClassName: storageClass },
      resources: { requests: { storage: volume } },
    },
  });
}

/** Pods of the namespace reach each other, DNS and the internet; only ingress reaches them. */
export function networkPolicy({ host }: AppSpec): KubernetesObject {
  const system = { matchLabels: { "kubernetes.io/metadata.name": SYSTEM } };
  const here = { podSelector: {} };
  const traefik = {
    namespaceSelector: system,
    podSelector: { matchLabels: { "app.kubernetes.io/name": "traefik" } },
  };
  const dns = {
    to: [{ namespaceSelector: system, podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
    ports: [{ protocol: "UDP", port: 53 }, { protocol: "TCP", port: 53 }],
  };
  return object("networking.k8s.io/v1", "NetworkPolicy", { name: "isolate" }, {
    spec: {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [here, ...(host === undefined ? [] : [traefik])] }],
      egress: [
        { to: [here] },
        dns,
        { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: NOT_THE_INTERNET } }] },
      ],
    },
  });
}

function object(
  apiVersion: string,
  kind: string,
  metadata: object,
  fields: object,
): KubernetesObject {
  return { apiVersion, kind, metadata, ...fields };
}

function labels({ name }: AppSpec): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": name };
}
