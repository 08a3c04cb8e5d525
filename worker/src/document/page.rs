//! What comes where: title and amount, facts, parties, lines, totals, notes.

use std::num::NonZeroU16;

use domain::invoice::Party;
use krilla::tagging::{TableHeaderScope, Tag, TagKind};

use super::figures::{amount, date, period};
use super::sheet::{Element, HEIGHT, Place, Sheets, WIDTH};
use super::text::{Fonts, Weight};
use super::words::{Worded, Words};
use super::{Document, Kind, Language, TaxCategory};

const MARGIN: f32 = 64.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
const GUTTER: f32 = 24.0;
const TOP: f32 = 72.0;
const BOTTOM: f32 = HEIGHT - 88.0;
const FOOT: f32 = HEIGHT - 46.0;
const AMOUNTS: f32 = 118.0;
const SUMS: f32 = MARGIN + INNER * 0.3;

const INK: [u8; 3] = [26, 31, 38];
const SOFT: [u8; 3] = [94, 102, 113];
const HAIR: [u8; 3] = [218, 223, 229];

const TITLE: Style = Style { size: 27.0, leading: 34.0, weight: Weight::Regular, color: INK };
const FIGURE: Style = Style { size: 19.0, leading: 26.0, weight: Weight::Bold, color: INK };
const NUMBER: Style = Style { size: 11.0, leading: 16.0, weight: Weight::Regular, color: SOFT };
const LABEL: Style = Style { size: 8.5, leading: 15.0, weight: Weight::Regular, color: SOFT };
const NAME: Style = Style { size: 10.0, leading: 15.0, weight: Weight::Bold, color: INK };
const BODY: Style = Style { size: 10.0, leading: 15.0, weight: Weight::Regular, color: INK };
const NOTE: Style = Style { size: 9.0, leading: 13.5, weight: Weight::Regular, color: SOFT };
const OWED: Style = Style { size: 11.0, leading: 16.0, weight: Weight::Bold, color: INK };

#[derive(Clone, Copy)]
struct Style {
    size: f32,
    leading: f32,
    weight: Weight,
    color: [u8; 3],
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Text that wraps, and what it is to a screen reader.
struct Paragraph {
    kind: TagKind,
    style: Style,
    text: String,
}

/// Paragraphs below each other.
struct Column {
    x: f32,
    width: f32,
    side: Side,
    paragraphs: Vec<Paragraph>,
}

struct Setting<'a> {
    document: &'a Document,
    words: &'static Words,
    language: Language,
    fonts: &'a Fonts,
    sheets: Sheets,
    y: f32,
}

/// Gives everything that a document says its place.
pub(super) fn set(document: &Document, fonts: &Fonts) -> Sheets {
    let language = document.language;
    let words = language.words();
    let title = format!("{} {}", document.title(words), document.number);
    let sheets = Sheets::new(title, language.tag(), document.issuer.name.clone());
    let mut setting = Setting { document, words, language, fonts, sheets, y: TOP };
    setting.title();
    setting.facts();
    setting.parties();
    setting.lines();
    setting.totals();
    setting.notes();
    setting.feet();
    setting.sheets
}

impl Document {
    const fn title(&self, words: &'static Words) -> &'static str {
        match self.kind {
            Kind::Invoice { .. } => words.invoice,
            Kind::CreditNote { .. } => words.credit_note,
        }
    }
}

impl Setting<'_> {
    fn title(&mut self) {
        let title = self.document.title(self.words);
        let (label, money) = match self.document.kind {
            Kind::Invoice { owed, .. } => (self.words.amount_due, owed),
            Kind::CreditNote { .. } => (self.words.amount_credited, self.document.total),
        };
        let number = paragraph(NUMBER, &self.document.number);
        self.sheets.heading(&format!("{title} {}", self.document.number), self.y);
        let half = (INNER - GUTTER) / 2.0;
        let named = Column::left(MARGIN, half, vec![heading(1, TITLE, title), number]);
        let figure = vec![paragraph(LABEL, label), paragraph(FIGURE, amount(money, self.language))];
        let owed = Column { x: WIDTH - MARGIN - half, width: half, side: Side::Right, paragraphs: figure };
        self.read(vec![named, owed]);
        self.y += 22.0;
    }

