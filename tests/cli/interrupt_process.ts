// A command that waits for something it cannot be told about; ended by signals only.
import { realContext } from "../../src/cli/program/real_context.ts";

const context = realContext(".", { patience: { first: 300, second: 50 } });
context.signal.addEventListener(
  "abort",
  () => context.stdout.write(`${context.signal.reason.name}\n`),
);
context.stdout.write("ready\n");
setInterval(() => {}, 1000);
