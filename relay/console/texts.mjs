// Writes the texts beside the console, one file a language, one text a line, in the order in which `text.rs` reads them: nobody loads more than
// one language. Run by Trunk after it has built (Trunk.toml). The tables in `src/text.rs` and `src/text` are where texts are changed.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LANGUAGES = ["en", "fr"]; // As the tables have them.
const PAIR = /^ {4}\w+: ("(?:[^"\\]|\\.)*") \/ ("(?:[^"\\]|\\.)*");$/gm;

const table = (path) => readFileSync(join(import.meta.dirname, "src", path), "utf8");
const root = table("text.rs");
const areas = [...root.matchAll(/^ {4}\[\w+: (\w+)\]$/gm)].map(([, module]) => table(`text/${module}.rs`));
const pairs = [...areas, root].flatMap((source) => [...source.matchAll(PAIR)]);
LANGUAGES.forEach((language, index) => {
  const lines = pairs.map((pair) => JSON.parse(pair[index + 1]));
  if (lines.some((line) => line.includes("\n"))) throw new Error("a text of two lines");
  writeFileSync(join(process.env.TRUNK_STAGING_DIR, `${language}.txt`), lines.join("\n"));
});
