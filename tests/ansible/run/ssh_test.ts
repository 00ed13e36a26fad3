/** What the inventory says of a host, for programs that run there without Ansible. */
import assert from "node:assert/strict";
import { pythonOf } from "../../../src/ansible/run/ssh.ts";
import type { InventoryHost } from "../../../src/inventory/model.ts";

Deno.test("Python is the program that the inventory names, else the one on PATH", () => {
  const of = (value?: unknown, state = "plain") => {
    const vars = value === undefined ? [] : [["ansible_python_interpreter", { value, state }]];
    return pythonOf({ vars: new Map(vars as never) } as Pick<InventoryHost, "vars">);
  };
  assert.equal(of(), "python3");
  assert.equal(of("/opt/python3.12/bin/python3"), "/opt/python3.12/bin/python3");
  for (
    const value of ["auto_silent", "auto", "{{ x }}", "/bin/a; reboot", "/a b", "/a\nb", 3, ["/a"]]
  ) {
    assert.equal(of(value), "python3", String(value));
  }
  assert.equal(of("/usr/bin/python3", "template"), "python3");
});
