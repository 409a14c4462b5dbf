//! Sites: their script tag, their assets, their settings, and where the tag is seen.

use super::*;

#[tokio::test]
async fn the_script_tag_of_a_site_works_and_an_unknown_key_is_explained() {
    let office = Office::open(|_| {});
    open_shop(&office.shared.store, &office.shared.config, HOST.parse().unwrap()).await.unwrap();
    let script = office.get("/bulle.js?site=demo", "").await;
    assert_eq!(script.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let settings: Value =
        serde_json::from_str(script.text.strip_prefix("(s=>s)(").unwrap().trim_end().strip_suffix(')').unwrap()).unwrap();
    assert_eq!(settings["relay"], OWN);
    assert_eq!(settings["assets"], format!("{OWN}/a/0123456789abcdef/"));
    assert_eq!((&settings["key"], &settings["color"], &settings["side"]), (&json!("demo"), &json!("#2456e6"), &json!("right")));
    for path in ["/bulle.js", "/bulle.js?site=nobody", "/bulle.js?site=*/alert(1)/*"] {
        let missing = office.get(path, "").await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        assert!(missing.text.starts_with("/* Bulle: ") && missing.text.ends_with(" */\n"), "{}", missing.text);
        assert!(!missing.text.contains("alert"));
    }
    let admin = office.admin().await;
    let sites = office.get("/api/sites", &admin).await.json();
    assert_eq!(sites[0]["snippet"], format!("<script async src=\"{OWN}/bulle.js?site=demo\"></script>"));
    assert_eq!(sites[0]["csp"][1], format!("connect-src {OWN} ws://{HOST}"));
    assert!(sites[0]["origins"].as_array().unwrap().contains(&json!("http://localhost:8080")));
}

#[tokio::test]
async fn assets_are_immutable_and_nothing_else_can_be_reached_through_them() {
    let office = Office::open(|_| {});
    let wasm = office.get("/a/0123456789abcdef/widget_bg.wasm", "").await;
    assert_eq!(wasm.headers[header::CONTENT_TYPE], "application/wasm");
    assert_eq!(wasm.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(wasm.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    for path in [
        "/a/0123456789abcdef/../../bulle.db",
        "/a/0123456789abcdef/..%2f..%2fbulle.db",
        "/a/%2e%2e/bulle.db",
        "/a/..%2f/bulle.db",
        "/a/0123456789abcdef/%2e%2e/%2e%2e/bulle.db",
        "/console/..%2f..%2fbulle.db",
        "/console/%2e%2e/bulle.db",
    ] {
        assert_eq!(office.get(path, "").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn admins_make_sites_and_change_them() {
    let office = Office::open(|_| {});
    let admin = office.admin().await;
    let (kim, _) = office.hire(&admin, "kim", "agent").await;
    let made = office.tell(Method::POST, "/api/sites", &admin, json!({"name": " Kiln & Clay! "})).await.json();
    let key = made["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("kiln-clay-") && SiteKey(key.clone()).is_well_formed(), "{key}");
    assert_eq!(made["settings"]["color"], "#2456e6");
    let path = format!("/api/sites/{key}");
    let settings = json!({"color": "#ABCDEF", "side": "left", "greetings": [{"id": "hi", "text": "Hello!", "url": "/cart*"}]});
    let patch = json!({"origins": ["https://*.shop.example"], "settings": settings});
    assert_eq!(office.tell(Method::PATCH, &path, &kim, patch.clone()).await.refusal(), (403, "forbidden".into()));
    let changed = office.tell(Method::PATCH, &path, &admin, patch).await.json();
    assert_eq!((&changed["origins"][0], &changed["name"]), (&json!("https://*.shop.example"), &json!("Kiln & Clay!")));
    assert_eq!(changed["settings"]["greetings"], settings["greetings"]);
    // SHA-384 of `pinned`, by another program.
    let integrity = "nYQ5pQ03dT6pcRmhiX93XRMmWIu+qc+S6fF9fTe6H0RCvNA2fJ9yVA4FsTcQIyUO";
    assert_eq!(
        changed["pinned"],
        format!(
            "<script async src=\"{OWN}/a/0123456789abcdef/bulle.js?site={key}\" data-site=\"{key}\" data-color=\"#ABCDEF\" \
             data-side=\"left\" data-greet=\"1\" integrity=\"sha384-{integrity}\" crossorigin=\"anonymous\"></script>"
        )
    );
    for (wrong, field) in [
        (json!({"name": " "}), "name"),
        (json!({"origins": ["shop.example"]}), "origins"),
        (json!({"settings": {"color": "red"}}), "color"),
    ] {
        let refused = office.tell(Method::PATCH, &path, &admin, wrong).await;
        assert_eq!(refused.refusal(), (422, "invalid_field".into()));
        assert!(refused.json()["message"].as_str().unwrap().contains(&format!("`{field}`")), "{}", refused.text);
    }
    let script = office.get(&format!("/bulle.js?site={key}"), "").await.text;
    assert!(script.contains("\"color\":\"#ABCDEF\",\"side\":\"left\"") && script.contains("\"greet\":true"), "{script}");
    assert!(!office.get("/bulle.js?site=demo", "").await.text.contains("greet"), "others pay nothing for it");

    let greetings = office.get(&format!("/greetings?site={key}"), "").await;
    assert_eq!(greetings.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(greetings.headers[header::CACHE_CONTROL], "public, max-age=10");
    assert!(!greetings.headers.contains_key(header::SET_COOKIE));
    assert_eq!(greetings.json(), json!({"answering": false, "greetings": settings["greetings"]}));
    assert_eq!(office.get("/greetings?site=nobody", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_install_page_hears_where_the_tag_is() {
    let office = Office::open(|_| {});
    let admin = office.admin().await;
    let site = office.tell(Method::POST, "/api/sites", &admin, json!({"name": "Shop"})).await.json();
    let key = site["key"].as_str().unwrap();
    let path = format!("/api/sites/{key}");
    office.tell(Method::PATCH, &path, &admin, json!({"origins": ["https://shop.example"]})).await;
    let sightings = async || office.get(&format!("{path}/sightings"), &admin).await.json();
    assert_eq!(sightings().await, json!({"encrypted": true, "origins": []}));

    let asks = async |address: String, headers: &[(&'static str, &str)]| {
        let request = headers
            .iter()
            .fold(Request::get(address).header(header::HOST, HOST), |request, (name, value)| request.header(*name, *value));
        office.send("127.0.0.1", request.body(Body::empty()).unwrap()).await
    };
    let script = format!("/bulle.js?site={key}");
    let from = |referer: &'static str| [("referer", referer), ("sec-fetch-dest", "script")];
    asks(script.clone(), &from("https://shop.example/cart?person=7")).await;
    asks(script.clone(), &from("https://evil.example/")).await;
    asks(script.clone(), &from("http://127.0.0.1:8080/console/preview.html")).await;
    asks(script.clone(), &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "script")]).await;
    asks(script.clone(), &[("referer", "https://reader.example/"), ("sec-fetch-dest", "document")]).await;
    asks("/a/0123456789abcdef/widget_bg.wasm".to_owned(), &[("origin", "https://shop.example")]).await;
    asks("/a/00000000000000ff/loader.js".to_owned(), &[("origin", "https://evil.example")]).await;
    asks(format!("/a/00000000000000ff/bulle.js?site={key}"), &[("origin", "https://pinned.example")]).await;
    asks(format!("/frame/{key}"), &[("referer", "https://framed.shop.example/")]).await;
    let seen = sightings().await;
    let origin = |name: &str| seen["origins"].as_array().unwrap().iter().find(|seen| seen["origin"] == name).cloned().unwrap();
    assert_eq!(
        seen["origins"].as_array().unwrap().len(),
        4,
        "the relay's own page and whoever reads the script are no sites: {seen}"
    );
    let shop = origin("https://shop.example");
    assert!(
        shop["allowed"] == true && shop["script_at"].is_i64() && shop["panel_at"].is_i64() && shop.get("old_at").is_none(),
        "{shop}"
    );
    let evil = origin("https://evil.example");
    assert!(evil["allowed"] == false && evil["old_at"].is_i64() && evil.get("panel_at").is_none(), "{evil}");
    assert!(origin("https://pinned.example")["old_at"].is_i64(), "a pinned loader names its site");
    assert!(origin("https://framed.shop.example")["refused_at"].is_i64(), "a frame stands for the socket that it opens");
    assert!(!seen.to_string().contains("person"), "no address of a page is kept");

    for number in 0..40 {
        asks(script.clone(), &[("referer", &format!("https://{number}.example/")), ("sec-fetch-dest", "script")]).await;
    }
    assert_eq!(sightings().await["origins"].as_array().unwrap().len(), 30, "bounded");
    let (kim, _) = office.hire(&admin, "kim", "agent").await;
    assert_eq!(office.get(&format!("{path}/sightings"), &kim).await.status, StatusCode::OK, "as /api/sites");
}
