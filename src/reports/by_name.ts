/**
 * The order in which objects of several namespaces are listed.
 *
 * @module
 */

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** Compares by namespace, then by name. */
export function byNamespaceAndName(a: Named, b: Named): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
