//! Recordings proven whole and made watchable, by Debian's ffmpeg.
//!
//! The bytes are anybody's: [`Source`] is the only way to a tool, and [`tool`] keeps each tool in bounds.
//!
//! Modules in reading order:

mod sniff; // what a file is, by its first bytes

pub mod tool; // ffmpeg and ffprobe as children that may do little and outlive nobody

mod claim; // how long an MP4's own boxes say it is
pub mod probe; // what a file says it holds

pub mod decode; // whether all of it can be seen and heard

pub mod make; // what a browser plays: a film, a playlist, a poster, captions

pub use sniff::{Container, NoRecording, Source};

#[cfg(test)]
mod tests;
