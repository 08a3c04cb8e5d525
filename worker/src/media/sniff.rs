//! What a file is, by its first bytes: a recording, or nothing that any tool gets to open.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// How much of a file is looked at; both kinds of head are some 50 bytes in practice.
const HEAD_BYTES: u64 = 4096;

/// What recordings come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// ISO base media, from most recorders.
    Mp4,
    /// QuickTime, from Apple's cameras.
    Mov,
    /// From browsers.
    Webm,
    /// Matroska, from desktop recorders.
    Mkv,
}

impl Container {
    /// The end of a name for such a file.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Webm => "webm",
            Self::Mkv => "mkv",
        }
    }

    /// Whether it is made of boxes, as MP4 is.
    pub(super) fn is_iso(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mov)
    }

    /// The only demuxer that gets to read such a file.
    pub(super) fn demuxer(self) -> &'static str {
        match self {
            Self::Mp4 | Self::Mov => "mov",
            Self::Webm | Self::Mkv => "matroska",
        }
    }

    /// What the first bytes of a file say; nothing where they are no head of a recording.
    pub fn of(head: &[u8]) -> Option<Self> {
        iso(head).or_else(|| matroska(head))
    }
}

/// A file that starts like a recording, and is therefore shown to the tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub(super) path: PathBuf,
    pub(super) container: Container,
}

/// Why a file is not shown to any tool.
#[derive(Debug, Error)]
pub enum NoRecording {
    /// Its first bytes are not those of MP4, MOV, WebM or MKV.
    #[error("the file is not MP4, MOV, WebM or MKV")]
    OtherKind,
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Source {
    /// Looks at a file's first bytes, whatever its name says.
    pub fn open(path: &Path) -> Result<Self, NoRecording> {
        let mut head = Vec::new();
        File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
        let container = Container::of(&head).ok_or(NoRecording::OtherKind)?;
        // Tools run in another folder.
        Ok(Self { path: path.canonicalize()?, container })
    }

    /// What it is.
    pub fn container(&self) -> Container {
        self.container
    }
}

/// Brands of films; those of pictures (`heic`, `avif`) and of loose segments (`msdh`) are not among them.
const BRANDS: [&[u8; 4]; 13] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42",
    b"avc1", b"M4V ",
];

/// ISO/IEC 14496-12, 4.3: size, `ftyp`, the major brand, its version, brands it is compatible with.
fn iso(head: &[u8]) -> Option<Container> {
    let (size, rest) = head.split_first_chunk::<4>()?;
    let body = rest
        .strip_prefix(b"ftyp")?
        .get(..usize::try_from(u32::from_be_bytes(*size)).ok()?.checked_sub(8)?)?;
    let (major, rest) = body.split_first_chunk::<4>()?;
    let (compatible, []) = rest.get(4..)?.as_chunks::<4>() else { return None };
    if major == b"qt  " {
        return Some(Container::Mov);
    }
    let film = [major].into_iter().chain(compatible).any(|brand| BRANDS.contains(&brand));
    film.then_some(Container::Mp4)
}

/// RFC 8794, 11.2: an EBML head whose element `DocType` names the kind.
fn matroska(head: &[u8]) -> Option<Container> {
    let (size, rest) = number(head.strip_prefix(b"\x1a\x45\xdf\xa3")?)?;
    let mut elements = rest.get(..size)?;
    while let Some((id, rest)) = elements.split_first_chunk::<2>() {
        let (size, rest) = number(rest)?;
        let (value, rest) = rest.split_at_checked(size)?;
        match (id, value) {
            (b"\x42\x82", b"webm") => return Some(Container::Webm),
            (b"\x42\x82", b"matroska") => return Some(Container::Mkv),
            _ => elements = rest,
        }
    }
    None
}

/// RFC 8794, 4: as many bytes follow the first as it has leading zeros.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let more = usize::try_from(first.leading_zeros()).ok().filter(|more| *more < 8)?;
    let (tail, rest) = rest.split_at_checked(more)?;
    let head = u64::from(*first) & (0x7f_u64 >> more);
    let value = tail.iter().fold(head, |value, byte| value << 8 | u64::from(*byte));
    Some((usize::try_from(value).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_what_a_file_is() {
        let check = |head: &[u8], expected| assert_eq!(Container::of(head), expected, "{head:?}");
        check(b"\0\0\0\x18ftypisom\0\0\x02\0isomavc1\0\0", Some(Container::Mp4));
        check(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0", Some(Container::Mp4));
        check(b"\0\0\0\x18ftypXAVC\0\0\0\0XAVCmp42\0\0", Some(Container::Mp4));
        check(b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0", Some(Container::Mov));
        check(b"\x1a\x45\xdf\xa3\x8b\x42\x86\x81\x01\x42\x82\x84webm\x18", Some(Container::Webm));
        check(b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x0b\x42\x82\x88matroska", Some(Container::Mkv));
    }

    #[test]
    fn nothing_else_is_a_recording() {
        let check = |head: &[u8]| assert_eq!(Container::of(head), None, "{head:?}");
        check(b"");
        check(b"%PDF-1.7\n");
        check(b"#EXTM3U\n#EXTINF:6,\nfile:///etc/passwd\n");
        check(b"ffconcat version 1.0\nfile other.mp4\n");
        check(b"<?xml version=\"1.0\"?><MPD></MPD>");
        check(b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n");
        check(b"PK\x03\x04ftypisom");
        check(b"RIFF\0\0\0\0AVI LIST");
        check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
        check(b"\0\0\0\x14ftypmsdh\0\0\0\0msdh");
        check(b"\0\0\0\x07ftypisom\0\0\x02\0");
        check(b"\xff\xff\xff\xffftypisom\0\0\x02\0isom");
        check(b"\0\0\0\x13ftypisom\0\0\x02\0iso");
        check(b"\0\0\0\x08moov");
        check(b"\x1a\x45\xdf\xa3\x87\x42\x82\x84doc!");
        check(b"\x1a\x45\xdf\xa3\xff\x42\x82\x84webm");
        check(b"\x1a\x45\xdf\xa3\x00\x42\x82\x84webm");
        check(b"\x1a\x45\xdf\xa3");
    }
}
