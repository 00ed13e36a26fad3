/**
 * The way to each view, key by key.
 *
 * @module
 */

import type { Mode } from "../../src/tui/keys/key_map.ts";

/** Keys from the lists to where they speak to a mode; by names as in `src/tui/keys/key_names.ts`. */
export const ROUTES: Readonly<Record<Mode, readonly string[]>> = {
  lists: ["z", "/", "e", "enter"],
  details: ["enter"],
  log: ["2", "l"],
  yaml: ["y"],
  requests: ["R"],
  gitops: ["p", ..."gitops", "enter"],
  run: ["p", ..."provision hosts", "enter", "y"],
  help: ["?"],
  palette: ["p"],
  filter: ["/"],
  choice: ["2", "/", ..."web deploy", "enter", "x"],
  forwards: ["f"],
  number: ["2", "p", ..."scale", "enter"],
  confirm: ["1", "p", ..."cordon", "enter"],
};
