//! A relay that finds a damaged, foreign or later database refuses to start, says what to do, and leaves everything as it was.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use relay::store::Store;
use tests::relay::{binary, command};

/// Every file in a folder.
fn all(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name(), std::fs::read(file.path()).unwrap())).collect()
}

#[test]
fn a_database_that_cannot_be_used_stops_the_start_and_stays_as_it_is() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage, &str); 6] = [
        (
            "noise in the middle",
            |bytes| {
                let middle = bytes.len() / 2;
                let mut dice = fastrand::Rng::with_seed(7);
                bytes[middle..middle + 16_384].iter_mut().for_each(|byte| *byte = dice.u8(..));
            },
            "bulle backup",
        ),
        ("truncated", |bytes| bytes.truncate(bytes.len() / 2), "bulle backup"),
        ("empty", Vec::clear, "bulle backup"),
        ("zeros", |bytes| bytes.fill(0), "bulle backup"),
        ("no database", |bytes| *bytes = b"Dear diary, ".repeat(500), "name another file"),
        // PRAGMA user_version: four bytes at 60 (https://www.sqlite.org/fileformat2.html).
        ("of a later version", |bytes| bytes[60..64].copy_from_slice(&99_u32.to_be_bytes()), "later version"),
    ];
    for (name, damage, remedy) in damages {
        let data = tempfile::tempdir().unwrap();
        let database = data.path().join("bulle.db");
        drop(Store::open(&database).unwrap());
        let mut bytes = std::fs::read(&database).unwrap();
        damage(&mut bytes);
        std::fs::write(&database, &bytes).unwrap();
        let before = all(data.path());

        let mut start = command(&binary(), SocketAddr::from(([127, 0, 0, 1], 0)), data.path());
        let refused = start.stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(remedy) && said.contains("bulle.db"), "{name}: {said}");
        assert!(all(data.path()) == before, "{name}: something changed");
    }
}
