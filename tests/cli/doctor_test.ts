/** Golden tests of `doctor`. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { withDirectory } from "../ansible/fake_system.ts";
import { FakeRunner } from "../process/fake_runner.ts";
import { ansibleMachine, INVENTORY, writeInventory } from "./ansible_machine.ts";
import { PROJECT_ROOT, runCommand } from "./fake_context.ts";

const SOCKET = { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent" };

/** Lines without what differs from machine to machine. */
function steady(text: string, directory: string): string {
  return text.replaceAll(directory, "HOME").replaceAll(/assets\/[0-9a-f]{32}/g, "assets/HASH");
}

Deno.test("nothing installed: each thing with what to do, exit code 1", async () => {
  await withDirectory(async (directory) => {
    const result = await runCommand(["doctor"], { directory, env: SOCKET });
    assert.equal(result.code, 1);
    assert.equal(
      steady(result.stdout, directory),
      `✓ ok    playbooks         complete, in HOME/.cache/k3s-tool/assets/HASH
✗ fail  ssh               not installed
                          → Install it. On Debian and Ubuntu: sudo apt install openssh-client
✗ fail  python            not installed
                          → Install Python 3.11 to 3.13. On Debian and Ubuntu: sudo apt install python3 python3-venv
✗ fail  ansible-core      not installed
                          → Install a private copy with: k3s-tool doctor --fix
✓ ok    state             no runs yet
✗ fail  tailscale         Tailscale is not installed on this machine
                          → Install it from https://tailscale.com/download, then log in with: sudo tailscale up
! warn  inventory         none in this directory or its parents
                          → Create one with: k3s-tool init; or specify one with -i FILE
`,
    );
    assert.equal(result.stderr, "4 things fail, 1 warning: see the arrows.\n");
  });
});

Deno.test("files with credentials that others can read are named, and no other file is", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const set = (key: string, value: string, ...more: string[]) =>
      runCommand(["config", "set", key, value, ...more], { directory });
    await set("datastore_endpoint_file", "~/database");
    await set("datastore_ca_file", "~/ca");
    await set("notifications", JSON.stringify({ url_file: "notify me" }), "--type", "json");
    const auth = { username: "me", password_file: "private" };
    const configs = { "ghcr.io": { auth, tls: { key_file: "/etc/hosts" } } };
    await set("registries", JSON.stringify({ configs }), "--type", "json");
    await set("gitops_token_file", "~/missing");
    const notify = join(dirname(file), "notify me");
    for (const path of [join(directory, "database"), join(directory, "ca"), notify]) {
      await Deno.writeTextFile(path, "x", { mode: 0o644 });
    }
    await Deno.writeTextFile(join(dirname(file), "private"), "x", { mode: 0o600 });
    const { runner } = ansibleMachine({ peers: ["nuc"] });
    const result = await runCommand(["doctor", "-o", "json"], { directory, runner });
    const { items } = DOCUMENTS.DoctorReport.parse(JSON.parse(result.stdout));
    assert.deepEqual(
      items.flatMap(({ name, message, hint }) => name === "credentials" ? [[message, hint]] : [])
        .sort(),
      [
        [`others can read ${directory}/database`, `Fix it with: chmod 600 ${directory}/database`],
        [`others can read ${notify}`, `Fix it with: chmod 600 '${notify}'`],
      ],
    );
  });
});

Deno.test("with an inventory each host is looked up in the tailnet", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine({ peers: ["nuc"] });
    const result = await runCommand(["doctor", "-o", "json"], { directory, runner });
    assert.equal(result.code, 1);
    const document = DOCUMENTS.DoctorReport.parse(JSON.parse(result.stdout));
    assert.deepEqual(
      document.items.filter((item) => item.host !== undefined),
      [
        { name: "tailnet", host: "nuc", status: "ok", message: "100.64.0.1, online" },
        {
          name: "tailnet",
          host: "pi",
          status: "fail",
          message: "offline, last seen 2026-11-20 08:00 UTC",
          hint: "Switch it on. On that machine, check: tailscale status",
        },
      ],
    );
  });
});

