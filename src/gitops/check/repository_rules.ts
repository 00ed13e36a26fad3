/**
 * What must hold between the objects of a repository, beyond each one's schema.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import { appOf, appsOf, type Deployment, type DeployUnit, specOf } from "./deploy_units.ts";
import { describeManifest, isObject, type Manifest, valueAt } from "./manifest.ts";
import { isFluxKustomization } from "./flux_entry.ts";
import { claimPaths, podPath } from "./pod_rules.ts";
import { PRIORITIES, priorityClass } from "./priority_classes.ts";
import type { AppliedObject, ResourceTrees } from "./resource_tree.ts";
import { isEncrypted } from "../keys/sops.ts";

/** Storage classes that an inventory gives its cluster. */
export interface StorageOfCluster {
  readonly cluster: string;
  readonly classes: readonly string[];
}

/** Kinds without a namespace, as far as they are known; of other kinds it is not said. */
const CLUSTER_KINDS = new Set([
  ...["APIService", "CSIDriver", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"],
  ...["IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume"],
  ...["PriorityClass", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy"],
  ...["ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"],
]);

/** Groups all of whose other kinds live in a namespace. */
const NAMESPACED_GROUPS =
  /^(?:v1|apps\/v1|batch\/v1|autoscaling\/v\d|networking\.k8s\.io\/v1|policy\/v1|rbac\.authorization\.k8s\.io\/v1)$/;

/** What holds in every repository, as kustomize or Flux would refuse it or do harm. */
export function ruleProblems(
  { units, followsTemplate }: Deployment,
  trees: ResourceTrees,
  storage: StorageOfCluster | undefined,
): { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] } {
  const { twice, elsewhere } = duplicates(units);
  // Of an app without a kustomization everything is applied twice: that is said once.
  const loose = followsTemplate
    ? appsOf(trees.files).filter((app) => trees.kustomizationOf(`apps/${app}`) === undefined)
    : [];
  const isLoose = ({ where }: Problem) => loose.includes(appOf(where?.file ?? "") ?? "");
  return {
    problems: [
      ...loose.map(looseApp),
      ...twice.filter((each) => !isLoose(each)),
      ...missingNamespaces(units),
      ...missingDecryption(units),
    ],
    warnings: [
      ...elsewhere,
      ...storage === undefined ? [] : unknownStorageClasses(units, storage),
      ...(followsTemplate
        ? [...strayPaths(units), ...sharedNamespaces(units), ...unknownPriorities(units)]
        : []),
    ],
  };
}

/** The namespace an object is applied to; undefined for what has none, or where nobody says. */
function namespaceOf({ manifest, namespace }: AppliedObject): string | undefined {
  return CLUSTER_KINDS.has(String(manifest.value.kind)) ? undefined : namespace;
}

function identityOf(object: AppliedObject): string {
  const { apiVersion, kind } = object.manifest.value;
  // Two versions of one group are one object.
  const group = String(apiVersion).replace(/\/?v\w+$/, "");
  return [group, kind, namespaceOf(object), object.name].join(" ");
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
  return units.flatMap(({ objects }) =>
    objects.flatMap(({ manifest }) => {
      const app = appOf(manifest.file);
      const path = valueAt(manifest.value, ["spec", "path"]);
      if (app === undefined || !isFluxKustomization(manifest) || typeof path !== "string") {
        return [];
      }
      if (path.replace(/^[./]+/, "").startsWith(`apps/${app}/`)) return [];
      return [{
        message: `spec.path must be in apps/${app}, but is ${JSON.stringify(path)}`,
        where: manifest.place(["spec", "path"]),
      }];
    })
  );
}

/** The same object twice: kustomize refuses it in one build; two builds fight over it. */
function duplicates(units: readonly DeployUnit[]) {
  const twice: Problem[] = [];
  const elsewhere: Problem[] = [];
  const first = new Map<string, AppliedObject & { readonly unit: DeployUnit }>();
  for (const unit of units) {
    if (unit.cluster === undefined) continue;
    for (const object of unit.objects) {
      const { manifest, name, named, source } = object;
      // What Flux or another one will put there is not known.
      if (!named || name === "undefined" || /\$\{/.test(`${name}${object.namespace}`)) continue;
      const key = `${unit.cluster} ${identityOf(object)}`;
      const other = first.get(key);
      if (other === undefined) {
        first.set(key, { ...object, unit });
        continue;
      }
      // The same file, applied by two Kustomizations, is no slip.
      if (other.unit !== unit && (source === undefined || other.source === source)) continue;
      const { line } = other.manifest.place([]);
      const place = line === undefined ? other.manifest.file : `${other.manifest.file}:${line}`;
      const problem = {
        message: `${manifest.value.kind} ${name} is defined in ${place} too`,
        where: manifest.place(["metadata", "name"]),
      };
      (other.unit === unit ? twice : elsewhere).push(problem);
    }
  }
  return { twice, elsewhere };
}

/** Flux refuses them: "namespace not specified". */
function missingNamespaces(units: readonly DeployUnit[]): Problem[] {
  return units.flatMap(({ by, certain, app, objects }) => {
    if (by === undefined || !certain) return [];
    return objects.filter((object) => {
      const { apiVersion, kind } = object.manifest.value;
      return object.named && NAMESPACED_GROUPS.test(String(apiVersion)) &&
        !CLUSTER_KINDS.has(String(kind)) && namespaceOf(object) === undefined;
    }).map(({ manifest }): Problem => ({
      message: `${describeManifest(manifest)} has no namespace; set namespace: ` +
        `${app ?? "NAME"} in the kustomization of its base`,
      where: manifest.place(["metadata"]),
    }));
  });
}

function sharedNamespaces(units: readonly DeployUnit[]): Problem[] {
  const owners = new Map<string, { readonly app: string; readonly manifest: Manifest }>();
  const problems: Problem[] = [];
  for (const { app, cluster, objects } of units) {
    if (app === undefined) continue;
    for (const object of objects) {
      if (isFluxKustomization(object.manifest)) continue;
      const { manifest } = object;
      const isNamespace = manifest.value.kind === "Namespace";
      const namespace = isNamespace ? object.name : namespaceOf(object);
      if (namespace === undefined) continue;
      const key = `${cluster ?? ""} ${namespace}`;
      const owner = owners.get(key);
      if (owner === undefined) {
        owners.set(key, { app, manifest });
      } else if (owner.app !== app) {
        problems.push({
          message: `${describeManifest(manifest)} is in the namespace ${namespace}, ` +
            `which belongs to the app ${owner.app}; each app has its own namespace`,
          where: manifest.place(["metadata", "namespace"]),
        });
        break; // one for each app says it
      }
    }
  }
  return problems;
}

/** The API server refuses pods whose class is not there. What a Helm chart brings is not known: a warning. */
function unknownPriorities(units: readonly DeployUnit[]): Problem[] {
  const objects = units.flatMap((unit) => unit.objects);
  const known = new Set([
    ...["system-cluster-critical", "system-node-critical", ...PRIORITIES.map(priorityClass)],
    ...objects.filter(({ manifest }) => manifest.value.kind === "PriorityClass")
      .map(({ name }) => name),
  ]);
  return objects.flatMap(({ manifest }) => {
    const path = [...podPath(String(manifest.value.kind)) ?? [], "priorityClassName"];
    const name = path.length === 1 ? undefined : valueAt(manifest.value, path);
    if (typeof name !== "string" || name === "" || known.has(name)) return [];
    return [{
      message: `the priority class ${name} is not in this repository, nor one that every cluster ` +
        `has (${PRIORITIES.map(priorityClass).join(", ")}); without it, no pod is created`,
      where: manifest.place(path),
    }];
  });
}

/** A claim waits until its class is there. What a Helm chart brings is not known: a warning. */
function unknownStorageClasses(
  units: readonly DeployUnit[],
  { cluster, classes }: StorageOfCluster,
): Problem[] {
  const objects = units.filter((unit) => (unit.cluster ?? cluster) === cluster)
    .flatMap((unit) => unit.objects);
  const known = new Set([
    ...classes,
    ...objects.filter(({ manifest }) => manifest.value.kind === "StorageClass")
      .map(({ name }) => name),
  ]);
  return objects.flatMap(({ manifest }) =>
    claimPaths(manifest.value).flatMap((at) => {
      const path = [...at, "storageClassName"];
      const name = valueAt(manifest.value, path);
      if (typeof name !== "string" || name === "" || known.has(name)) return [];
      return [{
        message: `the storage class ${name} is not in this repository, nor in the inventory of ` +
          `${cluster} (${classes.join(", ") || "none"}); the claim waits for it`,
        where: manifest.place(path),
      }];
    })
  );
}

/** Flux refuses a Secret that it is not told to decrypt. */
function missingDecryption(units: readonly DeployUnit[]): Problem[] {
  return units.flatMap(({ by, certain, objects }) => {
    if (by === undefined || !certain || isObject(specOf(by).decryption)) return [];
    const sealed = objects.find(({ manifest: { value } }) =>
      value.kind === "Secret" && isEncrypted(value)
    );
    return sealed === undefined ? [] : [{
      message: `${sealed.manifest.file} is encrypted, but spec.decryption is missing here`,
      where: by.place(["spec"]),
    }];
  });
}