    fn facts(&mut self) {
        self.rule(0.75);
        self.y += 16.0;
        let mut facts = vec![(self.words.issued_on, date(self.document.issued_on, self.language))];
        let mut reason = None;
        match &self.document.kind {
            Kind::Invoice { due_on, .. } => {
                facts.extend(due_on.map(|due_on| (self.words.due_on, date(due_on, self.language))));
            }
            Kind::CreditNote { corrects, reason: why } => {
                facts.push((self.words.corrects, corrects.clone()));
                reason = Some(why);
            }
        }
        facts.extend(self.document.period.map(|days| (self.words.period, period(days, self.language))));
        let width = (INNER - 2.0 * GUTTER) / 3.0;
        let columns = facts.into_iter().zip([0.0, 1.0, 2.0]).map(|((label, value), nth)| {
            let pair = vec![paragraph(LABEL, label), paragraph(BODY, value)];
            Column::left(MARGIN + nth * (width + GUTTER), width, pair)
        });
        self.read(columns.collect());
        if let Some(reason) = reason {
            self.y += 10.0;
            let pair = vec![paragraph(LABEL, self.words.reason), paragraph(BODY, reason)];
            self.read(vec![Column::left(MARGIN, INNER, pair)]);
        }
        self.y += 26.0;
    }

    fn parties(&mut self) {
        let half = (INNER - GUTTER) / 2.0;
        let [from, to] = [self.words.from, self.words.to];
        self.sheets.heading(from, self.y);
        self.sheets.heading(to, self.y);
        let issuer = Column::left(MARGIN, half, self.party(from, &self.document.issuer));
        let recipient = Column::left(MARGIN + half + GUTTER, half, self.party(to, &self.document.recipient));
        self.read(vec![issuer, recipient]);
        self.y += 34.0;
    }

    fn party(&self, role: &str, party: &Party) -> Vec<Paragraph> {
        let mut paragraphs = vec![heading(2, LABEL, role), paragraph(NAME, &party.name)];
        paragraphs.extend(party.lines.iter().map(|line| paragraph(BODY, line)));
        if let Some(tax_id) = &party.tax_id {
            paragraphs
                .push(paragraph(BODY, format!("{}{}{tax_id}", self.words.tax_id, self.language.colon())));
        }
        paragraphs
    }

    fn lines(&mut self) {
        let taxed = self.document.tax.iter().any(|tax| !tax.amount.is_zero());
        let heads =
            [self.words.description, if taxed { self.words.amount_with_tax } else { self.words.amount }];
        let head = self.table_head(heads);
        let mut rows = Vec::new();
        for line in &self.document.lines {
            let cells = [self.language.describes(&line.description), amount(line.amount, self.language)];
            let columns = row(cells, [BODY, BODY], MARGIN, || Tag::TD.into());
            if self.turns(self.height(&columns) + 14.0) {
                self.repeated_head(heads);
            }
            self.y += 6.0;
            rows.push(self.table_row(columns));
            self.y += 7.0;
            self.rule(0.5);
        }
        let body = Element::Group(Tag::TBody.into(), rows);
        let head = Element::Group(Tag::THead.into(), vec![head]);
        let summary = format!("{}, {}", heads[0], heads[1]);
        let table = Tag::Table.with_summary(Some(summary));
        let parts = if self.document.lines.is_empty() { vec![head] } else { vec![head, body] };
        self.sheets.elements.push(Element::Group(table.into(), parts));
    }

    fn table_head(&mut self, heads: [&str; 2]) -> Element {
        let columns =
            row(heads.map(String::from), [LABEL, LABEL], MARGIN, || Tag::TH(TableHeaderScope::Column).into());
        self.turns(self.height(&columns) + 60.0);
        let head = self.table_row(columns);
        self.y += 3.0;
        self.rule(0.75);
        head
    }

