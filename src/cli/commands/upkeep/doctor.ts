import type { Check } from "../../../actions/doctor/check.ts";
import { ExitCode } from "../../../errors/user_error.ts";
import { defineCommand } from "../../program/command.ts";

/** `doctor`: what is wrong here, and what to do. */
export const doctorCommand = defineCommand({
  name: "doctor",
  summary: "Look at everything the tool depends on and say what to do",
  description: "Looks at the programs on this machine, its Tailscale, the inventory, Flux (where " +
    "git_repo_url is set) and the hosts' state in the tailnet; with --hosts also at the hosts themselves, over ssh. Changes " +
    "nothing; --fix repairs what belongs to the tool: it installs a private ansible-core.",
  formats: ["table", "wide", "json", "yaml"],
  options: {
    fix: {
      kind: "flag",
      flags: "--fix",
      description: "repair what belongs to the tool (installs a private ansible-core)",
    },
    hosts: {
      kind: "flag",
      flags: "--hosts",
      description: "also log in to each host: sudo, Python, k3s, MTU of its interfaces",
    },
  },
  examples: [
    { command: "k3s-tool doctor", does: "one line for each thing, and what to do" },
    { command: "k3s-tool doctor --fix", does: "installs ansible-core for the tool alone" },
    {
      command: "k3s-tool doctor --hosts -o json | jq -r '.items[] | select(.status!=\"ok\")'",
      does: "what is not in order, on the hosts too",
    },
  ],
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
