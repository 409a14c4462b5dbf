//! HTTP that means harm: paths that climb, values that would become headers, hosts that are made up, bodies that are too big, packed or
//! nested; and what every answer must say about itself.

use std::io::Write as _;
use std::net::SocketAddr;

use relay::api::ROUTES;
use relay::config::Config;
use tests::relay::Relay;
use tests::wire::{self, Reply};

/// Pages, files and odds and ends that are no part of the REST API, and what is not there.
const OTHERS: [&str; 19] = [
    "/",
    "/console",
    "/console/",
    "/console/join/abc",
    "/console/nothing.js",
    "/favicon.ico",
    "/bulle.js",
    "/bulle.js?site=demo",
    "/a/0000000000000000/widget.js",
    "/healthz",
    "/readyz",
    "/demo",
    "/ws/visitor?site=demo",
    "/ws/agent",
    "/nothing",
    "/attributes",
    "/present",
    "/chat/demo",
    "/f/0/a.png",
];

async fn get(relay: &Relay, target: &str) -> Reply {
    wire::get(relay.address(), target, "").await.unwrap()
}

fn is_guarded(what: &str, reply: &Reply) {
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}: {reply:?}");
    let referrer = reply.header("referrer-policy").unwrap_or_default();
    assert!(["no-referrer", "strict-origin-when-cross-origin"].contains(&referrer), "{what}: {reply:?}");
    let policy = reply.header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "frame-ancestors '"] {
        assert!(policy.contains(part), "{part} in the policy of {what}: {reply:?}");
    }
    for loose in ["unsafe-inline", " 'unsafe-eval'", "*", "http:", "https:", "blob:"] {
        assert!(!policy.contains(loose), "{loose} in the policy of {what}: {policy}");
    }
}

