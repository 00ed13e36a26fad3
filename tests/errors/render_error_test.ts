import assert from "node:assert/strict";
import { errorDocument, renderErrorText } from "../../src/errors/render_error.ts";
import { ExitCode, usageError, UserError } from "../../src/errors/user_error.ts";

Deno.test("an error shows its problems first, then the message, then the hint", () => {
  const error = usageError("The inventory has 1 problem", {
    hint: "Mend it and run again.",
    problems: [{
      message: "reserved_cpu is not a quantity",
      value: "two",
      expected: 'a quantity such as "2" or "500m"',
      where: { file: "hosts.yml", line: 4, column: 9 },
    }],
  });
  assert.equal(
    renderErrorText(error),
    '  hosts.yml:4:9: reserved_cpu is not a quantity, got "two"; expected a quantity such as "2" ' +
      'or "500m"\n' +
      "Error: The inventory has 1 problem\n" +
      "Hint: Mend it and run again.\n",
  );
});

Deno.test("what YAML writes in quotes or brackets is not put in quotes again", () => {
  const shown = (value: string) =>
    renderErrorText(usageError("e", { problems: [{ message: "m", value }] }));
  for (const value of ['"0"', "'0'", "{a: b}", "[1, 2]", '"a \\" b"']) {
    assert.equal(shown(value), `  m, got ${value}\nError: e\n`);
  }
  assert.equal(shown("a b"), '  m, got "a b"\nError: e\n');
  assert.equal(shown('"a" and "b"'), '  m, got "\\"a\\" and \\"b\\""\nError: e\n');
});

Deno.test("text from outside cannot steer the terminal through an error", () => {
  const error = new UserError("host \u001b[2Jn1\u0007 failed", { hint: "see \u001b]0;x\u0007log" });
  assert.equal(renderErrorText(error), "Error: host n1 failed\nHint: see log\n");
});

Deno.test("an unexpected error asks for a report and exits with 1", () => {
  assert.match(renderErrorText(new TypeError("x is undefined")), /^Error: x is undefined\nHint: /);
  assert.equal(errorDocument(new TypeError("x")).exitCode, ExitCode.Failed);
});

Deno.test("what the operating system refuses is no defect of the tool", async () => {
  const refused = await Deno.readTextFile("/").catch((error) => error);
  for (const hint of [renderErrorText(refused), String(errorDocument(refused).hint)]) {
    assert.match(hint, /Check \/ and its disk\./);
    assert.doesNotMatch(hint, /bug/);
  }
});

Deno.test("a value of any length takes one short line", () => {
  const problems = [{ message: "not a map", value: "x".repeat(100_000) }];
  const [line = ""] = renderErrorText(usageError("bad", { problems })).split("\n");
  assert.ok(line.length < 200, line.slice(0, 200));
  assert.ok(line.endsWith("…"));
});

Deno.test("the JSON document holds message, exit code, place and hint", () => {
  const error = usageError("bad", { where: { file: "a.yml", line: 2 }, hint: "do" });
  assert.deepEqual(errorDocument(error), {
    apiVersion: "k3s-tool/v1",
    kind: "Error",
    message: "bad",
    exitCode: 2,
    hint: "do",
    where: { file: "a.yml", line: 2 },
  });
});

Deno.test("the cause is shown with -v only", () => {
  const error = new UserError("bad", { cause: new Error("inner reason") });
  assert.doesNotMatch(renderErrorText(error), /inner reason/);
  assert.match(renderErrorText(error, { verbose: true }), /inner reason/);
});
