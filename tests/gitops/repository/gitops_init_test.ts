import assert from "node:assert/strict";
import { identityToRecipient } from "age-encryption";
import { parse } from "yaml";
import { DOCUMENTS } from "../../../src/cli/program/document_schemas.ts";
import { FakeRunner } from "../../process/fake_runner.ts";
import { fakeSops, temporaryRepository } from "../repository_fixture.ts";

const KEY = ".config/k3s-tool/age/homelab.txt";

Deno.test("init makes the key outside the repository, for its owner alone, and names it", async () => {
  await using repository = await temporaryRepository();
  const key = `${repository.home}/${KEY}`;
  assert.equal((await Deno.stat(key)).mode! & 0o777, 0o600);
  assert.equal((await Deno.stat(`${repository.home}/.config/k3s-tool/age`)).mode! & 0o777, 0o700);
  const identity = /^AGE-SECRET-KEY-1.*$/m.exec(Deno.readTextFileSync(key))![0];
  const recipient = await identityToRecipient(identity);
  assert.ok(repository.read(".sops.yaml").includes(`age: ${recipient}\n`));
  for (const text of repository.files().values()) assert.ok(!text.includes(identity));
  const left = [...Deno.readDirSync(`${repository.home}/.config/k3s-tool/age`)];
  assert.deepEqual(left.map(({ name }) => name), ["homelab.txt"]);
  assert.deepEqual(repository.runner.lines, [
    `git init --quiet --initial-branch=main ${repository.root}`,
  ]);
  assert.deepEqual(await repository.problems(), []);
});

Deno.test("a second init changes nothing, and leaves the key", async () => {
  await using repository = await temporaryRepository();
  const key = Deno.readTextFileSync(`${repository.home}/${KEY}`);
  const before = repository.files();
  const { code, stdout } = await repository.run(["gitops", "init", "repo", "-o", "json"]);
  const document = DOCUMENTS.RepositoryChange.parse(JSON.parse(stdout));
  assert.deepEqual([code, document.changed], [0, false]);
  assert.deepEqual(repository.files(), before);
  assert.equal(Deno.readTextFileSync(`${repository.home}/${KEY}`), key);
});

Deno.test("--dry-run writes nothing, no key either", async () => {
  await using repository = await temporaryRepository({ init: [] });
  const { code, stdout } = await repository.run(["gitops", "init", "repo", "--dry-run"]);
  assert.equal(code, 0);
  assert.match(stdout, /^\+ {2}path: \.\/apps$/m);
  assert.deepEqual([...Deno.readDirSync(repository.home)], []);
  assert.deepEqual(repository.runner.lines, []);
});

Deno.test("a file that differs is never replaced unasked, not even with --yes", async () => {
  await using repository = await temporaryRepository();
  repository.write("README.md", "mine\n");
  Deno.removeSync(`${repository.root}/apps/README.md`);
  for (const flags of [[], ["--yes"]]) {
    const { code, stderr } = await repository.run(["gitops", "init", "repo", ...flags]);
    assert.equal(code, 2);
    assert.match(stderr, /repo\/README\.md: differs from what would be written/);
    assert.match(stderr, /Keep them with --keep, replace them with --force/);
    assert.ok(!repository.files().has("apps/README.md"), "nothing was written");
  }
  assert.equal((await repository.run(["gitops", "init", "repo", "--keep", "--force"])).code, 2);
  const look = await repository.run(["gitops", "init", "repo", "--dry-run"]);
  assert.match(look.stderr, /README\.md; --force replaces them, --keep keeps them/);
  const kept = await repository.run(["gitops", "init", "repo", "--keep"]);
  assert.equal(kept.code, 0);
  assert.match(kept.stderr, /^Kept files with different content: README\.md\.\nWrote 1 file to /m);
  assert.equal(repository.read("README.md"), "mine\n");
  assert.ok(repository.files().has("apps/README.md"));
  assert.equal((await repository.run(["gitops", "init", "repo", "--force"])).code, 0);
  assert.notEqual(repository.read("README.md"), "mine\n");
});

Deno.test("what a killed run left is gone after the next one, also of files that stay", async () => {
  await using repository = await temporaryRepository();
  repository.write("README.md", "mine\n");
  Deno.removeSync(`${repository.root}/infrastructure/storage/kustomization.yaml`);
  for (const file of ["", "apps/"].map((folder) => `${folder}.README.md`)) {
    repository.write(`${file}.k3s-tool`, "half of it");
  }
  repository.write("infrastructure/storage/.kustomization.yaml.k3s-tool", "half of it");
  assert.equal((await repository.run(["gitops", "init", "repo", "--keep"])).code, 0);
  assert.deepEqual([...repository.files().keys()].filter((path) => /k3s-tool$/.test(path)), []);
  assert.equal(repository.read("README.md"), "mine\n");
});

