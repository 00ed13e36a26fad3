import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { sha256 } from "../../src/process/digest.ts";
import { withDirectoryLock } from "../../src/process/lock.ts";
import { machineClock } from "../../src/process/system.ts";
import { type CommandResult, runCommand } from "../cli/fake_context.ts";

const VERSION = "v1.36.3+k3s1";
const FLUX = "v2.9.5";
const K3S = `/k3s/${encodeURIComponent(VERSION)}`;
const LIST = "flux_2.9.5_checksums.txt";

/** What a mirror has, by path. */
type Site = Record<string, string | ((request: Request) => Response)>;

/** A release as it is published, for both architectures; `extra` replaces parts of it. */
async function release(extra: Site = {}): Promise<Site> {
  const files = {
    k3s: "binary of amd64",
    "k3s-arm64": "binary of arm64",
    "k3s-airgap-images-amd64.tar.zst": "images of amd64".repeat(1000),
    "k3s-airgap-images-arm64.tar.gz": "images of arm64",
  };
  const line = async (name: keyof typeof files) => `${await sha256(files[name])}  ${name}\n`;
  const flux = `/flux/${FLUX}`;
  const manifest = "kind: Namespace\n";
  return {
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`${K3S}/${name}`, text])),
    [`${K3S}/sha256sum-amd64.txt`]: await line("k3s-airgap-images-amd64.tar.zst") +
      await line("k3s"),
    [`${K3S}/sha256sum-arm64.txt`]: await line("k3s-airgap-images-arm64.tar.gz") +
      await line("k3s-arm64"),
    [`${flux}/install.yaml`]: manifest,
    [`${flux}/${LIST}`]: `${await sha256(manifest)}  install.yaml\n`,
    [`${flux}/${LIST}.sig`]: "signature",
    ...extra,
  };
}

/** A person beside an inventory whose mirrors are this site. */
interface Home {
  readonly directory: string;
  /** Every request: `GET /path`. */
  readonly asked: string[];
  readonly site: Site;
  run(line: string, more?: { readonly signal?: AbortSignal }): Promise<CommandResult>;
}

async function withSite(site: Site, use: (home: Home) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  const asked: string[] = [];
  const listen = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(listen, (request) => {
    // As the client wrote it: encoded.
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname}`);
    const found = site[pathname];
    if (found === undefined) return new Response("none", { status: 404 });
    if (typeof found === "function") return found(request);
    return new Response(request.method === "HEAD" ? null : found, {
      headers: { "content-length": String(found.length) },
    });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  try {
    await Deno.writeTextFile(
      `${directory}/hosts.yml`,
      `all:
  vars:
    k3s_version: ${VERSION}
    git_repo_url: https://git.example.com/me/apps.git
    gitops_flux_version: ${FLUX}
    k3s_binary_mirror_url: ${url}/k3s
    gitops_flux_manifest_url: ${url}/flux/${FLUX}/install.yaml
  children:
    control_plane:
      hosts:
        nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}
    workers:
      hosts:
        pi: {ansible_host: 100.64.0.2, tailscale_ip: 100.64.0.2}
`,
    );
    let now = 0;
    await use({
      directory,
      asked,
      site,
      run: (line, more = {}) =>
        runCommand(["artifacts", "download", ...line.split(" ").filter((word) => word !== "")], {
          directory,
          context: {
            clock: { now: () => now += 3_000, sleep: (ms) => Promise.resolve(void (now += ms)) },
          },
          ...more,
        }),
    });
  } finally {
    await server.shutdown();
    await Deno.remove(directory, { recursive: true });
  }
}

/** Every file below a directory with its text; hidden ones too. */
async function filesIn(directory: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  try {
    for await (const { name, isDirectory } of Deno.readDir(`${directory}/${below}`)) {
      const path = below === "" ? name : `${below}/${name}`;
      if (isDirectory) Object.assign(found, await filesIn(directory, path));
      else found[path] = await Deno.readTextFile(`${directory}/${path}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

const lookedAt = async (directory: string, machines: Readonly<Record<string, string>>) => {
  const place = `${directory}/.local/state/k3s-tool/machines`;
  await Deno.mkdir(place, { recursive: true });
  for (const [address, architecture] of Object.entries(machines)) {
    const machine = { seenAt: "1970-01-01T00:00:00Z", facts: { architecture } };
    await Deno.writeTextFile(`${place}/${address}.json`, JSON.stringify(machine));
  }
};

Deno.test("all that the inventory's machines need is downloaded, and a second run downloads nothing", async () => {
  await withSite(await release(), async ({ directory, asked, run }) => {
    await lookedAt(directory, { "100.64.0.1": "x86_64", "100.64.0.2": "aarch64" });
    const { code, stdout, stderr } = await run("--dir out -o json");
    assert.equal(code, 0, stderr);
    const { items, architectures } = DOCUMENTS.ArtifactList.parse(JSON.parse(stdout));
    assert.deepEqual(architectures, ["amd64", "arm64"]);
    assert.ok(items.every(({ state }) => state === "downloaded"), stdout);
    assert.match(stderr, /5 files to download into .*: 15Ki\./);
    const there = await filesIn(`${directory}/out`);
    assert.deepEqual(Object.keys(there).sort(), [
      `flux/${FLUX}/${LIST}`,
      `flux/${FLUX}/${LIST}.sig`,
      `flux/${FLUX}/install.yaml`,
      `${VERSION}/k3s`,
      `${VERSION}/k3s-airgap-images-amd64.tar.zst`,
      `${VERSION}/k3s-airgap-images-arm64.tar.gz`,
      `${VERSION}/k3s-arm64`,
      `${VERSION}/sha256sum-amd64.txt`,
      `${VERSION}/sha256sum-arm64.txt`,
    ]);
    assert.equal(there[`${VERSION}/k3s-arm64`], "binary of arm64");
    const before = asked.length;
    assert.match(stderr, /To provision from it: k3s-tool config set artifact_dir \/.*\/out\n/);
    const setting = ["config", "set", "artifact_dir", "out"];
    assert.equal((await runCommand(setting, { directory })).code, 0);
    const again = await run("");
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /^All files are in \S+\/out\.\n$/);
    assert.deepEqual(
      asked.slice(before).filter((request) => !/sha256sum|checksums/.test(request)),
      [],
    );
  });
});

