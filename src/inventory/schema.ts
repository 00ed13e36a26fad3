/**
 * What the variables this tool knows must look like.
 *
 * Built on zod's small build, because `node list` must start fast. Each check's error text is the
 * expectation that a report shows.
 *
 * @module
 */

import * as z from "zod/mini";
import reservedKeys from "../../ansible/roles/node_config/files/reserved_keys.json" with {
  type: "json",
};
import { parseIpv4, parseNetwork } from "./ipv4.ts";
import { K3sConfig } from "./k3s_options.ts";
import { NOTIFY_FORMATS } from "./model.ts";
import { Registries } from "./registries.ts";
import { FILE } from "./workstation_path.ts";
import {
  CPU_QUANTITY,
  DNS_LABEL,
  DNS_SUBDOMAIN,
  expectedKey,
  expectedLabelValue,
  FLUX_DURATION,
  isReservedName,
  K3S_VERSION,
  LABEL_VALUE,
  MEMORY_QUANTITY,
  nodeNameOf,
  parseQuantity,
  QUALIFIED_NAME,
  TAINT_EFFECTS,
} from "./kubernetes_syntax.ts";

function text(pattern: RegExp, expected: string) {
  return z.string(expected).check(z.regex(pattern, expected));
}

/** Like {@linkcode text}, where what is expected depends on what is there. */
function textLike(pattern: RegExp, expected: (value: unknown) => string) {
  const error = ({ input }: { readonly input?: unknown }) => expected(input);
  return z.string({ error }).check(z.regex(pattern, { error }));
}

const LabelKey = textLike(QUALIFIED_NAME, (key) => expectedKey(String(key)));
const LabelValue = textLike(LABEL_VALUE, expectedLabelValue);

const OWN_KEY = "another key: Kubernetes or k3s sets this one itself";

/** A key that is not one that Kubernetes or k3s keeps for itself. */
function ownKey(kind: keyof typeof reservedKeys) {
  const isReserved = (key: string) =>
    reservedKeys[kind].some((entry) =>
      entry.endsWith("*") ? key.startsWith(entry.slice(0, -1)) : key === entry
    );
  return LabelKey.check(z.refine((key) => !isReserved(key), OWN_KEY));
}

/**
 * A quantity may be written without quotes: `reserved_cpu: 4` is the number 4. The upper bounds are
 * more than any machine has; whether it is more than the very machine has, the preflight says.
 */
function quantity(
  pattern: RegExp,
  { expected, least, most, outside = expected, zero = false }: {
    readonly expected: string;
    readonly least: number;
    readonly most: number;
    /** What is expected of a quantity that is too small or too large. */
    readonly outside?: string;
    /** Whether the text `0` is accepted below `least`. */
    readonly zero?: boolean;
  },
) {
  const error = ({ input }: { readonly input?: unknown }) =>
    typeof input === "number" || typeof input === "string" && pattern.test(input)
      ? outside
      : expected;
  const fits = (text: string) => {
    const value = parseQuantity(text) ?? NaN;
    return value >= least && value <= most || zero && value === 0;
  };
  return z.union([
    z.string({ error }).check(z.regex(pattern, { error }), z.refine(fits, { error })),
    z.number({ error }).check(z.minimum(least, { error }), z.maximum(most, { error })),
  ], { error });
}

/** What a profile sets is in ansible/playbooks/group_vars/all.yml (`k3s_tool_profiles`). */
export const PROFILES = ["small", "workstation", "server"] as const;

/** Whether `provision` may install NVIDIA's driver where none works. */
const GPU_DRIVERS = ["none", "install"] as const;

const REPLICAS = "a whole number from 1 (a card serves one pod at a time) to 64";
const IPV4 = "an IPv4 address such as 100.64.0.3";
const NETWORK = "an IPv4 network such as 100.64.0.0/10";
const BOOLEAN = "true or false";
const TAINT = '{key: nvidia.com/gpu, value: "true", effect: NoSchedule}';
const LIMITS = 'limits such as {cpu: "1", memory: 512Mi}';
const WEIGHT = "a whole number from 1 to 100, or 0";
const EFFECT = TAINT_EFFECTS.join(", ");

