/**
 * The files of a new app, by their paths in the repository.
 *
 * @module
 */

import {
  configMap,
  deployment,
  ingress,
  type KubernetesObject,
  limitRange,
  namespace,
  networkPolicy,
  service,
  volumeClaim,
} from "./app_objects.ts";
import type { AppSpec } from "./app_spec.ts";
import { writeYaml } from "../repository/write_yaml.ts";

/** Where the app goes. */
export interface AppPlace {
  /** Clusters of the repository; each gets an overlay. */
  readonly clusters: readonly string[];
  /** Where Flux's own objects live. */
  readonly fluxNamespace: string;
  /** True where the repository encrypts; then Flux is told to decrypt. */
  readonly encrypted: boolean;
}

/** Where the secret of an app stands, in its base. */
export const SECRET_FILE = "secret.sops.yaml";

/** Every file but the secret, which is written as sops gives it back. */
export function appFiles(spec: AppSpec, place: AppPlace): ReadonlyMap<string, string> {
  const base = baseFiles(spec);
  const listed = [
    ...base.map(([file]) => file),
    ...(spec.secretKeys.length === 0 ? [] : [SECRET_FILE]),
  ].sort();
  const root = `apps/${spec.name}`;
  return new Map([
    [`${root}/kustomization.yaml`, writeYaml(kustomization({ resources: ["sync.yaml"] }))],
    [`${root}/sync.yaml`, sync(spec, place)],
    [
      `${root}/base/kustomization.yaml`,
      writeYaml(kustomization({ namespace: spec.name, resources: listed })),
    ],
    ...base.map(([file, text]) => [`${root}/base/${file}`, text] as const),
    ...place.clusters.map((cluster) =>
      [`${root}/overlays/${cluster}/kustomization.yaml`, overlay(spec, cluster)] as const
    ),
  ]);
}

function baseFiles(spec: AppSpec): readonly (readonly [file: string, text: string])[] {
  const { port, host, config, volume } = spec;
  const file = (name: string, object: KubernetesObject, comment?: string) =>
    [[name, writeYaml(object, { comment })]] as const;
  return [
    ...file("namespace.yaml", namespace(spec)),
    ...file(
      "deployment.yaml",
      deployment(spec),
      "Image tag and replicas: see overlays. The file system is read-only but for /tmp" +
        `${volume === undefined ? "" : " and /data"};\n` +
        "an image that must run as another user, or write elsewhere, needs settings here.",
    ),
    ...(port === undefined ? [] : file("service.yaml", service(spec))),
    ...(host === undefined ? [] : file("ingress.yaml", ingress(spec), "The host: see overlays.")),
    ...(config.size === 0 ? [] : file(
      "configmap.yaml",
      configMap(spec),
      "Environment variables. Running pods see a change when they restart:\n" +
        `kubectl -n ${spec.name} rollout restart deployment ${spec.name}`,
    )),
    ...(volume === undefined ? [] : file(
      "pvc.yaml",
      volumeClaim(spec),
      "Mounted at /data. The claim is deleted with the app's directory. Its storage class decides on\n" +
        "the data: with reclaimPolicy Delete they are deleted too, with Retain they stay on the disk.",
    )),
    ...file("limits.yaml", limitRange(), "For containers that have no requests or limits."),
    ...file(
      "networkpolicy.yaml",
      networkPolicy(spec),
      "Pods of this namespace reach each other, DNS and the internet, and nothing else: neither\n" +
        "other apps nor the network at home. Only those under ingress can reach them.\n" +
        "Allow more by adding to the lists.",
    ),
  ];
}

function sync({ name }: AppSpec, { fluxNamespace, encrypted }: AppPlace): string {
  return writeYaml({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name, namespace: fluxNamespace },
    spec: {
      interval: "10m",
      retryInterval: "1m",
      timeout: "5m",
      path: `./apps/${name}/overlays/\${cluster}`,
      prune: true,
      wait: true,
      sourceRef: { kind: "GitRepository", name: "flux-system" },
      ...(encrypted ? { decryption: { provider: "sops", secretRef: { name: "sops-age" } } } : {}),
    },
  }, {
    comment: "Tells Flux to apply this app separately: if it fails, others do not wait for it.\n" +
      "${cluster} is set in clusters/NAME/apps.yaml.",
  });
}

function overlay({ name, image, replicas, host }: AppSpec, cluster: string): string {
  const { tag, digest } = image;
  const version = digest === undefined
    ? { newTag: tag ?? "latest" }
    : { ...(tag === undefined ? {} : { newTag: tag }), digest };
  return writeYaml(
    kustomization({
      resources: ["../../base"],
      images: [{ name: image.name, ...version }],
      replicas: [{ name, count: replicas }],
      ...(host === undefined ? {} : {
        patches: [{
          target: { kind: "Ingress", name },
          patch: writeYaml([{ op: "replace", path: "/spec/rules/0/host", value: host }]),
        }],
      }),
    }),
    { comment: `What is particular to the cluster ${cluster}.` },
  );
}

function kustomization(fields: KubernetesObject): KubernetesObject {
  return { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", ...fields };
}