Deno.test("only the file that is missing or damaged is downloaded again", async () => {
  await withSite(await release(), async ({ directory, asked, run }) => {
    await run("--dir out --arch amd64");
    await Deno.writeTextFile(`${directory}/out/${VERSION}/k3s`, "damaged");
    await Deno.remove(`${directory}/out/flux/${FLUX}/install.yaml`);
    const before = asked.length;
    const { code, stderr } = await run("--dir out --arch amd64");
    assert.equal(code, 0, stderr);
    const got = asked.slice(before).filter((request) => /GET .*(?:k3s|zst|yaml)$/.test(request));
    assert.deepEqual(got, [`GET ${K3S}/k3s`, `GET /flux/${FLUX}/install.yaml`]);
    assert.equal(await Deno.readTextFile(`${directory}/out/${VERSION}/k3s`), "binary of amd64");
  });
});

Deno.test("--check says what and how large, and writes nothing", async () => {
  await withSite(await release(), async ({ directory, run }) => {
    const { code, stdout, stderr } = await run("--dir out --arch amd64 --check");
    assert.equal(code, 0, stderr);
    const rows = stdout.trim().split("\n").map((line) => line.split(/ {2,}/));
    assert.deepEqual(rows, [
      ["FILE", "SIZE", "STATE"],
      [`${VERSION}/k3s`, "15B", "missing"],
      [`${VERSION}/k3s-airgap-images-amd64.tar.zst`, "15Ki", "missing"],
      [`flux/${FLUX}/install.yaml`, "16B", "missing"],
    ]);
    assert.deepEqual(await filesIn(`${directory}/out`), {});
  });
});

