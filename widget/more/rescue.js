// Called by the loader when the panel's code did not start: finds out why, and starts it another way.
//
//   rescue(settings, error) -> mount, or throws: then the visitor is told
//
// Where the page's policy forbids WebAssembly, or the connection that fetches it, a frame of the relay's is the way. Where the page has
// replaced `fetch` (API clients, mocks, monitors), or something on the way has spoilt the file's type, the bytes are fetched anew by an
// untouched one: that of an empty frame of our own.
export const rescue = async (settings, error) => {
  const { assets, integrity } = settings;
  const isNative = /\[native code\]/.test(Function.prototype.toString.call(window.fetch));
  const isForbidden = !window.WebAssembly || error instanceof WebAssembly.CompileError;
  if (!isForbidden && !isNative) {
    const realm = document.createElement("iframe");
    realm.hidden = true;
    document.documentElement.append(realm);
    try {
      const answer = await realm.contentWindow.fetch(assets + "widget_bg.wasm", { integrity });
      const wasm = await WebAssembly.compile(await answer.arrayBuffer());
      const glue = await import(assets + "widget.js");
      await glue.default({ module_or_path: wasm });
      return glue.mount;
    } finally {
      realm.remove();
    }
  }
  return (await import(assets + "frame.js")).mount;
};
