/** What `gitops validate` makes of what kustomize 5.8 says; its answers are as it gives them. */
import assert from "node:assert/strict";
import { dirname, relative } from "node:path";
import { parse, stringify } from "yaml";
import { buildKustomization, findKustomize } from "../../../src/gitops/check/kustomize_build.ts";
import { DenoRunner } from "../../../src/process/deno_runner.ts";
import { type Call, FakeRunner } from "../../process/fake_runner.ts";
import {
  fakeSops,
  FULL_APP,
  type TemporaryRepository,
  temporaryRepository,
} from "../repository_fixture.ts";

const BASE = "apps/blog/base";
const OVERLAY = "apps/blog/overlays/homelab";
const CPU = "spec.template.spec.containers[0].resources.limits.cpu";

/** What a build of a directory is answered with; undefined: nothing is built of it. */
type Answer = (
  directory: string,
  toRoot: string,
) => { stdout?: string; stderr?: string } | undefined;

/** A repository with the app blog, and a kustomize that answers. */
async function withKustomize(answer: Answer): Promise<TemporaryRepository> {
  const runner = fakeSops(new FakeRunner()).on("git init");
  const repository = await temporaryRepository({ runner });
  assert.equal((await repository.run(FULL_APP)).code, 0);
  runner.on("kustomize version").on("kustomize build", ({ argv }: Call) => {
    const [, directory] = /k3s-tool-build-[^/]*\/(.*)$/.exec(argv.at(-1)!)!;
    const { stdout = "", stderr = "" } = directory === "apps"
      ? { stdout: sync(repository) }
      : answer(directory!, relative(directory!, ".")) ?? {};
    return { code: stderr === "" ? 0 : 1, stdout, stderr };
  });
  return repository;
}

/** What kustomize prints of apps/, whose kustomization Flux makes: the app's sync.yaml. */
function sync(repository: TemporaryRepository): string {
  const object = parse(repository.read("apps/blog/sync.yaml"));
  const annotations = { "config.kubernetes.io/origin": "path: blog/sync.yaml\n" };
  return stringify({ ...object, metadata: { ...object.metadata, annotations } });
}

/** The app's Deployment as kustomize prints it, with a limit. */
function deployment(repository: TemporaryRepository, toRoot: string, cpu: string): string {
  const object = parse(repository.read(`${BASE}/deployment.yaml`));
  object.spec.template.spec.containers[0].resources.limits.cpu = cpu;
  object.metadata.annotations = {
    "config.kubernetes.io/origin": `path: ${toRoot}/${BASE}/deployment.yaml\n`,
    "alpha.config.kubernetes.io/transformations":
      `- configuredIn: ${toRoot}/${BASE}/kustomization.yaml\n  configuredBy: {kind: X}\n` +
      `- configuredIn: ${toRoot}/${OVERLAY}/kustomization.yaml\n  configuredBy: {kind: X}\n`,
  };
  return stringify(object);
}

Deno.test("what a patch makes wrong is told where the patch stands", async () => {
  await using repository = await withKustomize((directory, toRoot) =>
    directory === OVERLAY ? { stdout: deployment(repository, toRoot, "lots") } : undefined
  );
  repository.replace(
    `${OVERLAY}/kustomization.yaml`,
    "patches:\n",
    "patches:\n  - target: {kind: Deployment}\n    patch: |\n      - op: replace\n" +
      "        path: /spec/template/spec/containers/0/resources/limits/cpu\n        value: lots\n",
  );
  assert.deepEqual(await repository.problems(), [
    `${OVERLAY}/kustomization.yaml:13: Deployment blog as built: ${CPU} must be a quantity such as ` +
    '500m or 2Gi, is "lots"',
  ]);
});

Deno.test("what is wrong in a base is told there, unless every overlay mends it", async () => {
  let built = "lots";
  await using repository = await withKustomize((directory, toRoot) =>
    directory === OVERLAY ? { stdout: deployment(repository, toRoot, built) } : undefined
  );
  repository.replace(`${BASE}/deployment.yaml`, 'cpu: "2"', "cpu: lots");
  const [problem, ...more] = await repository.problems();
  assert.deepEqual(more, []);
  assert.match(problem!, /^apps\/blog\/base\/deployment\.yaml:\d+: spec\.template.* is "lots"$/);
  built = "1";
  assert.deepEqual(await repository.problems(), []);
});

