// What the script tag loads: draws the launcher and stops. Wasm, socket and storage writes begin when the visitor wants to chat.
//
// The relay serves this file followed by `(<settings>)`, so it has to stay one function expression without a semicolon:
//   settings = { key, relay, assets, color, side, locale, name }
// Panel and launcher share one shadow root and talk by `bulle:*` events on the host: the panel says `open`, `close` and
// `unread`, the loader calls what `mount` returned. Pages may listen too; the events bubble.
// Its budget is 2 KB (brotli) together with the settings.
(settings => {
  const { assets, key } = settings;
  const stub = window.Bulle;
  // Several scripts on a page share one API and one copy of the panel's code; `sites` tells a loader's API from a page's stub.
  const api = stub?.sites ? stub : (window.Bulle = (name, ...rest) => {
    if (name == "on" || name == "off") document[name == "on" ? "addEventListener" : "removeEventListener"]("bulle:" + rest[0], rest[1]);
    else Object.values(sites)[0][name]?.(...rest);
  });
  const sites = (api.sites ||= {});
  if (sites[key]) return;

  // The launcher's name in every language that `texts` has: it has to be right before anything is loaded, and a list costs less than
  // caches that keep one script per language would. What else the loader says comes with the panel's texts.
  const names = {
    ar: "فتح الدردشة", de: "Chat öffnen", es: "Abrir el chat", fr: "Ouvrir le chat", he: "פתיחת הצ׳אט", it: "Apri la chat",
    ja: "チャットを開く", nl: "Chat openen", pl: "Otwórz czat", pt: "Abrir o chat", zh: "打开聊天",
  };
  const lang = (settings.locale || navigator.language).slice(0, 2).toLowerCase();
  const name = names[lang] || "Open chat";
  const host = document.createElement("bulle-chat");
  const root = host.attachShadow({ mode: "open" });
  const button = document.createElement("button");
  const badge = document.createElement("b");
  const sheet = new CSSStyleSheet();
  let attempt = 0, isOpen, wanted, panel, notice, words;

  // Whichever of black and white reads better on the site's colour (WCAG relative luminance; both contrasts are equal at 0.18, and then
  // 4.6:1: with any other dark there would be colours on which neither reads well).
  const light = [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => sum + weight * (parseInt(settings.color.slice(1 + 2 * i, 3 + 2 * i), 16) / 255) ** 2.2, 0);
  host.style.setProperty("--accent", settings.color);
  host.style.setProperty("--on-accent", light > 0.18 ? "#000" : "#fff");
  // Away from the text's colour, so that it reads better under the pointer, not worse.
  host.style.setProperty("--off-accent", light > 0.18 ? "#fff" : "#000");
  // `--left` or `--right`, for launcher and panel; launchers of several sites stand side by side.
  host.style.setProperty("--" + settings.side, 20 + 72 * Object.keys(sites).length + "px");
  sheet.replaceSync(
    ":host{all:initial;position:fixed;z-index:2147483000;font:15px/1.4 system-ui,sans-serif}" +
    "#bulle,#bulle~p{position:fixed;inset:auto var(--right,auto) 20px var(--left,auto);background:var(--accent);color:var(--on-accent);border:0}" +
    "#bulle{width:56px;height:56px;padding:0;border-radius:50%;cursor:pointer;box-shadow:0 4px 16px #0004;transition:.15s}" +
    "#bulle:hover{background:color-mix(in srgb,var(--accent),var(--off-accent) 14%)}" +
    "#bulle:active{transform:scale(.94)}" +
    // Two rings, one of which is seen on whatever page.
    "#bulle:focus-visible{outline:3px solid #000;box-shadow:0 0 0 6px #fff}" +
    "#bulle:before{content:'';position:absolute;inset:14px;background:var(--on-accent);clip-path:path('M14 3C7 3 2 7 2 13q0 5 4 7l-1 6 6-4h3c7 0 12-4 12-9S21 3 14 3')}" +
    "#bulle[aria-expanded=true]:before{clip-path:path('M5 10l2-2 7 7 7-7 2 2-9 9')}" +
    "#bulle[aria-busy=true]:after{content:'';position:absolute;inset:-5px;border:3px solid;border-color:var(--accent) #0000;border-radius:50%;animation:turn 1s linear infinite}" +
    "#bulle b{position:absolute;top:-4px;right:-4px;min-width:20px;box-sizing:border-box;padding:0 5px;border-radius:10px;background:#c8201a;color:#fff;font-size:12px;line-height:20px}" +
    "#bulle b:empty{display:none}" +
    "#bulle~p{bottom:84px;margin:0;padding:12px 16px;border-radius:12px}" +
    "#bulle~p button{all:unset;font-weight:600;text-decoration:underline;cursor:pointer}" +
    "@keyframes turn{to{rotate:1turn}}" +
    "@media(prefers-reduced-motion){#bulle,#bulle:after{transition:none;animation:none}}" +
    "@media(forced-colors:active){#bulle{border:1px solid}#bulle:before{forced-color-adjust:none;background:ButtonText}}"
  );
  root.adoptedStyleSheets = [sheet];
  button.id = "bulle";
  button.type = "button";
  button.ariaLabel = name;
  button.ariaHasPopup = "dialog";
  button.ariaExpanded = false;
  button.append(badge);
  root.append(button);

  // Code and wasm at once, one copy per page. A failed import stays failed under its address, hence the query.
  const load = () => {
    let code = api[assets];
    // Without them the panel speaks English.
    words ||= names[lang] && fetch(assets + "texts/" + lang + ".json").then(answer => answer.json()).then(texts => settings.texts = texts).catch(() => words = 0);
    if (!code) {
      code = api[assets] = Promise.all([import(assets + "widget.js" + (attempt ? "?" + attempt : "")), fetch(assets + "widget_bg.wasm")])
        .then(([glue, wasm]) => glue.default({ module_or_path: wasm }).then(() => glue.mount));
      code.catch(() => { attempt++; delete api[assets]; });
    }
    return words ? words.then(() => code) : code;
  };

  // `open`: true or false as the visitor wishes, nothing for a panel that knows by itself whether it was open.
  const start = open => {
    wanted = open ?? wanted;
    notice?.remove();
    if (panel) return panel(open);
    button.ariaBusy = !!wanted;
    load().then(mount => {
      // Two clicks may have waited for the same code.
      panel ? panel(wanted) : panel = mount(root, settings, wanted);
    }, () => {
      if (!wanted) return;
      const retry = document.createElement("button");
      notice = document.createElement("p");
      notice.role = "alert";
      retry.textContent = settings.texts?.loader_again || "Try again";
      retry.onclick = () => start(true);
      notice.dir = "auto";
      notice.append(settings.texts?.loader_failed || "The chat could not load.", " ", retry);
      root.append(notice);
    }).then(() => button.ariaBusy = false);
  };

  const toggle = () => start(!isOpen);
  // The second click of a double click does not close again.
  button.onclick = event => event.detail > 1 || toggle();
  button.onpointerenter = button.onfocus = load;
  for (const open of [true, false]) {
    host.addEventListener("bulle:" + (open ? "open" : "close"), event => {
      button.ariaExpanded = isOpen = open;
      if (event.detail) button.focus();
    });
  }
  host.addEventListener("bulle:unread", event => button.ariaLabel = name + ((badge.textContent = event.detail || "") && ` (${event.detail})`));

  sites[key] = {
    open: () => start(true),
    close: () => panel && start(false),
    toggle,
    show: () => host.style.display = "",
    hide: () => host.style.display = "none",
  };
  const begin = () => {
    document.body.append(host);
    try {
      // Set by the panel while there is a conversation that is not closed.
      if (localStorage["bulle:" + key + ":live"]) (window.requestIdleCallback || setTimeout)(() => start());
    } catch { /* Storage is blocked: the panel waits for a click. */ }
  };
  document.body ? begin() : addEventListener("DOMContentLoaded", begin);
  for (const command of stub?.q || []) api(...command);
})