/** An IPv4 address of the tailnet. */
const Ipv4 = z.string(IPV4).check(
  z.regex(/^\d{1,3}(?:\.\d{1,3}){3}$/, IPV4),
  z.refine((value) => parseIpv4(value) !== undefined, IPV4),
);

/** A network; IPv4 alone, as flannel's VXLAN on tailscale0 cannot carry IPv6 (k3s #4743). */
const Ipv4Network = z.string(NETWORK).check(
  z.regex(/^[\d.]+\/\d{1,2}$/, NETWORK),
  z.refine((value) => parseNetwork(value) !== undefined, NETWORK),
);

/** Labels of a node. */
export const Labels = z.record(
  ownKey("labels"),
  LabelValue,
  'a map of labels such as {workstation: "true"}',
);

/** One taint of a node. */
export const TaintSchema = z.strictObject({
  key: ownKey("taints"),
  value: z.optional(LabelValue),
  effect: z.enum(TAINT_EFFECTS, EFFECT),
}, TAINT);

const STORAGE = "{path: /srv/fast, class: fast, default: true, reclaim: Retain}";
const STORAGE_PATH =
  "an absolute path that nothing else uses, such as /srv/fast, of letters, digits, . _ - + @";
const CLASS = "the name of a storage class: lower-case letters, digits, - and .";
/** The class that k3s brings and writes again at each start (k3s `manifests/local-storage.yaml`). */
export const K3S_CLASS = "local-path";

// Directories of the system, and those that other programs share. Below the latter there is room.
const OF_THE_SYSTEM =
  /^\/(?:(?:bin|boot|dev|etc|lib\w*|nix|proc|root|run|sbin|snap|sys|tmp|usr)(?:\/|$)|(?:home|media|mnt|opt|srv|var|var\/lib)$|var\/(?:cache|log|run|spool|tmp|lib\/(?:containerd|docker|k3s-tool|kubelet|rancher))(?:\/|$)|(?:.*\/)?lost\+found(?:\/|$))/;

/** A directory for volumes, as it goes into units and the provisioner's configuration. */
const StoragePath = textLike(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)+$/, expectedPath).check(
  z.maxLength(200, "a path of at most 200 characters"),
  z.refine(
    (path) => !OF_THE_SYSTEM.test(path),
    "a directory that nothing else uses, such as /srv/fast or /mnt/disk1",
  ),
);

/** What a path has to be, said of what is wrong with this one. */
function expectedPath(value: unknown): string {
  const path = typeof value === "string" ? value : "";
  if (/\/\.{1,2}(?:\/|$)/.test(path)) return "a path without . and .. in it";
  if (/^\/.*(?:\/\/|\/$)/.test(path)) return "a path without // and without / at its end";
  return STORAGE_PATH;
}

const StorageClass = textLike(DNS_SUBDOMAIN, expectedClass);

/** What the name of a class has to be, said of what is wrong with this one. */
function expectedClass(value: unknown): string {
  const name = typeof value === "string" ? value : "";
  if (name === "" || /[^a-z0-9.-]/.test(name)) return CLASS;
  return name.length > 253 || name.split(".").some((part) => part.length > 63)
    ? "a name of at most 63 characters (253 with dots)"
    : "a name that begins and ends with a letter (a–z) or digit, as does each part between dots";
}

/** One directory of a host in which volumes may be. */
export const StoragePathSchema = z.strictObject({
  path: StoragePath,
  class: StorageClass.check(
    z.refine((name) => name !== K3S_CLASS, `another name: k3s has a class ${K3S_CLASS} itself`),
  ),
  default: z.optional(z.boolean(BOOLEAN)),
  reclaim: z.optional(z.enum(["Delete", "Retain"], "Delete or Retain")),
}, STORAGE);

const CPU = "a quantity of processors such as 2 or 500m";
const MEMORY = "a quantity of memory such as 4Gi or 512Mi";
const MOST = { cpu: 8192, memory: 64 * 2 ** 40 };

const Cpu = quantity(CPU_QUANTITY, {
  expected: CPU,
  least: 0,
  most: MOST.cpu,
});
const Memory = quantity(MEMORY_QUANTITY, {
  expected: MEMORY,
  least: 1e6,
  most: MOST.memory,
  zero: true,
});

