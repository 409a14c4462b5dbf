//! The REST API, the pages and the assets over the real router, store and desk; only the listener is left out.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use shared::ids::{AgentId, ConversationId, MessageId, SiteId, SiteKey, VisitorId};
use shared::model::{Presence, Say};
use tempfile::TempDir;
use tower::ServiceExt;

use super::first_admin_link;
use crate::clock;
use crate::config::Config;
use crate::desk::{Desk, Rules, VisitorCard};
use crate::edge::embedded::{Built, Embedded};
use crate::edge::pages::open_shop;
use crate::edge::router::{Shared, router};
use crate::files::Files;
use crate::hub::News;
use crate::store::Store;

mod sites;

const BUILT: Built = Built {
    widget: &[
        Embedded { name: "bulle.js", etag: "\"p\"", raw: b"pinned", br: None, gz: None },
        Embedded { name: "loader.js", etag: "\"l\"", raw: b"(s=>s)", br: None, gz: None },
        Embedded { name: "widget_bg.wasm", etag: "\"w\"", raw: b"\0asm", br: Some(b"br"), gz: None },
    ],
    widget_hash: "0123456789abcdef",
    console: &[
        Embedded { name: "console.webmanifest", etag: "\"m\"", raw: b"{}", br: None, gz: None },
        Embedded { name: "index.html", etag: "\"c\"", raw: b"<p>console", br: None, gz: None },
        Embedded { name: "sw.js", etag: "\"s\"", raw: b"worker", br: None, gz: None },
    ],
};
const HOST: &str = "127.0.0.1:8080";
const OWN: &str = "http://127.0.0.1:8080";
const PASSWORD: &str = "correct horse battery staple";

struct Office {
    shared: Arc<Shared>,
    router: Router,
    announced: Arc<Mutex<Vec<(AgentId, bool)>>>,
    _folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn cookie(&self) -> String {
        let whole = self.headers[header::SET_COOKIE].to_str().unwrap();
        whole.split(';').next().unwrap().to_owned()
    }

    fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap().to_owned())
    }
}

impl Office {
    fn open(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Some(crate::store::tests::url(folder.path()));
        let mut config = Config { data: folder.path().to_owned(), store, demo: true, ..Config::default() };
        change(&mut config);
        let store = Arc::new(Store::serve(&config.store_url()).unwrap());
        let desk = Desk::new(Arc::clone(&store), Rules::default());
        let announced = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&announced);
        let announce = Box::new(move |news| {
            if let News::Changed { agent, disabled, .. } = news {
                heard.lock().unwrap().push((agent, disabled));
            }
        });
        let files = Files::open(&config).unwrap();
        let shared = Arc::new(Shared::with_built(config, files, store, desk, announce, BUILT));
        Self { router: router(Arc::clone(&shared)), shared, announced, _folder: folder }
    }

    async fn send(&self, peer: &str, request: Request<Body>) -> Answer {
        let mut request = request;
        let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::HOST, HOST).header(header::COOKIE, cookie);
        self.send("127.0.0.1", request.body(Body::empty()).unwrap()).await
    }

    /// As the console sends it.
    async fn tell(&self, method: Method, path: &str, cookie: &str, body: Value) -> Answer {
        self.send("127.0.0.1", told(method, path, cookie, body).body_json()).await
    }

    async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.tell(Method::POST, "/api/session", "", json!({"email": email, "password": password})).await
    }

    /// The first admin's cookie.
    async fn admin(&self) -> String {
        let base = OWN.parse().unwrap();
        let link = first_admin_link(&self.shared.store, &self.shared.config, &base).await.unwrap().unwrap();
        self.join(&link, "Ada", "ada@shop.example").await.cookie()
    }

    async fn join(&self, link: &str, name: &str, email: &str) -> Answer {
        let token = link.rsplit('/').next().unwrap();
        let body = json!({"name": name, "email": email, "password": PASSWORD});
        self.tell(Method::POST, &format!("/api/invitations/{token}"), "", body).await
    }

    /// Cookie and id of an agent whom the admin hires.
    async fn hire(&self, admin: &str, name: &str, role: &str) -> (String, AgentId) {
        let email = format!("{name}@shop.example");
        let invited = self.tell(Method::POST, "/api/invitations", admin, json!({"email": email, "role": role})).await;
        let joined = self.join(invited.json()["link"].as_str().unwrap(), name, &email).await;
        (joined.cookie(), joined.json()["id"].as_str().unwrap().parse().unwrap())
    }

    /// A visitor writes to the sample shop.
    async fn visitor_writes(&self) -> ConversationId {
        open_shop(&self.shared.store, &self.shared.config, HOST.parse().unwrap()).await.unwrap();
        let site: SiteId = self.shared.store.site_by_key(SiteKey("demo".into())).await.unwrap().unwrap().id;
        let now = clock::now();
        let node = self.shared.desk.node_start(now).await.unwrap();
        let card = VisitorCard {
            id: VisitorId::v7(now, clock::random_bytes()),
            token_hash: clock::random_bytes(),
            locale: None,
            time_zone: None,
            page: None,
            device: None,
            trail: Vec::new(),
            invited: None,
            is_new: true,
        };
        let id = MessageId::v7(now, clock::random_bytes());
        let say = Say::text(id, None, "Is the cup dishwasher safe?");
        self.shared.desk.visitor_say(now, node, site, card, say).await.unwrap().said.unwrap().route.conversation
    }
}

