import { kubectl } from "../kubernetes.ts";
import { onHost } from "../hosts/on_host.ts";
import { type Host, hostNamed } from "../state.ts";

/**
 * Whether the cluster's network holds to network policies at all: makes a pod that a policy lets nothing reach, and has
 * another pod try.
 *
 * @param from A pod that runs `hello` and may reach anything
 */
export async function networkHoldsToPolicies(server: Host, from: Pod): Promise<boolean> {
  const metadata = { name: "probe", namespace: "probe" };
  const objects = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "probe" } },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata,
      spec: { podSelector: {}, policyTypes: ["Ingress"] },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata,
      spec: { containers: [{ name: "hello", image: "docker.io/lab/hello:1" }] },
    },
  ];
  for (const object of objects) await kubectl(server, "apply -f -", JSON.stringify(object));
  await kubectl(server, "-n probe wait --for=condition=Ready pod/probe --timeout=60s");
  const { status } = JSON.parse(await kubectl(server, "-n probe get pod probe -o json"));
  return !await reaches({ from, to: `http://${status.podIP}:8080/` });
}

/** What is asked of a pod that runs `hello`. */
// deno-lint-ignore no-explicit-any -- JSON of the API server
export type Pod = any;

/** Whether a pod that runs `hello` gets an answer from `to`. */
export async function reaches(
  { from, to }: { readonly from: Pod; readonly to: string },
): Promise<boolean> {
  const { code } = await fetchFrom(from, to);
  // What hello could not fetch is 502; anything else says that it did not even answer itself.
  if (code !== "200" && code !== "502") throw new Error(`${from.metadata.name} answers ${code}`);
  return code === "200";
}

/**
 * Has a pod that runs `hello` fetch a URL. Its own host asks it: a policy keeps other hosts out, but not that one
 * (kube-router, as in k3s: its kubelet probes the pod).
 */
export async function fetchFrom(pod: Pod, url: string): Promise<{ code: string; body: string }> {
  const { nodeName, containers } = pod.spec;
  const port = containers[0].ports?.[0]?.containerPort ?? 8080;
  const asked = `http://${pod.status.podIP}:${port}/fetch?url=${url}`;
  const answer = await onHost(
    await hostNamed(nodeName),
    `curl -s -m 10 -w '\n%{http_code}' '${asked}'`,
  );
  const at = answer.trimEnd().lastIndexOf("\n");
  return { code: answer.slice(at).trim(), body: answer.slice(0, at) };
}
