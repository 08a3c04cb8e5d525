//! Pages that fill from the top, and the tags of what is on them.
//!
//! What is set is first only measured and kept; it is printed once all of it has its place.

use jiff::civil::Date;
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, Configuration, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TagGroup, TagKind, TagTree,
};

use super::RenderError;
use super::text::{Fonts, Shaped};

/// A4, in points.
pub(super) const WIDTH: f32 = 595.28;
pub(super) const HEIGHT: f32 = 841.89;

/// Where tagged text is among all that is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(usize);

/// A part of what a screen reader goes through.
pub(super) enum Element {
    /// Something made of parts.
    Group(TagKind, Vec<Element>),
    /// Text on a page.
    Text(Slot),
}

/// Where a line of text goes, and how it looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// From the left.
    pub x: f32,
    /// The baseline, from the top.
    pub y: f32,
    /// The font size.
    pub size: f32,
    /// Red, green, blue.
    pub color: [u8; 3],
}

enum Mark {
    Text { line: Shaped, place: Place, slot: Option<Slot> },
    Block { rect: Rect, color: [u8; 3] },
}

/// Pages, and the order to read them in.
pub(super) struct Sheets {
    pages: Vec<Vec<Mark>>,
    slots: usize,
    /// What a screen reader goes through.
    pub elements: Vec<Element>,
    headings: Vec<(String, usize, f32)>,
    /// The file's title.
    pub title: String,
    language: &'static str,
    author: String,
}

impl Sheets {
    /// An empty page of a file with a title, in a language's tag, by an author.
    pub fn new(title: String, language: &'static str, author: String) -> Self {
        let pages = vec![Vec::new()];
        Self { pages, slots: 0, elements: Vec::new(), headings: Vec::new(), title, language, author }
    }

    /// Goes on at the top of a new page.
    pub fn turn(&mut self) {
        self.pages.push(Vec::new());
    }

    /// How many pages there are.
    pub const fn count(&self) -> usize {
        self.pages.len()
    }

    /// Sets text that is read, on a page counted from 0: one that is there, or the next.
    pub fn text_on(&mut self, page: usize, line: Shaped, place: Place) -> Element {
        let slot = Slot(self.slots);
        self.slots += 1;
        self.mark(page, Mark::Text { line, place, slot: Some(slot) });
        Element::Text(slot)
    }

    /// Sets text that is only seen: a foot, or a head once more.
    pub fn ornament_on(&mut self, page: usize, line: Shaped, place: Place) {
        self.mark(page, Mark::Text { line, place, slot: None });
    }

    /// Fills a rectangle on the last page.
    pub fn block(&mut self, [x, y, width, height]: [f32; 4], color: [u8; 3]) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.mark(self.pages.len() - 1, Mark::Block { rect, color });
        }
    }

    /// Lists a heading of the last page in the outline.
    pub fn heading(&mut self, title: &str, y: f32) {
        self.headings.push((title.into(), self.pages.len() - 1, y));
    }

    fn mark(&mut self, page: usize, mark: Mark) {
        if page == self.pages.len() {
            self.turn();
        }
        self.pages[page].push(mark);
    }

    /// The file.
    pub fn print(self, fonts: &Fonts, issued_on: Date) -> Result<Vec<u8>, RenderError> {
        let mut file = krilla::Document::new_with(krilla::SerializeSettings {
            configuration: archival_and_accessible(),
            ..Default::default()
        });
        let mut read = vec![None; self.slots];
        for marks in &self.pages {
            let settings = PageSettings::from_wh(WIDTH, HEIGHT).unwrap_or_default();
            let mut page = file.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                mark.print(&mut surface, fonts, &mut read);
            }
            surface.finish();
            page.finish();
        }
        let mut outline = Outline::new();
        for (title, page, y) in self.headings {
            let place = XyzDestination::new(page, Point::from_xy(0.0, y));
            outline.push_child(OutlineNode::new(title, place));
        }
        file.set_outline(outline);
        let mut tree = TagTree::new().with_lang(Some(self.language.into()));
        for element in self.elements {
            element.tag(&read, &mut |node| tree.push(node));
        }
        file.set_tag_tree(tree);
        let created = DateTime::new(issued_on.year().unsigned_abs())
            .month(issued_on.month().unsigned_abs())
            .day(issued_on.day().unsigned_abs());
        let metadata = Metadata::new()
            .title(self.title)
            .language(self.language.into())
            .authors(vec![self.author])
            .creation_date(created);
        file.set_metadata(metadata);
        file.finish().map_err(RenderError::Invalid)
    }
}

impl Mark {
    fn print(&self, surface: &mut Surface<'_>, fonts: &Fonts, read: &mut [Option<Identifier>]) {
        let ornament = ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout));
        match self {
            Self::Text { line, place, slot } => {
                surface.set_fill(Some(fill(place.color)));
                let identifier = surface.start_tagged(match slot {
                    Some(_) => ContentTag::Span(SpanTag::empty()),
                    None => ornament,
                });
                let mut x = place.x;
                for run in &line.runs {
                    let font = fonts.face(run.face).font.clone();
                    let start = Point::from_xy(x, place.y);
                    surface.draw_glyphs(start, &run.glyphs, font, &run.text, place.size, false);
                    x += run.glyphs.iter().map(|glyph| glyph.x_advance).sum::<f32>() * place.size;
                }
                surface.end_tagged();
                if let Some(Slot(slot)) = slot {
                    read[*slot] = Some(identifier);
                }
            }
            Self::Block { rect, color } => {
                let mut path = PathBuilder::new();
                path.push_rect(*rect);
                let Some(path) = path.finish() else { return };
                surface.set_fill(Some(fill(*color)));
                surface.start_tagged(ornament);
                surface.draw_path(&path);
                surface.end_tagged();
            }
        }
    }
}

impl Element {
    fn tag(self, read: &[Option<Identifier>], push: &mut dyn FnMut(Node)) {
        match self {
            Self::Group(kind, parts) => {
                let mut group = TagGroup::new(kind);
                for part in parts {
                    part.tag(read, &mut |node| group.push(node));
                }
                push(Node::Group(group));
            }
            Self::Text(Slot(slot)) => {
                if let Some(identifier) = read[slot] {
                    push(Node::Leaf(identifier));
                }
            }
        }
    }
}

/// PDF/A-2a and PDF/UA-1, which one PDF 1.7 can be at once.
fn archival_and_accessible() -> Configuration {
    ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .expect("PDF/A-2a and PDF/UA-1 share PDF 1.7")
}

fn fill([red, green, blue]: [u8; 3]) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}