/**
 * Limits of containers. The kubelet takes 0 for no limit, and sets no quota below 10m (Kubernetes
 * `pkg/kubelet/cm/helpers_linux.go`: MinMilliCPULimit). Starting a container alone takes some MiB of
 * its memory: Docker, which starts them with runc as k3s does, refuses less than 6 MiB for that
 * reason (moby `daemon/daemon_unix.go`: linuxMinMemory).
 */
const Limits = z.strictObject({
  cpu: z.optional(quantity(CPU_QUANTITY, {
    expected: CPU,
    least: 0.01,
    most: MOST.cpu,
    outside: `a limit from 10m to ${MOST.cpu} CPUs; 0 would be no limit`,
  })),
  memory: z.optional(quantity(MEMORY_QUANTITY, {
    expected: MEMORY,
    least: 6 * 2 ** 20,
    most: MOST.memory,
    outside: "a limit from 6Mi to 64Ti, such as 512Mi; with less no container starts",
  })),
}, LIMITS);

/** Variables of a host; each may also stand in a group. */
export const HostVariables = z.looseObject({
  tailscale_ip: Ipv4,
  ansible_host: z.optional(text(/^[^\s,]+$/, "a host name or address without spaces")),
  ansible_user: z.optional(text(/^[A-Za-z_][\w.@\\-]*\$?$/, "a login name")),
  ansible_port: z.optional(z.union([
    z.int("a port from 1 to 65535").check(z.minimum(1), z.maximum(65535)),
    text(/^\d{1,5}$/, "a port from 1 to 65535"),
  ], { error: "a port from 1 to 65535" })),
  reserved_cpu: z.optional(Cpu),
  reserved_memory: z.optional(Memory),
  profile: z.optional(z.enum(PROFILES, `one of ${PROFILES.join(", ")}`)),
  cpu_weight: z.optional(
    z.int(WEIGHT).check(z.minimum(0, WEIGHT), z.maximum(100, WEIGHT)),
  ),
  protect: z.optional(z.boolean(BOOLEAN)),
  gpu: z.optional(z.boolean(BOOLEAN)),
  gpu_driver: z.optional(z.enum(GPU_DRIVERS, `one of ${GPU_DRIVERS.join(", ")}`)),
  gpu_replicas: z.optional(z.int(REPLICAS).check(z.minimum(1, REPLICAS), z.maximum(64, REPLICAS))),
  node_labels: z.optional(Labels),
  node_annotations: z.optional(
    z.record(
      ownKey("annotations"),
      z.string("text"),
      'a map of annotations such as {example.com/owner: "me"}',
    ),
  ),
  node_taints: z.optional(z.array(TaintSchema, `a list of taints such as [${TAINT}]`)),
  storage_paths: z.optional(z.array(StoragePathSchema, `a list of paths such as [${STORAGE}]`)),
  k3s_config: z.optional(K3sConfig),
  registries: z.optional(Registries),
  artifact_source: z.optional(z.enum(["default", "peers"], "default or peers")),
});

const SCHEDULE = "{every: daily, recipient: age1…, directory: /mnt/nas/backups, keep: {daily: 7}}";
const EVERY = "hourly, daily, weekly, or a time for OnCalendar of systemd such as Mon,Thu 03:00";
const RECIPIENT = "a public age key as age-keygen prints it: age1…";
const COUNT = "a whole number from 0 to 1000";
const Count = z.optional(z.int(COUNT).check(z.minimum(0, COUNT), z.maximum(1000, COUNT)));

/** What backups the first server makes by itself. */
const BackupScheduleSchema = z.strictObject({
  every: text(/^[A-Za-z0-9*][A-Za-z0-9 *:,./~-]{0,99}$/, EVERY),
  recipient: text(/^age1[02-9ac-hj-np-z]{58}$/, RECIPIENT),
  directory: z.optional(
    textLike(
      /^(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)+$/,
      () => "an absolute path such as /mnt/nas/backups, of letters, digits, . _ - + @",
    ),
  ),
  keep: z.optional(
    z.strictObject(
      { daily: Count, weekly: Count, monthly: Count },
      "{daily: 7, weekly: 4, monthly: 6}",
    ),
  ),
}, SCHEDULE);

