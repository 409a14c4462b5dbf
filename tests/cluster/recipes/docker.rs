//! The image: what goes into it and who runs in it.

use std::path::{Path, PathBuf};

use super::{accepts, file, read, refuses, root};

/// One instruction with its flags and words, comments and line ends left out.
fn instructions() -> Vec<(String, Vec<String>)> {
    let text = read("Dockerfile").lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let lines = text.replace("\\\n", " ");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    lines.lines().map(words).filter(|words| !words.is_empty()).map(|mut words| (words.remove(0), words)).collect()
}

#[test]
fn its_words_are_dockers() {
    accepts("dockerfile-utils", &["lint"], &[&file("Dockerfile")]);
    refuses("dockerfile-utils", &["lint"], "Dockerfile", "WORKDIR", "WORKPLACE", "Unknown instruction");
    refuses("dockerfile-utils", &["lint"], "Dockerfile", "EXPOSE 8080", "EXPOSE http", "Invalid containerPort");
}

#[test]
fn only_the_relay_is_in_it_and_nobody_is_root() {
    let all = instructions();
    let stages: Vec<_> = all.iter().filter(|(word, _)| word == "FROM").map(|(_, words)| words.clone()).collect();
    let names: Vec<_> = stages.iter().filter_map(|words| words.get(2)).collect();
    assert_eq!(stages.last().unwrap(), &["gcr.io/distroless/cc-debian12:nonroot"]);
    // Debian 12 in all of them: what is built on a newer one looks for a newer libc.
    assert!(stages.iter().all(|words| words[0].contains("bookworm") || words[0].contains("debian12")), "{stages:?}");
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let pinned = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(
        stages.iter().any(|words| words[0] == format!("rust:{pinned}-bookworm")),
        "Cargo.toml wants Rust {pinned}: {stages:?}"
    );

    for (_, words) in all.iter().filter(|(word, _)| word == "COPY") {
        match words.iter().find_map(|word| word.strip_prefix("--from=")) {
            Some(stage) => assert!(names.iter().any(|name| *name == stage), "there is no {stage}"),
            None => assert!(root().join(&words[0]).exists(), "there is no {}", words[0]),
        }
    }

    let last = all.iter().rposition(|(word, _)| word == "FROM").unwrap();
    let said: Vec<_> = all[last + 1..].iter().map(|(word, words)| format!("{word} {}", words.join(" "))).collect();
    let copied: Vec<_> = said.iter().filter(|line| line.starts_with("COPY")).collect();
    assert_eq!(
        copied,
        ["COPY --from=build /usr/local/bin/bulle /usr/local/bin/bulle", "COPY --from=build --chown=65532:65532 /data /data"]
    );
    // A number: Kubernetes has to see that it is not root's.
    assert!(said.contains(&"USER 65532:65532".to_owned()), "{said:?}");
    assert!(said.contains(&"ENTRYPOINT [\"/usr/local/bin/bulle\"]".to_owned()), "{said:?}");
    assert!(said.contains(&"ENV BULLE_LISTEN=0.0.0.0:8080 BULLE_DATA=/data".to_owned()), "{said:?}");
}

#[test]
fn the_image_has_the_libraries_that_the_relay_asks_for() {
    let done = std::process::Command::new("ldd").arg(tests::relay::binary()).output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let asked: Vec<_> = text.lines().filter_map(|line| line.split_whitespace().next()).map(base).collect();
    assert!(asked.contains(&"libc"), "{text}");
    // Those of distroless' `cc`, for whatever processor.
    let there = ["linux-vdso", "libc", "libm", "libgcc_s", "libdl", "libpthread", "librt"];
    for name in asked {
        assert!(there.contains(&name) || name.starts_with("ld-linux"), "{name} is not in the image");
    }
}

fn base(library: &str) -> &str {
    let name = Path::new(library).file_name().unwrap().to_str().unwrap();
    name.split('.').next().unwrap()
}

/// Whether a pattern of a .dockerignore is about this path: all of one that it names, or, with `**/`, of one of that name anywhere.
fn leaves_out(pattern: &str, path: &Path) -> bool {
    match pattern.strip_prefix("**/") {
        None => path.starts_with(pattern),
        Some(name) => path.iter().any(|part| {
            let part = part.to_str().unwrap();
            name.strip_prefix('*').map_or(part == name, |end| part.ends_with(end))
        }),
    }
}

/// What lies in a folder of the project, but for what is built or installed.
fn lies_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let (path, is_folder) = entry.map(|entry| (folder.join(entry.file_name()), entry.file_type().unwrap().is_dir())).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        match is_folder {
            true if ["target", "node_modules", "dist"].contains(&name) || path.ends_with("fuzz/corpus") => {}
            true => lies_in(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn what_the_build_needs_is_not_left_out() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = [")).unwrap();
    let mut needed: Vec<_> =
        ["Cargo.toml", "Cargo.lock", "Makefile", "Trunk.toml", ".cargo/config.toml"].map(PathBuf::from).to_vec();
    for member in members.split('"').skip(1).step_by(2) {
        lies_in(Path::new(member), &mut needed);
    }
    assert!(needed.len() > 500, "{needed:?}");
    for pattern in read("Dockerfile.dockerignore").lines().filter(|line| !line.starts_with('#')) {
        for path in &needed {
            assert!(!leaves_out(pattern, path), "{pattern} leaves out {}", path.display());
        }
    }
    let ignored = read("Dockerfile.dockerignore");
    for secret in [".git", "**/.env", "**/*.pem", "data"] {
        assert!(ignored.lines().any(|line| line == secret), "{secret} would go into a layer");
    }
}
