import type { Check } from "../../../actions/doctor/check.ts";
import { ExitCode } from "../../../errors/user_error.ts";
import { defineCommand, option } from "../../program/command.ts";

/** `doctor`: problems of this setup, and how to fix them. */
export const doctorCommand = defineCommand({
  name: "doctor",
  summary: "Check everything that k3s-tool depends on and show how to fix problems",
  description: "Checks the programs on this machine, its Tailscale, the inventory, Flux (if " +
    "git_repo_url is set) and the state of the hosts in the tailnet; with --hosts also the hosts " +
    "themselves, over SSH: packets, ports and latency between nodes, clocks, firewalls, routes, " +
    "cluster DNS, certificates, cgroups and disks. It changes nothing, except that --fix repairs k3s-tool's own files and " +
    "installs a private ansible-core.",
  formats: ["table", "wide", "json", "yaml"],
  options: {
    fix: option.flag("--fix", "repair k3s-tool's own files and install a private ansible-core"),
    hosts: option.flag(
      "--hosts",
      "also log in to each host and check it and its connections to the others",
    ),
    gpu: option.flag("--gpu", "also check NVIDIA GPUs: card, driver, toolkit, k3s, and the node"),
  },
  examples: {
    "k3s-tool doctor": "check this machine, the tailnet and the inventory",
    "k3s-tool doctor --fix": "install ansible-core for k3s-tool only",
    "k3s-tool doctor --gpu": "find out why a machine's GPU is not offered to pods",
    "k3s-tool doctor --hosts -o json | jq -r '.items[] | select(.status!=\"ok\")'":
      "list problems, including those on the hosts",
  },
  async run(context, { options, globals }, output) {
    const { doctor } = await import("../../../actions/doctor/doctor.ts");
    const { checkLines, doctorSummary } = await import("../../../view/tables/doctor.ts");
    const checks: Check[] = [];
    const { inventory } = globals;
    for await (const check of doctor(context, { inventory, ...options })) {
      checks.push(check);
      if (!output.structured) output.data(checkLines(check, output.paint).join("\n") + "\n");
    }
    if (output.structured) await output.document("DoctorReport", { items: checks });
    output.note(doctorSummary(checks));
    return checks.some(({ status }) => status === "fail") ? ExitCode.Failed : ExitCode.Done;
  },
});
