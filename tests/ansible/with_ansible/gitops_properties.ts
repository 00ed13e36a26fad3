/**
 * Properties of what the role gitops applies: fast-check makes the settings of clusters, ansible-core renders all of them in one run, then each is
 * held to the property. Run by tests/ansible/check.sh, which puts ansible-playbook on PATH.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { ClusterVariables } from "../../../src/inventory/schema.ts";
import { fluxUrl, sshServer } from "../../../src/gitops/repository/repository_url.ts";

const RUNS = 170; // three of four without a problem
const HERE = import.meta.dirname!;
const ROLE = `${HERE}/../../../ansible/roles/gitops`;
const TOKEN = "glpat-not_a_real-token";
// As ssh-keygen lays one out; its first bytes say that it has no passphrase.
const SSH_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" +
  "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAmade-up\n" +
  "-----END OPENSSH PRIVATE KEY-----\n";
const KNOWN_HOSTS = "git.example ssh-ed25519 AAAAmade-up\n";
const AGE_KEY = "# created: 2026-11-23T00:00:00Z\nAGE-SECRET-KEY-1MADEUP\n";

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);
const segments = (separator: string) =>
  fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(separator));
const port = fc.oneof(
  fc.constant(""),
  fc.integer({ min: 1, max: 65535 }).map((port) => `:${port}`),
);
const url = fc.oneof(
  fc.tuple(segments("."), port, segments("/")).map(([host, port, path]) =>
    `https://${host}${port}/${path}.git`
  ),
  fc.tuple(word, segments("."), port, segments("/")).map(([user, host, port, path]) =>
    `ssh://${user}@${host}${port}/${path}.git`
  ),
  fc.tuple(word, segments("."), segments("/")).map(([user, host, path]) =>
    `${user}@${host}:${path}.git`
  ),
);
const settings = fc.record({
  git_repo_url: url,
  git_branch: fc.option(
    fc.oneof(segments("/"), fc.constantFrom("2024", "true", "v1.0", "null", "1e3")),
    { nil: undefined },
  ),
  git_path: fc.option(
    fc.tuple(fc.constantFrom("", "./", "/"), segments("/"), fc.constantFrom("", "/"))
      .map((parts) => parts.join("")),
    { nil: undefined },
  ),
  cluster_name: fc.option(word, { nil: undefined }),
  flux_namespace: fc.option(word, { nil: undefined }),
  gitops_interval: fc.option(fc.constantFrom("30s", "5m"), { nil: undefined }),
  token: fc.boolean(),
  key: fc.constantFrom(undefined, "key", "key", "key", "key", "key.pub"),
  age: fc.boolean(),
});
type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never;

interface Rendered {
  readonly objects: readonly { kind: string; metadata: Meta; spec: Record<string, unknown> }[];
  readonly secrets: readonly { metadata: Meta; data: Record<string, string> }[];
  readonly problems: readonly string[];
}
interface Meta {
  readonly name: string;
  readonly namespace: string;
}

async function render(clusters: readonly Settings[]): Promise<readonly Rendered[]> {
  const directory = await Deno.makeTempDir({ prefix: "k3s-tool-test-" });
  try {
    await Deno.writeTextFile(`${directory}/token`, `${TOKEN}\n`);
    await Deno.writeTextFile(`${directory}/age.txt`, AGE_KEY);
    // Without its last line end, which Flux needs and an editor may have left out.
    await Deno.writeTextFile(`${directory}/key`, SSH_KEY.trimEnd());
    await Deno.writeTextFile(`${directory}/key.pub`, "ssh-ed25519 AAAAmade-up ada\n");
    await Deno.writeTextFile(`${directory}/known_hosts`, KNOWN_HOSTS);
    const hosts = clusters.map(({ token, key, age, ...vars }, index) => [`c${index}`, {
      ...vars,
      // Beside the inventory, and absolute.
      ...(token ? { gitops_token_file: "token" } : {}),
      ...(key ? { gitops_ssh_key_file: key, gitops_known_hosts_file: "known_hosts" } : {}),
      ...(age ? { gitops_age_key_file: `${directory}/age.txt` } : {}),
    }]);
    // As variables of `all` they give way to the hosts' own, as a role's defaults do.
    const defaults = parse(await Deno.readTextFile(`${ROLE}/defaults/main.yml`));
    await Deno.writeTextFile(
      `${directory}/hosts.json`,
      JSON.stringify({ all: { vars: defaults, hosts: Object.fromEntries(hosts) } }),
    );
    const { code, stdout, stderr } = await new Deno.Command("python3", {
      args: [`${HERE}/evaluate.py`, `${HERE}/gitops_render.yml`, `${directory}/hosts.json`],
      env: {
        ANSIBLE_CONFIG: `${HERE}/../../../ansible/ansible.cfg`,
        ANSIBLE_HOME: directory,
        XDG_CONFIG_HOME: `${directory}/config`,
      },
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 0, said.slice(-3000));
    assert.ok(
      !said.includes(TOKEN) && !/PRIVATE KEY-----|AGE-SECRET-KEY/.test(said),
      "a secret is shown",
    );
    const found: Record<string, Rendered> = JSON.parse(new TextDecoder().decode(stdout));
    return clusters.map((_, index) => found[`c${index}`]!);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const clusters = fc.sample(settings, { numRuns: RUNS });
const rendered = await render(clusters);

function forEach(property: (cluster: Settings, result: Rendered) => void): void {
  assert.ok(rendered.filter(({ problems }) => problems.length === 0).length >= 100);
  clusters.forEach((cluster, index) => property(cluster, rendered[index]!));
}

/** An object of a kind; there is one of each. */
function only({ objects }: Rendered, kind: string) {
  const [object, ...others] = objects.filter((object) => object.kind === kind);
  assert.ok(object !== undefined && others.length === 0, kind);
  return object;
}

