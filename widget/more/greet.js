// The messages that a page shows by itself. The loader imports this at idle, only where the site has such rules:
//   greet(root, settings, open)
// `root` is the launcher's shadow root, `open(true)` opens the panel; when the launcher leaves the page, this does too. What a visitor was greeted with is kept for the tab under
// `bulle:KEY:greeting` (id, line break, text): the panel shows it as its first line, and the first message carries the id.
// One greeting a page, each once, none while a conversation lives or after one was dismissed on this visit. Its budget is 2 KB (brotli).

// A visit ends after half an hour without a page, as web statistics count it.
const VISIT = 1_800_000;
// For how long an answer to "is anybody there?" is believed, and for how long a "no" keeps us from asking again.
const YES = 15_000, NO = 60_000;
const DISMISS = {
  ar: "إغلاق", de: "Schließen", es: "Cerrar", fr: "Fermer", he: "סגירה", it: "Chiudi", ja: "閉じる", nl: "Sluiten", pl: "Zamknij", pt: "Fechar", zh: "关闭",
};

// A pattern that begins with `/` is about the path and what follows it, any other about the whole address; `*` is anything.
const matches = (pattern, { href, origin }) =>
  RegExp("^" + pattern.replace(/[^\w*]/g, "\\$&").replace(/\*+/g, ".*") + "$").test(pattern[0] == "/" ? href.slice(origin.length) : href);

// Draws a text above the launcher that can be taken up or dismissed, and returns what takes it away.
export const bubble = (root, settings, text, taken, bye) => {
  const make = tag => document.createElement(tag);
  const box = make("div"), card = make("p"), say = make("button"), dismiss = make("button");
  const sheet = new CSSStyleSheet();
  const leave = () => {
    // Whoever used the keyboard goes on from the launcher.
    if (root.activeElement) root.getElementById("bulle").focus();
    bye();
  };
  sheet.replaceSync(
    "#greet{position:fixed;inset:auto var(--right) calc(var(--bottom) + 68px) var(--left);color-scheme:light dark}" +
    "#greet p{display:flex;align-items:start;gap:4px;margin:0;max-width:min(300px,calc(100vw - 40px));background:Canvas;color:CanvasText;border:1px solid #8884;border-inline-start:4px solid var(--accent);border-radius:12px;box-shadow:0 4px 16px #0003;animation:greet .15s}" +
    "#greet button{all:unset;cursor:pointer;padding:12px 16px;overflow-wrap:anywhere;border-radius:8px}" +
    "#greet button+button{flex:none;padding:0 10px;line-height:40px}" +
    "#greet button:focus-visible{outline:3px solid var(--accent);outline-offset:-3px}" +
    "@keyframes greet{from{opacity:0;transform:translateY(8px)}}" +
    "@media(prefers-reduced-motion){#greet p{animation:none}}"
  );
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  box.id = "greet";
  box.role = "status";
  // "auto" is no colour scheme and leaves it to the sheet.
  box.style.colorScheme = settings.theme || "";
  say.type = dismiss.type = "button";
  say.dir = "auto";
  say.textContent = text;
  say.onclick = taken;
  dismiss.ariaLabel = DISMISS[(settings.locale || navigator.language).slice(0, 2)] || "Dismiss";
  dismiss.textContent = "×";
  dismiss.onclick = leave;
  // A handler that returns false would swallow the key.
  box.onkeydown = event => { if (event.key == "Escape") leave(); };
  card.append(say, dismiss);
  // A region that is there before its text is read out.
  root.append(box);
  setTimeout(() => box.append(card), 100);
  return () => box.remove();
};

export const greet = (root, settings, open) => {
  const { host } = root;
  const name = "bulle:" + settings.key + ":";
  let rules = [], answering, asked, url, seconds, deepest, timer, memory, away;

  const stop = () => {
    timer = clearInterval(timer);
    watch.disconnect();
    document.removeEventListener("mouseout", leave);
    host.removeEventListener("bulle:open", stop);
    away?.();
  };
  // Shutting down empties the root.
  const watch = new MutationObserver(() => host.isConnected || stop());
  // What was shown is read anew each time: another tab may have shown it. Throws where storage is blocked.
  const recall = () => memory = { visits: 0, at: 0, shown: [], ...JSON.parse(localStorage[name + "greet"] || "{}") };
  const keep = () => localStorage[name + "greet"] = JSON.stringify(memory);

  const ask = () => {
    asked = Date.now();
    answering = false;
    // Rules that never came mean that nothing is shown.
    return fetch(settings.relay + "/greetings?site=" + settings.key, { credentials: "omit" })
      .then(answer => answer.json())
      .then(news => ({ answering, greetings: rules } = news), () => {});
  };

  const show = ({ id, text }) => {
    stop();
    memory.shown.push(id);
    keep();
    sessionStorage[name + "greeting"] = id + "\n" + text;
    host.addEventListener("bulle:open", stop);
    watch.observe(root, { childList: true });
    away = bubble(root, settings, text, () => open(true), () => {
      recall().hush = memory.visits;
      keep();
      delete sessionStorage[name + "greeting"];
      stop();
    });
  };

  const look = async exit => {
    if (document.hidden) return;
    if (url != location.href) {
      url = location.href;
      seconds = deepest = 0;
    }
    const page = document.scrollingElement || document.body;
    // A page that cannot be scrolled gives no number, which is not at least any.
    deepest = Math.max(deepest, 100 * page.scrollTop / (page.scrollHeight - innerHeight) || 0);
    const rule = rules.find(rule =>
      !memory.shown.includes(rule.id) &&
      (!rule.url || matches(rule.url, location)) &&
      seconds >= (rule.after_s || 0) &&
      deepest >= (rule.scroll || 0) &&
      (!rule.exit || exit == 1) &&
      (rule.returning ?? memory.visits > 1) == memory.visits > 1);
    if (!rule) return;
    if (Date.now() - asked > (answering ? YES : NO)) await ask();
    recall();
    // Meanwhile the visitor may have opened the panel, or another tab have shown it; and beside a hidden launcher nothing is shown.
    if (answering && timer && !host.hidden && !localStorage[name + "live"] && !memory.shown.includes(rule.id) && memory.hush != memory.visits) show(rule);
  };
  const leave = event => event.relatedTarget || event.clientY > 0 || look(1);

  if (!host.isConnected) return;
  try {
    recall();
    if (Date.now() - memory.at > VISIT) memory.visits++;
    memory.at = Date.now();
    keep();
  } catch {
    // Without storage nobody could be kept from being greeted twice.
    return;
  }
  host.addEventListener("bulle:open", stop);
  watch.observe(root, { childList: true });
  document.addEventListener("mouseout", leave);
  timer = setInterval(() => document.hidden || (seconds++, look()), 1_000);
  ask().then(() => look());
};
