//! How long an MP4 or MOV says it is, wherever it says so.
//!
//! ffprobe counts the fragments that it finds, so that of a fragmented file cut between two of them it
//! sees a shorter one. The boxes `mvhd`, `mehd` and `sidx` before them may still tell the whole length.

use std::io::{self, Read, Seek, SeekFrom};

/// Boxes that are looked at: some twelve hours of fragments of a second each.
const BOXES_MAX: usize = 100_000;

/// What is read of one box; an index has at most 65,535 entries of twelve bytes.
const BOX_BYTES_MAX: u64 = 1 << 20;

/// What the boxes say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claim {
    /// The longest length any of them tells; zero where none does.
    pub duration_millis: u64,
    /// Whether the last one should go on where the file ends.
    pub cut_short: bool,
}

/// Reads the claims of a file, box by box, never the media in it.
pub(super) fn read(file: &mut (impl Read + Seek)) -> io::Result<Claim> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut walk = Walk { file, boxes_left: BOXES_MAX, movie_timescale: 0, claim: Claim::default() };
    walk.boxes(0, end, Level::File)?;
    Ok(walk.claim)
}

struct Walk<'a, F> {
    file: &'a mut F,
    boxes_left: usize,
    movie_timescale: u64,
    claim: Claim,
}

/// Which boxes are walked through; none of them can be in itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    File,
    Movie,
    MovieExtends,
}

impl<F: Read + Seek> Walk<'_, F> {
    fn boxes(&mut self, mut at: u64, end: u64, level: Level) -> io::Result<()> {
        while at < end && self.boxes_left > 0 {
            self.boxes_left -= 1;
            let Some((kind, body, next)) = self.header(at, end)? else {
                self.claim.cut_short |= level == Level::File;
                return Ok(());
            };
            match (level, &kind) {
                (Level::File, b"moov") => self.boxes(body, next, Level::Movie)?,
                (Level::Movie, b"mvex") => self.boxes(body, next, Level::MovieExtends)?,
                (Level::Movie, b"mvhd") | (Level::MovieExtends, b"mehd") | (Level::File, b"sidx") => {
                    let body = self.bytes(body, (next - body).min(BOX_BYTES_MAX))?;
                    let duration_millis = self.told_by(&kind, &mut Fields(&body)).unwrap_or(0);
                    self.claim.duration_millis = self.claim.duration_millis.max(duration_millis);
                }
                _ => {}
            }
            at = next;
        }
        Ok(())
    }

    /// Its kind, where its body starts and where the next box does; nothing where it does not fit.
    fn header(&mut self, at: u64, end: u64) -> io::Result<Option<([u8; 4], u64, u64)>> {
        let bytes = self.bytes(at, 16.min(end - at))?;
        let mut fields = Fields(&bytes);
        let (Some(size), Some(kind)) = (fields.number(4), fields.kind()) else { return Ok(None) };
        let (size, head) = match size {
            0 => (Some(end - at), 8),
            1 => (fields.number(8), 16),
            size => (Some(size), 8),
        };
        let next = size.filter(|size| *size >= head).and_then(|size| at.checked_add(size));
        Ok(next.filter(|next| *next <= end).map(|next| (kind, at + head, next)))
    }

    fn bytes(&mut self, at: u64, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(at))?;
        self.file.take(count).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// ISO/IEC 14496-12: 8.2.2 the movie's header, 8.8.2 its length with fragments, 8.16.3 an index.
    fn told_by(&mut self, kind: &[u8; 4], fields: &mut Fields) -> Option<u64> {
        let wide = if fields.number(4)? >> 24 == 0 { 4 } else { 8 };
        match kind {
            b"mvhd" => {
                fields.skip(2 * wide)?;
                self.movie_timescale = fields.number(4)?;
                millis(fields.length(wide)?, self.movie_timescale)
            }
            b"mehd" => millis(fields.length(wide)?, self.movie_timescale),
            _ => {
                fields.skip(4)?;
                let (timescale, first) = (fields.number(4)?, fields.number(wide)?);
                fields.skip(wide + 2)?;
                let count = fields.number(2)?;
                let end = (0..count).try_fold(first, |end, _| {
                    fields.skip(4)?;
                    let end = end.checked_add(fields.number(4)?);
                    fields.skip(4).and(end)
                });
                millis(end?, timescale)
            }
        }
    }
}

