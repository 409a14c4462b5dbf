//! The manifests for Kubernetes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{STOPS_WITHIN, accepts, documents, file, read, refuses, relay_takes};

/// Of the API, among those for which the validator has schemas. `--strict`: nor is anything there that no schema knows.
const API: [&str; 3] = ["--strict", "--kubernetes-version", "1.37"];
const KUSTOMIZATION: &str = "kustomization.yaml";
const EXAMPLE: &str = "secret.example.yaml";

/// All manifests, by their names here.
fn files() -> Vec<String> {
    let names = std::fs::read_dir(file("kubernetes")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != KUSTOMIZATION).collect();
    names.sort();
    names
}

/// All objects, by kind and name.
fn objects() -> BTreeMap<(String, String), Value> {
    let all = files().into_iter().flat_map(|name| documents(&format!("kubernetes/{name}")));
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|object| ((word(&object["kind"]), word(&object["metadata"]["name"])), object)).collect()
}

fn object(kind: &str, name: &str) -> Value {
    objects().remove(&(kind.to_owned(), name.to_owned())).unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[test]
fn their_words_are_those_of_the_api() {
    let names = files();
    assert!(names.len() >= 7, "{names:?}");
    for name in &names {
        accepts("kubernetes-validate", &API, &[&file("kubernetes").join(name)]);
    }
    let relays = "kubernetes/relays.yaml";
    refuses("kubernetes-validate", &API, relays, "replicas: 3", "replica: 3", "'replica' was unexpected");
    refuses("kubernetes-validate", &API, relays, "replicas: 3", "replicas: three", "not of type 'integer'");
    refuses("kubernetes-validate", &API, relays, "- name: relay", "- command: [bulle]", "'name' is a required property");
    refuses("kubernetes-validate", &API, relays, "allowPrivilegeEscalation", "allowPrivileges", "was unexpected");

    let listed = documents(&format!("kubernetes/{KUSTOMIZATION}"))[0]["resources"].clone();
    let listed: BTreeSet<_> = listed.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, names.into_iter().filter(|name| name != EXAMPLE).collect());
}

