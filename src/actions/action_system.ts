/**
 * What an action may use.
 *
 * @module
 */

import type { PasswordFiles } from "../ansible/run/invocation.ts";
import type { AssetSource } from "../assets/source.ts";
import type { System } from "../process/system.ts";

/** The machine, and the embedded files. */
export interface ActionSystem extends System {
  readonly assets: AssetSource;
}

/** Asks the person; false means no, or that nobody can be asked. */
export type MayI = (question: string) => Promise<boolean>;

/** What a person says before Ansible logs in to hosts. */
export interface AnsibleAnswers {
  readonly passwords: PasswordFiles;
  readonly mayInstall: MayI;
}
