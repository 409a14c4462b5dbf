// The commands of the embed API that pages seldom give. The loader imports this when the first of them comes; each takes what the page
// gave and, last, what the loader lets it use (see the end of loader.js).

// The relay checks the token: an empty one ends nothing, `shutdown` does.
export const identify = ({ token }, { settings, tell }) => tell("identity", settings.identity = token);

// Says something for the visitor, with the panel open unless `{ open: false }`.
export const send = async (text, ...rest) => {
  const { start, tell } = rest.at(-1);
  await start(rest.length < 2 || rest[0].open != false || undefined);
  tell("say", text);
};

// Other looks, and a look at the page: its address or title may have changed.
export const update = (...rest) => {
  const { look, tell } = rest.at(-1);
  look(rest.length > 1 ? rest[0] : {});
  tell("look");
};

// Begins anew after `shutdown`, or for the first time where consent was awaited.
export const boot = (...rest) => {
  const { look, begin, settings, start } = rest.at(-1);
  look(rest.length > 1 ? rest[0] : {});
  begin();
  if (settings.identity) start();
};