for (
  const [what, prepare, argv, expected] of [
    [
      "a file",
      (home) => Deno.writeTextFileSync(`${home}/repo`, ""),
      [],
      /repo is a file, but must/,
    ],
    [
      "below a file",
      (home) => Deno.writeTextFileSync(`${home}/file`, ""),
      ["file/repo"],
      /file is a file, but must be a directory/,
    ],
    [
      "inside of another repository, by a link",
      (home) => {
        Deno.mkdirSync(`${home}/other/.git`, { recursive: true });
        Deno.mkdirSync(`${home}/other/in`);
        Deno.symlinkSync("other/in", `${home}/repo`);
      },
      [],
      /repo is inside the Git repository .*\/other\n/,
    ],
    [
      "a broken link",
      (home) => Deno.symlinkSync("nowhere", `${home}/repo`),
      [],
      /repo is a broken symbolic link/,
    ],
    [
      "with a directory that is elsewhere",
      (home) => {
        Deno.mkdirSync(`${home}/elsewhere`);
        Deno.mkdirSync(`${home}/repo`);
        Deno.symlinkSync("../elsewhere", `${home}/repo/apps`);
      },
      ["repo", "--force"],
      /\/repo\/apps\/README\.md is behind a symbolic link that points outside the repository/,
    ],
    [
      "with a directory in a file's place",
      (home) => Deno.mkdirSync(`${home}/repo/README.md`, { recursive: true }),
      [],
      /README\.md is a directory, but must be a file/,
    ],
    ["without a name", () => {}, [""], /The directory name is empty/],
    [
      "for the key, by a link",
      (home) => {
        Deno.mkdirSync(`${home}/repo`);
        Deno.symlinkSync("repo", `${home}/keys`);
      },
      ["repo", "--age-key-file", "keys/k.txt"],
      /keys\/k\.txt is inside the repository/,
    ],
    [
      "that cannot be made",
      () => {},
      ["/proc/repo"],
      /Cannot make \/proc\/repo: /,
    ],
  ] satisfies [string, (home: string) => void, string[], RegExp][]
) {
  Deno.test(`init refuses a place ${what}, and writes nothing`, async () => {
    await using repository = await temporaryRepository({ init: [] });
    prepare(repository.home);
    const before = tree(repository.home);
    const place = argv.length === 0 ? ["repo"] : argv;
    const { code, stderr } = await repository.run(["gitops", "init", ...place]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
    assert.deepEqual(tree(repository.home), before);
  });
}

Deno.test("a key that others can read, or that is none, is refused", async () => {
  await using repository = await temporaryRepository({ init: [] });
  const key = `${repository.home}/k.txt`;
  const argv = ["gitops", "init", "repo", "--age-key-file", "k.txt"];
  Deno.writeTextFileSync(key, "hunter2\n", { mode: 0o600 });
  const none = await repository.run(argv);
  assert.match(none.stderr, /k\.txt holds no private age key/);
  assert.doesNotMatch(none.stderr, /hunter2/);
  Deno.chmodSync(key, 0o640);
  assert.match((await repository.run(argv)).stderr, /can be read by others/);
  assert.equal(Deno.readTextFileSync(key), "hunter2\n");
  assert.deepEqual([...tree(repository.home)], ["k.txt"]);
});

Deno.test("rules somebody wrote for secrets are never replaced", async () => {
  await using repository = await temporaryRepository({ init: [] });
  const rules = "creation_rules:\n  - pgp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4\n";
  repository.write(".sops.yaml", rules);
  const { code, stderr } = await repository.run(["gitops", "init", "repo", "--force"]);
  assert.equal(code, 0);
  assert.match(stderr, /\.sops\.yaml has no age recipient.*the public key in .*homelab\.txt/);
  assert.match(stderr, /git init --initial-branch=main repo {4}\(it was not empty\)/);
  assert.equal(repository.read(".sops.yaml"), rules);
});

Deno.test("with an inventory its cluster, key and branch are taken, and only what differs is told", async () => {
  await using repository = await temporaryRepository({ init: [] });
  Deno.mkdirSync(`${repository.home}/inventory`);
  const inventory = `${repository.home}/inventory/hosts.yml`;
  const write = (vars: string) =>
    Deno.writeTextFileSync(
      inventory,
      `all:\n  vars: {cluster_name: den, git_branch: trunk, ${vars}}\n  children:\n` +
        "    control_plane: {hosts: {nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}}}\n" +
        "    workers: {}\n",
    );
  const next = async (...argv: string[]) => {
    const { stdout, stderr } = await repository.run(["gitops", "init", ...argv, "-o", "json"]);
    assert.equal(stderr, "");
    const lines = DOCUMENTS.RepositoryChange.parse(JSON.parse(stdout)).next;
    return lines.filter((line) => line.startsWith("k3s-tool "));
  };
  write("gitops_age_key_file: my key.txt");
  const first = await next("repo");
  assert.ok(repository.runner.lines[0]!.includes("--initial-branch=trunk"));
  assert.ok(repository.files().has("clusters/den/apps.yaml"));
  assert.ok(tree(repository.home).has("inventory/my key.txt"), "relative to the inventory");
  assert.deepEqual(first, ["k3s-tool config set git_repo_url URL", "k3s-tool provision"]);
  write("git_repo_url: 'https://example.com/x.git'");
  assert.deepEqual(await next("two"), ["k3s-tool provision"]);
  assert.deepEqual(await next("three", "--cluster", "lab", "--age-key-file", "a b"), [
    "k3s-tool config set git_path clusters/lab",
    `k3s-tool config set gitops_age_key_file '${repository.home}/a b'`,
    "k3s-tool provision",
  ]);
});

Deno.test("without git the tree is written, and what is missing is said", async () => {
  await using repository = await temporaryRepository({ runner: new FakeRunner(), init: [] });
  const { code, stderr } = await repository.run(["gitops", "init", "repo", "--no-age"]);
  assert.equal(code, 0);
  assert.match(stderr, /git init --initial-branch=main repo {4}\(git is not installed\)/);
  assert.ok(!repository.files().has(".sops.yaml"));
  assert.doesNotMatch(repository.read("clusters/homelab/infrastructure.yaml"), /decryption/);
  assert.deepEqual([...tree(repository.home)].filter((path) => path.startsWith(".config")), []);
});

/** Every path below a directory. */
function tree(root: string, folder = ""): ReadonlySet<string> {
  return new Set(
    [...Deno.readDirSync(`${root}/${folder}`)].flatMap(({ name, isDirectory }) => {
      const path = folder === "" ? name : `${folder}/${name}`;
      return isDirectory ? [path, ...tree(root, path)] : [path];
    }),
  );
}

const OBJECT = (name: string) => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`;
const APPLIES = (path: string) =>
  `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infra, namespace: flux-system}
