/**
 * What must hold between the objects of a repository, beyond each one's schema.
 *
 * @module
 */

import type { Problem } from "../errors/user_error.ts";
import { appOf, appsOf, decrypts, type DeployUnit, isFluxKustomization } from "./deploy_units.ts";
import { valueAt } from "./field_path.ts";
import { describeManifest, type Manifest, metadataOf } from "./manifest.ts";
import type { RepositoryFiles } from "./repository_files.ts";
import type { ResourceTrees, TreeObject } from "./resource_tree.ts";
import { isEncrypted } from "./sops.ts";

/** Kinds without a namespace, as far as they are known; of other kinds it is not said. */
const CLUSTER_KINDS = new Set([
  "APIService",
  "CSIDriver",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "IngressClass",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "RuntimeClass",
  "StorageClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
]);

/** Groups all of whose other kinds live in a namespace. */
const NAMESPACED_GROUPS =
  /^(?:v1|apps\/v1|batch\/v1|autoscaling\/v\d|networking\.k8s\.io\/v1|policy\/v1|rbac\.authorization\.k8s\.io\/v1)$/;

/** All rules; problems are sorted by nothing in particular. */
export function ruleProblems(
  units: readonly DeployUnit[],
  { files, trees }: { readonly files: RepositoryFiles; readonly trees: ResourceTrees },
): readonly Problem[] {
  const loose = appsOf(files).filter((app) => trees.kustomizationOf(`apps/${app}`) === undefined);
  return [
    ...loose.map(looseApp),
    ...strayPaths(units),
    // Of an app without a kustomization everything is applied twice; that is said already.
    ...duplicates(units).filter(({ where }) => !loose.includes(appOf(where?.file ?? "") ?? "")),
    ...missingNamespaces(units),
    ...sharedNamespaces(units),
    ...missingDecryption(units),
  ];
}

/** The namespace an object is applied to; undefined for what has none, or where nobody says. */
export function namespaceOf({ manifest, namespace }: TreeObject): string | undefined {
  const { kind } = manifest.value;
  if (CLUSTER_KINDS.has(String(kind))) return undefined;
  const own = metadataOf(manifest.value).namespace;
  return namespace ?? (typeof own === "string" ? own : undefined);
}

function identityOf(object: TreeObject): string {
  const { apiVersion, kind } = object.manifest.value;
  // Two versions of one group are one object.
  const group = String(apiVersion).replace(/\/?v\w+$/, "");
  return [group, kind, namespaceOf(object), nameOf(object)].join(" ");
}

function nameOf({ manifest, namePrefix, nameSuffix }: TreeObject): string {
  return `${namePrefix}${metadataOf(manifest.value).name}${nameSuffix}`;
}

/** Without a kustomization of its own Flux would apply base and overlays of an app, all at once. */
function looseApp(app: string): Problem {
  return {
    message: "an app needs a kustomization.yaml that lists sync.yaml; " +
      "without it Flux applies every file below",
    where: { file: `apps/${app}` },
  };
}

/** An app's sync.yaml that applies something else: likely copied from another app. */
function strayPaths(units: readonly DeployUnit[]): Problem[] {
  return units.flatMap(({ tree }) =>
    tree.objects.flatMap(({ manifest }) => {
      const app = appOf(manifest.file);
      const path = valueAt(manifest.value, ["spec", "path"]);
      if (app === undefined || !isFluxKustomization(manifest) || typeof path !== "string") {
        return [];
      }
      if (path.replace(/^[./]+/, "").startsWith(`apps/${app}/`)) return [];
      return [{
        message: `spec.path must lie in apps/${app}, is ${JSON.stringify(path)}`,
        where: manifest.place(["spec", "path"]),
      }];
    })
  );
}

function duplicates(units: readonly DeployUnit[]): Problem[] {
  const problems: Problem[] = [];
  const first = new Map<string, Manifest>();
  for (const { cluster, tree } of units) {
    if (cluster === undefined) continue;
    for (const object of tree.objects) {
      const { manifest } = object;
      if (typeof metadataOf(manifest.value).name !== "string") continue;
      const key = `${cluster} ${identityOf(object)}`;
      const other = first.get(key);
      if (other === undefined) {
        first.set(key, manifest);
        continue;
      }
      const { line } = other.place([]);
      problems.push({
        message: `${describeManifest(manifest)} is defined in ${other.file}:${line} too`,
        where: manifest.place(["metadata", "name"]),
      });
    }
  }
  return problems;
}

function missingNamespaces(units: readonly DeployUnit[]): Problem[] {
  return units.flatMap(({ app, tree, directory }) => {
    // A base alone, or an app's own directory, is not what is applied.
    if (app === undefined || directory === `apps/${app}`) return [];
    return tree.objects.filter((object) => {
      const { apiVersion, kind } = object.manifest.value;
      return NAMESPACED_GROUPS.test(String(apiVersion)) && !CLUSTER_KINDS.has(String(kind)) &&
        namespaceOf(object) === undefined;
    }).map(({ manifest }): Problem => ({
      message: `${describeManifest(manifest)} has no namespace; ` +
        `set namespace: ${app} in the kustomization of its base`,
      where: manifest.place(["metadata"]),
    }));
  });
}

function sharedNamespaces(units: readonly DeployUnit[]): Problem[] {
  const owners = new Map<string, { readonly app: string; readonly manifest: Manifest }>();
  const problems: Problem[] = [];
  for (const { app, cluster, tree } of units) {
    if (app === undefined) continue;
    for (const object of tree.objects) {
      if (isFluxKustomization(object.manifest)) continue;
      const { manifest } = object;
      const isNamespace = manifest.value.kind === "Namespace";
      const namespace = isNamespace ? nameOf(object) : namespaceOf(object);
      if (namespace === undefined) continue;
      const key = `${cluster ?? ""} ${namespace}`;
      const owner = owners.get(key);
      if (owner === undefined) {
        owners.set(key, { app, manifest });
      } else if (owner.app !== app) {
        problems.push({
          message: `${describeManifest(manifest)} is in the namespace ${namespace}, ` +
            `which belongs to the app ${owner.app}; each app has a namespace of its own`,
          where: manifest.place(["metadata", "namespace"]),
        });
        break; // one for each app says it
      }
    }
  }
  return problems;
}

function missingDecryption(units: readonly DeployUnit[]): Problem[] {
  return units.flatMap((unit) => {
    const { by, tree } = unit;
    if (by === undefined || decrypts(unit)) return [];
    const sealed = tree.objects.find(({ manifest }) => isEncrypted(manifest.value));
    return sealed === undefined ? [] : [{
      message: `${sealed.manifest.file} is encrypted, but spec.decryption is missing here`,
      where: by.place(["spec"]),
    }];
  });
}