Deno.test("a file that is not the published one, is cut off or too long leaves nothing of itself", async () => {
  const cut = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("binary"));
          controller.close();
        },
      }),
      { headers: { "content-length": "15" } },
    );
  const path = `${K3S}/k3s`;
  const bad: readonly (readonly [Site[string], number, RegExp])[] = [
    ["other bytes", 1, /k3s from http\S+ is not the published file: its checksum differs/],
    ["", 1, /not the published file/],
    [(request) => request.method === "HEAD" ? new Response(null) : cut(), 4, /was not downloaded/],
    [
      () => new Response(null, { headers: { "content-length": String(2 ** 40) } }),
      4,
      /answer is too long/,
    ],
    [() => new Response("no", { status: 500 }), 4, /HTTP status 500/],
    [() => new Response("no", { status: 404 }), 3, /HTTP status 404/],
    [
      () => new Response(null, { status: 302, headers: { location: path } }),
      4,
      /redirects more than 5 times/,
    ],
    [
      () => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } }),
      4,
      /redirects to no http or https address/,
    ],
  ];
  for (const [answer, exit, words] of bad) {
    await withSite(await release({ [path]: answer }), async ({ directory, run }) => {
      const { code, stderr } = await run("--dir out --arch amd64");
      assert.equal(code, exit, stderr);
      assert.match(stderr, words);
      const there = Object.keys(await filesIn(`${directory}/out`));
      // Without its checksums, which come last, nothing provisions from it.
      assert.deepEqual(there, []);
    });
  }
});

Deno.test("a server that fails for a moment is asked again", async () => {
  let left = 2;
  const site = await release({
    [`${K3S}/k3s`]: (request) =>
      request.method === "HEAD" || left-- <= 0
        ? new Response(request.method === "HEAD" ? null : "binary of amd64")
        : new Response("busy", { status: 503 }),
  });
  await withSite(site, async ({ directory, run }) => {
    const { code, stderr } = await run("--dir out --arch amd64");
    assert.equal(code, 0, stderr);
    assert.equal(stderr.match(/trying again/g)?.length, 2);
    assert.equal(await Deno.readTextFile(`${directory}/out/${VERSION}/k3s`), "binary of amd64");
  });
});

Deno.test("a mirror that refuses HEAD is taken: the size is not known before", async () => {
  for (const status of [403, 405, 501]) {
    const site = await release({
      [`${K3S}/k3s`]: (request) =>
        request.method === "HEAD"
          ? new Response(null, { status })
          : new Response("binary of amd64"),
    });
    await withSite(site, async ({ directory, run }) => {
      const { code, stderr } = await run("--dir out --arch amd64");
      assert.equal(code, 0, stderr);
      assert.equal(await Deno.readTextFile(`${directory}/out/${VERSION}/k3s`), "binary of amd64");
    });
  }
});

Deno.test("checksums that are missing, too long or without the file, and names of other places, write nothing", async () => {
  const list = `${K3S}/sha256sum-amd64.txt`;
  const sum = "0".repeat(64);
  const bad: readonly (readonly [Site[string], number, RegExp])[] = [
    [() => new Response("no", { status: 404 }), 3, /There are no checksums of k3s v1\.36\.3/],
    ["x".repeat(2 << 20), 4, /answer is too long/],
    ["<html>captive portal</html>", 3, /does not list k3s/],
    [`${sum}  ../../k3s\n${sum}  /etc/k3s\n`, 3, /does not list k3s/],
    [`${sum}  k3s\n`, 3, /does not list k3s-airgap-images-amd64\.tar/],
  ];
  for (const [answer, exit, words] of bad) {
    await withSite(await release({ [list]: answer }), async ({ directory, run }) => {
      const { code, stderr } = await run("--dir out --arch amd64");
      assert.equal(code, exit, stderr);
      assert.match(stderr, words);
      assert.deepEqual(await filesIn(`${directory}/out`), {});
    });
  }
});

Deno.test("what cannot be known is asked for by its flag", async () => {
  await withSite(await release(), async ({ directory, run }) => {
    await lookedAt(directory, { "100.64.0.1": "x86_64" });
    for (
      const [line, words] of [
        ["--dir out", /architecture of pi is unknown[^]*--arch amd64,arm64/],
        ["--arch amd64", /--dir nor artifact_dir/],
        ["--dir out --arch riscv64", /not released for riscv64[^]*amd64, arm64, arm/],
        ["--dir out --arch amd64 --k3s-version ../../x", /is not a k3s release/],
      ] as const
    ) {
      const { code, stderr } = await run(line);
      assert.equal(code, 2, stderr);
      assert.match(stderr, words);
    }
    await Deno.remove(`${directory}/hosts.yml`);
    const { code, stderr } = await run("--dir out --arch amd64");
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--k3s-version/);
  });
});