for (
  const [what, said, expected] of [
    [
      "of the directory itself",
      (root: string) =>
        `Error: replace operation does not apply in ${root}/${OVERLAY}: doc is missing path: /spec\n`,
      `replace operation does not apply in ${OVERLAY}: doc is missing path: /spec`,
    ],
    [
      "of its base",
      (root: string) =>
        `Error: accumulating resources: recursed accumulation of path '${root}/${OVERLAY}': ` +
        `accumulating resources: recursed accumulation of path '${root}/${BASE}': no resource ` +
        "matches\n",
      `in ${BASE}: no resource matches`,
    ],
    [
      "with many lines of what it was given",
      (_root: string) =>
        "Error: trouble configuring X with config: `\nname: g\n`: must specify Y\n",
      "trouble configuring X with config: ` … `: must specify Y",
    ],
    [
      "by a kubectl that logs it, quoted",
      (root: string) =>
        "# Warning: 'commonLabels' is deprecated. Please use 'labels' instead.\n" +
        `E1126 14:27:08.294930   16025 run.go:72] "command failed" err="recursed accumulation of ` +
        `path '${root}/${BASE}': no \\"x\\""\n`,
      `in ${BASE}: no "x"`,
    ],
    [
      "by a kubectl that logs it, in lines",
      (root: string) =>
        'E1126 14:27:08.294930   16025 run.go:72] "command failed" err=<\n' +
        `\trecursed accumulation of path '${root}/${BASE}': trouble with config: ` +
        "`\n\tname: g\n\t`: must specify Y\n >\n",
      `in ${BASE}: trouble with config: \` … \`: must specify Y`,
    ],
  ] as const
) {
  Deno.test(`a build that fails is told by its reason: ${what}`, async () => {
    await using repository = await withKustomize((directory) =>
      directory === OVERLAY ? { stderr: said(repository.root) } : undefined
    );
    assert.deepEqual(await repository.problems(), [
      `${OVERLAY}/kustomization.yaml: cannot be built: ${expected}`,
    ]);
  });
}

for (
  const [text, problem] of [
    ["kind: Service\nmetadata: {name: a}\n", "1: apiVersion is missing or no text"],
    ["apiVersion: v1\nmetadata: {name: a}\n", "1: kind is missing or no text"],
    ["apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "3: metadata.name is missing"],
    [
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ""}\n',
      '3: metadata.name must be lower-case letters, digits, - and . between them, is ""',
    ],
  ] as const
) {
  Deno.test(`what is no object is told once, not as a failed build too: ${problem}`, async () => {
    await using repository = await withKustomize((directory) =>
      directory === OVERLAY
        ? { stderr: "Error: accumulating resources: missing kind in object {{v1 } {{a } map[]}}\n" }
        : undefined
    );
    repository.replace(`${BASE}/kustomization.yaml`, "resources:", "resources:\n  - a.yaml");
    repository.write(`${BASE}/a.yaml`, text);
    assert.deepEqual(await repository.problems(), [`${BASE}/a.yaml:${problem}`]);
    // What else is wrong does not hide why the build fails.
    repository.write(`${BASE}/a.yaml`, "apiVersion: v1\nkind: Service\nmetadata: {name: A}\n");
    const both = await repository.problems();
    assert.ok(both.some((each) => each.includes("cannot be built")), both.join("\n"));
  });
}

Deno.test("nothing is built that would be fetched, and no option lets it run programs", async () => {
  await using repository = await withKustomize(() => undefined);
  repository.replace(
    `${OVERLAY}/kustomization.yaml`,
    "resources:",
    "openapi: {path: 'https://example.com/schema.json'}\nresources:",
  );
  const { stderr } = await repository.run(["gitops", "validate", "repo"]);
  assert.match(stderr, /schema\.json is not in this repository/);
  const builds = repository.runner.calls.filter(({ argv }) => argv[1] === "build");
  assert.deepEqual(builds.map(({ argv }) => argv.at(-1)!.split("/").at(-1)).sort(), [
    "apps",
    "infrastructure",
  ]);
  assert.deepEqual(builds[0]!.argv.slice(0, 4), [
    ...["kustomize", "build", "--load-restrictor", "LoadRestrictionsNone"],
  ]);
});

Deno.test("where a kustomization cannot be read, its files are not said to be left over", async () => {
  await using repository = await withKustomize(() => undefined);
  for (const [text, said] of [["resources: [", /not YAML/], ["", /is empty/]] as const) {
    repository.write(`${OVERLAY}/kustomization.yaml`, text);
    const { code, stderr } = await repository.run(["gitops", "validate", "repo"]);
    assert.equal(code, 2);
    assert.match(stderr, said);
    assert.doesNotMatch(stderr, /no kustomization lists/);
  }
});

