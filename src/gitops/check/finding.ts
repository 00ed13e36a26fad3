import type { FieldPath } from "./field_path.ts";

/** One thing that is wrong with an object. */
export interface Finding {
  /** Where in the object. */
  readonly path: FieldPath;
  /** A sentence without a full stop, the path first. */
  readonly message: string;
}
