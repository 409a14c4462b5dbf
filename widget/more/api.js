// The commands of the embed API that pages seldom give. The loader imports this when the first of them comes; each takes what the page
// gave and, last, what the loader lets it use (see the end of loader.js).

// What the page says of the visitor goes to the relay at once if they have written, of whom else nothing is kept, or else with their first
// message. Whoever comes after a `shutdown` is somebody else: it is forgotten with them.
const describe = (given, site) => {
  if (typeof given != "object" || !given) return;
  if (!site.known) {
    const { shutdown, consent } = site;
    const heard = ({ detail }) => { if (detail.by == "visitor") post(site); };
    const forget = () => {
      document.removeEventListener("bulle:message", heard);
      Object.assign(site, { known: null, shutdown, consent });
    };
    document.addEventListener("bulle:message", heard);
    site.shutdown = () => (forget(), shutdown());
    site.consent = given => (given || forget(), consent(given));
  }
  site.known = { ...site.known, ...given };
  post(site, true);
};

// Somebody `known` has a conversation already; without storage nobody can be told from others.
const post = async (site, known) => {
  const { settings: { key, relay }, known: attributes } = site, name = "bulle:" + key + ":";
  try {
    const token = localStorage[name + "token"];
    if (!token || known && !localStorage[name + "live"] || !document.querySelector("bulle-chat") || !Object.keys(attributes).length) return;
    site.known = {};
    // Plain text, so that the page's browser need not ask first.
    const answer = await fetch(relay + "/attributes", {
      method: "POST", keepalive: true, credentials: "omit", body: JSON.stringify({ site: key, token, attributes }),
    });
    // Too much, or too soon: it comes with the next message. What cannot be, never can.
    if (answer.status == 429 || answer.status == 409) throw answer;
  } catch {
    if (site.known) site.known = { ...attributes, ...site.known };
  }
};

// The relay checks the token: an empty one ends nothing, `shutdown` does. Without a token the page only says something of the visitor.
export const identify = ({ token, attributes }, site) => {
  describe(attributes, site);
  if (token != null) site.tell("identity", site.settings.identity = token);
};

// Says something for the visitor, with the panel open unless `{ open: false }`.
export const send = async (text, ...rest) => {
  const { start, tell } = rest.at(-1);
  await start(rest.length < 2 || rest[0].open != false || undefined);
  tell("say", text);
};

// Other looks, something about the visitor, and a look at the page: its address or title may have changed.
export const update = (...rest) => {
  const site = rest.at(-1), { attributes, ...looks } = rest.length > 1 ? rest[0] : {};
  site.look(looks);
  describe(attributes, site);
  site.tell("look");
};

// Begins anew after `shutdown`, or for the first time where consent was awaited.
export const boot = (...rest) => {
  const site = rest.at(-1), { attributes, ...looks } = rest.length > 1 ? rest[0] : {};
  site.look(looks);
  site.begin();
  describe(attributes, site);
  if (site.settings.identity) site.start();
};
