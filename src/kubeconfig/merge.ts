/**
 * One cluster's kubeconfig put into a person's own, pure: text in, text out.
 *
 * Everything else in the person's file stays: other contexts, unknown fields, comments.
 *
 * @module
 */

import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { type Place, usageError, type UserError } from "../errors/user_error.ts";
import { Kubeconfig, type KubeconfigItem, type Kubeconfigs } from "./files.ts";

/** What is merged how. */
export interface MergeOptions {
  /** Name that the context, the cluster and the user get. */
  readonly contextName: string;
  /** Replace a context of that name even where it leads to another cluster. */
  readonly force?: boolean;
  /** Make it kubectl's current context even where another one is. */
  readonly setCurrent?: boolean;
  /** The path that errors name. */
  readonly file?: string;
  /** What kubectl sees of all the person's files; default: the file that is changed alone. */
  readonly seen?: Pick<Kubeconfigs, "clusters" | "users" | "contexts" | "current"> | undefined;
}

/** The outcome of a merge. */
export interface MergeResult {
  readonly text: string;
  /** False where the file says all of it already. */
  readonly changed: boolean;
  /** True where a context of that name was there before. */
  readonly replaced: boolean;
  /** kubectl's current context afterwards. */
  readonly current: string | undefined;
  /** Contexts of other names that lead to the same cluster, as one does after it was renamed. */
  readonly otherContexts: readonly string[];
}

/**
 * Merges a kubeconfig as k3s writes it into a person's own (empty where there is none).
 *
 * @throws {UserError} exit code 2: a file is not understood, or the name leads to another cluster
 */
export function mergeKubeconfig(
  existing: string,
  incoming: string,
  { contextName, force = false, setCurrent = false, seen, file }: MergeOptions,
): MergeResult {
  const { cluster, user } = readEntry(incoming);
  const document = parsePerson(existing, file);
  const before = JSON.stringify(document.toJS());
  const clusters = sequence(document, "clusters", file);
  const users = sequence(document, "users", file);
  const contexts = sequence(document, "contexts", file);
  const oldContext = find(contexts, contextName);
  if (!force) {
    const fieldsOf = (list: readonly KubeconfigItem[] | undefined, own: YAMLMap | undefined) =>
      list?.find(({ name }) => name === contextName)?.fields ?? plainFields(own);
    assertSameCluster(fieldsOf(seen?.clusters, find(clusters, contextName)), {
      cluster,
      contextName,
    });
    assertFree(fieldsOf(seen?.contexts, oldContext), {
      contextName,
      user: fieldsOf(seen?.users, find(users, contextName)),
    });
  }
  const otherContexts = leadingTo(cluster, {
    clusters: seen?.clusters ?? entries(clusters),
    contexts: (seen?.contexts ?? entries(contexts)).filter(({ name }) => name !== contextName),
  });
  put(document, clusters, { name: contextName, field: "cluster", values: cluster });
  put(document, users, { name: contextName, field: "user", values: user });
  put(document, contexts, {
    name: contextName,
    field: "context",
    values: { cluster: contextName, user: contextName },
  });
  const own = document.get("current-context");
  const current = seen?.current ?? (typeof own === "string" && own !== "" ? own : undefined);
  if (setCurrent || current === undefined) document.set("current-context", contextName);
  const changed = JSON.stringify(document.toJS()) !== before;
  return {
    text: changed ? document.toString(layoutOf(existing)) : existing,
    changed,
    replaced: oldContext !== undefined,
    current: setCurrent || current === undefined ? contextName : current,
    otherContexts,
  };
}

/** The kubeconfig alone, under its new names: what `--print` prints. */
export function standaloneKubeconfig(incoming: string, options: MergeOptions): string {
  return mergeKubeconfig("", incoming, options).text;
}

