/**
 * JSON Schemas of the inventory's variables and of the documents `-o json` prints.
 *
 * @module
 */

import * as z from "zod/mini";
import { DATASTORES } from "../../actions/backup/backup_name.ts";
import { didYouMean } from "../../errors/nearest.ts";
import { usageError } from "../../errors/user_error.ts";
import { MachineFacts } from "../../ansible/events/machine.ts";
import { OUTCOMES, RUN_EVENTS } from "../../ansible/events/event.ts";
import { ClusterVariables, HostVariables, Labels, TaintSchema } from "../../inventory/schema.ts";
import {
  DEPLOY_KEY,
  GITOPS_STATUS,
  GITOPS_SYNC,
  KUBECONFIG_MERGE,
  PEER_LIST,
  STATUS,
} from "../../view/tables/documents.ts";
import { PROBLEM_KINDS } from "../../view/words/problems.ts";
import { API_VERSION } from "../output/output.ts";

const Place = z.object({
  file: z.string(),
  line: z.optional(z.int()),
  column: z.optional(z.int()),
});

const Problem = z.object({
  message: z.string(),
  where: z.optional(Place),
  value: z.optional(z.string()),
  expected: z.optional(z.string()),
});

const Node = z.object({
  name: z.string(),
  nodeName: z.string(),
  role: z.enum(["control-plane", "worker"]),
  tailscaleIp: z.optional(z.string()),
  ansibleHost: z.optional(z.string()),
  user: z.optional(z.string()),
  reserved: z.object({ cpu: z.optional(z.string()), memory: z.optional(z.string()) }),
  gpu: z.optional(z.boolean()),
  labels: Labels,
  taints: z.array(TaintSchema),
  groups: z.array(z.string()),
  where: Place,
});

const Setting = z.object({
  key: z.string(),
  value: z.json(),
  scope: z.string(),
  origin: Place,
  known: z.boolean(),
});

/** Facts of a machine, and when it was looked at. */
const Machine = z.object({ ...MachineFacts.shape, seenAt: z.iso.datetime() });

/** A volume on a node; its size is what was asked for, in bytes. */
const Volume = z.object({
  name: z.string(),
  class: z.string(),
  claim: z.string(),
  size: z.nullable(z.number()),
  path: z.string(),
  phase: z.string(),
});

const Check = z.object({
  name: z.string(),
  host: z.optional(z.string()),
  status: z.enum(["ok", "warn", "fail"]),
  message: z.string(),
  hint: z.optional(z.string()),
});

const BACKUP = {
  file: z.string(),
  bytes: z.int(),
  cluster: z.string(),
  time: z.iso.datetime(),
  k3s: z.string(),
  datastore: z.enum(DATASTORES),
};

/** What the file name and the age header say about a backup. */
const ListedBackup = z.object({
  name: z.string(),
  ...BACKUP,
  encryptedTo: z.enum(["passphrase", "recipient", "unreadable"]),
  /** Address of its copy, which is `file` where it is not on this machine; null without one. */
  copy: z.nullable(z.string()),
});

