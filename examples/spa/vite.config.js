import { defineConfig } from "vite";

// `npm run dev` serves the pages, `node server.mjs` beside it signs people in.
export default defineConfig({ server: { proxy: { "/identity": "http://127.0.0.1:8081" } } });
