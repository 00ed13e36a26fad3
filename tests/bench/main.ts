/**
 * `deno task bench NAME`: prints ratios against a peer measured in the same run.
 *
 * @module
 */

/** Benchmarks by name; each is loaded only when it is asked for. */
const BENCHMARKS: Readonly<Record<string, () => Promise<string>>> = {
  start: async () => (await import("./start.ts")).benchStart(),
  inventory: async () => (await import("./inventory.ts")).benchInventory(),
  provision: async () => (await import("./provision.ts")).benchProvision(rest),
  tui: async () => (await import("./tui.ts")).benchTui(rest),
};

const [name = "", ...rest] = Deno.args;
const benchmark = BENCHMARKS[name];
if (benchmark === undefined) {
  const names = Object.keys(BENCHMARKS).join("|");
  Deno.stderr.writeSync(new TextEncoder().encode(`Usage: deno task bench ${names}\n`));
  Deno.exitCode = 2;
} else {
  Deno.stdout.writeSync(new TextEncoder().encode(await benchmark()));
}