struct Told(axum::http::request::Builder, Value);

impl Told {
    fn body_json(self) -> Request<Body> {
        self.0.body(Body::from(self.1.to_string())).unwrap()
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        if let Some(headers) = self.0.headers_mut() {
            headers.insert(name, value.parse().unwrap());
        }
        self
    }

    fn without(mut self, name: &'static str) -> Self {
        if let Some(headers) = self.0.headers_mut() {
            headers.remove(name);
        }
        self
    }
}

fn told(method: Method, path: &str, cookie: &str, body: Value) -> Told {
    let request = Request::builder().method(method).uri(path).header(header::HOST, HOST).header(header::ORIGIN, OWN);
    Told(request.header(header::COOKIE, cookie).header(header::CONTENT_TYPE, "application/json"), body)
}

#[tokio::test]
async fn the_first_admin_comes_by_a_link_that_works_once() {
    let office = Office::open(|_| {});
    let base = OWN.parse().unwrap();
    let old = first_admin_link(&office.shared.store, &office.shared.config, &base).await.unwrap().unwrap();
    let link = first_admin_link(&office.shared.store, &office.shared.config, &base).await.unwrap().unwrap();
    assert!(link.starts_with("http://127.0.0.1:8080/console/join/"), "{link}");
    assert_eq!(
        office.join(&old, "Eve", "eve@x.example").await.refusal(),
        (404, "not_found".into()),
        "a restart ends the old link"
    );

    let shown = office.get(&format!("/api/invitations/{}", link.rsplit('/').next().unwrap()), "").await.json();
    assert_eq!((&shown["role"], &shown["email"], &shown["link"]), (&json!("admin"), &json!(""), &json!(link)));
    let joined = office.join(&link, " Ada ", "Ada@Shop.example").await;
    assert_eq!(joined.status, StatusCode::OK);
    assert_eq!(joined.json()["email"], "ada@shop.example");
    assert_eq!((&joined.json()["name"], &joined.json()["role"]), (&json!("Ada"), &json!("admin")));
    assert_eq!(office.join(&link, "Eve", "eve@x.example").await.refusal(), (404, "not_found".into()));
    assert!(first_admin_link(&office.shared.store, &office.shared.config, &base).await.unwrap().is_none());

    let cookie = joined.cookie();
    assert_eq!(office.get("/api/session", &cookie).await.json(), joined.json());
    let out = office.tell(Method::DELETE, "/api/session", &cookie, json!({})).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(office.get("/api/session", &cookie).await.refusal(), (401, "bad_token".into()));
}

