/**
 * Priority classes that every provisioned cluster has.
 *
 * @module
 */

/** Priority classes that provision makes, without their prefix `home-`. */
export const PRIORITIES = ["critical", "normal", "background"] as const;

/** How much an app matters beside others. */
export type Priority = typeof PRIORITIES[number];

/** Its class in the cluster: ansible/roles/k3s_service/templates/cluster.yaml.j2. */
export function priorityClass(priority: Priority): string {
  return `home-${priority}`;
}
