/**
 * The keys of docs/tui.md, written from the table the program itself goes by.
 *
 * @module
 */

import { type Binding, KEY_MAP, keyLabel, type Mode } from "../src/tui/keys/key_map.ts";

/** Name of the part of docs/tui.md that holds them. */
export const KEYS_PART = "keys";

/** The screens that fill the terminal, in the order in which they are named. */
const VIEWS = ["lists", "details", "log", "yaml", "requests", "gitops", "run"] as const;

const NAMES: Readonly<Record<Mode, string>> = {
  lists: "lists",
  details: "details",
  log: "log",
  yaml: "YAML",
  requests: "requests",
  gitops: "GitOps",
  run: "run",
  help: "help",
  palette: "actions",
  confirm: "question",
  choice: "choice",
  forwards: "forwarded ports",
  number: "number",
  filter: "filter",
};

/** A row for each row of the table. */
export function keysTable(): string {
  return [
    "| Keys | Where | What |",
    "| --- | --- | --- |",
    ...KEY_MAP.map((binding) => {
      const keys = binding.keys.map((name) => `\`${keyLabel(name)}\``).join(" ");
      return `| ${keys} | ${whereOf(binding)} | ${binding.help} |`;
    }),
  ].join("\n");
}

function whereOf({ modes, panes }: Binding): string {
  if (Object.keys(NAMES).every((mode) => modes.includes(mode as Mode))) return "everywhere";
  const isEveryView = VIEWS.every((mode) => modes.includes(mode));
  const others = modes.filter((mode) => !isEveryView || !VIEWS.some((view) => view === mode));
  const names = others.map((mode) =>
    mode === "lists" && panes !== undefined ? `lists of ${panes.join(", ")}` : NAMES[mode]
  );
  return [...isEveryView ? ["every view"] : [], ...names].join(", ");
}