/** Every document these commands print, by its kind. */
export const DOCUMENTS = {
  PeerList: document("PeerList", PEER_LIST),
  Status: document("Status", STATUS),
  StatusCheck: document("StatusCheck", {
    reachable: z.boolean(),
    items: z.array(z.object({
      kind: z.enum(PROBLEM_KINDS),
      object: z.string(),
      message: z.string(),
    })),
  }),
  GitopsStatus: document("GitopsStatus", GITOPS_STATUS),
  GitopsSync: document("GitopsSync", GITOPS_SYNC),
  DeployKey: document("DeployKey", DEPLOY_KEY),
  KubeconfigMerge: document("KubeconfigMerge", KUBECONFIG_MERGE),
  NodeList: document("NodeList", { items: z.array(Node) }),
  Node: document("Node", {
    ...Node.shape,
    variables: z.array(Setting),
    machine: z.optional(Machine),
    /** Of a host with storage_paths, where the cluster answers. */
    volumes: z.optional(z.array(Volume)),
  }),
  MachineList: document("MachineList", {
    items: z.array(z.object({ host: z.string(), ...Machine.shape })),
    suggestions: z.array(z.object({
      host: z.string(),
      variable: z.string(),
      value: z.union([z.string(), z.boolean(), z.array(z.record(z.string(), z.string()))]),
      reason: z.string(),
    })),
    failures: z.array(z.object({ host: z.string(), message: z.string(), hint: z.string() })),
  }),
  NodeChange: document("NodeChange", {
    change: z.enum(["cordon", "uncordon", "drain", "reboot"]),
    dryRun: z.boolean(),
    items: z.array(z.object({
      node: z.string(),
      status: z.enum(["done", "failed", "skipped"]),
      message: z.nullable(z.string()),
    })),
  }),
  ExecResult: document("ExecResult", {
    items: z.array(z.object({
      host: z.string(),
      code: z.nullable(z.int()),
      stdout: z.string(),
      stderr: z.string(),
      error: z.nullable(z.string()),
    })),
  }),
  ReleaseList: document("ReleaseList", {
    items: z.array(z.object({ channel: z.string(), version: z.string(), upgrade: z.string() })),
  }),
  UpgradePlan: document("UpgradePlan", {
    target: z.string(),
    leftovers: z.array(z.string()),
    refusals: z.array(z.object({ message: z.string(), hint: z.string() })),
    warnings: z.array(z.string()),
    items: z.array(z.object({
      turn: z.int(),
      host: z.string(),
      node: z.string(),
      role: z.enum(["control-plane", "worker"]),
      from: z.nullable(z.string()),
      to: z.string(),
      drained: z.boolean(),
      pods: z.int(),
      held: z.array(z.object({ pod: z.string(), why: z.string() })),
    })),
  }),
  AdoptionPlan: document("AdoptionPlan", {
    items: z.array(z.object({
      host: z.string(),
      role: z.enum(["control-plane", "worker"]),
      tailscaleIp: z.string(),
      version: z.nullable(z.string()),
      datastore: z.nullable(z.string()),
      inInventory: z.boolean(),
      /** Why k3s has to be restarted; null where it keeps running. */
      restart: z.nullable(z.string()),
    })),
    settings: z.array(z.object({
      host: z.string(),
      option: z.string(),
      now: z.string(),
      then: z.string(),
      effect: z.enum(["fits", "restart", "next start"]),
      setting: z.nullable(z.string()),
    })),
    /** Hosts of the inventory whose k3s is this tool's already. */
    done: z.array(z.object({
      host: z.string(),
      /** An earlier run was interrupted before k3s ran with what it wrote. */
      unfinished: z.boolean(),
    })),
    /** Of the inventory. */
    diff: z.string(),
  }),
  ArtifactList: document("ArtifactList", {
    directory: z.string(),
    dryRun: z.boolean(),
    k3s: z.string(),
    /** Null where the cluster follows no repository. */
    flux: z.nullable(z.string()),
    architectures: z.array(z.string()),
    items: z.array(z.object({
      path: z.string(),
      url: z.string(),
      sha256: z.string(),
      /** Null where the server does not say. */
      bytes: z.nullable(z.int()),
      state: z.enum(["present", "missing", "downloaded"]),
    })),
  }),
  RunList: document("RunList", {
    items: z.array(z.object({
      name: z.string(),
      playbook: z.string(),
      inventory: z.string(),
      startedAt: z.iso.datetime(),
      check: z.boolean(),
      outcome: z.nullable(z.enum(OUTCOMES)),
      seconds: z.nullable(z.number()),
      directory: z.string(),
    })),
  }),
  BackupList: document("BackupList", { items: z.array(ListedBackup) }),
  BackupPrune: document("BackupPrune", {
    dryRun: z.boolean(),
    kept: z.array(ListedBackup),
    deleted: z.array(ListedBackup),
  }),
  Backup: document("Backup", {
    ...BACKUP,
    /** Address of its copy, where one was made. */
    copy: z.optional(z.string()),
    host: z.string(),
    /** Not in the backup; null where the API did not answer. */
    volumes: z.nullable(z.array(z.object({ name: z.string(), claim: z.nullable(z.string()) }))),
    parts: z.array(z.object({ path: z.string(), bytes: z.int(), sha256: z.string() })),
  }),
  ConfigValue: document("ConfigValue", Setting.shape),
  ConfigList: document("ConfigList", { items: z.array(Setting) }),
  InventoryCheck: document("InventoryCheck", {
    file: z.string(),
    valid: z.boolean(),
    hosts: z.int(),
    problems: z.array(Problem),
    warnings: z.array(Problem),
  }),
  InventoryChange: document("InventoryChange", {
    changed: z.boolean(),
    dryRun: z.boolean(),
    files: z.array(z.string()),
    diff: z.optional(z.string()),
    notes: z.array(z.string()),
    warnings: z.array(Problem),
    host: z.optional(Node),
    hosts: z.optional(z.array(Node)),
    key: z.optional(z.string()),
    scope: z.optional(z.string()),
  }),
  RepositoryChange: document("RepositoryChange", {
    directory: z.string(),
    changed: z.boolean(),
    dryRun: z.boolean(),
    files: z.array(z.object({
      path: z.string(),
      change: z.enum(["created", "replaced", "kept"]),
    })),
    diff: z.optional(z.string()),
    notes: z.array(z.string()),
    warnings: z.array(z.string()),
    next: z.array(z.string()),
    cluster: z.optional(z.string()),
    ageKey: z.optional(
      z.object({ file: z.string(), made: z.boolean(), recipient: z.optional(z.string()) }),
    ),
    app: z.optional(z.object({ name: z.string(), namespace: z.string() })),
  }),
  RepositoryCheck: document("RepositoryCheck", {
    directory: z.string(),
    valid: z.boolean(),
    clusters: z.array(z.string()),
    apps: z.array(z.string()),
    objects: z.int(),
    built: z.array(z.string()),
    kustomize: z.boolean(),
    unknownKinds: z.array(z.string()),
    problems: z.array(Problem),
    warnings: z.array(Problem),
  }),
  AssetList: document("AssetList", {
    items: z.array(z.object({ path: z.string(), bytes: z.int() })),
  }),
  EjectedFileList: document("EjectedFileList", {
    items: z.array(z.object({
      path: z.string(),
      change: z.enum(["created", "overwritten", "kept"]),
    })),
  }),
  SchemaList: document("SchemaList", { items: z.array(z.string()) }),
  Version: document("Version", { version: z.string(), deno: z.string(), platform: z.string() }),
  RunEvent: z.union(RUN_EVENTS.map((event) => document("RunEvent", event.shape))),
  DoctorReport: document("DoctorReport", { items: z.array(Check) }),
  Error: document("Error", {
    message: z.string(),
    exitCode: z.int(),
    hint: z.optional(z.string()),
    where: z.optional(Place),
    problems: z.optional(z.array(Problem)),
  }),
} as const;

/** `kind` of a document that has a schema. */
export type DocumentKind = keyof typeof DOCUMENTS;

/** Names `config schema` knows. */
export const SCHEMA_NAMES: readonly string[] = ["variables", ...Object.keys(DOCUMENTS)];

/** The JSON Schema (2020-12) of a name. @throws {UserError} exit code 2 for an unknown one */
export function jsonSchema(name: string): Record<string, unknown> {
  if (name === "variables") return schemaOf(VARIABLES);
  const schema = Object.entries(DOCUMENTS).find(([kind]) => kind === name)?.[1];
  if (schema !== undefined) return schemaOf(schema);
  throw usageError(`There is no schema ${name}`, {
    hint: didYouMean(name, SCHEMA_NAMES, "See the names with: k3s-tool config schema --list"),
  });
}

/** Variables of a host or of everything; a host inherits what its groups set. */
const VARIABLES = z.looseObject({
  ...z.partial(HostVariables).shape,
  ...ClusterVariables.shape,
});

function document<S extends Record<string, z.ZodMiniType>>(kind: string, shape: S) {
  return z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    ...shape,
  });
}

function schemaOf(schema: z.ZodMiniType): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { reused: "inline" }) };
}
