/**
 * `deno task screens`: takes the screens of docs/tui.md again, from `k3s-tool tui --demo`.
 *
 * @module
 */

import { takeScreen } from "../tests/tui/take_screen.ts";
import { placePart } from "./page_part.ts";
import { screenPart, SCREENS, screenText } from "./screens_doc.ts";
import { ROOT } from "./stage.ts";

const page = `${ROOT}/docs/tui.md`;
let text = await Deno.readTextFile(page);
for (const screen of SCREENS) {
  text = placePart(text, { name: screenPart(screen), text: screenText(await takeScreen(screen)) });
}
await Deno.writeTextFile(page, text);