/// Big-endian fields, one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (field, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(field)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(drop)
    }

    fn kind(&mut self) -> Option<[u8; 4]> {
        self.take(4)?.try_into().ok()
    }

    fn number(&mut self, count: usize) -> Option<u64> {
        let field = self.take(count)?;
        Some(field.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// A length, unless all its bits are set, which says that it is not known.
    fn length(&mut self, count: usize) -> Option<u64> {
        let unknown = u64::MAX >> (64 - 8 * count);
        self.number(count).filter(|length| *length != unknown)
    }
}

fn millis(ticks: u64, timescale: u64) -> Option<u64> {
    let millis = (u128::from(ticks) * 1000).checked_div(timescale.into())?;
    u64::try_from(millis).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).expect("a small box");
        [&size.to_be_bytes(), kind.as_slice(), body].concat()
    }

    fn fields(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn movie(duration: u32, extends: &[u8]) -> Vec<u8> {
        let header = boxed(b"mvhd", &fields(&[0, 0, 0, 1000, duration]));
        boxed(b"moov", &[header, boxed(b"mvex", extends)].concat())
    }

    #[test]
    fn the_longest_length_told_anywhere_counts() {
        let check = |bytes: &[u8], duration_millis, cut_short| {
            let claim = read(&mut Cursor::new(bytes)).expect("in memory");
            assert_eq!(claim, Claim { duration_millis, cut_short }, "{bytes:?}");
        };
        check(&[], 0, false);
        check(&movie(12_000, &[]), 12_000, false);
        check(&movie(u32::MAX, &[]), 0, false);
        check(&movie(2_000, &boxed(b"mehd", &fields(&[0, 9_000]))), 9_000, false);
        check(&movie(2_000, &boxed(b"mehd", &fields(&[1 << 24, 0, 9_000]))), 9_000, false);
        check(&boxed(b"moov", &boxed(b"mvhd", &fields(&[1 << 24, 0, 0, 0, 0, 500, 0, 750]))), 1_500, false);
        // Version, id, timescale, first, offset, two entries of four and three seconds.
        let index = boxed(b"sidx", &fields(&[0, 1, 100, 200, 0, 2, 9, 400, 0, 9, 300, 0]));
        check(&[movie(0, &[]), index].concat(), 9_000, false);
        // No timescale; an index that ends early; a header without a body.
        check(&boxed(b"moov", &boxed(b"mvhd", &fields(&[0, 0, 0, 0, 7]))), 0, false);
        check(&boxed(b"sidx", &fields(&[0, 1, 100, 200, 0, 2, 9, 400, 0])), 0, false);
        check(&boxed(b"moov", &boxed(b"mvhd", &[])), 0, false);
    }

    #[test]
    fn a_box_that_goes_on_past_the_end_is_noticed() {
        let media = [boxed(b"ftyp", b"isom\0\0\0\0"), movie(1, &[]), boxed(b"mdat", &[7; 40])].concat();
        let cut_short = |count: usize| read(&mut Cursor::new(&media[..count])).expect("in memory").cut_short;
        assert!(!cut_short(media.len()));
        assert!(cut_short(media.len() - 1));
        // In the size of a box; between two boxes nothing is amiss.
        assert!(cut_short(18));
        assert!(!cut_short(16));
        // To the end, however long that is; and a size that is smaller than what holds it.
        let open = read(&mut Cursor::new(b"\0\0\0\0mdat-------")).expect("in memory");
        assert!(!open.cut_short);
        assert!(read(&mut Cursor::new(b"\0\0\0\x04mdat-------")).expect("in memory").cut_short);
    }
}
