/**
 * Inventories as people write them: every layout YAML allows, comments anywhere, odd indentation.
 *
 * @module
 */

import fc from "fast-check";

/** A generated inventory and what is in it. */
export interface GeneratedInventory {
  readonly text: string;
  readonly servers: readonly string[];
  readonly workers: readonly string[];
}

/** How one host is written. */
interface HostLayout {
  readonly flow: boolean;
  readonly multiLine: boolean;
  readonly comment: string | undefined;
  readonly trailing: string | undefined;
  readonly gap: boolean;
  readonly extra: readonly (readonly [string, string])[];
}

/** Comments with whatever people put into them, `: `, quotes, braces and other scripts included. */
const comment = fc.constantFrom(
  "the small one",
  "größer: Büro, 2. Stock",
  "don't touch {this} [or that]",
  "家のサーバー",
  'see "wiki": https://example.com/#rack',
  "- not: a list",
  "🖥 desk",
  "",
);

/** Variables the tool does not know, in all styles of scalars. */
const extra = fc.constantFrom<readonly [string, string]>(
  ["rack", "'7'"],
  ["note", '"a # b"'],
  ["ünïcode", "plain text with spaces"],
  ["when", "2024-01-01"],
  ["octal", "0o17"],
  ["answer", "yes"],
  ["url", "http://example.com:80/x?y=z"],
  ["empty", "''"],
  ["list", "[1, two, '3']"],
  ["nested", "{a: {b: c}}"],
  ["template", "'{{ other }}'"],
);

const hostLayout: fc.Arbitrary<HostLayout> = fc.record({
  flow: fc.boolean(),
  multiLine: fc.boolean(),
  comment: fc.option(comment, { nil: undefined }),
  trailing: fc.option(comment, { nil: undefined }),
  gap: fc.boolean(),
  extra: fc.uniqueArray(extra, { maxLength: 3, selector: ([name]) => name }),
});

const layout = fc.record({
  step: fc.constantFrom(1, 2, 3, 4),
  eol: fc.constantFrom("\n", "\r\n"),
  mark: fc.constantFrom("", "---\n", "\ufeff", "# top\n\n", "%YAML 1.1\n---\n"),
  finalBreak: fc.boolean(),
  varsFirst: fc.boolean(),
  flowVars: fc.boolean(),
  emptyHosts: fc.constantFrom("", " {}", " ~", " null", " # none yet"),
  tail: fc.constantFrom("", "# the end", "\n# the end\n"),
  anchored: fc.boolean(),
  servers: fc.array(hostLayout, { minLength: 1, maxLength: 3 }),
  workers: fc.array(hostLayout, { maxLength: 4 }),
});

/** Any inventory that is valid. */
export const inventories: fc.Arbitrary<GeneratedInventory> = layout.map((each) => {
  const indent = (depth: number) => " ".repeat(each.step * depth);
  const servers = each.servers.map((_, at) => `server-${at}`);
  const workers = each.workers.map((_, at) => `worker.${at}`);
  const hosts = (layouts: readonly HostLayout[], names: readonly string[], net: number) =>
    layouts.flatMap((host, at) =>
      hostLines(host, { name: names[at]!, address: `100.64.${net}.${at + 1}`, indent })
    );
  const vars = each.flowVars
    ? [`${indent(1)}vars: {k3s_version: v1.36.3+k3s1, cluster_name: 'home',`, `${indent(3)}x: y}`]
    : [
      `${indent(1)}vars:   # for all`,
      `${indent(2)}k3s_version: v1.36.3+k3s1`,
      ...(each.anchored ? [`${indent(2)}shared: &shared {reserved_cpu: "1"}`] : []),
      `${indent(2)}text: |`,
      `${indent(3)}# not a comment`,
      `${indent(3)}hosts:`,
      `${indent(2)}cluster_name: "home"`,
    ];
  const children = [
    `${indent(1)}children:`,
    `${indent(2)}control_plane:`,
    `${indent(3)}hosts:`,
    ...hosts(each.servers, servers, 0),
    `${indent(2)}# between`,
    `${indent(2)}workers:`,
    each.workers.length === 0 ? `${indent(3)}hosts:${each.emptyHosts}` : `${indent(3)}hosts:`,
    ...hosts(each.workers, workers, 1),
    ...(each.anchored && !each.flowVars && each.varsFirst
      ? [`${indent(3)}vars:`, `${indent(4)}<<: *shared`]
      : []),
  ];
  const body = ["all:", ...(each.varsFirst ? [...vars, ...children] : [...children, ...vars])];
  const lines = `${each.mark}${body.join("\n")}\n${each.tail}`;
  const text = each.finalBreak ? lines : lines.replace(/\n+$/, "");
  return { text: text.replaceAll("\n", each.eol), servers, workers };
});

function hostLines(
  { flow, multiLine, comment, trailing, gap, extra }: HostLayout,
  { name, address, indent }: {
    readonly name: string;
    readonly address: string;
    readonly indent: (depth: number) => string;
  },
): string[] {
  const pairs = [["ansible_host", address], ["tailscale_ip", address], ...extra];
  const written = pairs.map(([key, value]) => `${key}: ${value}`);
  const end = trailing === undefined ? "" : ` # ${trailing}`;
  const above = [
    ...(gap ? [""] : []),
    ...(comment === undefined ? [] : [`${indent(4)}# ${comment}`]),
  ];
  if (!flow) {
    const lines = written.map((line) => `${indent(5)}${line}`);
    return [...above, `${indent(4)}${name}:${end}`, ...lines];
  }
  if (!multiLine) return [...above, `${indent(4)}${name}: {${written.join(", ")}}${end}`];
  const inner = written.map((line, at) =>
    `${indent(5)}${line}${at + 1 < written.length ? "," : ""}`
  );
  return [...above, `${indent(4)}${name}: {${end}`, ...inner, `${indent(4)} }`];
}