const COPY_TO = "an address such as s3://BUCKET/PREFIX or ssh://nas/srv/backups";
const S3_ENDPOINT = "an address such as https://s3.example.com, without a user, password or path";
const REGION = "a region such as eu-central-1";
const COPY = "a map such as {to: s3://BUCKET/PREFIX, endpoint: https://s3.example.com}";
const COPY_ADDRESS =
  /^(?:s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)*|ssh:\/\/(?:[A-Za-z_][\w.-]*@)?[A-Za-z0-9_](?:[\w.-]*\w)?(?::[1-9]\d{0,4})?(?<directory>\/.+))$/;
const COPY_DIRECTORY =
  "a directory that nothing else uses, such as ssh://nas/srv/backups, of letters, digits, . _ - + @";

/** Where copies of the workstation's backups go. */
export const BackupCopySchema = z.strictObject({
  to: text(COPY_ADDRESS, COPY_TO).check(
    z.refine((to) => {
      const directory = COPY_ADDRESS.exec(to)?.groups?.directory;
      return directory === undefined || z.safeParse(StoragePath, directory).success;
    }, COPY_DIRECTORY),
  ),
  endpoint: z.optional(
    text(/^https?:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9]\d{0,4})?\/?$/i, S3_ENDPOINT),
  ),
  region: z.optional(text(/^[a-z0-9][a-z0-9-]{0,62}$/, REGION)),
  credentials_file: z.optional(FILE.check(z.minLength(1, "a file on this machine"))),
  ca_file: z.optional(FILE.check(z.minLength(1, "a file on this machine"))),
}, COPY).check(
  z.refine(
    ({ to, ...others }) => to.startsWith("s3://") || Object.keys(others).length === 0,
    "to alone: endpoint, region, credentials_file and ca_file are for s3://",
  ),
);

// What Flux can fetch from (GitRepository's spec.url). A password in the address would lie in the
// open.
const REPOSITORY =
  /^(?:$|https?:\/\/(?![^/\s]*:[^/\s]*@)\S+|ssh:\/\/(?![^/\s]*:[^/\s]*@)\S+|[\w.-]+@[\w.-]+:\S+)$/;
const REPOSITORY_TEXT = "a Git address such as https://github.com/me/homelab.git or " +
  "ssh://git@github.com/me/homelab.git, without a password in it (see gitops_token_file)";
const MINUTES = "a whole number of minutes from 1 to 1440";
const SECONDS = "a whole number of seconds above zero";

// The endpoint itself has a password in it, mostly.
const DATASTORE = "a file on this machine with the endpoint, such as ~/.config/homelab/datastore";
const DatastoreFile = FILE.check(
  z.refine((path) => !/^(?:\w+:\/\/|[^/\s]+:[^/\s]*@)/.test(path), DATASTORE),
);