Deno.test("a mirror that cannot be reached is said so, without its password", async () => {
  await withSite(await release(), async ({ directory, run }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const mirror = `http://me:hunter2@127.0.0.1:${port}/k3s`;
    const set = ["config", "set", "k3s_binary_mirror_url", mirror];
    await runCommand(set, { directory });
    const { code, stderr } = await run("--dir out --arch amd64");
    assert.equal(code, 4, stderr);
    assert.match(stderr, /me:\*+@127[^]*Connection refused[^]*Is this machine online/);
    assert.doesNotMatch(stderr, /hunter2/);
  });
});

Deno.test("a cluster that follows no repository needs no Flux", async () => {
  await withSite(await release(), async ({ directory, asked, run }) => {
    const unset = ["config", "unset", "git_repo_url"];
    assert.equal((await runCommand(unset, { directory })).code, 0);
    const { code, stdout, stderr } = await run("--dir out --arch amd64 -o json");
    assert.equal(code, 0, stderr);
    const { flux, items } = DOCUMENTS.ArtifactList.parse(JSON.parse(stdout));
    assert.equal(flux, null);
    assert.equal(items.length, 2);
    assert.deepEqual(asked.filter((request) => request.includes("flux")), []);
  });
});

Deno.test("provision without Flux in artifact_dir is refused before a host is asked", async () => {
  await withSite(await release(), async ({ directory, run }) => {
    const set = ["config", "set", "artifact_dir", "out"];
    assert.equal((await runCommand(set, { directory })).code, 0);
    const refused = await runCommand(["provision", "--yes"], { directory });
    assert.equal(refused.code, 3);
    assert.match(
      refused.stderr,
      /Flux v2\.9\.5 is not complete in artifact_dir[^]*artifacts download\n/,
    );
    // What comes next is another matter: this machine has no Tailscale.
    const other = /tailscale/i;
    const skipped = await runCommand(["provision", "--yes", "--skip-tags", "gitops"], {
      directory,
    });
    assert.match(skipped.stderr, other);
    await run("--arch amd64");
    const lists = `${directory}/out/flux/v2.9.5/flux_2.9.5_checksums.txt`;
    await Deno.rename(lists, `${lists}.aside`);
    const half = await runCommand(["provision", "--yes"], { directory });
    assert.deepEqual([half.code, /checksums\.txt/.test(half.stderr)], [3, true], half.stderr);
    await Deno.rename(`${lists}.aside`, lists);
    const done = await runCommand(["provision", "--yes"], { directory });
    assert.doesNotMatch(done.stderr, /artifact_dir/);
    assert.match(done.stderr, other);
  });
});

Deno.test("a directory that another run writes to is named, and left as it is", async () => {
  await withSite(await release(), async ({ directory, run }) => {
    const held = `${directory}/out/${VERSION}`;
    await Deno.mkdir(held, { recursive: true });
    const { code, stderr } = await withDirectoryLock(
      held,
      { clock: machineClock },
      () => run("--dir out --arch amd64"),
    );
    assert.equal(code, 1);
    assert.match(stderr, /has been writing to this directory for 10 seconds/);
    assert.match(stderr, new RegExp(`out/${VERSION.replaceAll("+", "\\+")}`));
    assert.deepEqual(await filesIn(`${directory}/out`), {});
  });
});

Deno.test("Ctrl-C leaves what was finished and no half file", async () => {
  const end = new AbortController();
  const images = `${K3S}/k3s-airgap-images-amd64.tar.zst`;
  const site = await release({
    [images]: (request) => {
      if (request.method === "HEAD") return new Response(null);
      const chunk = new TextEncoder().encode("images");
      return new Response(
        new ReadableStream({
          pull(controller) {
            controller.enqueue(chunk);
            queueMicrotask(() => end.abort());
            return new Promise<void>(() => {}); // the rest never comes
          },
        }),
      );
    },
  });
  await withSite(site, async ({ directory, run }) => {
    const { code } = await run("--dir out --arch amd64", { signal: end.signal });
    assert.equal(code, 130);
    assert.deepEqual(Object.keys(await filesIn(`${directory}/out`)), [`${VERSION}/k3s`]);
  });
});