Deno.test("a pipe that a kustomization lists is named, and nothing waits for it", async () => {
  await using repository = await withKustomize(() => undefined);
  repository.replace(`${BASE}/kustomization.yaml`, "resources:", "resources:\n  - pipe.yaml");
  await new Deno.Command("mkfifo", { args: [`${repository.root}/${BASE}/pipe.yaml`] }).output();
  const { code, stderr } = await repository.run(["gitops", "validate", "repo"]);
  assert.equal(code, 2);
  assert.match(stderr, /kustomization\.yaml:\d+:\d+: pipe\.yaml is not a regular file/);
  const builds = repository.runner.calls.filter(({ argv }) => argv[1] === "build");
  assert.deepEqual(builds.map(({ argv }) => argv.at(-1)!.split("/").at(-1)).sort(), [
    "apps",
    "infrastructure",
  ]);
});

const COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";

Deno.test("what Flux adds stands in the directory's own kustomization, and the repository is as it was", async () => {
  let built: unknown;
  await using repository = await withKustomize((directory) => {
    if (directory === OVERLAY) {
      const [argv] = repository.runner.calls.map(({ argv }) => argv)
        .filter((argv) => argv.at(-1)!.endsWith(OVERLAY)).slice(-1);
      built = parse(Deno.readTextFileSync(`${argv!.at(-1)}/kustomization.yaml`));
      assert.equal(Deno.readTextFileSync(`${argv!.at(-1)}/beside.txt`), "x");
      assert.ok(Deno.statSync(`${argv!.at(-1)}/../../base/kustomization.yaml`).isFile);
    }
    return undefined;
  });
  const own = `resources: [../../base]
namespace: own
patches: [{path: beside.txt}]
images: [{name: a, newName: b, newTag: "1"}, {name: kept, newTag: "1"}]
`;
  repository.write(`${OVERLAY}/kustomization.yaml`, own);
  repository.write(`${OVERLAY}/beside.txt`, "x");
  repository.write("components/db/kustomization.yaml", COMPONENT);
  repository.replace(
    "apps/blog/sync.yaml",
    "spec:",
    `spec:
  components: [../../../../components/db, ../../../../components/none]
  ignoreMissingComponents: true
  targetNamespace: flux
  namePrefix: x-
  patches: [{patch: "{kind: A}", target: {kind: A}}]
  images: [{name: a, digest: "sha256:1"}, {name: c, newName: d}]`,
  );
  await repository.problems();
  assert.deepEqual(built, {
    resources: ["../../base"],
    namespace: "flux",
    namePrefix: "x-",
    patches: [{ path: "beside.txt" }, { patch: "{kind: A}", target: { kind: "A" } }],
    components: ["../../../../components/db"],
    images: [
      { name: "a", newName: "b", digest: "sha256:1" },
      { name: "kept", newTag: "1" },
      { name: "c", newName: "d" },
    ],
    buildMetadata: ["originAnnotations", "transformerAnnotations"],
  });
  assert.equal(repository.read(`${OVERLAY}/kustomization.yaml`), own);
});

Deno.test("a component of Flux that is not there is told where Flux names it", async () => {
  await using repository = await withKustomize(() => undefined);
  repository.replace("apps/blog/sync.yaml", "spec:", "spec:\n  components: [../none]");
  assert.deepEqual(await repository.problems(), [
    "apps/blog/sync.yaml:9: ../none does not exist",
  ]);
});

/** As the tests of roles do with Ansible: where the program is there, it is asked. */
const system = { runner: new DenoRunner(), signal: new AbortController().signal };
const KUSTOMIZE = await findKustomize(system);

Deno.test({
  name: "kustomize itself: a patch may be for what a component of Flux brings",
  ignore: KUSTOMIZE === undefined,
  fn: async () => {
    const root = await Deno.makeTempDir();
    const files: Readonly<Record<string, string>> = {
      "app/kustomization.yaml": "",
      "app/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
      "db/kustomization.yaml": `${COMPONENT}resources: [c.yaml]\n`,
      "db/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata: {a: b}\n",
    };
    try {
      for (const [path, text] of Object.entries(files)) {
        await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
        await Deno.writeTextFile(`${root}/${path}`, text);
      }
      const patch = (name: string) => ({
        file: "app/kustomization.yaml",
        value: {
          resources: ["c.yaml"],
          components: ["../db"],
          patches: [{
            patch: `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}, data: {a: c}}`,
          }],
        },
      });
      const build = (name: string) => buildKustomization(system, KUSTOMIZE!, root, patch(name));
      const built = await build("db");
      assert.ok("objects" in built, JSON.stringify(built));
      const origins = built.objects.map(({ value: { data }, origin }) => [origin, data]);
      assert.deepEqual(
        new Map(origins as [string, unknown][]),
        new Map<string, unknown>([
          ["app/c.yaml", undefined],
          ["db/c.yaml", { a: "c" }],
        ]),
      );
      assert.ok(built.objects.every(({ patchedIn }) => patchedIn[0] === "app/kustomization.yaml"));
      const failed = await build("other");
      assert.match("failure" in failed ? failed.failure : "", /no matches for Id/);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
