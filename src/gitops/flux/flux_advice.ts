/**
 * What a person can do where Flux says that something failed. The role gitops says the same of the
 * source and the root Kustomization while it provisions (ansible/roles/gitops/files/follow.py).
 *
 * Source of the wordings: go-git and fluxcd/source-controller v1.9, kustomize-controller v1.9.
 *
 * @module
 */

import type { FluxObject } from "./flux_object.ts";

const AGAIN = "then: k3s-tool provision --tags gitops";

/** Objects of the cluster as Flux names them: `Deployment/web/web status: 'InProgress'`. */
const UNHEALTHY = /\b[A-Z]\w+\/([a-z0-9][a-z0-9.-]*)\/[a-z0-9][\w.-]* status:/;

type Rule = readonly [said: RegExp, advice: string | ((object: FluxObject) => string)];

const SOURCE_RULES: readonly Rule[] = [
  // First, as a server's own words stand behind it.
  [
    /authentication required|authorization failed|unable to authenticate|invalid auth|credential|HTTP 40[13]|status code: 40[13]|[Rr]epository not found|failed to get secret|authentication options/,
    ({ from }) =>
      from.startsWith("ssh:")
        ? "The Git server does not accept Flux's key. Add the public key that `k3s-tool gitops " +
          "deploy-key` shows to the repository, then: k3s-tool gitops sync"
        : "The Git server does not accept Flux's token. Put one that may read the repository " +
          `into the file that gitops_token_file names, ${AGAIN}`,
  ],
  [
    /construct auth method|identity key is encrypted/,
    "Flux cannot read the SSH key it was given. Have one made (k3s-tool gitops deploy-key), or name a " +
    `private key without a passphrase: gitops_ssh_key_file, ${AGAIN}`,
  ],
  [
    /couldn't find remote ref|reference not found|unable to resolve ref/,
    ({ ref }) =>
      `There is no branch ${ref} in the repository. Push it, or follow another one: ` +
      `k3s-tool config set git_branch BRANCH, ${AGAIN}`,
  ],
  [/repository is empty/, "The repository is empty. Commit what is to run, and push it."],
  [
    /knownhosts|host key|known_hosts/,
    "The Git server shows another SSH host key than the known one. If its owner says that it is " +
    `right: k3s-tool gitops deploy-key --renew-host-key, ${AGAIN}`,
  ],
  [
    /x509|certificate/,
    "The Git server's certificate is not trusted. Name the authority that signed it, a PEM file " +
    `on this machine: k3s-tool config set gitops_ca_file FILE, ${AGAIN}`,
  ],
];

const SOURCE_ELSE =
  "Flux keeps trying by itself, and what runs goes on. Can the nodes reach that address? Once " +
  "they can: k3s-tool gitops sync";

const APPLIED_RULES: readonly Rule[] = [
  [
    /path not found/,
    ({ from }) =>
      `There is no directory ${from} in the repository. Commit it, or correct the path.`,
  ],
  [
    /sops|decrypt|age\.agekey/,
    "The age key in the cluster is not the one that the secret is encrypted for. Encrypt it for " +
    `the recipient in .sops.yaml, or name the right key: gitops_age_key_file, ${AGAIN}`,
  ],
  [
    UNHEALTHY,
    ({ message }) =>
      `See why its pods are not ready: kubectl -n ${UNHEALTHY.exec(message)?.[1]} get pods`,
  ],
];

/** The next step for a Git source or a Kustomization that failed; undefined for anything else. */
export function fluxAdvice(object: FluxObject): string | undefined {
  if (object.state !== "failed") return undefined;
  const { kind, from, message, reason } = object;
  if (kind === "GitRepository") return firstMatch(SOURCE_RULES, object) ?? SOURCE_ELSE;
  if (kind !== "Kustomization") return undefined;
  const known = firstMatch(APPLIED_RULES, object);
  if (known !== undefined) return known;
  return /^(?:Build|Reconciliation|Prune)Failed$/.test(reason) && message !== ""
    ? `It is built from ${from}. Correct it (k3s-tool gitops validate names file and line), ` +
      "commit and push."
    : undefined;
}

function firstMatch(rules: readonly Rule[], object: FluxObject): string | undefined {
  const advice = rules.find(([said]) => said.test(object.message))?.[1];
  return typeof advice === "function" ? advice(object) : advice;
}
