/**
 * What a new app is to be, and whether it can be that.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import type { Priority } from "../check/priority_classes.ts";
import {
  DNS_LABEL,
  DNS_SUBDOMAIN,
  MEMORY_QUANTITY,
  parseQuantity,
} from "../../inventory/kubernetes_syntax.ts";

/** An app as a person describes it. */
export interface AppRequest {
  readonly name: string;
  readonly image: string;
  /** The port its process listens on; without one it gets no Service and no probes. */
  readonly port: number | undefined;
  /** Name under which the ingress controller serves it. */
  readonly host: string | undefined;
  /** Path that answers 200 where it is well; without one a connection is enough. */
  readonly healthPath: string | undefined;
  readonly replicas: number;
  /** `KEY=VALUE`, each an environment variable. */
  readonly config: readonly string[];
  /** Names of environment variables whose values are secret. */
  readonly secretKeys: readonly string[];
  /** Size of its volume, mounted at /data. */
  readonly volume: string | undefined;
  /** Storage class of the volume; undefined: the cluster's default. */
  readonly storageClass?: string | undefined;
  readonly gpu: boolean;
  /** On nodes with `protect: true`, and on no others. */
  readonly protected: boolean;
  readonly priority: Priority | undefined;
}

/** An image, taken apart as kustomize wants it. */
export interface Image {
  readonly name: string;
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

/** A request that can be built. */
export interface AppSpec extends Omit<AppRequest, "image" | "config"> {
  readonly image: Image;
  readonly config: ReadonlyMap<string, string>;
}

/** What an app cannot be called: namespaces of the cluster itself, Flux's own Kustomizations. */
const RESERVED = new Set(["default", "apps", "infrastructure", "flux-system"]);

/** github.com/distribution/reference: registry, path, tag, digest. */
const IMAGE =
  /^((?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Names a shell takes, which Kubernetes takes too. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** One PiB: a larger size is a slip, in bytes. */
const LARGEST_VOLUME = 2 ** 50;

/** Checks a request as a whole; every problem at once. */
export function appSpec(
  request: AppRequest,
  { reserved = [] }: { readonly reserved?: readonly string[] } = {},
): { readonly spec: AppSpec } | { readonly problems: readonly Problem[] } {
  const { name, port, host, healthPath, volume, storageClass } = request;
  const problems: Problem[] = [];
  const refuse = (message: string, value: string, expected: string) =>
    problems.push({ message, value, expected });
  if (!DNS_LABEL.test(name)) {
    const expected = "lower-case letters, digits and - between them, at most 63";
    refuse("not a name for an app", name, expected);
  } else if (RESERVED.has(name) || name.startsWith("kube-") || reserved.includes(name)) {
    refuse("this name belongs to the cluster itself", name, "another");
  } else if (port !== undefined && !/^[a-z]/.test(name)) {
    refuse("not a name for a Service", name, "one that begins with a letter (RFC 1035)");
  }
  const [, repository, tag, digest] = IMAGE.exec(request.image) ?? [];
  if (repository === undefined) {
    refuse("not an image", request.image, "one such as ghcr.io/me/blog:1.0.0");
  }
  if (port !== undefined && port > 65535) refuse("not a port", `${port}`, "1 to 65535");
  if (host !== undefined && !DNS_SUBDOMAIN.test(host)) {
    refuse("not a host name", host, "one such as blog.example.com");
  }
  if (port === undefined && host !== undefined) {
    refuse("a host needs a port", host, "--port too: where the app listens");
  }
  if (healthPath !== undefined) {
    if (port === undefined) refuse("a health path needs a port", healthPath, "--port too");
    if (!/^\/[\x21-\x7e]*$/.test(healthPath)) {
      refuse("not a path", healthPath, "one such as /healthz");
    }
  }
  if (volume !== undefined && (!MEMORY_QUANTITY.test(volume) || !/^[^a-zA-Z]*[1-9]/.test(volume))) {
    refuse("not a size for --volume", volume, "one such as 5Gi");
  } else if (volume !== undefined && (parseQuantity(volume) ?? Infinity) > LARGEST_VOLUME) {
    refuse("no disk is as large as this --volume", volume, "one such as 5Gi");
  }
  if (storageClass !== undefined && !DNS_SUBDOMAIN.test(storageClass)) {
    refuse("not a storage class", storageClass, "one such as fast");
  }
  if (storageClass !== undefined && volume === undefined) {
    refuse("a storage class needs a volume", storageClass, "--volume too: its size");
  }
  const config = new Map<string, string>();
  for (const entry of request.config) {
    const at = entry.indexOf("=");
    const key = at === -1 ? entry : entry.slice(0, at);
    if (at === -1 || !VARIABLE.test(key)) {
      refuse("not a setting", entry, "KEY=VALUE, KEY of letters, digits and _");
    } else if (config.has(key)) {
      refuse("set twice", key, "each key once");
    } else {
      config.set(key, entry.slice(at + 1));
    }
  }
  const seen = new Set(config.keys());
  for (const key of request.secretKeys) {
    // A value given by mistake (KEY=VALUE) is a secret: it is not repeated.
    if (!VARIABLE.test(key)) {
      problems.push({ message: "a secret is named by its key alone, of letters, digits and _" });
    } else if (seen.has(key)) {
      refuse("set twice", key, "each key once");
    }
    seen.add(key);
  }
  if (problems.length > 0 || repository === undefined) return { problems };
  return { spec: { ...request, image: { name: repository, tag, digest }, config } };
}
