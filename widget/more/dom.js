// What the modules of this folder share: making elements, style sheets of their own, texts with places. No markup is ever parsed.

// An element. Properties that it has are set, all others become attributes; `on` is its click. Children may be missing.
export const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") element.addEventListener("click", value);
    else if (name === "class") element.className = value;
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child != null));
  return element;
};

// A button that sends no form.
export const button = (kind, text, on, properties) => make("button", { type: "button", class: kind, on, ...properties }, text);

// Adds a constructable style sheet to the panel's shadow root, once.
const dressed = new WeakMap();
export const dress = (place, name, css) => {
  const root = place.getRootNode();
  const names = dressed.get(root) ?? new Set();
  if (!root.adoptedStyleSheets || names.has(name)) return;
  dressed.set(root, names.add(name));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
};

// Puts values in the places `{}` of a text, in order.
export const fill = (text, ...values) => text.replace(/\{\}/g, () => values.shift());

// Calls back once the element has left the page, or at once when a later child of `place` has taken its room.
export const whenGone = (place, element, call) => {
  const watch = new MutationObserver(() => {
    if (!element.isConnected) {
      watch.disconnect();
      call();
    }
  });
  watch.observe(place, { childList: true });
};

// Minutes and seconds.
export const clock = seconds => Math.floor(seconds / 60) + ":" + String(Math.floor(seconds) % 60).padStart(2, "0");

let last = 0;
// An id that no other element of the panel has.
export const fresh = () => "bulle-" + ++last;

// A length in bytes as people say it.
export const bytes = (count, locale) => {
  const power = Math.min(3, Math.max(1, Math.floor(Math.log2(Math.max(count, 1)) / 10)));
  const unit = ["", "kilobyte", "megabyte", "gigabyte"][power];
  const number = new Intl.NumberFormat(locale || undefined, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: power > 1 ? 1 : 0 });
  return number.format(power > 1 ? count / 1024 ** power : Math.ceil(count / 1024));
};
