import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import fc from "fast-check";
import { noPaint } from "../../../src/view/words/tone.ts";
import { drawLine, plain, textOfLine, wrapLine } from "../../../src/tui/draw/text_line.ts";

const text = fc.string({
  unit: fc.constantFrom(..."ab z", "漢", "é", "👩‍👧", "\u001b[31m", "\t", "🎉"),
});

Deno.test("a wrapped line keeps every character but a blank where it is cut, and each piece fits", () => {
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 4 }),
      fc.integer({ min: 4, max: 40 }),
      (texts, width) => {
        const line = { segments: texts.map((text) => ({ text, tone: "plain" as const })) };
        const pieces = wrapLine(line, { width, indent: 2 });
        for (const piece of pieces) assert.ok(stringWidth(textOfLine(piece)) <= width);
        const joined = pieces.map((piece, index) => textOfLine(piece).slice(index === 0 ? 0 : 2))
          .join("");
        const whole = textOfLine(line);
        assert.equal(joined.replaceAll(" ", ""), whole.replaceAll(" ", ""));
        assert.ok(joined.length >= whole.length - (pieces.length - 1));
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("words are kept whole where they are not too long", () => {
  const pieces = wrapLine(plain("does not have minimum availability."), { width: 30, indent: 2 });
  assert.deepEqual(pieces.map(textOfLine), ["does not have minimum ", "  availability."]);
});

Deno.test("a further line does not begin with the blank before its first word", () => {
  const pieces = wrapLine(plain("code 404 = NotFound"), { width: 10, indent: 2 });
  assert.deepEqual(pieces.map(textOfLine), ["code 404 =", "  NotFound"]);
});

Deno.test("a line too narrow for a character ends", () => {
  assert.ok(wrapLine(plain("漢字"), { width: 1, indent: 2 }).length < 4);
});

Deno.test("a drawn line fills its width exactly", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 60 }), (text, width) => {
      assert.equal(stringWidth(drawLine(plain(text), { width, paint: noPaint })), width);
    }),
    { numRuns: 300 },
  );
});

Deno.test("each piece opens what the line opens", () => {
  const target = { kind: "Pod", namespace: "a", name: "b" } as const;
  const pieces = wrapLine({ ...plain("x".repeat(30)), target }, { width: 10 });
  assert.deepEqual(pieces.map(({ target }) => target), [target, target, target]);
});