spec: {interval: 10m, path: ${path}, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
`;

Deno.test("a kustomization that is added lists what Flux applied without it", async () => {
  await using repository = await temporaryRepository({ init: [] });
  repository.write("clusters/homelab/infrastructure.yaml", APPLIES("./infrastructure"));
  repository.write("infrastructure/ingress.yaml", OBJECT("ingress"));
  repository.write("infrastructure/storage/nfs.yaml", OBJECT("nfs"));
  repository.write("infrastructure/more/x.yaml", OBJECT("x"));
  repository.write("infrastructure/built/kustomization.yaml", "resources: [y.yaml]\n");
  repository.write("infrastructure/built/y.yaml", OBJECT("y"));
  repository.write("infrastructure/networking/kustomization.yml", "resources: [z.yaml]\n");
  repository.write("infrastructure/networking/z.yaml", OBJECT("z"));
  const { code, stderr } = await repository.run(["gitops", "init", "repo", "--keep"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^Warning: infrastructure\/kustomization\.yaml lists built, ingress\.yaml/m);
  const { resources } = parse(repository.read("infrastructure/kustomization.yaml"));
  assert.deepEqual(resources.sort(), [
    ...["built", "ingress.yaml", "more/x.yaml", "networking", "sources", "storage"],
  ]);
  assert.deepEqual(parse(repository.read("infrastructure/storage/kustomization.yaml")).resources, [
    "nfs.yaml",
  ]);
  // kustomize refuses two kustomizations in one directory.
  assert.ok(!repository.files().has("infrastructure/networking/kustomization.yaml"));
  assert.deepEqual(await repository.problems(), []);
  assert.deepEqual(await repository.warnings(), []);
});

Deno.test("what a Kustomization applies by itself is not listed a second time", async () => {
  await using repository = await temporaryRepository({ init: [] });
  repository.write("clusters/homelab/controllers.yaml", APPLIES("./infrastructure/controllers"));
  repository.write("infrastructure/controllers/kustomization.yaml", "resources: [x.yaml]\n");
  repository.write("infrastructure/controllers/x.yaml", OBJECT("x"));
  assert.equal((await repository.run(["gitops", "init", "repo", "--keep"])).code, 0);
  const { resources } = parse(repository.read("infrastructure/kustomization.yaml"));
  assert.deepEqual(resources, ["sources", "storage", "networking"]);
});

Deno.test("validate warns of what a new kustomization leaves out", async () => {
  const runner = fakeSops(new FakeRunner()).on("git -C", {
    stdout: ["infrastructure/ingress.yaml", "infrastructure/more/x.yaml"].join("\0"),
  });
  await using repository = await temporaryRepository({ init: [], runner });
  repository.write(".git/config", "");
  repository.write("clusters/homelab/infrastructure.yaml", APPLIES("./infrastructure"));
  repository.write("infrastructure/kustomization.yaml", "resources: [new.yaml]\n");
  repository.write("infrastructure/new.yaml", OBJECT("new"));
  repository.write("infrastructure/ingress.yaml", OBJECT("ingress"));
  repository.write("infrastructure/more/x.yaml", OBJECT("x"));
  repository.write("infrastructure/later.yaml", OBJECT("later"));
  assert.deepEqual(await repository.problems(), []);
  const gone = "infrastructure/kustomization.yaml is new and does not list this: " +
    "if prune is true, Flux deletes the objects created from it";
  assert.deepEqual(await repository.warnings(), [
    `infrastructure/ingress.yaml: ${gone}`,
    "infrastructure/later.yaml: no kustomization lists this file: it is not applied",
    `infrastructure/more/x.yaml: ${gone}`,
  ]);
});
