/**
 * k3s' own options, which `k3s_config` may set: what each takes, and which of them this tool sets itself.
 *
 * The roles read the same list (ansible/roles/k3s_service/files/k3s_options.json). It is that of k3s 1.36
 * (k3s `pkg/cli/cmds/{server,agent,etcd_snapshot}.go`).
 *
 * @module
 */

import * as z from "zod/mini";
import list from "../../ansible/roles/k3s_service/files/k3s_options.json" with { type: "json" };
import { nearest } from "../errors/nearest.ts";

/** One option of `k3s server` or `k3s agent`. */
interface K3sOption {
  readonly type: string;
  readonly on: readonly string[];
  /** What to set instead, where this tool sets it itself. */
  readonly instead?: string;
  /** Whether k3s refuses a server whose value is not that of the others. */
  readonly shared?: boolean;
  /** Arguments in its values that this tool sets itself, and what to set instead. */
  readonly arguments?: Readonly<Record<string, string>>;
}

/** The options by name. */
export const K3S_OPTIONS: ReadonlyMap<string, K3sOption> = new Map(
  Object.entries(list as Readonly<Record<string, K3sOption>>),
);

/** Those that an inventory may set. */
const OPEN = [...K3S_OPTIONS].filter(([, { instead }]) => instead === undefined);

const MAP = 'a map of k3s\' own options such as {default-runtime: nvidia, kubelet-arg: ["v=4"]}';
const TEXT = "one line of text";

const Text = z.string(TEXT).check(z.regex(/^[^\p{Cc}]*$/u, TEXT));
/** YAML reads some texts as numbers; k3s reads all of them as texts. */
const Word = z.union([Text, z.number(TEXT)], { error: TEXT });

const WHOLE = "a whole number";
const SPAN = "a span of time such as 10m or 1h30m";

/** What the value of an option is, in the words of k3s' command line. */
function valueOf({ type, arguments: own = {} }: K3sOption): z.ZodMiniType {
  switch (type) {
    case "bool":
      return z.boolean("true or false");
    case "int":
      return z.int(WHOLE);
    case "duration":
      return z.string(SPAN).check(z.regex(/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/, SPAN));
    case "list": {
      const one = Word.check(
        z.refine((value) => ownArgument(value, own) === undefined, {
          error: ({ input }) => ownArgument(input, own),
        }),
      );
      const expected = "a list of texts";
      return z.union([z.array(one, expected), one], {
        error: ({ input }) =>
          [input].flat().map((each) => ownArgument(each, own)).find((each) => each !== undefined) ??
            expected,
      });
    }
    default:
      return Word;
  }
}

/** What to set instead of an argument that this tool sets itself. k3s takes `name=`, `--name=` and `name+=` (k3s `pkg/util/args.go`). */
function ownArgument(value: unknown, own: Readonly<Record<string, string>>): string | undefined {
  const name = String(value).split("=")[0]!.replace(/^--/, "").replace(/[-+]+$/, "");
  return Object.hasOwn(own, name) ? own[name] : undefined;
}

/** What to write in place of an option that k3s does not have, or that is not the inventory's. */
function expectedOption(name: string): string {
  const instead = K3S_OPTIONS.get(name)?.instead;
  if (instead !== undefined) return instead;
  const near = nearest(name, OPEN.map(([known]) => known));
  return `an option of k3s${near.length === 0 ? "" : ` such as ${near.join(" or ")}`}`;
}

/** `k3s_config`. */
export const K3sConfig = z.catchall(
  z.object(
    Object.fromEntries(OPEN.map(([name, option]) => [name, z.optional(valueOf(option))])),
    MAP,
  ),
  z.unknown().check(z.refine(() => false, {
    error: ({ path }) => expectedOption(String(path?.at(-1))),
  })),
);
