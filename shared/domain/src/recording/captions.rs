//! Captions as a file: WebVTT, checked strictly, since browsers show whatever they understand of it.

use std::time::Duration;

use thiserror::Error;

/// The largest file, half of what a call may hold; a spoken hour is some 80 KiB.
pub const BYTES_MAX: usize = 512 << 10;

/// A track without captions.
const EMPTY: &str = "WEBVTT\n\n";

/// Why a text is not shown as captions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CaptionsRefused {
    /// More than half a mebibyte.
    #[error("the captions are longer than 512 KiB")]
    TooLong,
    /// The first line is not `WEBVTT`.
    #[error("the captions do not begin with WEBVTT")]
    NoHeader,
    /// A line that WebVTT does not have there, or that does more than caption.
    #[error("line {line} of the captions is wrong")]
    Line {
        /// Counted from one.
        line: usize,
    },
}

/// The file for given captions, or for none: lines end in one way, times are in order.
pub fn track(captions: Option<&str>) -> Result<String, CaptionsRefused> {
    let Some(text) = captions else { return Ok(EMPTY.into()) };
    if text.len() > BYTES_MAX {
        return Err(CaptionsRefused::TooLong);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let header = lines.first().and_then(|line| line.strip_prefix("WEBVTT"));
    if !header.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return Err(CaptionsRefused::NoHeader);
    }
    check(&lines).map_err(|index| CaptionsRefused::Line { line: index + 1 })?;
    Ok(text.trim_end_matches('\n').to_owned() + "\n\n")
}

/// Checks blocks of lines with an empty one before each; the error is the index of a wrong line.
fn check(lines: &[&str]) -> Result<(), usize> {
    let has_controls = |line: &&str| line.chars().any(|sign| sign.is_control() && sign != '\t');
    if let Some(index) = lines.iter().position(has_controls) {
        return Err(index);
    }
    let Some((_header, lines)) = lines.split_first() else { return Ok(()) };
    if lines.first().is_some_and(|line| !line.is_empty()) {
        return Err(1);
    }
    let mut earliest = Duration::ZERO;
    let mut at = 1;
    for block in lines.split(|line| line.is_empty()) {
        match block {
            [] => {}
            [note, rest @ ..] if *note == "NOTE" || note.starts_with("NOTE ") => {
                no_arrow(rest).map_err(|wrong| at + 1 + wrong)?;
            }
            _ => earliest = cue(block, earliest).map_err(|wrong| at + wrong)?,
        }
        at += block.len() + 1;
    }
    Ok(())
}

/// Checks a cue, which may have a name above its times, and answers with its start.
fn cue(block: &[&str], earliest: Duration) -> Result<Duration, usize> {
    let at = usize::from(!block.first().is_some_and(|line| line.contains("-->")));
    let (start, end) = block.get(at).and_then(|line| times(line)).ok_or(at.min(block.len() - 1))?;
    let words = block.get(at + 1..).unwrap_or_default();
    if start < earliest || end <= start {
        return Err(at);
    }
    no_arrow(words).map_err(|wrong| at + 1 + wrong)?;
    Ok(start)
}

/// Only times have an arrow.
fn no_arrow(lines: &[&str]) -> Result<(), usize> {
    lines.iter().position(|line| line.contains("-->")).map_or(Ok(()), Err)
}

/// `00:01.000 --> 00:02.500 align:start`.
fn times(line: &str) -> Option<(Duration, Duration)> {
    let (start, rest) = line.split_once(" --> ")?;
    let (end, settings) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    settings.split_whitespace().all(|setting| setting.contains(':')).then_some(())?;
    Some((time(start)?, time(end)?))
}

/// `01:23.456` or `100:01:23.456`.
fn time(text: &str) -> Option<Duration> {
    let (clock, millis) = text.split_once('.')?;
    let mut parts = clock.rsplit(':');
    let seconds = digits(parts.next()?, 2..=2).filter(|seconds| *seconds < 60)?;
    let minutes = digits(parts.next()?, 2..=2).filter(|minutes| *minutes < 60)?;
    let hours = parts.next().map_or(Some(0), |hours| digits(hours, 2..=4))?;
    parts.next().is_none().then_some(())?;
    let seconds = (hours * 60 + minutes) * 60 + seconds;
    Some(Duration::from_secs(seconds) + Duration::from_millis(digits(millis, 3..=3)?))
}

fn digits(text: &str, count: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let only_digits = text.bytes().all(|digit| digit.is_ascii_digit());
    (only_digits && count.contains(&text.len())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_are_kept_as_they_are() {
        let check = |text, expected: &str| assert_eq!(track(text).as_deref(), Ok(expected), "{text:?}");
        check(None, "WEBVTT\n\n");
        check(Some("WEBVTT"), "WEBVTT\n\n");
        check(Some("\u{feff}WEBVTT - a defense\r\n\r\n"), "WEBVTT - a defense\n\n");
        let cues = "WEBVTT\n\nNOTE by hand\nand ear\n\n1\n00:01.000 --> 00:02.500 align:start line:0\n\
            - Why?\n<v Ada>Because.\n\n\n100:00:02.000 --> 100:00:03.000\n\u{e9}t\u{e9}\n\n";
        check(Some(cues), cues);
    }

    #[test]
    fn what_is_no_caption_is_refused() {
        let check = |text: &str, expected| assert_eq!(track(Some(text)), Err(expected), "{text}");
        let line = |line| CaptionsRefused::Line { line };
        check("", CaptionsRefused::NoHeader);
        check("1\n00:00:01,000 --> 00:00:02,000\nSubRip\n", CaptionsRefused::NoHeader);
        check("WEBVTTX", CaptionsRefused::NoHeader);
        check(&format!("WEBVTT\n\n{}", "\n".repeat(BYTES_MAX)), CaptionsRefused::TooLong);
        check("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000\n", line(2));
        check("WEBVTT\n\nSTYLE\n::cue { color: red }\n", line(4));
        check("WEBVTT\n\nREGION\nid:a\n", line(4));
        check("WEBVTT\n\nno times\n", line(3));
        check("WEBVTT\n\n00:01.000 --> 00:01.000\nnever\n", line(3));
        check("WEBVTT\n\n00:03.000 --> 00:04.000\na\n\n00:01.000 --> 00:02.000\nb\n", line(6));
        check("WEBVTT\n\n00:61.000 --> 00:62.000\na\n", line(3));
        check("WEBVTT\n\n0:01.000 --> 0:02.000\na\n", line(3));
        check("WEBVTT\n\n00:01.000 --> 00:02.000 nonsense\na\n", line(3));
        check("WEBVTT\n\n00:01.000 --> 00:02.000\na --> b\n", line(4));
        check("WEBVTT\n\nNOTE\n00:01.000 --> 00:02.000\n", line(4));
        check("WEBVTT\n\n00:01.000 --> 00:02.000\na\0b\n", line(4));
    }
}
