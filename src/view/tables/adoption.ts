/**
 * Tables of k3s that is taken over: hosts, and what each setting becomes.
 *
 * @module
 */

import type { OptionValue } from "../../ansible/events/present.ts";
import type { AdoptedHost, TakenSetting } from "../../reports/adoption.ts";
import { NOTHING } from "../words/amounts.ts";
import { inTone, type Toned } from "../words/tone.ts";
import type { Column } from "./table.ts";

/** A host with what would differ there. */
export interface AdoptionRow extends AdoptedHost {
  /** Why k3s has to be restarted; empty where it need not be. */
  readonly restart: string;
  readonly differences: readonly {
    readonly option: string;
    readonly now: OptionValue;
    readonly then: OptionValue;
    readonly restart: boolean;
  }[];
}

/** What becomes of an option on a host. */
export interface AdoptionSetting {
  readonly host: string;
  readonly option: string;
  readonly now: string;
  readonly then: string;
  /** Where it fits: the setting that it becomes, `k3s_config.docker`. */
  readonly effect: "fits" | "restart" | "next start";
  readonly setting: string | null;
}

/** One row a host. */
export const ADOPTION_COLUMNS: readonly Column<AdoptionRow>[] = [
  { header: "HOST", cell: ({ name }) => name },
  { header: "ROLE", cell: ({ role }) => role },
  { header: "TAILSCALE-IP", cell: ({ address }) => address },
  { header: "VERSION", cell: ({ facts }) => facts.version ?? NOTHING },
  { header: "DATASTORE", cell: ({ facts }) => facts.datastore ?? NOTHING },
  { header: "K3S", cell: k3s },
];

function k3s({ restart }: AdoptionRow): Toned {
  return restart === "" ? inTone("good", "keeps running") : inTone("warn", `restarts: ${restart}`);
}

/** One row a setting. */
export const ADOPTION_SETTING_COLUMNS: readonly Column<AdoptionSetting>[] = [
  { header: "HOST", cell: ({ host }) => host },
  { header: "OPTION", cell: ({ option }) => option },
  { header: "NOW", cell: ({ now }) => now || NOTHING },
  { header: "THEN", cell: ({ then }) => then || NOTHING },
  {
    header: "EFFECT",
    cell: ({ effect, setting }) =>
      effect === "restart"
        ? inTone("warn", "k3s restarts")
        : effect === "next start"
        ? "when k3s starts next"
        : inTone("good", `fits, as ${setting}`),
  },
];

/** What becomes of options, by host. */
export function adoptionSettings(
  hosts: readonly AdoptionRow[],
  cluster: readonly TakenSetting[],
): readonly AdoptionSetting[] {
  return hosts.flatMap(({ name, facts, settings, differences }) => {
    const differs = new Set(differences.map(({ option }) => option));
    const taken = [...cluster, ...settings].filter(({ option }) =>
      Object.hasOwn(facts.options, option) && !differs.has(option)
    );
    return [
      ...taken.map(({ variable, member, option, value }): AdoptionSetting => {
        const text = variable === "node_labels"
          ? `${member}=${value}`
          : optionText(facts.options[option]!);
        const setting = member === undefined ? variable : `${variable}.${member}`;
        return { host: name, option, now: text, then: text, effect: "fits", setting };
      }),
      ...differences.map(({ option, now, then, restart }): AdoptionSetting => ({
        host: name,
        option,
        now: optionText(now),
        then: optionText(then),
        effect: restart ? "restart" : "next start",
        setting: null,
      })),
    ];
  });
}

function optionText(value: OptionValue): string {
  return [value].flat().join(", ");
}

/** A host as it stands in JSON documents. */
export function adoptionItem({ name, role, address, facts, host, restart }: AdoptionRow) {
  return {
    host: name,
    role,
    tailscaleIp: address,
    version: facts.version ?? null,
    datastore: facts.datastore ?? null,
    inInventory: host !== undefined,
    restart: restart || null,
  };
}
