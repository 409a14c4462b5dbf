// Put into every host page before anything else: remembers what the page owned before the chat came, and tells what is different.
// Plain reads only: some of these pages have replaced what one would use.
{
  const roots = ["Object", "Function", "Array", "String", "Number", "Promise", "Symbol", "Map", "Set", "JSON", "Math", "Reflect", "Event", "CustomEvent",
    "EventTarget", "Node", "Element", "HTMLElement", "Document", "ShadowRoot", "History", "Location", "Storage", "CSSStyleSheet", "MutationObserver",
    "AbortController", "BroadcastChannel", "WebAssembly", "Intl", "navigator", "history", "localStorage"];
  const own = Reflect.ownKeys, describe = Reflect.getOwnPropertyDescriptor, toText = String;
  const look = () => {
    const found = new Map();
    const note = (path, holder) => {
      for (const name of own(holder)) {
        const { value, get, set } = describe(holder, name);
        found.set(path + "." + toText(name), typeof value == "object" || typeof value == "function" ? value : get || set);
      }
    };
    for (const name of roots) {
      const root = window[name];
      if (name != "localStorage") note(name, root);
      if (root?.prototype) note(name + ".prototype", root.prototype);
    }
    // Numbers in `window` are frames, and Bulle is what owners embed; the rest is the drivers' and this test's own.
    for (const name of own(window)) {
      if (typeof name == "symbol" || /^(\d+|Bulle|seen|WebSocket|ret_nodes|se_.*|cdc_.*|\$cdc.*)$/.test(name)) continue;
      const { value } = describe(window, name);
      found.set("window." + toText(name), typeof value == "function" ? value : 0);
    }
    return found;
  };
  const looks = () => {
    let text = "";
    for (const element of document.querySelectorAll("html, body, body *, head")) {
      if (element.localName == "bulle-chat" || element.localName == "script") continue;
      const style = getComputedStyle(element), { x, y, width, height } = element.getBoundingClientRect();
      text += "\n" + element.localName + [x, y, width, height];
      for (const name of style) text += ";" + name + ":" + style.getPropertyValue(name);
    }
    return text;
  };
  let before, drawn;
  Object.defineProperty(window, "kept", { value: {
    begin() { before = look(); },
    drawn() { drawn = looks(); },
    // What changed, as a list of names; empty when all is as it was.
    changes() {
      const now = look(), changed = [];
      for (const [name, value] of now) if (!before.has(name) || before.get(name) !== value) changed[changed.length] = name;
      for (const name of before.keys()) if (!now.has(name)) changed[changed.length] = name;
      const after = looks();
      if (after != drawn) {
        const was = drawn.split("\n");
        let place = 0;
        for (const line of after.split("\n")) if (line != was[place++]) changed[changed.length] = "style of " + line.slice(0, 30);
      }
      return changed;
    },
  } });
}