#[test]
fn every_pod_is_confined() {
    let pods: Vec<_> = objects().into_iter().filter(|((kind, _), _)| kind == "Deployment").collect();
    assert_eq!(pods.len(), 2);
    for ((_, name), deployment) in pods {
        let spec = &deployment["spec"]["template"]["spec"];
        let pod = &spec["securityContext"];
        assert_eq!((&pod["runAsNonRoot"], &pod["seccompProfile"]["type"]), (&json!(true), &json!("RuntimeDefault")), "{name}");
        assert!(pod["runAsUser"].as_u64().is_some_and(|user| user > 0), "{name}");
        assert_eq!(spec["automountServiceAccountToken"], false, "{name}");
        for container in spec["containers"].as_array().unwrap() {
            let rights = &container["securityContext"];
            assert_eq!(rights["capabilities"]["drop"], json!(["ALL"]), "{name}");
            assert_eq!(rights["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(rights["allowPrivilegeEscalation"], false, "{name}");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
        }
        // Nobody reaches it but those whom a policy names.
        let policy = object("NetworkPolicy", &name);
        assert_eq!(policy["spec"]["podSelector"]["matchLabels"], deployment["spec"]["selector"]["matchLabels"]);
        assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
        for rule in policy["spec"]["ingress"].as_array().unwrap() {
            let labels = |peer: &Value, of: &str| peer[of]["matchLabels"].as_object().is_some_and(|labels| !labels.is_empty());
            let is_named = |peer: &Value| labels(peer, "podSelector") || labels(peer, "namespaceSelector");
            assert!(rule["from"].as_array().is_some_and(|peers| peers.iter().all(is_named)), "{name}: {rule} names nobody");
        }
    }
}

#[test]
fn relays_are_asked_and_stopped_as_they_want_it() {
    let deployment = object("Deployment", "bulle");
    let spec = &deployment["spec"]["template"]["spec"];
    assert_eq!(
        (&deployment["spec"]["replicas"], &deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"]),
        (&json!(3), &json!(0))
    );
    assert!(spec["terminationGracePeriodSeconds"].as_u64().unwrap() > STOPS_WITHIN);
    let relay = named(&spec["containers"], "relay");
    for (probe, path) in [("startupProbe", "/healthz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")] {
        assert_eq!(relay[probe]["httpGet"], json!({"path": path, "port": "http"}));
    }
    // The image's: a user with a name is no proof that it is not root.
    let image = read("Dockerfile");
    let user = spec["securityContext"]["runAsUser"].as_u64().unwrap();
    assert!(image.contains(&format!("USER {user}:{user}\n")) && image.contains("EXPOSE 8080\n"));
    assert_eq!(named(&relay["ports"], "http")["containerPort"], 8080);
    assert_eq!(named(&relay["volumeMounts"], "data")["mountPath"], "/data");
}

#[test]
fn whoever_is_named_is_there() {
    let all = objects();
    let relays = object("Deployment", "bulle")["spec"]["template"]["metadata"]["labels"].clone();
    let bus = object("Deployment", "bulle-nats")["spec"]["template"]["metadata"]["labels"].clone();
    for (service, pods) in [("bulle", &relays), ("bulle-nats", &bus)] {
        assert_eq!(&object("Service", service)["spec"]["selector"], pods, "{service}");
    }
    assert_eq!(object("PodDisruptionBudget", "bulle")["spec"]["selector"]["matchLabels"], relays);
    let paths = object("Ingress", "bulle")["spec"]["rules"][0]["http"]["paths"].clone();
    let backends: Vec<_> =
        paths.as_array().unwrap().iter().map(|path| (&path["path"], &path["backend"]["service"]["name"])).collect();
    assert_eq!(backends, [(&json!("/"), &json!("bulle"))]);
    assert!(all.contains_key(&("Secret".to_owned(), "bulle".to_owned())));
    // The same bus as everywhere.
    let text = read("nats.conf");
    let (_, settings) = text.split_once("authorization").unwrap();
    let there = object("ConfigMap", "bulle-nats")["data"]["nats.conf"].as_str().unwrap().to_owned();
    assert_eq!(there, format!("authorization{settings}"));
    let pod = object("Deployment", "bulle-nats")["spec"]["template"]["spec"].clone();
    assert_eq!(named(&named(&pod["containers"], "nats")["env"], "QUOTED_PASSWORD")["value"], "\"$(NATS_PASSWORD)\"");
}

#[test]
fn the_relay_takes_what_its_pod_is_told() {
    let deployment = object("Deployment", "bulle");
    let spec = &deployment["spec"]["template"]["spec"];
    let relay = named(&spec["containers"], "relay");
    let secret = object("Secret", "bulle");
    assert_eq!(relay["envFrom"], json!([{"configMapRef": {"name": "bulle"}}]));
    let config = object("ConfigMap", "bulle");
    let mut settings: BTreeMap<_, _> = config["data"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    for variable in relay["env"].as_array().unwrap() {
        let reference = &variable["valueFrom"]["secretKeyRef"];
        assert_eq!(reference["name"], "bulle");
        let value = secret["stringData"][reference["key"].as_str().unwrap()].as_str().unwrap();
        settings.insert(variable["name"].as_str().unwrap().to_owned(), value.to_owned());
    }
    // What the image sets.
    settings.extend([("BULLE_LISTEN".to_owned(), "0.0.0.0:8080".to_owned()), ("BULLE_DATA".to_owned(), "/data".to_owned())]);
    let report = relay_takes(&settings);
    assert!(report.contains("# store is set and not shown") && report.contains("bucket = \"chat\""), "{report}");
    // What Kubernetes would add for the Service of that name, the relay does not take.
    assert_eq!(spec["enableServiceLinks"], false);
}
