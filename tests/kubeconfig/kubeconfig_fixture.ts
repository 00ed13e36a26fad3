/**
 * Kubeconfigs as k3s writes them.
 *
 * @module
 */

import type { KubeContext } from "../../src/kubeconfig/find_context.ts";

/** A context of a file alone. */
export async function contextOf(file: string, context: string): Promise<KubeContext> {
  return { file, context, text: await Deno.readTextFile(file) };
}

/** `/etc/rancher/k3s/k3s.yaml`, with made-up data in place of certificates. */
export function k3sKubeconfig(
  { server = "https://100.64.0.1:6443", authority = "QUJD", certificate = "Q0VSVA==" } = {},
): string {
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${authority}
    server: ${server}
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: ${certificate}
    client-key-data: S0VZ
`;
}

/** A kubeconfig for a server without TLS, which client-node takes where checks are off. */
export function plainKubeconfig(server: string, { token = "" } = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: token === "" ? {} : { token } }],
    contexts: [{ name: "homelab", context: { cluster: "c", user: "u" } }],
    "current-context": "homelab",
  });
}
