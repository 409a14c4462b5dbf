// How a person finds things on a page: by role and name, through shadow roots, and only what is shown. Put before every script that
// the tests run; `seek`, `seekPart`, `text`, `said`, `focused` and `until` are what those use.
const everything = root => [...root.querySelectorAll("*")].flatMap(el => el.shadowRoot ? [el, ...everything(el.shadowRoot)] : [el]);
const shown = el => el.checkVisibility({ visibilityProperty: true }) && el.getClientRects().length > 0;
const tags = {
  A: "link", ARTICLE: "article", ASIDE: "complementary", BUTTON: "button", DIALOG: "dialog", H1: "heading", H2: "heading", LI: "listitem",
  MAIN: "main", NAV: "navigation", OL: "list", PROGRESS: "progressbar", SELECT: "combobox", TEXTAREA: "textbox", UL: "list",
};
const inputs = { checkbox: "checkbox", radio: "radio", range: "slider" };
const roleOf = el => el.getAttribute("role") || (el.tagName === "INPUT" ? inputs[el.type] || "textbox" : tags[el.tagName]);
const nameOf = el => {
  const by = el.getAttribute("aria-labelledby")?.split(" ").map(id => el.getRootNode().getElementById(id)?.textContent).join(" ");
  return (el.getAttribute("aria-label") || by || el.labels?.[0]?.textContent || el.textContent || el.title || "").replace(/\s+/g, " ").trim();
};
const named = (el, name) => nameOf(el) === name || nameOf(el).startsWith(name + " ");
const seek = (role, name) => everything(document).find(el => roleOf(el) === role && shown(el) && !el.disabled && named(el, name));
const seekPart = (role, part) => everything(document).find(el => roleOf(el) === role && shown(el) && nameOf(el).includes(part));
const words = node => node.nodeType === Node.TEXT_NODE ? node.data
  : node.nodeType === Node.ELEMENT_NODE && !shown(node) && getComputedStyle(node).display !== "contents" && !node.shadowRoot ? ""
  : [...node.childNodes, ...(node.shadowRoot?.childNodes || [])].map(words).join(" ");
// All that the page shows, white space folded. The chat stands beside the body.
const text = () => words(document.documentElement).replace(/\s+/g, " ");
// What the conversation shows.
const said = () => words(seek("log", "Conversation") || document.createTextNode("")).replace(/\s+/g, " ");
// The element that has the focus, inside whichever shadow root.
const focused = (root = document) => root.activeElement?.shadowRoot ? focused(root.activeElement.shadowRoot) : root.activeElement;
// Calls `done` with what `look` finds, as soon as it finds something, or with nothing when patience (in ms) ends.
const until = (look, done, patience) => {
  const end = performance.now() + patience;
  const again = () => {
    const found = look();
    found || performance.now() > end ? done(found || null) : setTimeout(again, 30);
  };
  again();
};
// The chat on the page.
const chat = () => document.querySelector("bulle-chat");
// A colour as the screen shows it, in red, green and blue of 0 to 255: whatever space it is written in, out of the screen's range or not.
const painted = color => {
  const context = (painted.on ||= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
// Relative luminance and contrast as WCAG 2.2 defines them.
const luminance = color => painted(color).map(part => part / 255)
  .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
const contrast = (one, other) => {
  const [less, more] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (more + 0.05) / (less + 0.05);
};