#[tokio::test]
async fn every_answer_says_how_it_may_be_used() {
    let relay = Relay::start().await;
    for target in OTHERS {
        is_guarded(target, &get(&relay, target).await);
    }
    // The one page that others may frame: those of the site's origins.
    let frame = get(&relay, "/frame/demo").await;
    let policy = frame.header("content-security-policy").unwrap_or_default();
    let framers = format!("frame-ancestors http://{} ", relay.address());
    assert!(policy.contains("default-src 'none'") && policy.contains(&framers), "{policy}");
    assert!(!["unsafe-inline", " 'unsafe-eval'", "*", "blob:"].iter().any(|loose| policy.contains(loose)), "{policy}");
    for route in ROUTES {
        let target = format!("/api{}", route.path.replace(['{', '}'], ""));
        let method = route.method.to_uppercase();
        let head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", relay.address());
        let reply = wire::send(relay.address(), head.as_bytes()).await.unwrap();
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{route:?}");
        is_guarded(&format!("{method} {target}"), &reply);
    }
    for method in ["PUT", "DELETE", "OPTIONS", "TRACE"] {
        for target in ["/console/", "/api/session", "/bulle.js", "/nothing"] {
            let head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", relay.address());
            let reply = wire::send(relay.address(), head.as_bytes()).await.unwrap();
            is_guarded(&format!("{method} {target}"), &reply);
            assert!(!reply.body.contains("TRACE"), "nothing is echoed: {reply:?}");
        }
    }
    let console = get(&relay, "/console/").await;
    assert!(console.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"), "{console:?}");
    relay.stop().await;
}

#[tokio::test]
async fn no_path_leads_out_of_the_assets() {
    let relay = Relay::start().await;
    let climbs = [
        "../",
        "..%2f",
        "%2e%2e/",
        "%2e%2e%2f",
        "%252e%252e%252f",
        "..%252f",
        "..\\",
        "..%5c",
        "%2e%2e%5c",
        "....//",
        "..;/",
        ".%00./",
        "..%c0%af",
        "%c0%ae%c0%ae/",
        "..%u2215",
        "/",
        "%2f",
        "//",
        "./",
    ];
    let roots = [
        "/a/",
        "/a/0123456789abcdef/",
        "/console/",
        "/a/%2e%2e/",
        "/api/conversations/",
        "/f/",
        "/f/00000000-0000-4000-8000-000000000000/",
    ];
    let targets = ["bulle.db", "assets", "etc/passwd", "bulle.db-wal"];
    for root in roots {
        for climb in climbs {
            for depth in [1, 2, 6] {
                for target in targets {
                    let path = format!("{root}{}{target}", climb.repeat(depth));
                    let reply = get(&relay, &path).await;
                    assert!(!reply.body.contains("SQLite format") && !reply.body.contains("root:"), "{path}: {reply:?}");
                    // The console answers its own routes with its page, whatever their name.
                    assert!(root == "/console/" || matches!(reply.status, 400 | 401 | 404), "{path}: {reply:?}");
                }
            }
        }
    }
    relay.stop().await;
}

#[tokio::test]
async fn nothing_that_is_sent_becomes_a_header() {
    let relay = Relay::start().await;
    let address = relay.address();
    for value in [
        "a%0d%0aset-cookie:%20x=1",
        "a%0aset-cookie:x",
        "%0d%0a%0d%0a<script>",
        "%e5%98%8a%e5%98%8dset-cookie:x",
        "\r\nset-cookie: x=1",
    ] {
        for target in [
            format!("/console?{value}"),
            format!("/?{value}"),
            format!("/console/{value}"),
            format!("/bulle.js?site={value}"),
            format!("/a/{value}/{value}"),
            format!("/ws/visitor?site={value}"),
            format!("/api/invitations/{value}"),
            format!("/{value}"),
        ] {
            let reply = wire::get(address, &target, "").await.unwrap();
            assert_eq!(reply.all("set-cookie"), [""; 0], "{target}: {reply:?}");
            assert!(
                !reply.body.contains("<script>") || reply.header("content-type") == Some("text/html; charset=utf-8"),
                "{target}"
            );
            assert!(reply.header("location").is_none_or(|location| location == "/console/"), "{target}: {reply:?}");
        }
    }
    for name in [
        "host",
        "x-forwarded-host",
        "x-forwarded-proto",
        "origin",
        "if-none-match",
        "accept-encoding",
        "accept-language",
        "cookie",
    ] {
        for value in
            ["x\ty: z", "x; script-src *", "x' 'unsafe-inline", "\"><script>", "a,b", "[::1", "x@y", "a b", "é", "a/../b"]
        {
            for target in ["/console/", "/demo", "/bulle.js?site=demo"] {
                let reply = wire::get(address, target, &format!("{name}: {value}\r\n")).await.unwrap();
                let said: String = reply.headers.iter().map(|(_, value)| value.as_str()).collect();
                for part in ["script-src *", "'unsafe-inline'", "<script>", "x@y", "a b;"] {
                    assert!(!said.contains(part), "{name}: {value}: {reply:?}");
                }
                if target.starts_with("/bulle.js") {
                    assert!(!reply.body.contains("<script>"), "{name}: {value}: {reply:?}");
                }
            }
        }
    }
    // Two hosts, two lengths, a length and chunks: what a proxy in front may read otherwise than the relay does.
    for headers in [
        "host: a.example\r\nhost: b.example\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "x: a\r\n\tset-cookie: b\r\n",
        "bad name: x\r\n",
    ] {
        let head = format!("POST /api/session HTTP/1.1\r\nhost: {address}\r\n{headers}connection: close\r\n\r\n0\r\n\r\n");
        let Ok(reply) = wire::send(address, head.as_bytes()).await else { continue };
        assert!((400..500).contains(&reply.status), "{headers}: {reply:?}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_made_up_host_reaches_nobody_else() {
    let relay = Relay::start().await;
    let script = wire::get(relay.address(), "/bulle.js?site=demo", "host: evil.example\r\n").await.unwrap();
    let cache = script.header("cache-control").unwrap();
    assert!(script.status == 404 || cache.contains("private"), "a shared cache must not hand it to others: {cache}");
    let sign_in = "{\"email\":\"root@bulle.example\",\"password\":\"correct horse battery staple\"}";
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "[::ffff:6.6.6.6]",
        "0.0.0.0",
    ] {
        let head = format!(
            "POST /api/session HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncontent-type: application/json\r\ncontent-length: \
             {}\r\nconnection: close\r\n\r\n{sign_in}",
            sign_in.len()
        );
        let reply = wire::send(relay.address(), head.as_bytes()).await.unwrap();
        assert_eq!((reply.status, reply.all("set-cookie").len()), (403, 0), "a name that was rebound to this machine: {host}");
    }
    relay.stop().await;

    let folder = tempfile::tempdir().unwrap();
    let public_url = "https://chat.example.com".parse().ok();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config { listen, data: folder.path().to_owned(), demo: true, public_url, ..Config::default() };
    let relay = relay::app::start(config).await.unwrap();
    for headers in
        ["host: evil.example\r\n", "host: evil.example\r\nx-forwarded-host: evil.example\r\nx-forwarded-proto: http\r\n"]
    {
        for target in ["/bulle.js?site=demo", "/console/", "/demo"] {
            let reply = wire::get(relay.address, target, headers).await.unwrap();
            assert!(!format!("{reply:?}").contains("evil.example"), "{target}: {reply:?}");
        }
    }
    relay.stop().await;
}

#[tokio::test]
async fn bodies_that_are_big_packed_or_deep_are_refused_and_never_unfolded() {
    let relay = Relay::start().await;
    let address = relay.address();
    let post = async |headers: &str, body: &[u8]| {
        let head = format!(
            "POST /api/session HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncontent-type: application/json\r\n{headers}\
             content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        wire::send(address, &[head.as_bytes(), body].concat()).await.unwrap()
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 8 << 20]).unwrap();
    gzip.write_all(b"{\"email\":\"root@bulle.example\",\"password\":\"correct horse battery staple\"}").unwrap();
    let gzip = gzip.finish().unwrap();
    assert!(gzip.len() < 16 * 1_024, "small enough to be read as it is");
    let deep = format!("{{\"email\":{}", "[".repeat(10_000));
    let big = format!("{{\"email\":\"{}\"", "x".repeat(1 << 20));
    let nested = format!("{{\"email\":\"a\",\"password\":\"b\",\"more\":{}{}}}", "{\"a\":".repeat(1_500), "}".repeat(1_500));
    for (what, headers, body) in [
        ("gzip", "content-encoding: gzip\r\n", gzip.as_slice()),
        ("gzip unsaid", "", gzip.as_slice()),
        ("deep", "", deep.as_bytes()),
        ("nested where nobody looks", "", nested.as_bytes()),
        ("big", "", big.as_bytes()),
        ("no text", "", &[0xff, 0xfe, 0x00]),
        ("nothing", "", b""),
    ] {
        let reply = post(headers, body).await;
        assert_eq!(reply.status, 400, "{what}: {reply:?}");
        assert!(reply.body.contains("bad_frame"), "{what}: {reply:?}");
    }
    relay.stop().await;
}
