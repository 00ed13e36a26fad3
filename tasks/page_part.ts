/**
 * Parts of a page that are written by a task: they stand between `<!-- NAME -->` and `<!-- end -->`.
 *
 * @module
 */

const END = "<!-- end -->";

/** The page with other text in one of its parts. @throws {Error} where the page has no such part */
export function placePart(
  page: string,
  { name, text }: { readonly name: string; readonly text: string },
): string {
  const begin = `<!-- ${name} -->\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf(END, from);
  if (from < 0 || to < 0) throw new Error(`the page has no part ${name}`);
  return page.slice(0, from + begin.length) + text.trimEnd() + "\n" + page.slice(to);
}

/** The parts of a page by their names, in their order. */
export function partsOf(page: string): ReadonlyMap<string, string> {
  const parts = page.matchAll(/^<!-- (?!end )(.+?) -->\n([^]*?)^<!-- end -->$/gm);
  return new Map([...parts].map(([, name = "", text = ""]) => [name, text]));
}
