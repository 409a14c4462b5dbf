// Takes comments and spaces out of the console's style sheet. Called by make with the folder of the built console.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const path = join(process.argv[2], "console.css");
const sheet = readFileSync(path, "utf8").replace(/\/\*[^]*?\*\//g, "").replace(/\s+/g, " ").replace(/ ?([{};]) ?/g, "$1").replaceAll(";}", "}");
writeFileSync(path, sheet.trim());