// kubectl and k3s do not indent lists; editors often do.
function layoutOf(text: string) {
  const indentSeq = /^(?:clusters|contexts|users):[^\n]*\n(?:\s*#[^\n]*\n)* +-/m.test(text);
  return { lineWidth: 0, flowCollectionPadding: false, indentSeq };
}

function parsePerson(text: string, file: string | undefined): Document {
  const empty = text.trim() === "";
  const document = parseDocument(
    empty ? "apiVersion: v1\nkind: Config\npreferences: {}\n" : text,
  );
  const [error] = document.errors;
  if (error !== undefined || !(isMap(document.contents) || document.contents === null)) {
    const at = error?.linePos?.[0];
    const place = at === undefined ? {} : { line: at.line, column: at.col };
    throw unusable("cannot be parsed", { file, place, cause: error });
  }
  return document;
}

function sequence(document: Document, name: string, file: string | undefined): YAMLSeq {
  const value = document.get(name);
  if (isSeq(value)) return value;
  if (value !== undefined && value !== null) {
    throw unusable(`is invalid: ${name} is not a list`, { file });
  }
  const created = document.createNode([]) as YAMLSeq;
  document.set(name, created);
  return created;
}

function unusable(
  what: string,
  { file, place, cause }: {
    readonly file: string | undefined;
    readonly place?: Pick<Place, "line" | "column">;
    readonly cause?: unknown;
  },
): UserError {
  return usageError(`Your kubeconfig ${what}; nothing was written`, {
    ...file !== undefined && { where: { file, ...place } },
    hint: "Fix it, or name another file with --kubeconfig.",
    cause,
  });
}

function find(list: YAMLSeq, name: string): YAMLMap | undefined {
  return list.items.find((item): item is YAMLMap => isMap(item) && item.get("name") === name);
}

type Fields = Readonly<Record<string, unknown>>;
type Entry = Pick<KubeconfigItem, "name" | "fields">;

function entries(list: YAMLSeq): readonly Entry[] {
  return list.items.filter(isMap).map((entry) => ({
    name: String(entry.get("name")),
    fields: plainFields(entry) ?? {},
  }));
}

/** Fields of an entry that has a name beside them. */
function plainFields(entry: YAMLMap | undefined): Fields | undefined {
  if (entry === undefined) return undefined;
  const { name: _, ...rest } = entry.toJSON() as Record<string, unknown>;
  return (Object.values(rest)[0] ?? {}) as Fields;
}

function assertSameCluster(
  old: Fields | undefined,
  { cluster, contextName }: {
    readonly cluster: Fields;
    readonly contextName: string;
  },
): void {
  if (old !== undefined && !isSameCluster(old, cluster)) {
    throw otherCluster(contextName, String(old.server ?? "an unknown server"));
  }
}

// The same certificate authority, or the same address (a reinstalled cluster), is the same cluster.
function isSameCluster(old: Fields, cluster: Fields): boolean {
  const authority = "certificate-authority-data";
  const sameAuthority = cluster[authority] !== undefined && old[authority] === cluster[authority];
  return sameAuthority || old.server === cluster.server;
}

/**
 * The contexts that lead to the cluster of a kubeconfig as k3s writes it.
 *
 * @throws {UserError} exit code 2 where that is none
 */
export function contextsOf(
  incoming: string,
  seen: Pick<Kubeconfigs, "clusters" | "contexts">,
): readonly string[] {
  return leadingTo(readEntry(incoming).cluster, seen);
}

function leadingTo(
  cluster: Fields,
  { clusters, contexts }: {
    readonly clusters: readonly Entry[];
    readonly contexts: readonly Entry[];
  },
): readonly string[] {
  const same = new Set<unknown>(
    clusters.filter(({ fields }) => isSameCluster(fields, cluster)).map(({ name }) => name),
  );
  return contexts.filter(({ fields }) => same.has(fields.cluster)).map(({ name }) => name);
}

// A context or user of that name which does not belong to a cluster of that name is somebody else's.
function assertFree(
  context: Fields | undefined,
  { contextName, user }: {
    readonly contextName: string;
    readonly user: Fields | undefined;
  },
): void {
  const leadsTo = context?.cluster;
  if (context !== undefined && leadsTo !== contextName) {
    throw otherCluster(contextName, `the cluster ${String(leadsTo)}`);
  }
  if (context === undefined && user !== undefined) {
    throw otherCluster(contextName, "a user of another context");
  }
}

function otherCluster(contextName: string, what: string) {
  return usageError(
    `Your kubeconfig has ${contextName} already, for ${what}; nothing was written`,
    {
      hint: "Choose another name: k3s-tool kubeconfig --context NAME. To replace it: " +
        "k3s-tool kubeconfig --force",
    },
  );
}

function put(document: Document, list: YAMLSeq, { name, field, values }: {
  readonly name: string;
  readonly field: string;
  readonly values: Fields;
}): void {
  const item = find(list, name);
  const old = item?.get(field);
  if (item === undefined) {
    // kubectl writes the name last; so does k3s.
    list.flow = false;
    list.add(document.createNode({ [field]: values, name }));
  } else if (!isMap(old)) {
    item.set(field, document.createNode(values));
  } else {
    for (const [key, value] of Object.entries(values)) old.set(key, value);
    // Unknown fields, and the namespace a person chose, stay.
    for (const pair of [...old.items]) {
      const key = String(pair.key);
      if (!(key in values) && REPLACED.has(key)) old.delete(pair.key);
    }
  }
}

/** Other ways to say what the incoming entry says; left beside it they would contradict it. */
const REPLACED: ReadonlySet<string> = new Set([
  "certificate-authority",
  "insecure-skip-tls-verify",
  "client-certificate",
  "client-key",
  "token",
  "tokenFile",
  "username",
  "password",
  "exec",
  "auth-provider",
  "certificate-authority-data",
  "client-certificate-data",
  "client-key-data",
]);

/**
 * Reads the one context of a kubeconfig as k3s writes it.
 *
 * @throws {UserError} exit code 2 where it is none
 */
export function readEntry(text: string) {
  const parsed = Kubeconfig.safeParse(parsePlain(text));
  const { contexts, clusters, users, "current-context": wanted } = parsed.data ?? {};
  const entry = contexts?.find(({ name }) => name === wanted) ?? contexts?.[0];
  const cluster = clusters?.find(({ name }) => name === entry?.context?.cluster)?.cluster;
  const user = users?.find(({ name }) => name === entry?.context?.user)?.user;
  if (cluster && user) return { cluster, user };
  throw usageError("The control plane's kubeconfig cannot be parsed", {
    hint: "Look at /etc/rancher/k3s/k3s.yaml on the control plane.",
    cause: parsed.error,
  });
}

/** A YAML text as plain values; undefined where it is not YAML. */
function parsePlain(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 ? undefined : document.toJS();
}
