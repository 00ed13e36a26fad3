import assert from "node:assert/strict";
import { batches } from "../../../src/cluster/watch/batches.ts";
import { FakeClock, settled } from "../../process/fake_clock.ts";

interface Told {
  readonly key: string;
  readonly value: number;
}

/** A source in the hands of a test. */
function source() {
  let tell: (news: Told) => void = () => {};
  const end = Promise.withResolvers<void>();
  const begun = (emit: (news: Told) => void, signal: AbortSignal) => {
    tell = emit;
    signal.addEventListener("abort", () => end.reject(signal.reason));
    return end.promise;
  };
  return {
    begun,
    tell: (key: string, value: number) => tell({ key, value }),
    end: end.resolve,
    fail: end.reject,
  };
}

const about = ({ key }: Told) => key;
const brief = (batch: readonly Told[]) => batch.map(({ key, value }) => `${key}${value}`).join(" ");

Deno.test("the first news come at once, later ones at most every 50 ms", async () => {
  const clock = new FakeClock();
  const { begun, tell } = source();
  const { signal } = new AbortController();
  const each = batches(begun, { about, clock, signal });
  const first = each.next();
  tell("a", 1);
  assert.equal(brief((await first).value!), "a1");
  const second = each.next();
  tell("b", 1);
  await clock.pass(49);
  assert.equal(await Promise.race([second, settled()]), undefined);
  tell("c", 1);
  await clock.pass(1);
  assert.equal(brief((await second).value!), "b1 c1");
  await Promise.all([each.return(undefined), clock.pass(50)]);
  assert.equal(clock.sleeping, 0);
});

Deno.test("of what nobody took, the latest of each thing is kept, in its order", async () => {
  const clock = new FakeClock();
  const { begun, tell } = source();
  const { signal } = new AbortController();
  const each = batches(begun, { about, clock, signal });
  const first = each.next();
  for (const value of [1, 2, 3]) for (const key of ["a", "b"]) tell(key, value);
  tell("a", 4);
  assert.equal(brief((await first).value!), "b3 a4");
  await each.return(undefined);
});

Deno.test("it ends with the signal, and with who listens", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const each = batches(source().begun, { about, clock, signal: controller.signal });
  const next = each.next();
  await settled();
  controller.abort(new Error("Interrupted"));
  assert.deepEqual(await next, { done: true, value: undefined });
});

Deno.test("a source that fails is heard of, after what it told before", async () => {
  const clock = new FakeClock();
  const { begun, tell, fail } = source();
  const { signal } = new AbortController();
  const each = batches(begun, { about, clock, signal });
  const first = each.next();
  tell("a", 1);
  fail(new Error("a defect"));
  assert.equal(brief((await first).value!), "a1");
  const next = each.next();
  await Promise.all([assert.rejects(next, /a defect/), clock.pass(50)]);
});

Deno.test("a source that comes to its end ends it", async () => {
  const clock = new FakeClock();
  const { begun, end } = source();
  const { signal } = new AbortController();
  const each = batches(begun, { about, clock, signal });
  const next = each.next();
  end();
  assert.equal((await next).done, true);
});
