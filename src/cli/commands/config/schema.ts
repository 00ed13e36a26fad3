import { defineCommand } from "../../program/command.ts";
import { jsonText, yamlText } from "../../output/output.ts";

/** `config schema`: what the inventory's variables and the tool's documents look like. */
export const configSchemaCommand = defineCommand({
  name: "config schema",
  summary: "Print the JSON Schema of the variables, or of a document",
  description: "Prints a JSON Schema (2020-12): of the inventory's variables, or of a document " +
    "that `-o json` prints, by its kind. --list names them.",
  args: [{ syntax: "[name]", description: "variables (default), or the kind of a document" }],
  options: { list: { kind: "flag", flags: "--list", description: "print the names" } },
  examples: [
    { command: "k3s-tool config schema", does: "what the inventory may say" },
    { command: "k3s-tool config schema NodeList", does: "the document of node list -o json" },
    { command: "k3s-tool config schema --list", does: "every name" },
  ],
  formats: ["table", "json", "yaml"],
  async run(_context, { args: [name], options }, output) {
    const { jsonSchema, SCHEMA_NAMES } = await import("../../program/document_schemas.ts");
    if (options.list) {
      if (output.structured) return await output.document("SchemaList", { items: SCHEMA_NAMES });
      return output.data(SCHEMA_NAMES.join("\n") + "\n");
    }
    const schema = jsonSchema(name ?? "variables");
    output.data(output.format === "yaml" ? await yamlText(schema) : jsonText(schema));
  },
});
