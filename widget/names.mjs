// Gives what wasm-bindgen's glue and the wasm share short names: theirs carry hashes, which do not compress, and stand in both files.
// Called by make with the folder of what was built and its name, after the glue was minified. And it asks for the glue to be compiled in one go: nearly
// all of its hundred functions are called while the panel opens, and one by one they are compiled by the thread that is to open it, instead of
// beside it (V8's explicit compile hints; other engines see a comment).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const IMPORTS = 2; // Number of the section (WebAssembly core specification §5.5.5).
const HINT = "//# allFunctionsCalledOnLoad\n";
const FUNCTION = 0; // Kind of an import; the glue has no other.

const [folder, name] = process.argv.slice(2);
const bytes = readFileSync(join(folder, `${name}_bg.wasm`));
let glue = readFileSync(join(folder, `${name}.js`), "utf8");
let at = 8; // After magic and version.

const number = () => {
  let value = 0, shift = 0, byte;
  do value |= ((byte = bytes[at++]) & 127) << shift, shift += 7; while (byte & 128);
  return value >>> 0;
};
const encode = (value) => {
  const out = [];
  do out.push((value & 127) | (value > 127 ? 128 : 0)); while (value >>>= 7);
  return out;
};
const text = () => { const size = number(); return bytes.toString("utf8", at, (at += size)); };
const written = (name) => [...encode(name.length), ...Buffer.from(name)];

while (at < bytes.length) {
  const start = at, id = bytes[at++], size = number(), end = at + size;
  if (id !== IMPORTS) { at = end; continue; }
  const count = number(), body = [...encode(count)];
  for (let index = 0; index < count; index++) {
    const from = text(), imported = text(), kind = bytes[at++];
    if (kind !== FUNCTION) throw new Error(`${imported} is no function`);
    const short = "_" + index.toString(36);
    const parts = glue.split(new RegExp(`\\b${imported.replaceAll("$", "\\$")}\\b`));
    if (parts.length !== 2) throw new Error(`${imported} stands ${parts.length - 1} times in the glue`);
    glue = parts.join(short);
    body.push(...written(from), ...written(short), kind, ...encode(number()));
  }
  writeFileSync(join(folder, `${name}_bg.wasm`), Buffer.concat([bytes.subarray(0, start), Buffer.from([IMPORTS, ...encode(body.length), ...body]), bytes.subarray(end)]));
  writeFileSync(join(folder, `${name}.js`), HINT + glue);
  break;
}
