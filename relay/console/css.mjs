// Takes comments and spaces out of the console's style sheet. Called by make with the folder of the built console.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { minify } from "../../widget/css.mjs";

const path = join(process.argv[2], "console.css");
writeFileSync(path, minify(readFileSync(path, "utf8")));
