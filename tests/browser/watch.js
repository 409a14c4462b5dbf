// Runs before every page's own scripts, or, where the engine has no means for that, once the page has loaded and again with every script
// of a test: keeps what a page should not do, or not yet, for the test to ask about.
if (!window.seen) {
  const seen = { sockets: [], violations: [], log: [], shift: 0 };
  Object.defineProperty(window, "seen", { value: seen });
  window.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      seen.sockets.push(String(url));
    }
  };
  // Firefox and WebKit measure no shifts.
  if (PerformanceObserver.supportedEntryTypes.includes("layout-shift")) {
    const shifts = new PerformanceObserver(list => list.getEntries().forEach(entry => seen.shift += entry.value));
    shifts.observe({ type: "layout-shift", buffered: true });
  }
  addEventListener("securitypolicyviolation", event => seen.violations.push(event.violatedDirective + " " + event.blockedURI), true);
  // For the engine whose own log cannot be read.
  addEventListener("error", event => event.message && seen.log.push("error: " + event.message), true);
  addEventListener("unhandledrejection", event => seen.log.push("unhandled rejection: " + event.reason));
  for (const level of ["error", "warn"]) {
    const native = console[level];
    console[level] = (...words) => {
      seen.log.push(level + ": " + words.join(" "));
      native.apply(console, words);
    };
  }
}
