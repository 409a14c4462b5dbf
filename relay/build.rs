//! Embeds what Trunk built: compresses every file once, hashes the widget's set, and writes a table for `edge::assets` to include.
//!
//! The folder is `../target/dist` unless `BULLE_DIST` names another; its `widget` and `console` are what two Trunk builds left there.
//! Without it the relay still builds, with empty tables and a warning, so that `cargo check` needs no browser toolchain.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest, Sha256};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=BULLE_DIST");
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| missing("CARGO_MANIFEST_DIR"))?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| missing("OUT_DIR"))?);
    let dist = env::var_os("BULLE_DIST").map_or_else(|| manifest.join("../target/dist"), PathBuf::from);
    let cache = out.join("compressed");
    fs::create_dir_all(&cache)?;

    let mut table = String::new();
    for (part, constant) in [("widget", "WIDGET"), ("console", "CONSOLE")] {
        let root = dist.join(part);
        // Cargo takes a watched path that is missing as changed at every build; an empty folder it can watch.
        fs::create_dir_all(&root)?;
        println!("cargo:rerun-if-changed={}", root.display());
        let mut files = Vec::new();
        collect(&root, &root, &mut files)?;
        // The page that Trunk makes around the widget is for developing on it; only the console is a page of its own.
        files.retain(|(name, _)| part == "console" || !name.ends_with(".html"));
        files.sort();
        if files.is_empty() {
            println!("cargo:warning=nothing in {}: this relay is built without its {part}", root.display());
        }
        let mut set = Sha256::new();
        let _ = writeln!(table, "static {constant}: &[Embedded] = &[");
        for (name, path) in &files {
            let bytes = fs::read(path)?;
            set.update(name.as_bytes());
            set.update([0]);
            set.update(Sha256::digest(&bytes));
            table.push_str(&entry(name, &bytes, &cache)?);
        }
        table.push_str("];\n");
        if part == "widget" {
            let _ = writeln!(table, "const WIDGET_HASH: &str = {:?};", &hex(&set.finalize())[..16]);
        }
    }
    fs::write(out.join("assets.rs"), table)
}

/// One line of the table. Compressed forms are kept under the hash of their content, so an unchanged file is never compressed again.
fn entry(name: &str, bytes: &[u8], cache: &Path) -> io::Result<String> {
    let hash = hex(&Sha256::digest(bytes));
    let raw = cache.join(&hash);
    let forms = [("br", brotli as fn(&[u8]) -> io::Result<Vec<u8>>), ("gz", gzip)];
    let mut paths = Vec::new();
    for (suffix, compress) in forms {
        let path = cache.join(format!("{hash}.{suffix}"));
        if !raw.exists() || !path.exists() {
            fs::write(&path, compress(bytes)?)?;
        }
        // Not smaller (pictures, sounds): left out, the plain form is served.
        let smaller = usize::try_from(fs::metadata(&path)?.len()).is_ok_and(|len| len < bytes.len());
        paths.push(if smaller { format!("Some(include_bytes!({path:?}))") } else { "None".to_owned() });
    }
    if !raw.exists() {
        fs::write(&raw, bytes)?;
    }
    Ok(format!(
        "    Embedded {{ name: {name:?}, etag: \"\\\"{}\\\"\", raw: include_bytes!({raw:?}), br: {}, gz: {} }},\n",
        &hash[..16],
        paths[0],
        paths[1],
    ))
}

/// All files below a folder under their relative names with `/`; nothing when the folder is missing.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            let name = parts.join("/");
            // Trunk's staging leftovers and editors' files.
            if !name.starts_with('.') && !name.contains("/.") {
                files.push((name, path.canonicalize()?));
            }
        }
    }
    Ok(())
}

/// Brotli 11 with a window that holds the whole file; browsers accept up to 24 bits.
fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, size_hint: bytes.len(), ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut io::Cursor::new(bytes), &mut out, &params)?;
    Ok(out)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn missing(name: &str) -> io::Error {
    io::Error::other(format!("cargo did not set {name}"))
}