Deno.test("a host that has another address than the inventory says: the command that corrects it", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory, INVENTORY.replaceAll("100.64.0.2", "100.64.0.7"));
    const { runner } = ansibleMachine();
    const { stdout } = await runCommand(["doctor"], { directory, runner });
    assert.match(stdout, /✗ fail {2}pi: tailnet +no machine has the address 100\.64\.0\.7; pi has/);
    assert.match(stdout, /config set tailscale_ip 100\.64\.0\.2 --scope pi/);
  });
});

Deno.test("an invalid inventory is reported with its first place", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory, "all: [\n");
    const { runner } = ansibleMachine();
    const { code, stdout } = await runCommand(["doctor"], { directory, runner });
    assert.equal(code, 1);
    assert.match(stdout, /✗ fail {2}inventory +inventory\/hosts\.yml:\d+/);
  });
});

Deno.test("--hosts logs in to each host: what is wrong there has a cause by name", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine();
    runner.on(/^ssh .* 100\.64\.0\.1 /, {
      stdout: "Welcome!\nmtu.tailscale0=1280\nmtu.flannel.1=1450\nsudo=no\npython=yes\n" +
        "unit.k3s=active\nend=yes\n",
    }).on(/^ssh .* 100\.64\.0\.2 /, {
      code: 255,
      stderr: "lab@100.64.0.2: Permission denied (publickey).\r\n",
    });
    const { stdout, code } = await runCommand(["doctor", "--hosts"], { directory, runner });
    assert.equal(code, 1);
    assert.match(stdout, /! warn {2}nuc: sudo +sudo asks for a password/);
    assert.match(
      stdout,
      /✗ fail {2}nuc: network +MTU too large for the tailnet \(tailscale0 1280,/,
    );
    assert.match(stdout, /✗ fail {2}pi: ssh +lab@100\.64\.0\.2: Permission denied/);
    assert.match(stdout, /→ pi rejected the login/);
  });
});

Deno.test("--gpu looks at cards over ssh and at what the cluster says", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine();
    const said = (seen: number, id: string) => {
      const problem = { id, message: "no NVIDIA driver is installed", hint: "Install it." };
      const facts = { seen, cards: 0, description: "", problem, runtime: null, found_by_k3s: null };
      return `k3s-tool-gpu=${JSON.stringify(facts)}\nend=yes\n`;
    };
    runner.on(/^ssh .* 100\.64\.0\.1 /, { stdout: said(1, "no_driver") })
      .on(/^ssh .* 100\.64\.0\.2 /, { stdout: said(0, "no_card") });
    const { stdout, code } = await runCommand(["doctor", "--gpu"], { directory, runner });
    assert.equal(code, 1);
    assert.match(stdout, /! warn {2}gpu +the cluster cannot be read: /);
    assert.match(
      stdout,
      /✓ ok {4}nuc: card +1 NVIDIA card\n✗ fail {2}nuc: driver +no NVIDIA driver is installed/,
    );
    assert.doesNotMatch(stdout, /pi: (?:card|driver)/);
  });
});