/** Variables of the whole cluster; they stand in the group `all`. */
export const ClusterVariables = z.looseObject({
  k3s_version: z.optional(text(K3S_VERSION, "a k3s release such as v1.35.6+k3s1")),
  cluster_name: z.optional(text(DNS_LABEL, "a name of lower-case letters, digits and -")),
  tailscale_network: z.optional(Ipv4Network),
  api_endpoint: z.optional(text(
    /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)(?::[1-9]\d{0,4})?$/i,
    "a name or IPv4 address such as k3s.example.com, with or without a port",
  )),
  k3s_cluster_cidr: z.optional(Ipv4Network),
  k3s_service_cidr: z.optional(Ipv4Network),
  k3s_tls_san: z.optional(
    z.array(text(/^[^\s,]+$/, "a host name or address"), "a list of host names and addresses"),
  ),
  k3s_disable: z.optional(
    z.array(text(/^[a-z][a-z0-9-]*$/, "a component such as traefik"), "a list of components"),
  ),
  storage_default_class: z.optional(StorageClass),
  backup_dir: z.optional(FILE),
  backup_schedule: z.optional(BackupScheduleSchema),
  backup_copy: z.optional(BackupCopySchema),
  default_limits: z.optional(Limits),
  secrets_encryption: z.optional(z.boolean(BOOLEAN)),
  datastore_endpoint_file: z.optional(DatastoreFile),
  datastore_ca_file: z.optional(FILE),
  datastore_cert_file: z.optional(FILE),
  datastore_key_file: z.optional(FILE),
  notifications: z.optional(z.strictObject({
    url_file: FILE.check(z.minLength(1, "a file on this machine")),
    format: z.optional(z.enum(NOTIFY_FORMATS, `one of ${NOTIFY_FORMATS.join(", ")}`)),
    minutes: z.optional(z.int(MINUTES).check(z.minimum(1, MINUTES), z.maximum(1440, MINUTES))),
  }, "a map such as {url_file: ~/.config/homelab/ntfy, format: ntfy, minutes: 5}")),
  artifact_dir: z.optional(FILE),
  git_repo_url: z.optional(text(REPOSITORY, REPOSITORY_TEXT)),
  git_branch: z.optional(text(
    /^(?![-/.])(?!.*(?:\.\.|@\{|\/\/|[\s~^:?*[\\]))\S*[^\s/.]$/,
    "a branch name such as main",
  )),
  git_path: z.optional(text(/^\S[^\n]*$/, "a path in the repository such as clusters/homelab")),
  flux_namespace: z.optional(text(DNS_LABEL, "a namespace such as flux-system")),
  gitops_flux_version: z.optional(
    text(/^v\d+\.\d+\.\d+(?:-[\w.]+)?$/, "a Flux release such as v2.9.5"),
  ),
  gitops_flux_manifest_url: z.optional(text(/^https?:\/\/\S+$/, "an address of an install.yaml")),
  gitops_flux_manifest_sha256: z.optional(text(/^(?:[0-9a-fA-F]{64})?$/, "64 hexadecimal digits")),
  gitops_flux_manifest_file: z.optional(FILE),
  gitops_flux_allow_downgrade: z.optional(z.boolean(BOOLEAN)),
  gitops_interval: z.optional(text(FLUX_DURATION, "a span of time such as 1m or 30s")),
  gitops_timeout: z.optional(z.int(SECONDS).check(z.minimum(1, SECONDS))),
  gitops_token_file: z.optional(FILE),
  gitops_username: z.optional(text(/^[^\s:]+$/, "a user name without spaces and colons")),
  gitops_ssh_key_file: z.optional(FILE),
  gitops_known_hosts_file: z.optional(FILE),
  gitops_ca_file: z.optional(FILE),
  gitops_age_key_file: z.optional(FILE),
});

/** What makes a host a node: a name, an address and a role (P8), and then its variables. */
export const NodeDefinition = z.strictObject({
  name: z.string("a host name").check(
    z.refine(
      (name) => !isReservedName(name),
      "another name: by all, ungrouped, localhost and 127.x.y.z Ansible means something else",
    ),
    z.regex(/^[^\s\[\]:,{}]+$/, "a host name without spaces, colons or brackets"),
    z.refine(
      (name) => name.split(".").every((label) => label.length <= 63) && name.length <= 253,
      "at most 63 characters (253 with dots)",
    ),
    z.refine(
      (name) => DNS_SUBDOMAIN.test(nodeNameOf(name)),
      "a host name that begins and ends with a letter (a–z) or digit, as does each part between dots",
    ),
  ),
  role: z.enum(["control-plane", "worker"], "control-plane or worker"),
  vars: HostVariables,
});

/** A node as `NodeDefinition` has it. */
export type NodeDefinition = z.infer<typeof NodeDefinition>;

/** Check of each known variable by name. */
export const VARIABLE_SCHEMAS: ReadonlyMap<string, z.ZodMiniType> = new Map(
  Object.entries({ ...HostVariables.shape, ...ClusterVariables.shape }),
);

/** Names of the variables that belong to a host. */
export const HOST_VARIABLES: readonly string[] = Object.keys(HostVariables.shape);

/** Names of the variables that belong to the whole cluster. */
export const CLUSTER_VARIABLES: readonly string[] = Object.keys(ClusterVariables.shape);
