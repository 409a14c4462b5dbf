// The panel in a frame of the relay's, for pages whose policy forbids WebAssembly (or `data-mode="frame"`): the side of the page.
//
//   mount(root, settings, wish) -> command      as what `ready` in `shell.js` returns
//
// `page.js` is the other side. The two talk over a channel that is handed to the relay's origin and nobody else, and only to the frame
// made here. Browsers keep a frame's storage apart or give it none: what the panel keeps lies in the page's own, as without a frame.
const SHEET =
  "#frame{position:fixed;inset:auto var(--right) calc(var(--bottom) + 72px) var(--left);width:380px;height:min(640px,100vh - 92px - var(--bottom));" +
  "border:0;border-radius:16px;box-shadow:0 8px 40px #0b142533,0 0 0 1px #0b142512;color-scheme:normal}" +
  "#frame[hidden]{display:none}" +
  "@media(max-width:480px){#frame{inset:0;width:100%;height:100dvh;border-radius:0}}" +
  // What the panel would add to the launcher by its own sheet.
  "#bulle[aria-expanded=true]::before{inset:14px;border-radius:0;clip-path:path('M5 10l2-2 7 7 7-7 2 2-9 9')}" +
  "#bulle[data-unread]::after{content:attr(data-unread);position:absolute;inset:-4px -4px auto auto;box-sizing:border-box;min-width:20px;padding:0 5px;border-radius:10px;background:#c8201a;color:#fff;font-size:12px;line-height:20px}";

// How long the relay's page may take, in ms, before the visitor is told.
const PATIENCE = 20_000;
// How long after its address a page may set its title, in ms.
const TITLE_TIME = 300;

export const mount = (root, settings, wish) => {
  const { host } = root;
  const { key, relay } = settings;
  const button = root.getElementById("bulle");
  const prefix = "bulle:" + key + ":";
  const stores = ["localStorage", "sessionStorage"];
  const over = new AbortController();
  const { port1: port, port2 } = new MessageChannel();
  const frame = document.createElement("iframe");
  const sheet = new CSSStyleSheet();

  const announce = (name, detail) => host.dispatchEvent(new CustomEvent("bulle:" + name, { bubbles: true, detail }));
  const page = () => ({ url: location.href, title: document.title, referrer: document.referrer });
  const kept = store => {
    const entries = {};
    // Blocked storage holds nothing.
    try {
      for (const name in window[store]) if (name.startsWith(prefix)) entries[name] = window[store][name];
    } catch {}
    return entries;
  };

  const heard = {
    event: (name, detail) => {
      if (name == "open") {
        frame.hidden = false;
        // Only the page can give the focus to its frame; within, the composer gets it.
        frame.focus();
        port.postMessage(["shown"]);
        // By a panel that stood here until it was found that it cannot be filled (`shell.js`).
        if (button.ariaExpanded == "true") return;
      }
      if (name == "close") {
        frame.hidden = true;
        if (detail) button.focus();
      }
      if (name == "open" || name == "close") button.ariaExpanded = name == "open";
      if (name == "unread") detail ? button.dataset.unread = detail : delete button.dataset.unread;
      announce(name, detail);
    },
    // Names of other things than ours are none of its business.
    keep: (store, name, text) => {
      if (!stores.includes(store) || !name.startsWith(prefix)) return;
      try {
        text == null ? window[store].removeItem(name) : window[store].setItem(name, text);
      } catch {}
    },
  };
  const late = setTimeout(() => {
    button.ariaBusy = false;
    announce("error", { code: "frame" });
  }, PATIENCE);
  port.onmessage = ({ data: [name, ...rest] }) => {
    clearTimeout(late);
    heard[name]?.(...rest);
  };

  const { color, greeting, identity, locale, name, theme } = settings;
  frame.onload = () => {
    const looks = { color, greeting, identity, locale, name, theme, onAccent: host.style.getPropertyValue("--on-accent") };
    const hello = { bulle: 1, wish, page: page(), settings: looks, stores: stores.map(kept) };
    frame.contentWindow.postMessage(hello, relay, [port2]);
    frame.onload = null;
  };
  // The page may have drawn another of its pages by script. Where the browser does not tell, a click is what most often leads there.
  let timer;
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(() => port.postMessage(["page", page()]), TITLE_TIME);
  };
  const { signal } = over;
  if (window.navigation) navigation.addEventListener("currententrychange", look, { signal });
  else for (const name of ["click", "popstate", "hashchange"]) addEventListener(name, look, { signal });
  addEventListener("storage", ({ storageArea, key, newValue }) => {
    if (storageArea == window.localStorage && key?.startsWith(prefix)) port.postMessage(["kept", key, newValue]);
  }, { signal });

  frame.id = "frame";
  frame.title = "Chat";
  frame.hidden = true;
  frame.allow = "microphone; clipboard-write";
  frame.src = relay + "/frame/" + key;
  sheet.replaceSync(SHEET);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  root.append(frame);

  return command => {
    if (command[0] == "look") return look();
    if (command[0] != "stop") return port.postMessage(["tell", command]);
    over.abort();
    clearTimeout(timer);
    clearTimeout(late);
    port.close();
    frame.remove();
    delete button.dataset.unread;
  };
};
