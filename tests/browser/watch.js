// Runs before every page's own scripts: keeps what a page should not do, or not yet, for the test to ask about.
{
  const seen = { sockets: [], violations: [], shift: 0 };
  window.seen = seen;
  window.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      seen.sockets.push(String(url));
    }
  };
  const shifts = new PerformanceObserver(list => list.getEntries().forEach(entry => seen.shift += entry.value));
  shifts.observe({ type: "layout-shift", buffered: true });
  addEventListener("securitypolicyviolation", event => seen.violations.push(event.violatedDirective + " " + event.blockedURI), true);
}
