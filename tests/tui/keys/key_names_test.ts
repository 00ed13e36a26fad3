import assert from "node:assert/strict";
import type { Key } from "ink";
import { keyNames } from "../../../src/tui/keys/key_names.ts";

const NONE: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
};

const named = (input: string, key: Partial<Key> = {}) => keyNames(input, { ...NONE, ...key });

Deno.test("keys have the names of the table", () => {
  assert.deepEqual(named("", { downArrow: true }), ["down"]);
  assert.deepEqual(named("", { tab: true }), ["tab"]);
  assert.deepEqual(named("", { tab: true, shift: true }), ["shift-tab"]);
  assert.deepEqual(named("", { return: true }), ["enter"]);
  assert.deepEqual(named("c", { ctrl: true }), ["ctrl-c"]);
  assert.deepEqual(named("", { delete: true }), ["backspace"]);
  assert.deepEqual(named("G", { shift: true }), ["G"]);
});

Deno.test("keys typed faster than they are read are taken one by one", () => {
  assert.deepEqual(named("jjj"), ["j", "j", "j"]);
  assert.deepEqual(named("/web\rq"), ["/", "w", "e", "b", "enter", "q"]);
  assert.deepEqual(named("j\u0003"), ["j", "ctrl-c"]);
  assert.deepEqual(named("👩‍👧漢"), ["👩‍👧", "漢"]);
});

Deno.test("Esc and a key that a slow line brings together are both taken", () => {
  assert.deepEqual(named("q", { meta: true }), ["escape", "q"]);
  assert.deepEqual(named("", { escape: true, meta: true }), ["escape", "escape"]);
  assert.deepEqual(named("", { return: true, meta: true }), ["escape", "enter"]);
  assert.deepEqual(named("", { escape: true }), ["escape"]);
});

Deno.test("keys with modifiers that are no keys of ours do nothing", () => {
  assert.deepEqual(named("1", { ctrl: true }), []);
  assert.deepEqual(named("c", { ctrl: true, meta: true }), []);
  assert.deepEqual(named("q", { super: true }), []);
});

Deno.test("a key that is let go is not pressed", () => {
  assert.deepEqual(named("q", { eventType: "release" }), []);
});
