import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { DOCUMENTS } from "../../../src/cli/program/document_schemas.ts";
import { PROJECT_ROOT } from "../../cli/fake_context.ts";
import { type TemporaryRepository, temporaryRepository } from "../repository_fixture.ts";

const EXAMPLES = `${PROJECT_ROOT}/examples/apps`;

/** What makes the example what it is. */
const APPS = {
  web: ["ConfigMap", "Deployment", "Ingress", "Service"],
  notes: ["ConfigMap", "Deployment", "Ingress", "Secret", "Service", "Service", "StatefulSet"],
  render: ["Job"],
  report: ["CronJob"],
} as const;

/** Copies an example as its README says: the whole directory. */
function copy(repository: TemporaryRepository, app: string, folder = app): void {
  for (const { name, isDirectory } of Deno.readDirSync(`${EXAMPLES}/${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) copy(repository, app, path);
    else repository.write(`apps/${path}`, Deno.readTextFileSync(`${EXAMPLES}/${path}`));
  }
}

async function validated(repository: TemporaryRepository) {
  const { code, stdout } = await repository.run(["gitops", "validate", "repo", "-o", "json"]);
  return { code, ...DOCUMENTS.RepositoryCheck.parse(JSON.parse(stdout)) };
}

Deno.test("every example is tested, and the README names it", () => {
  const there = [...Deno.readDirSync(EXAMPLES)].filter(({ isDirectory }) => isDirectory);
  assert.deepEqual(there.map(({ name }) => name).sort(), Object.keys(APPS).sort());
  const readme = Deno.readTextFileSync(`${EXAMPLES}/README.md`);
  for (const app of Object.keys(APPS)) assert.ok(readme.includes(`[${app}](${app}/)`), app);
});

for (const [app, kinds] of Object.entries(APPS)) {
  Deno.test(`the example ${app} passes gitops validate in a new repository`, async () => {
    await using repository = await temporaryRepository();
    copy(repository, app);
    const { code, problems, warnings, apps, unknownKinds } = await validated(repository);
    assert.deepEqual([code, problems, apps, unknownKinds], [0, [], [app], []]);
    // Nobody's key: the README says how to write a secret of one's own.
    const told = warnings.map(({ message }) => message).join("\n");
    if (app === "notes") assert.match(told, /^Secret notes is encrypted for other recipients/);
    else assert.equal(told, "");
  });

  Deno.test(`the example ${app} is isolated and restricted, in a namespace of its own`, async () => {
    await using repository = await temporaryRepository();
    copy(repository, app);
    const found: { kind: string; text: string }[] = [];
    for (const [path, text] of repository.files()) {
      if (!path.startsWith(`apps/${app}/base/`) || path.endsWith("kustomization.yaml")) continue;
      for (const document of parseAllDocuments(text)) {
        const object = (document as { toJS(): { kind: string } }).toJS();
        found.push({ kind: object.kind, text: JSON.stringify(object) });
      }
    }
    assert.deepEqual(
      found.map(({ kind }) => kind).sort(),
      [...kinds, "LimitRange", "Namespace", "NetworkPolicy"].sort(),
    );
    const text = (kind: string) => found.find((each) => each.kind === kind)!.text;
    assert.match(text("Namespace"), /"pod-security\.kubernetes\.io\/enforce":"restricted"/);
    assert.ok(text("Namespace").includes(`"name":"${app}"`));
    assert.match(text("NetworkPolicy"), /"podSelector":\{\},"policyTypes":\["Ingress","Egress"\]/);
    for (const { kind, text } of found) {
      if (!/^(?:Deployment|StatefulSet|Job|CronJob)$/.test(kind)) continue;
      for (
        const member of [
          '"runAsNonRoot":true',
          '"allowPrivilegeEscalation":false',
          '"drop":["ALL"]',
          '"seccompProfile":{"type":"RuntimeDefault"}',
          '"requests":{"cpu"',
        ]
      ) assert.ok(text.includes(member), `${kind} ${member}`);
    }
  });
}

Deno.test("all examples live together", async () => {
  await using repository = await temporaryRepository();
  for (const app of Object.keys(APPS)) copy(repository, app);
  const { code, problems, apps } = await validated(repository);
  assert.deepEqual([code, problems, apps], [0, [], Object.keys(APPS).sort()]);
});
