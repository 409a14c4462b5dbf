// Appends to the glue that wasm-bindgen writes what the panel has in script: `glue.js`, `shell.js`, the style sheet, and of English what is said before
// the wasm is there. Trunk calls this when it has built; terser and `names.mjs` come after it (Makefile).
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { minify } from "./css.mjs";

const SAID = ["lang", "dir", "chat", "close", "drop", "message", "placeholder"];

const { TRUNK_SOURCE_DIR: source, TRUNK_STAGING_DIR: staging } = process.env;
const read = (name) => readFileSync(join(source, name), "utf8");
const texts = JSON.parse(read("texts/en.json"));
const english = Object.fromEntries(SAID.map((name) => [name, texts[name]]));
appendFileSync(join(staging, "widget.js"), [
  read("glue.js"),
  read("shell.js"),
  `const bulleSheet = ${JSON.stringify(minify(read("src/panel.css")))};`,
  `const bulleEnglish = ${JSON.stringify(english)};`,
  "",
].join("\n"));
