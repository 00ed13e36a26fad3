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
      const code = codes.shift()!;
      return Promise.resolve(() => Promise.resolve(code));
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
  await readOnly.sees("Shells are disabled with --read-only.");
  readOnly.type("p");
  assert.doesNotMatch(await readOnly.sees("details of what is selected"), /shell/);
  await using demo = new TestScreen({ news: homelab });
  await demo.sees("› nuc");
  demo.type("S");
  await demo.sees("The demo has no shells.");
  for (const screen of [unknown, empty, readOnly, demo]) assert.deepEqual(screen.effects, []);
});

const RUNNING = { running: {} };

/** A pod as the API server has it. */
function podObject(...containers: readonly string[]) {
  const containerStatuses = containers.map((name) => ({ name, state: RUNNING }));
  return { metadata: { annotations: {} }, status: { containerStatuses } };
}

Deno.test("x opens a shell in a pod; which pod and which container are asked where there are several", async () => {
  const places: unknown[] = [];
  await using screen = new TestScreen({
    news: homelab,
    objects: {
      "Pod default/web-1": podObject("app", "sidecar"),
      "Pod default/web-2": podObject("app"),
      "Pod default/debug": podObject(),
    },
    shell: (place) => {
      places.push(place.type === "container" && place.container);
      return Promise.resolve(() => Promise.resolve(0));
    },
  });
  await screen.sees("● live");
  screen.type("2", "/", ..."web deploy", "\r", "x");
  await screen.sees("Shell in which pod of Deployment default/web?");
  await screen.sees("› web-2");
  screen.type("\r");
  await screen.sees("The shell in web-2 has ended.");
  screen.type("x", "j");
  await screen.sees("› web-1");
  screen.type("\r");
  await screen.sees("Shell in which container of web-1?");
  await screen.sees("› app");
  screen.type("j", "\r");
  await screen.sees("The shell in web-1 has ended.");
  screen.type("\u001b", "/", ..."debug pod", "\r", "x");
  await screen.sees("No container of debug is running.");
  const shop = { namespace: "default" };
  assert.deepEqual(places, [
    { ...shop, pod: "web-2", container: "app" },
    { ...shop, pod: "web-1", container: "sidecar" },
  ]);
});

Deno.test("x says why where there is no pod to open a shell in", async () => {
  await using screen = new TestScreen({ news: homelab, shell: () => assert.fail("no shell") });
  await screen.sees("● live");
  screen.type("2", "/", ..."db stateful", "\r", "x");
  await screen.sees("No pod of StatefulSet default/db is running.");
  screen.type("1", "\r", "x");
  await screen.sees("S opens a shell on the node itself");
  screen.type("\u001b", "2", "\u001b", "/", ..."debug pod", "\r", "x");
  await screen.sees("✗ Pod default/debug is gone");
});
