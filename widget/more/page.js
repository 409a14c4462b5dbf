// The script of the relay's two pages with nothing but the panel: `/chat/KEY`, a link for emails and QR codes, and `/frame/KEY`, inside
// a site's page (the other side is `frame.js`). The relay has put the settings into the page.
const own = JSON.parse(document.documentElement.dataset.settings);
const { assets, frame, origins } = own;

// What `Storage` is, for a panel whose storage is another page's; `told` hears of each change.
const store = (kept, told) => {
  const entries = new Map(Object.entries(kept));
  return {
    entries,
    get length() { return entries.size; },
    key: place => [...entries.keys()][place] ?? null,
    getItem: name => entries.get(name) ?? null,
    setItem: (name, text) => { entries.set(name, text); told(name, text); },
    removeItem: name => { entries.delete(name); told(name, null); },
  };
};

const start = async (settings, wish) => {
  const host = document.createElement("bulle-chat");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    ":host{font:15px/1.4 system-ui,sans-serif}" +
    ".panel{inset:var(--top,0) 0 auto;width:100%;height:var(--height,100dvh);border-radius:0;box-shadow:none;animation:none}" +
    (frame ? "" : "@media(min-width:720px){.panel{inset:24px 0 auto;margin-inline:auto;width:640px;height:calc(100dvh - 48px);border-radius:16px}}.panel .close{display:none}")
  );
  const { color } = settings;
  const part = (at, weight) => weight * (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2;
  host.style.setProperty("--accent", color);
  // As in the loader: whichever of black and white reads better on the colour.
  host.style.setProperty("--on-accent", settings.onAccent || (part(1, 0.2126) + part(3, 0.7152) + part(5, 0.0722) > 0.18 ? "#111" : "#fff"));
  document.body.append(host);
  const { ready } = await import(assets + "widget.js");
  const fail = () => host.dispatchEvent(new CustomEvent("bulle:error", { bubbles: true, detail: { code: "load" } }));
  const tell = ready(fetch(assets + "widget_bg.wasm"), settings, () => {})(root, settings, wish, fail);
  // After the panel's own, which it overrules.
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  // What a hidden frame holds takes no focus: the composer, or what stands in its place, gets it once the page around has shown this one. WebKit
  // lets no frame of another origin do that before somebody has touched it.
  const land = () => requestAnimationFrame(() => {
    if (!root.activeElement) root.querySelector(".message").focus();
    if (!root.activeElement) root.querySelector(".panel").focus();
  });
  return { host, tell, land };
};

const relay = location.origin;
if (frame) {
  // Whether an origin is on the site's list: exactly, or below a name with a star.
  const allows = origin => !origins.length || origins.some(entry => {
    const [scheme, parent] = entry.split("://*.");
    if (!parent) return new URL(entry).origin == origin;
    const { protocol, hostname, port } = new URL(origin), base = new URL(scheme + "://" + parent);
    return protocol == base.protocol && port == base.port && hostname.endsWith("." + base.hostname);
  });
  const hear = async ({ data, origin, ports: [port], source }) => {
    // The page around this frame, if the site knows it, and nobody else; once.
    if (source != parent || data?.bulle != 1 || !port || !allows(origin)) return;
    removeEventListener("message", hear);
    const { page, wish, stores } = data;
    const [local, session] = ["localStorage", "sessionStorage"].map((name, place) =>
      store(stores[place], (...change) => port.postMessage(["keep", name, ...change])));
    const settings = { ...own, ...data.settings, relay, page, stores: [local, session] };
    for (const name of ["open", "close", "unread", "message", "queued", "assigned", "ended", "rated", "error"]) {
      addEventListener("bulle:" + name, ({ detail }) => port.postMessage(["event", name, detail]));
    }
    const waiting = [];
    let tell = command => waiting.push(command), land;
    const heard = {
      tell: command => tell(command),
      shown: () => land(),
      page: news => {
        Object.assign(page, news);
        tell(["look"]);
      },
      kept: (name, text) => {
        text == null ? local.entries.delete(name) : local.entries.set(name, text);
        dispatchEvent(new StorageEvent("storage", { key: name, newValue: text }));
      },
    };
    port.onmessage = ({ data: [name, ...rest] }) => heard[name]?.(...rest);
    ({ tell, land } = await start(settings, wish));
    waiting.forEach(tell);
  };
  addEventListener("message", hear);
} else {
  // The token of a link from an email is for this once, and nothing to leave in the address.
  const resume = new URLSearchParams(location.hash.slice(1)).get("resume");
  if (resume) history.replaceState(null, "", location.pathname);
  const { host, tell } = await start({ ...own, relay, resume }, true);
  // There is no page to go back to: Escape closes nothing here.
  host.addEventListener("bulle:close", () => queueMicrotask(() => tell(["open", true])));
}
