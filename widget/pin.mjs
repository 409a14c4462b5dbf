// Makes bulle.js of the built set: the loader that site owners can pin by `integrity`. Called by make with the folder of the built widget.
// It is the same loader, called with what its own tag says instead of the relay's settings; what it loads lies beside it, and the wasm
// is checked against the hash that stands in it.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const dist = process.argv[2];
const read = (name) => readFileSync(join(dist, name));
const integrity = `sha384-${createHash("sha384").update(read("widget_bg.wasm")).digest("base64")}`;
const settings = `(({src,dataset})=>({key:dataset.site,name:"",color:"#2456e6",side:"right",relay:new URL(src).origin,assets:new URL(".",src).href,integrity:"${integrity}"}))`;
const tag = "(document.currentScript||document.querySelector('script[data-site]'))";
writeFileSync(join(dist, "bulle.js"), `${read("loader.js")}(${settings}${tag})\n`);
