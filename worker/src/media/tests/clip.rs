//! Clips as recorders make them: some seconds of moving pictures and a tone.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Six seconds of 160x90 at five pictures a second, and as much of a tone.
const SCENE: &str = "-f lavfi -i testsrc=s=160x90:r=5:d=6 -f lavfi -i sine=440:d=6";

/// A folder of clips, gone with the test.
pub struct Studio {
    folder: TempDir,
}

impl Studio {
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).expect("written");
        self.path(name)
    }

    /// Runs ffmpeg by hand in the folder and answers with what it wrote to its output.
    pub fn ffmpeg(&self, words: &str) -> Vec<u8> {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-y"]).args(words.split_whitespace());
        let output = command.current_dir(self.folder.path()).output().expect("ffmpeg is installed");
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub fn clip(&self, name: &str, options: &str) -> PathBuf {
        self.ffmpeg(&format!("{SCENE} {options} {name}"));
        self.path(name)
    }

    /// VP8 and Opus through a pipe, so that no length is in its header; pictures come when something moves.
    pub fn browser_clip(&self, name: &str) -> PathBuf {
        let scene = SCENE.replace("r=5", "r=25");
        let bytes = self.ffmpeg(&format!(
            "{scene} -vf select='lt(mod(n,11),3)' -fps_mode vfr -c:v libvpx -deadline realtime -cpu-used 8 \
             -b:v 200k -c:a libopus -f webm pipe:"
        ));
        self.write(name, &bytes)
    }
}

/// Kinds of the outermost boxes and where they begin.
pub fn boxes(bytes: &[u8]) -> Vec<([u8; 4], usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(([a, b, c, d, kind @ ..], _)) = bytes[at..].split_first_chunk::<8>() {
        found.push((*kind, at));
        at += usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).expect("small");
    }
    found
}
