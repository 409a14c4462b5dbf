//! A small disk of its own for a relay's data, which can be filled: a tmpfs, where this process may mount one. Unmounted when dropped.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// Holds the assets, a log of 16 MiB before it is written from its start again, and what a run writes.
const SIZE: &str = "size=48m";

/// A disk. See the module.
pub struct Disk {
    at: PathBuf,
}

impl Disk {
    /// Mounts one, if that is allowed here; else why not.
    pub fn mount(at: &Path) -> Result<Self> {
        std::fs::create_dir_all(at)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "bulle-faults"]).arg(at).stderr(Stdio::null());
        anyhow::ensure!(mount.status().context("no `mount`")?.success(), "mounting a tmpfs is not allowed here");
        Ok(Self { at: at.to_owned() })
    }

    /// Fills it to the last byte.
    pub fn fill(&self) -> Result<()> {
        let mut filler = std::fs::File::create(self.filler())?;
        // Large pieces first, then what is left.
        for piece in [1 << 20, 1 << 12] {
            while filler.write_all(&vec![0xF1; piece]).is_ok() {}
        }
        Ok(())
    }

    /// Makes room again.
    pub fn clear(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, because the relay may still be ending; what is mounted goes with its last file.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
