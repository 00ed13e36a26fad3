/**
 * Which files of a repository Flux leaves out of what it fetches.
 *
 * Written here, as npm's `ignore` does what Git does: there nothing below a folder that is left out
 * comes back, while Flux asks for each file by itself.
 *
 * Source: github.com/fluxcd/pkg `sourceignore` and `artifact/storage/archive.go`.
 *
 * @module
 */

const VERSION_CONTROL = [".git/", ".gitignore", ".gitmodules", ".gitattributes"];

/** What is left out where nobody says anything else. */
const DEFAULTS = [
  ...["jpg", "jpeg", "gif", "png", "wmv", "flv", "tar.gz", "zip"].map((each) => `*.${each}`),
  ...[".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml"],
  ...["cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml"],
  ...["**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"],
];

/**
 * Tells the files that are left out; where texts say something, Flux's defaults do not count.
 *
 * @param texts of `.sourceignore`s and of a source's `spec.ignore`, and the directory they count
 *   from: empty for the root
 */
export function leftOut(
  texts: readonly { readonly directory: string; readonly text: string }[],
): (path: string) => boolean {
  const own = texts.flatMap(({ directory, text }) =>
    text.split(/\r?\n/).filter((line) => !line.startsWith("#") && line.trim() !== "")
      .map((line) => rule(line, directory))
  );
  const rules = [
    ...VERSION_CONTROL.map((line) => rule(line, "")),
    ...(own.length > 0 ? own : DEFAULTS.map((line) => rule(line, ""))),
  ];
  return (path) => rules.findLast(({ matches }) => matches?.test(path))?.leavesOut ?? false;
}

/** One line, in the syntax of .gitignore. */
function rule(line: string, directory: string) {
  const leavesOut = !line.startsWith("!");
  const pattern = line.replace(/^!/, "").replace(/(?<!\\)\s+$/, "");
  const body = pattern.replace(/^\/|\/$/g, "");
  const anywhere = !pattern.slice(0, -1).includes("/");
  const parts = body.split("/").map((part, at, all) => {
    if (part === "**") return at === all.length - 1 ? ".+" : "(?:[^/]+/)*";
    return regexOf(part) + (at === all.length - 1 ? "" : "/");
  });
  const below = directory === "" ? "" : `${RegExp.escape(directory)}/`;
  const end = pattern.endsWith("/") ? "/" : "(?:/|$)";
  try {
    const text = `^${below}${anywhere ? "(?:.*/)?" : ""}${parts.join("")}${end}`;
    return { leavesOut, matches: new RegExp(text, "s") };
  } catch {
    return { leavesOut, matches: undefined }; // such as [z-a]: it matches nothing there either
  }
}

function regexOf(part: string): string {
  return part.replace(/\\(.)|\[(!|\^)?([^\]\\]+)\]|\*+|\?|[^\w-]/g, (found, escaped, not, set) => {
    if (escaped !== undefined) return RegExp.escape(escaped);
    if (set !== undefined) return `[${not === undefined ? "" : "^"}${set.replaceAll("[", "\\[")}]`;
    if (found.startsWith("*")) return "[^/]*";
    return found === "?" ? "[^/]" : RegExp.escape(found);
  });
}
