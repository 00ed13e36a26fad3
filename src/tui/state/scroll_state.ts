/**
 * What is seen of a text that is longer than the screen. Pure.
 *
 * @module
 */

/** A place in a text. */
export interface ScrollState {
  /** First line that is seen. */
  readonly offset: number;
  /** The line the cursor is on; always 0 in texts without one. */
  readonly cursor: number;
  /** What the line with the cursor opens, by its name in {@linkcode TextSize.targets}. */
  readonly anchor?: string | undefined;
}

/** The beginning of a text. */
export const BEGINNING: ScrollState = { offset: 0, cursor: 0 };

/** How long a text is, how many lines of it are seen, and whether a cursor moves in it. */
export interface TextSize {
  readonly length: number;
  readonly height: number;
  readonly hasCursor: boolean;
  /** A name of its own for what each line opens; undefined for lines that open nothing. */
  readonly targets?: readonly (string | undefined)[] | undefined;
}

/**
 * The place after the text itself has changed: lines may have come or gone above the cursor, which stays
 * with what its line opens, so that Enter opens nothing else than it did before.
 */
export function followScroll(place: ScrollState, size: TextSize): ScrollState {
  const { anchor, cursor, offset } = place;
  const at = anchor === undefined ? -1 : size.targets?.indexOf(anchor) ?? -1;
  if (at < 0 || at === cursor) return fitScroll(place, size);
  // The line stays where it was on the screen, but for the beginning of a text: that stays in view.
  return fitScroll({ offset: offset === 0 ? 0 : offset + at - cursor, cursor: at }, size);
}

/** What is seen of so many lines, with the cursor in it. */
export function inView(
  place: ScrollState,
  { length, height }: Pick<TextSize, "length" | "height">,
): { readonly offset: number; readonly cursor: number } {
  const visible = Math.max(1, height);
  const cursor = clamp(place.cursor, length - 1);
  const offset = clamp(place.offset, length - visible);
  return { offset: Math.max(cursor - visible + 1, Math.min(cursor, offset)), cursor };
}

/** The place brought to where text is. */
export function fitScroll(
  place: ScrollState,
  { length, height, hasCursor, targets }: TextSize,
): ScrollState {
  const { offset, cursor } = hasCursor
    ? inView(place, { length, height })
    : { offset: clamp(place.offset, length - Math.max(1, height)), cursor: 0 };
  const anchor = hasCursor ? targets?.[cursor] : undefined;
  const isSame = offset === place.offset && cursor === place.cursor && anchor === place.anchor;
  return isSame ? place : { offset, cursor, anchor };
}

/** The place so many lines further down: of the cursor where there is one, else of what is seen. */
export function scrolled(
  place: ScrollState,
  size: TextSize & { readonly by: number },
): ScrollState {
  const { by, hasCursor, length, height } = size;
  if (!hasCursor) return fitScroll({ ...place, offset: place.offset + by }, size);
  const cursor = clamp(place.cursor + by, length - 1);
  // The last lines are seen together with the cursor on the last line that can be opened.
  const offset = clamp(place.offset, length - Math.max(1, height));
  return fitScroll({ offset, cursor }, size);
}

/** The place so many pages further down, the cursor on the same line of the screen where it can be. */
export function paged(
  place: ScrollState,
  size: TextSize & { readonly pages: number },
): ScrollState {
  const { pages, length, height } = size;
  const visible = Math.max(1, height);
  const by = pages * Math.max(1, visible - 1);
  const offset = clamp(place.offset + by, length - visible);
  // Where nothing is left to scroll the cursor goes on to the end.
  const moved = offset === place.offset ? by : offset - place.offset;
  return fitScroll({ offset, cursor: clamp(place.cursor + moved, length - 1) }, size);
}

/** The place with what is seen moved, the cursor coming along only where it must. */
export function wheeled(place: ScrollState, size: TextSize & { readonly by: number }): ScrollState {
  const visible = Math.max(1, size.height);
  const offset = clamp(place.offset + size.by, size.length - visible);
  const cursor = size.hasCursor
    ? Math.max(offset, Math.min(place.cursor, offset + visible - 1))
    : 0;
  return fitScroll({ offset, cursor }, size);
}

/** The value, from 0 to `most`. */
export function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}
