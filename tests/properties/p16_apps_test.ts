import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import {
  newAppFiles,
  type NewAppPlan,
  planNewApp,
  writeNewApp,
} from "../../src/actions/gitops/new_app.ts";
import { UserError } from "../../src/errors/user_error.ts";
import type { AppRequest } from "../../src/gitops/apps/app_spec.ts";
import { PRIORITIES } from "../../src/gitops/check/priority_classes.ts";
import { checkRepository } from "../../src/gitops/check/check_repository.ts";
import { repositoryFiles } from "../../src/gitops/repository/repository_files.ts";
import type { System } from "../../src/process/system.ts";
import { directoriesFrom, machineClock } from "../../src/process/system.ts";
import { type TemporaryRepository, temporaryRepository } from "../gitops/repository_fixture.ts";

const LABEL = fc.stringMatching(/^[a-z]([-a-z0-9]{0,12}[a-z0-9])?$/);
const VARIABLE = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/);
const TEXT = fc.oneof(
  fc.constantFrom("", "no", "1e3", "${cluster}", "a=b: #c", "- x\n", "{{ x }}", "---\n"),
  fc.string({ unit: "binary", maxLength: 20 }).filter((text) => text.isWellFormed()),
);
const IMAGE = fc.tuple(
  fc.constantFrom("", "ghcr.io/", "registry.local:5000/me/", "docker.io/library/"),
  fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,5})?$/),
  fc.constantFrom("", ":1.10", ":1e3", ":latest", ":v1_2-x", `@sha256:${"0f".repeat(32)}`),
).map((parts) => parts.join(""));

/** What somebody may mean, and now and then what nobody can. */
const REQUEST: fc.Arbitrary<AppRequest> = fc.record({
  name: fc.oneof(
    { weight: 20, arbitrary: LABEL },
    { weight: 1, arbitrary: fc.constantFrom("apps", "kube-x", "..", "A", "2048", "a/b", "") },
  ),
  image: fc.oneof({ weight: 20, arbitrary: IMAGE }, { weight: 1, arbitrary: TEXT }),
  port: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
  host: fc.option(fc.tuple(LABEL, LABEL).map((parts) => parts.join(".")), {
    nil: undefined,
    freq: 2,
  }),
  healthPath: fc.option(fc.constantFrom("/", "/healthz?a=b#c", "/%20"), { nil: undefined }),
  replicas: fc.integer({ min: 1, max: 1000 }),
  config: fc.uniqueArray(fc.tuple(VARIABLE, TEXT), { maxLength: 4, selector: ([key]) => key }).map(
    (entries) => entries.map(([key, value]) => `${key}=${value}`),
  ),
  secretKeys: fc.uniqueArray(VARIABLE, { maxLength: 2 }),
  volume: fc.option(fc.constantFrom("1Gi", "500Mi", "5e3", "0.5Ti"), { nil: undefined }),
  gpu: fc.boolean(),
  protected: fc.boolean(),
  priority: fc.constantFrom(undefined, ...PRIORITIES),
}).map((request) =>
  request.port === undefined ? { ...request, host: undefined, healthPath: undefined } : request
);

Deno.test("P16 each app has its own directory and namespace", async () => {
  await using repository = await temporaryRepository();
  const system = systemOf(repository);
  let written = 0;
  await fc.assert(
    fc.asyncProperty(REQUEST, REQUEST, async (one, two) => {
      const before = repository.files();
      const names: string[] = [];
      for (const request of [one, two]) {
        const beforeApp = repository.files();
        const plan = await planOf(system, request, repository.root);
        if (plan === undefined) {
          assert.deepEqual(repository.files(), beforeApp, "what is refused writes nothing");
          continue;
        }
        const values = new Map(request.secretKeys.map((key) => [key, "hunter2"]));
        await writeNewApp(plan, await newAppFiles(system, plan, values));
        names.push(request.name);
        holdsItself(repository, request.name, beforeApp);
      }
      const { problems, apps } = await checkRepository(
        system,
        await repositoryFiles(repository.root),
        { kustomize: undefined },
      );
      assert.deepEqual(problems, []);
      // README.md lies in apps/ and is no app.
      assert.deepEqual([...apps].sort(), [...names].sort());
      written += names.length;
      for (const name of names) {
        await Deno.remove(`${repository.root}/apps/${name}`, { recursive: true });
      }
      assert.deepEqual(repository.files(), before, "an app is its directory and nothing else");
    }),
    { numRuns: 100 },
  );
  assert.ok(written > 100, `${written} apps were written`);
});

/** Everything of an app lies in its directory, and everything in it is applied to its namespace. */
function holdsItself(
  repository: TemporaryRepository,
  app: string,
  before: ReadonlyMap<string, string>,
): void {
  const files = repository.files();
  for (const [path, text] of before) assert.equal(files.get(path), text, path);
  const own = new Map([...files].filter(([path]) => !before.has(path)));
  for (const path of own.keys()) assert.ok(path.startsWith(`apps/${app}/`), path);
  const read = (path: string) => parse(own.get(`apps/${app}/${path}`)!);
  assert.deepEqual(read("kustomization.yaml").resources, ["sync.yaml"]);
  const { spec } = read("sync.yaml");
  assert.deepEqual([spec.path, spec.prune], [`./apps/${app}/overlays/\${cluster}`, true]);
  const overlay = read("overlays/homelab/kustomization.yaml");
  assert.deepEqual([overlay.resources, overlay.namespace], [["../../base"], undefined]);
  const base = read("base/kustomization.yaml");
  assert.equal(base.namespace, app);
  const inBase = [...own.keys()].filter((path) => path.startsWith(`apps/${app}/base/`))
    .map((path) => path.split("/").at(-1)!).filter((file) => file !== "kustomization.yaml");
  assert.deepEqual([...base.resources].sort(), inBase.sort(), "all that is there is listed");
  const objects = inBase.map((file) => read(`base/${file}`));
  assert.deepEqual(
    objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name),
    [app],
  );
  for (const { kind, metadata } of objects) assert.equal(metadata.namespace, undefined, kind);
}

async function planOf(
  system: System,
  request: AppRequest,
  directory: string,
): Promise<NewAppPlan | undefined> {
  try {
    return await planNewApp(system, request, { directory, dryRun: false });
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 2) return undefined;
    throw error;
  }
}

function systemOf({ runner, home }: TemporaryRepository): System {
  const env = (name: string) => name === "HOME" ? home : undefined;
  return {
    runner,
    clock: machineClock,
    directories: directoriesFrom(env),
    cwd: home,
    env,
    signal: new AbortController().signal,
  };
}
