/**
 * A kind of object, as the classes of `kubernetes-models` describe it.
 *
 * @module
 */

/** One class, as far as it is used here. */
export interface ObjectKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** `validate` looks at `this` and throws an error with a member `errors` (ajv's). */
  readonly prototype: { validate(): void };
}
