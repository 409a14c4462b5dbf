// Serves the page with the strictest policy under which the chat works: `/` names the relay, `/nonce` trusts what carries this answer's
// nonce and what that loads. RELAY and SITE are your relay's address and your site's key.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

const { RELAY = "http://127.0.0.1:8080", SITE = "demo", PORT = "8081" } = process.env;
const sockets = RELAY.replace("http", "ws");
const files = { "/style.css": "text/css", "/icon.svg": "image/svg+xml" };

const policy = script => [
  "default-src 'none'",
  // Compiles WebAssembly, and nothing else.
  `script-src ${script} 'wasm-unsafe-eval'`,
  // Two engines do not count the socket under the https address.
  `connect-src ${RELAY} ${sockets}`,
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://shop");
  if (files[pathname]) {
    const body = await readFile(join(import.meta.dirname, pathname));
    return response.writeHead(200, { "content-type": files[pathname] }).end(body);
  }
  const nonce = randomBytes(16).toString("base64");
  const script = pathname === "/nonce" ? `'nonce-${nonce}' 'strict-dynamic'` : RELAY;
  const page = await readFile(join(import.meta.dirname, "index.html"), "utf8");
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy(script) });
  response.end(page.replace("NONCE", nonce).replace("RELAY", RELAY).replace("SITE", SITE));
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
