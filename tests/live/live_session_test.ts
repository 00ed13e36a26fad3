import assert from "node:assert/strict";
import { eager, type LiveSession } from "../../src/live/live_session.ts";
import type { LiveNews } from "../../src/live/live_state.ts";

const said = (words: string): LiveNews => ({ type: "gap", what: "pods", words });

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** A session that tells three things and then waits for its end. */
function talking() {
  const log: string[] = [];
  const session = {
    news: async function* (signal: AbortSignal) {
      log.push("begun");
      try {
        for (const words of ["one", "two", "three"]) yield [said(words)];
        await aborted(signal);
      } finally {
        log.push("ended");
      }
    },
    requests: () => [],
  } as unknown as LiveSession;
  return { log, session };
}

Deno.test("it listens before anybody looks, and nothing is lost", async () => {
  const { log, session } = talking();
  using early = eager(session);
  assert.deepEqual(log, ["begun"]);
  assert.deepEqual(early.requests(), []);
  const end = new AbortController();
  const heard: unknown[] = [];
  for await (const batch of early.news(end.signal)) {
    heard.push(...batch);
    if (heard.length === 3) end.abort();
  }
  assert.deepEqual(heard, ["one", "two", "three"].map(said));
  assert.deepEqual(log, ["begun", "ended"]);
});

Deno.test("who stops listening ends it", async () => {
  const { log, session } = talking();
  using early = eager(session);
  for await (const _batch of early.news(new AbortController().signal)) break;
  assert.deepEqual(log, ["begun", "ended"]);
});

Deno.test("it ends with a signal that was aborted before, and without any listener", async () => {
  const waiting = () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const session = {
      // deno-lint-ignore require-yield
      news: async function* (signal: AbortSignal) {
        await aborted(signal);
        resolve();
      },
    } as unknown as LiveSession;
    return { ended, session };
  };
  const nobody = waiting();
  eager(nobody.session)[Symbol.dispose]();
  await nobody.ended;

  const late = waiting();
  using early = eager(late.session);
  for await (const _batch of early.news(AbortSignal.abort())) assert.fail("there is no news");
  await late.ended;
});

Deno.test("what the session throws, the listener hears", async () => {
  const session = {
    // deno-lint-ignore require-yield
    news: async function* () {
      await Promise.resolve();
      throw new Error("broken");
    },
  } as unknown as LiveSession;
  using early = eager(session);
  await assert.rejects(async () => {
    for await (const _batch of early.news(new AbortController().signal)) assert.fail();
  }, /broken/);
});
