/**
 * Holds the import graph to the table of docs/architecture.md: a module imports from lower ranks
 * only (or types), nothing imports in a circle, and nothing is left over: no module that the program
 * does not import, and no value that is exported for nobody.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "./cli/fake_context.ts";

/** Folder of src/ to rank; a module imports only from lower ranks. */
const RANKS: Readonly<Record<string, number>> = {
  errors: 0,
  process: 1,
  assets: 2,
  yaml: 2,
  tailscale: 2,
  kubeconfig: 2,
  inventory: 3,
  ansible: 4,
  cluster: 5,
  gitops: 5,
  reports: 6,
  changes: 6,
  actions: 7,
  live: 8,
  view: 9,
  cli: 10,
  tui: 10,
  demo: 10,
};

/** Sub-folders that have an order within their room: what stands first imports from none behind it. */
const SUB_ORDER: Readonly<Record<string, readonly string[]>> = {
  inventory: ["read", "edit"],
  ansible: ["events", "setup", "run"],
  gitops: ["check", "apps"],
};

/** The one place where cli, tui and demo meet. */
const TUI_COMMAND = "src/cli/commands/cluster/tui.ts";

/** `deno info` as far as it is read here. */
interface GraphModule {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
    readonly isDynamic?: boolean;
  }[];
}

const edges = await importGraph();

