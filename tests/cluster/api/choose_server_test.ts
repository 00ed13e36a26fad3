import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseServer } from "../../../src/cluster/api/choose_server.ts";
import { unreachableError, UserError } from "../../../src/errors/user_error.ts";
import { FakeClock } from "../../process/fake_clock.ts";

/** What a server does: answers or fails after so many milliseconds, or never says a word. */
type Behaviour = { readonly after: number; readonly well: boolean } | undefined;

/** The server chosen, or the error, and when; none is left under way. */
async function choose(behaviours: readonly Behaviour[], limitMs = 8_000) {
  const clock = new FakeClock(0);
  const began: number[] = [];
  const { signal } = new AbortController();
  const names = behaviours.map((_, index) => `https://n${index}:6443`);
  let at = NaN;
  const chosen = chooseServer(names as [string, ...string[]], {
    clock,
    signal,
    limitMs,
    answers: async (server, signal) => {
      const index = names.indexOf(server);
      began[index] = clock.now();
      const does = behaviours[index];
      await clock.sleep(does?.after ?? 1e9, signal);
      if (!does?.well) throw unreachableError(`${server} fails`);
    },
  }).then((server) => names.indexOf(server), (error) => error as UserError)
    .finally(() => at = clock.now());
  await clock.pass(limitMs + 1_000);
  assert.equal(clock.sleeping, 0);
  return { chosen: await chosen, at, began };
}

Deno.test("the first server is taken while it is well, however many there are", async () => {
  const { chosen, at, began } = await choose([{ after: 400, well: true }, {
    after: 0,
    well: true,
  }]);
  assert.deepEqual([chosen, at, began], [0, 400, [0]]);
});

Deno.test("a silent server costs half a second, one that fails nothing", async () => {
  const silent = await choose([undefined, undefined, { after: 20, well: true }]);
  assert.deepEqual([silent.chosen, silent.at], [2, 1_020]);
  const failing = await choose([{ after: 3, well: false }, { after: 20, well: true }]);
  assert.deepEqual([failing.chosen, failing.at], [1, 23]);
});

Deno.test("where none answers, the first says why and the others are named", async () => {
  const { chosen } = await choose([{ after: 1, well: false }, { after: 2, well: false }]);
  assert.ok(chosen instanceof UserError);
  assert.match(
    chosen.message,
    /^https:\/\/n0:6443 fails; no other server can be used either: n1:6443$/,
  );
  const { chosen: late, at } = await choose([undefined, { after: 2, well: false }], 2_000);
  assert.ok(late instanceof UserError);
  assert.match(late.message, /n0:6443 did not answer within 2 s; no other server .*: n1:6443/);
  assert.equal(at, 2_000);
});

Deno.test("R13 a server that is well is found within two seconds of its answer's time, whichever others are off", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.option(fc.record({ after: fc.nat(3_000), well: fc.boolean() }), { nil: undefined }),
        { minLength: 1, maxLength: 5 },
      ),
      async (behaviours) => {
        const { chosen, at } = await choose(behaviours);
        const well = behaviours.flatMap((each, index) => each?.well ? [{ index, ...each }] : []);
        if (well.length === 0) return assert.ok(chosen instanceof UserError);
        assert.ok(well.some(({ index }) => index === chosen));
        for (const { index, after } of well) assert.ok(at <= index * 500 + after);
      },
    ),
    { numRuns: 200 },
  ));