Deno.test("the settings are ones that an inventory may hold", () => {
  forEach(({ token: _token, key: _key, age: _age, ...vars }) => {
    assert.doesNotThrow(() => ClusterVariables.parse(JSON.parse(JSON.stringify(vars))));
  });
});

Deno.test("P14 Flux is set to the inventory's repository, branch, path", () => {
  forEach((cluster, result) => {
    const source = only(result, "GitRepository");
    const root = only(result, "Kustomization");
    assert.equal(source.spec["url"], fluxUrl(cluster.git_repo_url));
    assert.deepEqual(source.spec["ref"], { branch: cluster.git_branch ?? "main" });
    const path = cluster.git_path ?? `clusters/${cluster.cluster_name ?? "k3s"}`;
    assert.equal(root.spec["path"], `./${path.replace(/^\.?\//, "")}`);
    assert.equal(root.spec["prune"], true);
    assert.deepEqual(root.spec["sourceRef"], { kind: "GitRepository", name: source.metadata.name });
    for (const { metadata } of [source, root, ...result.secrets]) {
      assert.equal(metadata.namespace, cluster.flux_namespace ?? "flux-system");
    }
  });
});

Deno.test("credentials stand in Secrets alone, and only where they are given", () => {
  forEach((cluster, result) => {
    if (result.problems.length > 0) return; // nothing is applied
    const source = only(result, "GitRepository");
    const root = only(result, "Kustomization");
    const https = cluster.git_repo_url.startsWith("https:");
    const credentials = https && cluster.token
      ? { username: btoa("git"), password: btoa(TOKEN) }
      : !https && cluster.key === "key"
      ? { identity: btoa(SSH_KEY), known_hosts: btoa(KNOWN_HOSTS) }
      : undefined;
    assert.deepEqual(source.spec["secretRef"], credentials && { name: "flux-system" });
    const secret = (name: string) =>
      result.secrets.find(({ metadata }) => metadata.name === name)?.data;
    assert.deepEqual(secret("flux-system"), credentials);
    assert.deepEqual(secret("sops-age"), cluster.age ? { "age.agekey": btoa(AGE_KEY) } : undefined);
    assert.equal("decryption" in root.spec, cluster.age);
    assert.ok(!JSON.stringify(result.objects).includes(TOKEN));
  });
});

Deno.test("an SSH address without a private key and a host key is refused before anything is done", () => {
  forEach((cluster, { problems }) => {
    const url = fluxUrl(cluster.git_repo_url);
    const host = sshServer(url)?.host.toLowerCase();
    const expected = host === undefined || cluster.key === "key"
      ? []
      : cluster.key === "key.pub"
      ? ["key.pub on the workstation is not a private SSH key"]
      : [
        `${url} is an SSH address, and Flux has no deploy key for it`,
        `no SSH host key of ${host} is trusted yet`,
      ];
    assert.deepEqual(problems.map((problem) => problem.replace(/^.*\/(?=key)/, "")), expected);
  });
});
