/**
 * Settings of the inventory as text.
 *
 * @module
 */

import type { Setting } from "../../actions/config/list_settings.ts";
import { renderPlace } from "../../errors/render_error.ts";
import { VaultValue } from "../../yaml/yaml_value.ts";
import type { Column } from "./table.ts";

/** Columns of `config list`. */
export function settingColumns({ origin }: { readonly origin: boolean }): Column<Setting>[] {
  return [
    { header: "SCOPE", cell: (setting) => setting.scope },
    { header: "KEY", cell: (setting) => setting.key },
    { header: "VALUE", cell: (setting) => settingText(setting.value) },
    { header: "ORIGIN", wide: !origin, cell: (setting) => renderPlace(setting.origin) },
  ];
}

/** A value on one line: text as it is, everything else as JSON. */
export function settingText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof VaultValue) return value.toJSON();
  return JSON.stringify(value);
}
