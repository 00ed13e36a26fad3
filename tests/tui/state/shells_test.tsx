/**
 * Shells that are opened from the screen: where, and how their end is said.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ShellPlace } from "../../../src/live/live_session.ts";
import { unreachableError } from "../../../src/errors/user_error.ts";
import { HOMELAB, liveState } from "../../view/live_fixture.ts";
import { newsOf } from "../fake_session.ts";
import { TestScreen } from "../screen.tsx";

const homelab = newsOf(liveState(HOMELAB));

Deno.test("S opens a shell on the selected node's machine, and its end is said", async () => {
  const places: ShellPlace[] = [];
  const codes = [0, 3];
  await using screen = new TestScreen({
    news: homelab,
    shell: (place) => {
      places.push(place);
      return Promise.resolve(codes.shift()!);
    },
  });
  await screen.sees("› nuc");
  screen.type("S");
  await screen.sees("The shell on nuc has ended.");
  screen.type("j", "\r");
  const details = await screen.sees("━━ Node ");
  const name = /━━ Node (\S+)/.exec(details)![1]!;
  screen.type("S");
  await screen.sees(`The shell on ${name} ended with code 3.`);
  assert.deepEqual(places.map((place) => place.type === "host" && place.host.name), ["nuc", name]);
  assert.deepEqual(screen.effects, ["lend", "lend"]);
});

Deno.test("a shell that cannot be opened is said with the next step, and stays to be read", async () => {
  await using screen = new TestScreen({
    news: homelab,
    shell: () =>
      Promise.reject(
        unreachableError("nuc cannot be reached: Connection refused\u001b[2J", {
          hint: "Start sshd.",
        }),
      ),
  });
  await screen.sees("› nuc");
  screen.type("S");
  await screen.sees("✗ nuc cannot be reached: Connection refused");
  await screen.sees("Start sshd.");
});

Deno.test("no shell without a host in the inventory, without a node, with --read-only, in the demo", async () => {
  const shell = () => assert.fail("no shell is opened");
  const stranger = liveState({ ...HOMELAB, hosts: [] });
  await using unknown = new TestScreen({ news: newsOf(stranger), shell });
  await unknown.sees("› ");
  unknown.type("S");
  await unknown.sees("is not in the inventory, which has the login for ssh.");
  await using empty = new TestScreen({ news: newsOf(liveState({ nodes: [], hosts: [] })), shell });
  await empty.sees("● live");
  empty.type("S");
  await empty.sees("Select a node first");
  await using readOnly = new TestScreen({ news: homelab, readOnly: true, shell });
  await readOnly.sees("› nuc");
  readOnly.type("S");
  await readOnly.sees("With --read-only there are no shells.");
  readOnly.type("p");
  assert.doesNotMatch(await readOnly.sees("details of what is selected"), /shell/);
  await using demo = new TestScreen({ news: homelab });
  await demo.sees("› nuc");
  demo.type("S");
  await demo.sees("The demo simulates its machines, so there is no shell on them.");
  for (const screen of [unknown, empty, readOnly, demo]) assert.deepEqual(screen.effects, []);
});