    /// The head of a table that goes on, for the eye alone.
    fn repeated_head(&mut self, [description, amount]: [&str; 2]) {
        let left = self.fonts.line(description, LABEL.weight);
        let right = self.fonts.line(amount, LABEL.weight);
        let x = WIDTH - MARGIN - right.width * LABEL.size;
        let y = self.y + LABEL.size;
        let page = self.sheets.count() - 1;
        self.sheets.ornament_on(page, left, LABEL.at(MARGIN, y));
        self.sheets.ornament_on(page, right, LABEL.at(x, y));
        self.y += LABEL.leading + 3.0;
        self.rule(0.75);
    }

    fn totals(&mut self) {
        let document = self.document;
        let mut sums = vec![(self.words.net.into(), document.net, BODY)];
        for tax in &document.tax {
            let base = amount(tax.base, self.language);
            let named = self.language.names_tax(&tax.category);
            sums.push((format!("{named}, {} {base}", self.words.on), tax.amount, BODY));
        }
        sums.push((self.words.total.into(), document.total, NAME));
        if let Kind::Invoice { paid, credited, owed, .. } = document.kind {
            let received = [(self.words.paid, paid), (self.words.credited, credited)];
            let received = received.into_iter().filter(|(_, money)| !money.is_zero());
            sums.extend(received.map(|(label, money)| (label.into(), money, BODY)));
            sums.push((self.words.amount_due.into(), owed, OWED));
        }
        self.y += 12.0;
        self.turns((sums.len().min(12) + 2) as f32 * 21.0);
        let rows =
            Vec::from_iter(sums.into_iter().map(|(label, money, style)| self.sum(label, money, style)));
        let table = Tag::Table.with_summary(Some(self.words.summary.into()));
        self.sheets.elements.push(Element::Group(table.into(), rows));
    }

    fn sum(&mut self, label: String, money: domain::money::Money, style: Style) -> Element {
        let cells = [label, amount(money, self.language)];
        let mut columns = row(cells, [style, style], SUMS, || Tag::TD.into());
        for paragraph in columns.iter_mut().take(1).flat_map(|label| &mut label.paragraphs) {
            paragraph.kind = Tag::TH(TableHeaderScope::Row).into();
        }
        let height = self.height(&columns);
        self.turns(height + 18.0);
        if style.size == OWED.size {
            self.y += 5.0;
            self.sheets.block([SUMS, self.y, WIDTH - MARGIN - SUMS, 1.0], INK);
            self.y += 7.0;
        }
        self.y += 1.5;
        let row = self.table_row(columns);
        self.y += 3.5;
        row
    }

    fn notes(&mut self) {
        let mut notes = Vec::new();
        for tax in &self.document.tax {
            notes.extend(match &tax.category {
                TaxCategory::Exempt { reason } => Some(reason.clone()),
                TaxCategory::ReverseCharge => Some(self.words.reverse_charge_note.into()),
                TaxCategory::Standard { .. } => None,
            });
        }
        self.y += 30.0;
        for note in notes {
            self.read(vec![Column::left(MARGIN, INNER, vec![paragraph(NOTE, note)])]);
            self.y += 4.0;
        }
    }

    fn feet(&mut self) {
        let pages = self.sheets.count();
        for page in 0..pages {
            let numbered = format!("{} {} {} {pages}", self.words.page, page + 1, self.words.of);
            let numbered = self.fonts.line(&numbered, NOTE.weight);
            let x = WIDTH - MARGIN - numbered.width * LABEL.size;
            self.sheets.ornament_on(page, numbered, LABEL.at(x, FOOT));
            let whose = format!("{} · {}", self.sheets.title, self.document.issuer.name);
            let whose = self.fonts.wrap(&whose, LABEL.weight, (INNER - AMOUNTS) / LABEL.size);
            if let Some(whose) = whose.into_iter().next() {
                self.sheets.ornament_on(page, whose, LABEL.at(MARGIN, FOOT));
            }
        }
    }

