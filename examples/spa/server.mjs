// What a shop's own server does for this example: serves what `npm run build` made, every unknown path as the app itself, and vouches for
// people who are signed in (here: whoever asks). SECRET is the site's, made on the console or with POST /api/sites/KEY/secrets.
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { text } from "node:stream/consumers";

const { SECRET = "", SITE = "demo", PORT = "8081" } = process.env;
const dist = join(import.meta.dirname, "dist");
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };

const part = value => Buffer.from(JSON.stringify(value)).toString("base64url");

// A JSON Web Token (HS256), good for five minutes.
function vouch(name) {
  const claims = { sub: name.toLowerCase(), name, aud: SITE, exp: Math.floor(Date.now() / 1000) + 300 };
  const message = part({ alg: "HS256", typ: "JWT" }) + "." + part(claims);
  return message + "." + createHmac("sha256", SECRET).update(message).digest("base64url");
}

async function page(path) {
  const file = join(dist, normalize(path));
  const found = file.startsWith(dist) && extname(file) && (await readFile(file).catch(() => null));
  return found ? [types[extname(file)] ?? "application/octet-stream", found] : [types[".html"], await readFile(join(dist, "index.html"))];
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://shop");
  const identity = request.method === "POST" && pathname === "/identity";
  const [type, body] = identity ? ["application/json", JSON.stringify({ token: vouch(await text(request)) })] : await page(pathname);
  response.writeHead(200, { "content-type": type }).end(body);
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
