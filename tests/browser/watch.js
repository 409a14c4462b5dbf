// Runs before every page's own scripts: keeps what a page should not do, or not yet, for the test to ask about.
{
  const seen = { sockets: [], violations: [] };
  window.seen = seen;
  window.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      seen.sockets.push(String(url));
    }
  };
  addEventListener("securitypolicyviolation", event => seen.violations.push(event.violatedDirective + " " + event.blockedURI), true);
}