    /// Sets columns beside each other, to be read one after the other.
    fn read(&mut self, columns: Vec<Column>) {
        let read = self.columns(columns);
        self.sheets.elements.extend(read.into_iter().flatten());
    }

    fn table_row(&mut self, columns: Vec<Column>) -> Element {
        let cells = self.columns(columns).into_iter().flatten();
        Element::Group(Tag::TR.into(), cells.collect())
    }

    /// Sets columns beside each other, line by line, over as many pages as they need.
    fn columns(&mut self, columns: Vec<Column>) -> Vec<Vec<Element>> {
        let mut read = Vec::new();
        let mut below = (self.sheets.count(), self.y);
        let start = below;
        for column in columns {
            let (page, mut y) = start;
            let mut page = page - 1;
            let mut elements = Vec::new();
            for Paragraph { kind, style, text } in column.paragraphs {
                let mut parts = Vec::new();
                for line in self.fonts.wrap(&text, style.weight, column.width / style.size) {
                    if y + style.leading > BOTTOM {
                        (page, y) = (page + 1, TOP);
                    }
                    let x = match column.side {
                        Side::Left => column.x,
                        Side::Right => column.x + column.width - line.width * style.size,
                    };
                    let baseline = y + (style.leading + style.size * 0.71) / 2.0;
                    parts.push(self.sheets.text_on(page, line, style.at(x, baseline)));
                    y += style.leading;
                }
                elements.push(Element::Group(kind, parts));
            }
            read.push(elements);
            if (page + 1, y) > below {
                below = (page + 1, y);
            }
        }
        self.y = below.1;
        read
    }

    /// How high columns are that stay on one page.
    fn height(&self, columns: &[Column]) -> f32 {
        let height = |column: &Column| {
            let paragraphs = column.paragraphs.iter().map(|Paragraph { style, text, .. }| {
                let lines = self.fonts.wrap(text, style.weight, column.width / style.size);
                lines.len() as f32 * style.leading
            });
            paragraphs.sum::<f32>()
        };
        columns.iter().map(height).fold(0.0, f32::max)
    }

    /// Turns the page unless so much room is left; says whether it did.
    fn turns(&mut self, height: f32) -> bool {
        if self.y + height <= BOTTOM {
            return false;
        }
        self.sheets.turn();
        self.y = TOP;
        true
    }

    fn rule(&mut self, thickness: f32) {
        self.sheets.block([MARGIN, self.y, INNER, thickness], HAIR);
        self.y += thickness;
    }
}

impl Style {
    const fn at(self, x: f32, y: f32) -> Place {
        Place { x, y, size: self.size, color: self.color }
    }
}

impl Column {
    const fn left(x: f32, width: f32, paragraphs: Vec<Paragraph>) -> Self {
        Self { x, width, side: Side::Left, paragraphs }
    }
}

fn paragraph(style: Style, text: impl Into<String>) -> Paragraph {
    Paragraph { kind: Tag::P.into(), style, text: text.into() }
}

fn heading(level: u16, style: Style, text: &str) -> Paragraph {
    let level = NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
    Paragraph { kind: Tag::Hn(level, Some(text.into())).into(), style, text: text.into() }
}

/// A row of a table from `x` to the right margin: words, and an amount.
fn row([words, amount]: [String; 2], styles: [Style; 2], x: f32, cell: impl Fn() -> TagKind) -> Vec<Column> {
    let words = Paragraph { kind: cell(), style: styles[0], text: words };
    let amount = Paragraph { kind: cell(), style: styles[1], text: amount };
    let right = WIDTH - MARGIN;
    vec![
        Column::left(x, right - AMOUNTS - GUTTER - x, vec![words]),
        Column { x: right - AMOUNTS, width: AMOUNTS, side: Side::Right, paragraphs: vec![amount] },
    ]
}
