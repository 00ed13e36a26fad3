import { kubectl } from "./kubernetes.ts";
import { ssh } from "./ssh.ts";
import type { Host } from "./state.ts";

/**
 * Whether the cluster's network holds to network policies at all: makes a pod that a policy lets nothing reach, and has
 * another pod try.
 *
 * @param from Address of a pod that runs `hello` and may reach anything
 */
export async function networkHoldsToPolicies(server: Host, from: string): Promise<boolean> {
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
  return !await reaches(server, { from, to: `http://${status.podIP}:8080/` });
}

/** Whether the pod at the address `from`, which runs `hello`, gets an answer from `to`. */
export async function reaches(
  server: Host,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<boolean> {
  const url = `http://${from}:8080/fetch?url=${to}`;
  const code = await ssh(server, `curl -s -m 10 -o /dev/null -w '%{http_code}' '${url}'`);
  // What hello could not fetch is 502; anything else says that it did not even answer itself.
  if (code !== "200" && code !== "502") throw new Error(`the pod at ${from} answers ${code}`);
  return code === "200";
}
