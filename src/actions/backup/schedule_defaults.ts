/**
 * What holds where a schedule, or whoever prunes, says nothing, as on the server
 * (`ansible/plugins/modules/k3s_backup_schedule.py`).
 *
 * @module
 */

import type { Retention } from "./retention.ts";

/** How many days, weeks and months keep a backup. */
export const KEPT: Retention = { daily: 7, weekly: 4, monthly: 6 };

/** Where a server keeps the backups it makes. */
export const SERVER_DIRECTORY = "/var/lib/k3s-tool/backups";