Deno.test("a module imports only from lower ranks", () => {
  const wrong: string[] = [];
  for (const [from, targets] of edges) {
    for (const { to, typeOnly } of targets) {
      const [a, b] = [folder(from), folder(to)];
      if (a === undefined || b === undefined || a === b || typeOnly) continue;
      if (from === TUI_COMMAND && (b === "tui" || b === "demo")) continue;
      if (rank(b) >= rank(a)) wrong.push(`${from} imports ${to}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("a sub-folder imports only from those before it", () => {
  const wrong: string[] = [];
  for (const [from, targets] of edges) {
    const order = SUB_ORDER[folder(from) ?? ""];
    if (order === undefined) continue;
    for (const { to, typeOnly } of targets) {
      if (typeOnly || folder(to) !== folder(from)) continue;
      const [a, b] = [subFolder(from), subFolder(to)].map((name) => order.indexOf(name ?? ""));
      if (a! >= 0 && b! > a!) wrong.push(`${from} imports ${to}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every folder of src/ has a rank", () => {
  const unknown = [...edges.keys()].filter((file) =>
    file.startsWith("src/") && RANKS[folder(file) ?? ""] === undefined
  );
  assert.deepEqual(unknown, []);
});

Deno.test("nothing imports in a circle", () => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `circle: ${[...path, file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const { to, typeOnly } of edges.get(file) ?? []) {
      if (!typeOnly) visit(to, [...path, file]);
    }
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
});

Deno.test("no command waits for a package but the parser's: zod and the schemas took a third of the start", async () => {
  const loaded = new Set(["main.ts"]);
  for (const file of loaded) {
    for (const { to, typeOnly, lazy } of edges.get(file) ?? []) {
      if (!typeOnly && !lazy) loaded.add(to);
    }
  }
  assert.ok(loaded.has("src/cli/commands/upkeep/notify.ts"));
  const packages = new Set<string>();
  for (const file of loaded) {
    const text = await Deno.readTextFile(`${PROJECT_ROOT}/${file}`);
    for (const [, name = ""] of text.matchAll(/\bfrom "([^."][^"]*)"/g)) packages.add(name);
  }
  assert.deepEqual([...packages].sort(), ["commander", "node:path"]);
});

Deno.test("no folder is a drawer for odds and ends", () => {
  const drawers = [...edges.keys()].filter((file) =>
    /\b(utils?|helpers?|common|misc)\b/.test(file)
  );
  assert.deepEqual(drawers, []);
});

Deno.test("the demo is a script, not a second cluster", async () => {
  let lines = 0;
  for (const file of [...edges.keys()].filter((file) => file.startsWith("src/demo/"))) {
    lines += (await Deno.readTextFile(`${PROJECT_ROOT}/${file}`)).split("\n").length - 1;
  }
  assert.ok(lines > 0);
  assert.ok(lines <= 1_000, `${lines} lines`);
});

Deno.test("plurals are made in one place", () => {
  const byHand = [...edges.keys()].filter((file) =>
    file !== "src/errors/safe_text.ts" &&
    /=== 1\s*\?\s*(?:"[\w ]*"\s*:\s*"[\w ]+"|"1 )/.test(
      Deno.readTextFileSync(`${PROJECT_ROOT}/${file}`),
    )
  );
  assert.deepEqual(byHand, []);
});

Deno.test("the program imports every module of src/", async () => {
  const orphans = (await sources("src")).filter((file) => !edges.has(file));
  assert.deepEqual(orphans, []);
});

Deno.test("a value is exported for another file", async () => {
  const files = ["main.ts", ...await sources("src", "tests", "tasks")];
  const texts = new Map(
    await Promise.all(
      files.map(async (file) =>
        [file, await Deno.readTextFile(`${PROJECT_ROOT}/${file}`)] as const
      ),
    ),
  );
  /** The words of all files that import a file. */
  const words = new Map<string, Set<string>>();
  for (const [file, text] of texts) {
    const own = new Set(text.match(/[\w$]+/g));
    for (const [, to = ""] of text.matchAll(/(?:\bfrom |\bimport\(\s*)"(\.[^"]*)"/g)) {
      const target = join(file, "..", to);
      words.set(target, (words.get(target) ?? new Set()).union(own));
    }
  }
  const exported = /^export (?:async )?(?:const|let|class|function\*?) ([\w$]+)/gm;
  const unused = [...texts].filter(([file]) => file.startsWith("src/")).flatMap(([file, text]) =>
    [...text.matchAll(exported)].filter(([, name = ""]) => !words.get(file)?.has(name))
      .map(([, name]) => `${name} of ${file}`)
  );
  assert.deepEqual(unused, []);
});

function folder(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1];
}

function subFolder(file: string): string | undefined {
  return /^src\/[^/]+\/([^/]+)\//.exec(file)?.[1];
}

function rank(name: string): number {
  return RANKS[name] ?? Number.MAX_SAFE_INTEGER;
}

interface Edge {
  readonly to: string;
  readonly typeOnly: boolean;
  /** `import("…")`. */
  readonly lazy: boolean;
}

type Edges = Map<string, Edge[]>;

async function importGraph(): Promise<Edges> {
  const found: Edges = new Map();
  for (const module of await graph(`${PROJECT_ROOT}/main.ts`)) {
    const from = relative(module.specifier);
    if (from === undefined || !/\.tsx?$/.test(from)) continue;
    found.set(
      from,
      (module.dependencies ?? []).flatMap((dependency) => {
        const to = relative(dependency.code?.specifier ?? dependency.type?.specifier ?? "");
        if (to === undefined || !/\.tsx?$/.test(to)) return [];
        const { code, isDynamic: lazy = false } = dependency;
        return [{ to, typeOnly: code === undefined, lazy }];
      }),
    );
  }
  return found;
}

async function graph(root: string): Promise<readonly GraphModule[]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-remote", "--config", `${PROJECT_ROOT}/deno.json`, root],
    cwd: PROJECT_ROOT,
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return (JSON.parse(new TextDecoder().decode(stdout)) as { modules: GraphModule[] }).modules;
}

/** The files of folders, relative to the project. */
async function sources(...folders: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    for await (const { name, isDirectory } of Deno.readDir(`${PROJECT_ROOT}/${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory) files.push(...await sources(path));
      else if (/\.tsx?$/.test(name)) files.push(path);
    }
  }
  return files;
}

function relative(specifier: string): string | undefined {
  const prefix = `file://${PROJECT_ROOT}/`;
  return specifier.startsWith(prefix) ? specifier.slice(prefix.length) : undefined;
}