#[tokio::test]
async fn invitations_bind_address_and_role() {
    let office = Office::open(|_| {});
    let admin = office.admin().await;
    let body = json!({"email": "Grace@shop.example", "role": "supervisor"});
    let invited = office.tell(Method::POST, "/api/invitations", &admin, body).await.json();
    let link = invited["link"].as_str().unwrap();
    assert_eq!(office.join(link, "Grace", "other@shop.example").await.refusal(), (422, "invalid_field".into()));
    assert_eq!(office.join(link, "  ", "grace@shop.example").await.refusal(), (422, "invalid_field".into()));
    let token = link.rsplit('/').next().unwrap();
    let short = json!({"name": "Grace", "email": "grace@shop.example", "password": "too short"});
    let refused = office.tell(Method::POST, &format!("/api/invitations/{token}"), "", short).await;
    assert!(refused.text.contains("10 to 256"), "{}", refused.text);
    let joined = office.join(link, "Grace", "GRACE@shop.example").await;
    assert_eq!(joined.json()["role"], "supervisor");
    for (email, status) in [("grace@shop.example", 422), ("no address", 422), ("@x", 422)] {
        let body = json!({"email": email, "role": "agent"});
        let answer = office.tell(Method::POST, "/api/invitations", &admin, body).await;
        assert_eq!(answer.refusal(), (status, "invalid_field".into()), "{email}");
    }
    let body = json!({"email": "x@shop.example", "role": "agent"});
    let by_supervisor = office.tell(Method::POST, "/api/invitations", &joined.cookie(), body).await;
    assert_eq!(by_supervisor.refusal(), (403, "forbidden".into()));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_the_same_and_guessing_is_slowed() {
    let office = Office::open(|_| {});
    office.admin().await;
    assert_eq!(office.sign_in(" ADA@shop.example", PASSWORD).await.status, StatusCode::OK);
    let wrong = office.sign_in("ada@shop.example", "wrong password").await;
    let unknown = office.sign_in("nobody@shop.example", "wrong password").await;
    assert_eq!(wrong.refusal(), (401, "bad_token".into()));
    assert_eq!((wrong.status, &wrong.text), (unknown.status, &unknown.text));
    assert!(!wrong.headers.contains_key(header::SET_COOKIE));
    let mut last = wrong;
    for _ in 0..20 {
        last = office.sign_in("ada@shop.example", "wrong password").await;
    }
    assert_eq!(last.refusal(), (429, "rate_limited".into()));
    assert!(last.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(office.sign_in("nobody@shop.example", "x").await.status, StatusCode::UNAUTHORIZED, "others are not slowed");
}

#[tokio::test]
async fn foreign_pages_cannot_use_a_cookie() {
    let office = Office::open(|_| {});
    let admin = office.admin().await;
    let invite = || told(Method::POST, "/api/invitations", &admin, json!({"email": "x@shop.example", "role": "admin"}));
    let send = async |told: Told| office.send("127.0.0.1", told.body_json()).await.refusal();
    for origin in ["https://evil.example", "null", "http://127.0.0.1:8081", "http://localhost:8080"] {
        assert_eq!(send(invite().with("origin", origin)).await, (403, "foreign_origin".into()), "{origin}");
    }
    assert_eq!(send(invite().without("origin")).await, (403, "foreign_origin".into()), "cookie without origin");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(send(invite().with("content-type", kind)).await, (415, "bad_frame".into()), "{kind}");
    }
    assert_eq!(send(invite().without("content-type")).await, (415, "bad_frame".into()));
    let without_body = told(Method::DELETE, "/api/session", &admin, json!({})).with("origin", "https://evil.example");
    assert_eq!(send(without_body).await, (403, "foreign_origin".into()));
    let program = told(Method::POST, "/api/session", "", json!({"email": "ada@shop.example", "password": PASSWORD}));
    let signed_in = office.send("127.0.0.1", program.without("origin").without("cookie").body_json()).await;
    assert_eq!(signed_in.status, StatusCode::OK, "programs send no origin");
}

#[tokio::test]
async fn bad_bodies_and_unknown_routes_are_told_in_json() {
    let office = Office::open(|_| {});
    assert_eq!(office.tell(Method::POST, "/api/session", "", json!({"email": 1})).await.refusal(), (400, "bad_frame".into()));
    let large = json!({"email": "x".repeat(70_000), "password": ""});
    assert_eq!(office.tell(Method::POST, "/api/session", "", large).await.refusal(), (400, "bad_frame".into()));
    assert_eq!(office.get("/api/nothing", "").await.refusal(), (404, "not_found".into()));
    assert_eq!(office.tell(Method::PUT, "/api/session", "", json!({})).await.refusal(), (404, "not_found".into()));
    let admin = office.admin().await;
    assert_eq!(office.get("/api/conversations/nonsense", &admin).await.refusal(), (404, "not_found".into()));
    for path in ["/api/agents", "/api/sites", "/api/session"] {
        let answer = office.get(path, "bulle_session=0000").await;
        assert_eq!(answer.refusal(), (401, "bad_token".into()), "{path}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    }
}

#[tokio::test]
async fn admins_change_people_and_disabling_ends_their_sessions() {
    let office = Office::open(|_| {});
    let admin = office.admin().await;
    let (cookie, id) = office.hire(&admin, "kim", "agent").await;
    let path = format!("/api/agents/{id}");
    assert_eq!(office.tell(Method::PATCH, &path, &cookie, json!({"capacity": 9})).await.refusal(), (403, "forbidden".into()));
    for capacity in [0, 21] {
        let answer = office.tell(Method::PATCH, &path, &admin, json!({"capacity": capacity})).await;
        assert_eq!(answer.refusal(), (422, "invalid_field".into()));
    }
    let changed = office.tell(Method::PATCH, &path, &admin, json!({"capacity": 5, "role": "supervisor"})).await.json();
    assert_eq!((&changed["capacity"], &changed["role"]), (&json!(5), &json!("supervisor")));
    assert_eq!(office.get("/api/agents", &cookie).await.json().as_array().unwrap().len(), 2);
    office.tell(Method::PATCH, &path, &admin, json!({"disabled": true})).await;
    assert_eq!(office.announced.lock().unwrap().as_slice(), [(id, false), (id, true)]);
    assert_eq!(office.get("/api/session", &cookie).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(office.sign_in("kim@shop.example", PASSWORD).await.status, StatusCode::UNAUTHORIZED);

    let me = office.get("/api/session", &admin).await.json();
    let own = format!("/api/agents/{}", me["id"].as_str().unwrap());
    for patch in [json!({"disabled": true}), json!({"role": "agent"})] {
        assert_eq!(office.tell(Method::PATCH, &own, &admin, patch).await.refusal(), (422, "invalid_field".into()));
    }
    let nobody = format!("/api/agents/{}", AgentId::v7(0, [0; 10]));
    assert_eq!(office.tell(Method::PATCH, &nobody, &admin, json!({})).await.refusal(), (404, "not_found".into()));
}

#[tokio::test]
async fn passwords_cross_no_network_in_the_clear() {
    let body = || json!({"email": "a@b", "password": PASSWORD});
    let office = Office::open(|_| {});
    let lan =
        told(Method::POST, "/api/session", "", body()).with("host", "192.168.1.7:8080").with("origin", "http://192.168.1.7:8080");
    let refused = office.send("192.168.1.9", lan.body_json()).await;
    assert_eq!(refused.refusal(), (403, "forbidden".into()));
    assert!(refused.text.contains("public_url"), "{}", refused.text);

    let office = Office::open(|config| config.public_url = Some("https://chat.example.com".parse().unwrap()));
    let base = "https://chat.example.com".parse().unwrap();
    let link = first_admin_link(&office.shared.store, &office.shared.config, &base).await.unwrap().unwrap();
    let path = format!("/api/invitations/{}", link.rsplit('/').next().unwrap());
    let join = json!({"name": "Ada", "email": "ada@shop.example", "password": PASSWORD});
    let foreign = office.send("127.0.0.1", told(Method::POST, &path, "", join.clone()).body_json()).await;
    assert_eq!(foreign.refusal(), (403, "foreign_origin".into()), "public_url is the only console");
    let joined = office
        .send("127.0.0.1", told(Method::POST, &path, "", join).with("origin", "https://chat.example.com").body_json())
        .await;
    assert!(joined.headers[header::SET_COOKIE].to_str().unwrap().contains("; Secure;"));
}

#[tokio::test]
async fn conversations_are_read_by_those_who_may() {
    let office = Office::open(|_| {});
    let admin = office.admin().await;
    let (kim, kim_id) = office.hire(&admin, "kim", "agent").await;
    let (lee, _) = office.hire(&admin, "lee", "agent").await;
    let id = office.visitor_writes().await;
    let path = |rest: &str| format!("/api/conversations/{id}{rest}");
    assert_eq!(office.get(&path(""), &kim).await.json()["preview"], "Is the cup dishwasher safe?");
    let page = office.get(&path("/entries?after=0"), &kim).await.json();
    assert_eq!((&page["entries"][0]["seq"], &page["more"]), (&json!(1), &json!(false)));
    let after = page["entries"].as_array().unwrap().len();
    assert_eq!(office.get(&path(&format!("/entries?after={after}")), &kim).await.json()["entries"], json!([]));
    assert_eq!(office.get(&path("/history"), &kim).await.json(), json!({"conversations": []}));
    assert_eq!(office.get(&path("/entries?after=x"), &kim).await.refusal(), (400, "bad_frame".into()));

    let now = clock::now();
    let node = office.shared.desk.node_start(now).await.unwrap();
    office.shared.desk.agent_arrived(now, node, kim_id).await.unwrap();
    office.shared.desk.set_presence(now, kim_id, Presence::Online, None).await.unwrap();
    office.shared.desk.take(now, kim_id, id, false).await.ok();
    let now_with = office.get(&path(""), &kim).await.json();
    assert_eq!(now_with["state"], "active");
    assert_eq!(office.get(&path(""), &lee).await.refusal(), (404, "not_found".into()), "another agent has it in hand");
    assert_eq!(office.get(&path("/entries"), &admin).await.status, StatusCode::OK);
    assert_eq!(office.get(&path("/why"), &admin).await.refusal(), (409, "wrong_state".into()));
}

#[tokio::test]
async fn pages_are_where_people_look_for_them() {
    let office = Office::open(|_| {});
    let root = office.get("/", "").await;
    assert_eq!((root.status, &root.headers[header::LOCATION]), (StatusCode::TEMPORARY_REDIRECT, &"/console/".parse().unwrap()));
    let console = office.get("/console/join/abc", "").await;
    assert_eq!(console.text, "<p>console");
    assert!(
        console.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("connect-src 'self' ws://127.0.0.1:8080")
    );
    let worker = office.get("/console/sw.js", "").await;
    // Its folder is all that it may look after; it asks the relay and nobody else.
    assert_eq!(worker.headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; connect-src 'self'");
    assert_eq!(worker.headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(worker.headers[header::CACHE_CONTROL], "no-cache");
    assert!(!worker.headers.contains_key("service-worker-allowed"));
    assert_eq!(office.get("/console/console.webmanifest", "").await.headers[header::CONTENT_TYPE], "application/manifest+json");
    assert_eq!(office.get("/demo", "").await.status, StatusCode::OK);
    assert_eq!(Office::open(|config| config.demo = false).get("/demo", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get("/healthz", "").await.text, "ok\n");
    assert_eq!(office.get("/readyz", "").await.text, "ready\n");
}
