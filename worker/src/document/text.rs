//! Fonts, and lines of glyphs shaped with them.
//!
//! Noto Sans draws Latin, Greek and Cyrillic; what it lacks, DejaVu Sans may draw: Arabic, Hebrew,
//! Georgian, Armenian. What neither draws becomes a box that still stands for its own character.
//! Scripts are drawn run by run from left to right: a line that mixes directions keeps the order it
//! was typed in.

use std::collections::BTreeSet;

use harfrust::{FontRef, ShapeOptions, ShaperData, UnicodeBuffer};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::MetadataProvider;

use super::RenderError;

/// Characters that a text shows at most; what is longer ends in an ellipsis.
const CHARS_MAX: usize = 400;
const BOX: char = '\u{25a1}';
const REPLACEMENT: char = '\u{fffd}';

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A font that is part of the program.
pub(super) struct Face {
    /// As the PDF embeds it.
    pub font: Font,
    shapes: FontRef<'static>,
    shaper: ShaperData,
}

/// The faces that documents are set in.
pub(super) struct Fonts {
    regular: Face,
    bold: Face,
    other: Face,
}

/// Neighboring glyphs of one face.
pub(super) struct Run {
    /// Which face.
    pub face: FaceName,
    /// The text that the glyphs stand for.
    pub text: String,
    /// What is drawn, in parts of the font size.
    pub glyphs: Vec<KrillaGlyph>,
}

/// Which of the faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaceName {
    Regular,
    Bold,
    Other,
}

/// What fits on one line.
pub(super) struct Shaped {
    /// From left to right.
    pub runs: Vec<Run>,
    /// How wide it is, in parts of the font size.
    pub width: f32,
}

impl Face {
    fn embedded(name: &'static str, bytes: &'static [u8]) -> Result<Self, RenderError> {
        let font = Font::new(bytes.into(), 0).ok_or(RenderError::Font(name))?;
        let shapes = FontRef::new(bytes).map_err(|_| RenderError::Font(name))?;
        let shaper = ShaperData::new(&shapes);
        Ok(Self { font, shapes, shaper })
    }

    fn covers(&self, character: char) -> bool {
        self.shapes.charmap().map(character).is_some()
    }

    /// A run's glyphs, each with the bytes of the text that it stands for.
    fn shape(&self, text: &str) -> Vec<KrillaGlyph> {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let shaper = self.shaper.shaper(&self.shapes).build();
        let em = self.font.units_per_em();
        let shaped = shaper.shape(buffer, ShapeOptions::new());
        let starts = BTreeSet::from_iter(shaped.glyph_infos().iter().map(|info| info.cluster as usize));
        let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions());
        let glyph = |(info, position): (&harfrust::GlyphInfo, &harfrust::GlyphPosition)| {
            let start = info.cluster as usize;
            let end = starts.range(start + 1..).next().copied().unwrap_or(text.len());
            let [x_advance, x_offset, y_offset, y_advance] =
                [position.x_advance, position.x_offset, position.y_offset, position.y_advance]
                    .map(|units| units as f32 / em);
            let id = GlyphId::new(info.glyph_id);
            KrillaGlyph::new(id, x_advance, x_offset, y_offset, y_advance, start..end, None)
        };
        glyphs.map(glyph).collect()
    }

    /// A box for each character.
    fn boxes(&self, text: &str) -> Vec<KrillaGlyph> {
        let Some(mut one) = self.shape(&BOX.to_string()).pop() else { return Vec::new() };
        let boxed = text.char_indices().map(|(start, character)| {
            one.text_range = start..start + character.len_utf8();
            one.clone()
        });
        boxed.collect()
    }
}

impl Fonts {
    /// The fonts that are part of the program.
    pub fn embedded() -> Result<Self, RenderError> {
        Ok(Self {
            regular: Face::embedded("Noto Sans", notosans::REGULAR_TTF)?,
            bold: Face::embedded("Noto Sans Bold", notosans::BOLD_TTF)?,
            other: Face::embedded("DejaVu Sans", dejavu::sans::regular())?,
        })
    }

    /// The face of a name.
    pub fn face(&self, name: FaceName) -> &Face {
        match name {
            FaceName::Regular => &self.regular,
            FaceName::Bold => &self.bold,
            FaceName::Other => &self.other,
        }
    }

    /// A text without line breaks, however long.
    pub fn line(&self, text: &str, weight: Weight) -> Shaped {
        let own = match weight {
            Weight::Regular => FaceName::Regular,
            Weight::Bold => FaceName::Bold,
        };
        let mut parts: Vec<(Option<FaceName>, String)> = Vec::new();
        for character in text.chars() {
            let before = parts.last().and_then(|(face, _)| *face);
            let face = self.drawing(character, own, before);
            match parts.last_mut() {
                Some((same, part)) if *same == face => part.push(character),
                _ => parts.push((face, character.into())),
            }
        }
        let run = |(face, text): (Option<FaceName>, String)| match face {
            Some(face) => Run { face, glyphs: self.face(face).shape(&text), text },
            None => Run { face: own, glyphs: self.face(own).boxes(&text), text },
        };
        let runs = Vec::from_iter(parts.into_iter().map(run));
        let width = runs.iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.x_advance).sum();
        Shaped { runs, width }
    }

    /// The face that draws a character: spaces, marks and digits stay with the script before them.
    fn drawing(&self, character: char, own: FaceName, before: Option<FaceName>) -> Option<FaceName> {
        let stays = before.filter(|_| !character.is_alphabetic());
        let choices = stays.into_iter().chain([own, FaceName::Other]);
        choices.into_iter().find(|face| self.face(*face).covers(character))
    }

    /// A text in lines no wider than so many parts of the font size, at least one. Breaks at spaces,
    /// and inside a word that is wider than a line.
    pub fn wrap(&self, text: &str, weight: Weight, width_max: f32) -> Vec<Shaped> {
        let fits = |text: &str| self.line(text, weight).width <= width_max;
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in legible(text).split(' ').filter(|word| !word.is_empty()) {
            let joint = if line.is_empty() { "" } else { " " };
            if fits(&format!("{line}{joint}{word}")) {
                line.push_str(joint);
                line.push_str(word);
                continue;
            }
            if !line.is_empty() {
                line.push(' '); // a reader hears two words
                lines.push(std::mem::take(&mut line));
            }
            for character in word.chars() {
                if !line.is_empty() && !fits(&format!("{line}{character}")) {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(character);
            }
        }
        lines.push(line);
        lines.iter().map(|line| self.line(line, weight)).collect()
    }
}

/// A text that can be printed: no control characters, nothing that turns the reading direction,
/// nothing that PDF/A forbids, and not endless.
fn legible(text: &str) -> String {
    let mut legible =
        String::from_iter(text.chars().take(CHARS_MAX).filter_map(|character| match character {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
            '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => Some(REPLACEMENT),
            _ if u32::from(character) & 0xfffe == 0xfffe => Some(REPLACEMENT),
            _ if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => Some(' '),
            _ => Some(character),
        }));
    if text.chars().nth(CHARS_MAX).is_some() {
        legible.push('…');
    }
    legible
}
