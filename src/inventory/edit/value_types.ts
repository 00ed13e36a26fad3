/**
 * Types of values a person may name on the command line; apart, so that the declarations that list
 * them load nothing else.
 *
 * @module
 */

/** Types a person may ask for. */
export const VALUE_TYPES = ["string", "int", "bool", "json"] as const;

/** One of {@linkcode VALUE_TYPES}. */
export type ValueType = typeof VALUE_TYPES[number];
