import assert from "node:assert/strict";
import { dnsLabel, shownHostname, toLabel } from "../../src/tailscale/status.ts";

Deno.test("a hostname becomes a label that an inventory and Kubernetes take", () => {
  assert.equal(toLabel("Ada's MacBook Pro"), "ada-s-macbook-pro");
  assert.equal(toLabel("  Küche_Pi--4 "), "kuche-pi-4");
  assert.equal(toLabel("\u001b[31mred\u001b[0m"), "red");
  assert.equal(toLabel("日本"), undefined);
  assert.equal(toLabel("x".repeat(62) + "--y"), "x".repeat(62));
});

Deno.test("the first label of a MagicDNS name", () => {
  assert.equal(dnsLabel("nuc.example.ts.net."), "nuc");
  assert.equal(dnsLabel(""), "");
});

Deno.test("a hostname is shown as one line of bounded length", () => {
  const shown = shownHostname("\u001b]0;owned\u0007\u202egnp.exe\r\nn1 " + "w".repeat(300));
  assert.equal([...shown].length, 63);
  assert.ok(shown.startsWith("gnp.exe n1 www"));
  assert.ok(shown.endsWith("…"));
});
