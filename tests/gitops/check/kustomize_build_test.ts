/** What `gitops validate` makes of what kustomize 5.8 says; its answers are as it gives them. */
import assert from "node:assert/strict";
import { relative } from "node:path";
import { parse, stringify } from "yaml";
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
    const wrapper = argv.at(-1)!;
    const { resources } = parse(Deno.readTextFileSync(`${wrapper}/kustomization.yaml`));
    const toRoot = relative(wrapper, repository.root);
    const directory = relative(toRoot, resources[0]);
    const { stdout = "", stderr = "" } = answer(directory, toRoot) ?? {};
    return { code: stderr === "" ? 0 : 1, stdout, stderr };
  });
  return repository;
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
        "Error: accumulating resources: accumulation err='accumulating resources from " +
        `'../x/${OVERLAY}': '${root}/${OVERLAY}' must resolve to a file': recursed accumulation of ` +
        `path '${root}/${OVERLAY}': replace operation does not apply: doc is missing path: /spec\n`,
      "replace operation does not apply: doc is missing path: /spec",
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
        `path '${root}/${OVERLAY}': no \\"x\\""\n`,
      'no "x"',
    ],
    [
      "by a kubectl that logs it, in lines",
      (root: string) =>
        'E1126 14:27:08.294930   16025 run.go:72] "command failed" err=<\n' +
        `\trecursed accumulation of path '${root}/${OVERLAY}': trouble with config: ` +
        "`\n\tname: g\n\t`: must specify Y\n >\n",
      "trouble with config: ` … `: must specify Y",
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
  assert.equal(builds.length, 1, "infrastructure alone");
  assert.deepEqual(builds[0]!.argv.slice(0, 4), [
    ...["kustomize", "build", "--load-restrictor", "LoadRestrictionsNone"],
  ]);
});

Deno.test("where a kustomization cannot be read, its files are not said to be left over", async () => {
  await using repository = await withKustomize(() => undefined);
  for (const [text, said] of [["resources: [", /no YAML/], ["", /is empty/]] as const) {
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
  assert.equal(builds.length, 1, "infrastructure alone");
});

Deno.test("a patch may be for what a component of Flux brings, and for nothing else", async () => {
  const said = "Error: no matches for Id Cluster.v1.example.com/db.[noNs]; failed to find unique " +
    "target for patch Cluster.v1.example.com/db.[noNs]\n";
  await using repository = await withKustomize((directory) =>
    directory === OVERLAY ? { stderr: said } : undefined
  );
  assert.equal((await repository.problems()).length, 1);
  repository.write(
    "components/db/kustomization.yaml",
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: []\n",
  );
  repository.replace(
    "apps/blog/sync.yaml",
    "spec:",
    "spec:\n  components: [../../../../components/db]",
  );
  assert.deepEqual(await repository.problems(), []);
});
