import assert from "node:assert/strict";
import { UserError } from "../../src/errors/user_error.ts";
import {
  type ContextChoice,
  findContext as find,
  type KubeContext,
} from "../../src/kubeconfig/find_context.ts";
import { kubeconfigFiles } from "../../src/kubeconfig/files.ts";
import { directoriesFrom } from "../../src/process/system.ts";
import { withDirectory } from "../ansible/fake_system.ts";

function place(home: string, variables: Record<string, string> = {}) {
  const env = (name: string) => ({ HOME: home, ...variables })[name];
  return { cwd: home, env, directories: directoriesFrom(env) };
}

function kubeconfig(current: string, ...contexts: string[]): string {
  return JSON.stringify({
    "current-context": current,
    contexts: contexts.map((name) => ({ name, context: { cluster: name, user: name } })),
  });
}

/** Without the text, which `connect` reads. */
async function findContext(at: ReturnType<typeof place>, choice: ContextChoice) {
  const { text: _, ...found }: KubeContext = await find(at, choice);
  return found;
}

async function failure(promise: Promise<unknown>): Promise<[number, string, string]> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return [error.exitCode, error.message, error.hint ?? ""];
  }
  assert.fail("it did not fail");
}

Deno.test("kubeconfigs are looked for where kubectl looks for them", () => {
  assert.deepEqual(kubeconfigFiles(place("/home/ada"), undefined), ["/home/ada/.kube/config"]);
  assert.deepEqual(kubeconfigFiles(place("/home/ada"), "x/y"), ["/home/ada/x/y"]);
  assert.deepEqual(
    kubeconfigFiles(place("/home/ada", { KUBECONFIG: "/a::b" }), undefined),
    ["/a", "/home/ada/b"],
  );
});

Deno.test("the context named like the cluster is taken, never the current one", () =>
  withDirectory(async (home) => {
    await Deno.mkdir(`${home}/.kube`);
    const file = `${home}/.kube/config`;
    await Deno.writeTextFile(file, kubeconfig("work", "work", "homelab"));
    const found = (choice: ContextChoice) => findContext(place(home), choice);
    assert.deepEqual(await found({ clusterName: "homelab" }), { file, context: "homelab" });
    assert.deepEqual(await found({ clusterName: "homelab", context: "work" }), {
      file,
      context: "work",
    });
    assert.deepEqual(await found({}), { file, context: "work" });
    const [code, message, hint] = await failure(found({ clusterName: "other" }));
    assert.equal(code, 3);
    assert.match(message, /config has no context for cluster other$/);
    assert.match(hint, /work, homelab/);
  }));

Deno.test("several files of KUBECONFIG are looked through in order", () =>
  withDirectory(async (home) => {
    await Deno.writeTextFile(`${home}/a`, kubeconfig("one", "one"));
    await Deno.writeTextFile(`${home}/b`, kubeconfig("two", "two"));
    const at = place(home, { KUBECONFIG: `${home}/gone:${home}/a:${home}/b` });
    assert.equal((await findContext(at, { clusterName: "two" })).file, `${home}/b`);
    assert.equal((await findContext(at, {})).context, "one");
  }));

Deno.test("the only context of a file that was named is meant, whatever it is called", () =>
  withDirectory(async (home) => {
    const file = `${home}/k3s.yaml`;
    await Deno.writeTextFile(file, kubeconfig("default", "default"));
    const choice = { kubeconfig: "k3s.yaml", clusterName: "homelab" };
    assert.deepEqual(await findContext(place(home), choice), { file, context: "default" });
  }));

Deno.test("the kubeconfig kept by provisioning stands in for the person's own", () =>
  withDirectory(async (home) => {
    const stored = `${home}/stored.yaml`;
    const choice = { clusterName: "homelab", stored };
    assert.equal((await failure(findContext(place(home), choice)))[0], 3);
    await Deno.writeTextFile(stored, kubeconfig("default", "default"));
    assert.deepEqual(await findContext(place(home), choice), { file: stored, context: "default" });
    assert.equal(
      (await failure(findContext(place(home), { ...choice, context: "else" })))[0],
      3,
    );
    // A file that was named is meant, whatever is wrong with it.
    await Deno.writeTextFile(`${home}/empty`, "{}");
    for (const kubeconfig of ["missing", "empty"]) {
      assert.equal((await failure(findContext(place(home), { ...choice, kubeconfig })))[0], 3);
    }
  }));

Deno.test("files that are missing, broken or without contexts are told apart", () =>
  withDirectory(async (home) => {
    const file = `${home}/k`;
    const find = () => findContext(place(home), { kubeconfig: file });
    assert.equal((await failure(find()))[1], `There is no kubeconfig at ${file}`);
    await Deno.writeTextFile(file, "");
    assert.equal((await failure(find()))[1], `${file} has no context`);
    await Deno.writeTextFile(file, "{");
    assert.deepEqual((await failure(find())).slice(0, 2), [2, "The kubeconfig is not YAML"]);
    await Deno.writeTextFile(file, "contexts: 7");
    assert.deepEqual((await failure(find())).slice(0, 2), [2, "The kubeconfig cannot be parsed"]);
    await Deno.writeTextFile(file, kubeconfig("gone", "a", "b"));
    const [code, message, hint] = await failure(find());
    assert.equal(code, 3);
    assert.match(message, /No context is chosen/);
    assert.match(hint, /a, b/);
  }));

Deno.test("a kubeconfig that cannot be read is explained: exit code 2", async () => {
  const [code, message] = await failure(
    findContext(place("/proc/nonexistent"), { kubeconfig: "/" }),
  );
  assert.equal(code, 2);
  assert.match(message, /cannot be read/);
});

Deno.test("a context in one file and its cluster and user in others are found as kubectl finds them", () =>
  withDirectory(async (home) => {
    await Deno.mkdir(`${home}/keys`);
    const write = (name: string, value: unknown) =>
      Deno.writeTextFile(`${home}/${name}`, JSON.stringify(value));
    await write("contexts", {
      contexts: [{ name: "homelab", context: { cluster: "c", user: "u" } }],
    });
    await write("clusters", { clusters: [{ name: "c", cluster: { server: "http://first" } }] });
    await write("keys/users", {
      "current-context": "homelab",
      clusters: [{ name: "c", cluster: { server: "http://second" } }],
      users: [{ name: "u", user: { "client-key": "u.key", token: "t" } }],
    });
    const files = ["contexts", "clusters", "keys/users"].map((name) => `${home}/${name}`);
    const at = place(home, { KUBECONFIG: files.join(":") });
    for (const choice of [{ clusterName: "homelab" }, {}]) {
      const { file, context, text } = await find(at, choice);
      assert.deepEqual([file, context], [files[0], "homelab"]);
      const { clusters, users } = JSON.parse(text);
      assert.deepEqual(clusters, [{ name: "c", cluster: { server: "http://first" } }]);
      assert.deepEqual(users, [
        { name: "u", user: { "client-key": `${home}/keys/u.key`, token: "t" } },
      ]);
    }
  }));