Deno.test("--fix installs ansible-core below the cache and closes the state to others", async () => {
  await withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/.local/state/k3s-tool`, { recursive: true, mode: 0o755 });
    await Deno.chmod(`${directory}/.local/state/k3s-tool`, 0o755);
    const runner = new FakeRunner()
      .on("python3 -I", { stdout: "3.11 1\n" })
      .on("python3 -m venv", async ({ argv }) => {
        await Deno.mkdir(`${argv.at(-1)}/bin`, { recursive: true });
        return {};
      })
      .on(/-m pip install --require-hashes/)
      .on(/bin\/ansible-playbook --version$/, async ({ argv }) => {
        const bin = (argv[0] ?? "").replace(/\/python3$/, "");
        const there = await Deno.stat(bin).then(() => true, () => false);
        return there ? { stdout: "ansible-playbook [core 2.19.14]" } : { code: 127 };
      });
    const { stdout } = await runCommand(["doctor", "--fix"], { directory, runner, env: SOCKET });
    assert.match(stdout, /✓ ok {4}ansible-core +2\.19\.14, private, installed now/);
    assert.match(stdout, /✓ ok {4}state +\S+, now private/);
    const { mode } = await Deno.stat(`${directory}/.local/state/k3s-tool`);
    assert.equal((mode ?? 0) & 0o777, 0o700);
  });
});

Deno.test("a cache that cannot be written fails its checks, and the others are still done", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/.cache`, "");
    const runner = new FakeRunner().on("ssh -V", { stderr: "OpenSSH_9.2\n" })
      .on("python3 -I", { stdout: "3.11 1\n" });
    for (const argv of [["doctor"], ["doctor", "--fix"]]) {
      const result = await runCommand(argv, { directory, runner, env: SOCKET });
      assert.equal(result.code, 1);
      assert.match(
        result.stdout,
        /✗ fail {2}playbooks +The playbooks cannot be written to .*: a file is where a directory is/,
      );
      assert.match(result.stdout, /→ Move the file that is in the place of .*XDG_CACHE_HOME/);
      assert.match(result.stdout, /✗ fail {2}ansible-core/);
      assert.match(result.stdout, /! warn {2}inventory/);
      assert.doesNotMatch(result.stdout + result.stderr, /Free space|This is a bug/);
    }
  });
});

Deno.test("where a cluster is deployed from Git its programs are looked for", async () => {
  await withDirectory(async (directory) => {
    const tools = async (text: string, prepare: (runner: FakeRunner) => void) => {
      await writeInventory(directory, text);
      const { runner } = ansibleMachine({ peers: ["nuc"] });
      prepare(runner);
      const { stdout } = await runCommand(["doctor", "-o", "json"], { directory, runner });
      return DOCUMENTS.DoctorReport.parse(JSON.parse(stdout)).items
        .filter(({ name }) => ["git", "sops", "kustomize"].includes(name))
        .map(({ name, status, message }) => `${name} ${status} ${message}`);
    };
    const fromGit = INVENTORY.replace("vars:", "vars:\n    git_repo_url: https://x.example/r.git");
    assert.notEqual(fromGit, INVENTORY);
    assert.deepEqual(await tools(INVENTORY, () => {}), []);
    assert.deepEqual(await tools(fromGit, () => {}), [
      "git warn not installed; you cannot push changes from this machine",
      "sops warn not installed; you cannot encrypt secrets on this machine " +
      "(gitops new-app --secret)",
      "kustomize warn neither kustomize nor kubectl is installed; gitops validate cannot build overlays",
    ]);
    const all = await tools(
      fromGit,
      (runner) =>
        runner.on("git --version", { stdout: "git version 2.47.2\n" })
          .on("sops --disable-version-check", { stdout: "sops 3.11.0\n" })
          .on("kubectl kustomize"),
    );
    assert.deepEqual(all, [
      "git ok git version 2.47.2",
      "sops ok sops 3.11.0",
      "kustomize ok runs as kubectl kustomize",
    ]);
  });
});

Deno.test("every check that there is a function for is made", () => {
  const folder = `${PROJECT_ROOT}/src/actions/doctor`;
  const code = [...Deno.readDirSync(folder)]
    .map(({ name }) => Deno.readTextFileSync(`${folder}/${name}`)).join("\n");
  const functions = [...code.matchAll(/^export (?:async )?function\*? (\w+)/gm)]
    .map(([, name = ""]) => name).filter((name) => name !== "doctor");
  assert.ok(functions.length > 20);
  const unused = functions.filter((name) =>
    !new RegExp(`(?<!function\\*? )\\b${name}\\(`).test(code)
  );
  assert.deepEqual(unused, []);
});
