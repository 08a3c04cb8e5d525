//! Documents of invoices and credit notes: written down, made once, kept, and sent to whom they are for.

use domain::billing::run::PageInvoice;
use domain::catalog::Prospectus;
use domain::enrollment::Enrollment;
use domain::id::{CreditNoteId, EnrollmentId, InvoiceId, RefundId, RunId};
use domain::invoice::{
    CreditNote, CreditReason, Invoice, Issue, Paper, Party, Standing, TaxCategory, TaxLine,
};
use domain::job::Job;
use domain::letter::{About, Letter};
use domain::money::Money;
use domain::person::Person;
use domain::upload::Purpose;
use jiff::Timestamp;
use jiff::civil::Date;
use storage::Item;
use storage::invoice::InvoiceRefusal;
use storage::queue::Claimed;

use super::bill::edition;
use super::page::each_invoice;
use super::{finish, letters};
use crate::Worker;
use crate::document::{self, Description, Document, Kind, Language, Worded};
use crate::outcome::Unfinished;

/// Documents of a page that are made at once.
const MADE_AT_ONCE: usize = 4;
/// Pages after which the job gives its place to others and goes on as soon as it may.
const PAGES_MAX: usize = 20;

/// Which document.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    enrollment: EnrollmentId,
    invoice: InvoiceId,
    note: Option<CreditNoteId>,
}

/// An invoice, and the credit note over it, as a document says them.
struct Facts {
    invoice: Invoice,
    issue: Issue,
    note: Option<CreditNote>,
}

/// Makes the document of an invoice, or of a credit note over it.
pub async fn make(
    worker: &Worker,
    claimed: &Claimed,
    enrollment: EnrollmentId,
    invoice: InvoiceId,
    note: Option<CreditNoteId>,
) -> Result<(), Unfinished> {
    make_once(worker, Some(claimed), Wanted { enrollment, invoice, note }).await.map(drop)
}

/// Makes the documents of a run's invoices; a page ends once all of its are there.
pub async fn make_pages(
    worker: &Worker,
    claimed: &Claimed,
    entity: &str,
    on: Date,
    shard: u16,
) -> Result<(), Unfinished> {
    let now = worker.clock.now(&worker.store).await?;
    for _ in 0..PAGES_MAX {
        let pages = worker.store.collected_pages(RunId::of(entity, on), shard, 1).await?;
        let Some(page) = pages.into_iter().next() else { return finish(worker, claimed).await };
        let make = |line: PageInvoice, invoice| {
            make_once(worker, None, Wanted { enrollment: line.enrollment, invoice, note: None })
        };
        let job = |line: PageInvoice, invoice| Job::MakeDocument {
            enrollment: line.enrollment,
            invoice,
            note: None,
        };
        let lines = worker.store.not_yet_printed(&page.page).await?;
        each_invoice(worker, claimed, lines, MADE_AT_ONCE, make, job).await?;
        worker.store.transaction().end_page(&page).checkpoint(claimed).commit().await?;
    }
    let transaction = worker.store.transaction::<()>().finish_until(claimed, now);
    Ok(transaction.commit().await?)
}

/// Makes a document that is not there yet, and writes the letter that it goes with. Where it was begun
/// before, it is made from what was written down then: the same bytes at the same place. True where it was
/// made.
async fn make_once(worker: &Worker, claimed: Option<&Claimed>, wanted: Wanted) -> Result<bool, Unfinished> {
    let kept = worker.store.paper(wanted.enrollment, wanted.invoice, wanted.note).await?;
    let made = kept.as_ref().is_some_and(|paper| paper.value.file.is_some());
    let facts = if made { None } else { Facts::read(worker, wanted).await? };
    let Some(facts) = facts else {
        if let Some(claimed) = claimed {
            finish(worker, claimed).await?;
        }
        return Ok(false);
    };
    let now = worker.clock.now(&worker.store).await?;
    let paper = match kept {
        Some(paper) => paper,
        None => facts.write_down(worker).await?,
    };
    let bytes = rendered(facts.document(&paper.value)?).await?;
    let bucket = worker.store.bucket(Purpose::Evidence);
    let made = paper.clone().with(paper.value.clone().made(&bytes, now));
    bucket.put(&made.value.key(), bytes.clone(), "application/pdf").await?;
    let letter = facts.letter(worker, &made.value).await?;
    let transaction = worker.store.transaction().save(&made, InvoiceRefusal::Changed);
    let Some(claimed) = claimed else {
        // A page is an outbox itself: it is there until all of its letters are on their way.
        let language = Language::read_by(made.value.language.as_str());
        let document = letters::pdf(&facts.number(), bytes);
        let posted = letters::post_at_once(worker, &letter, language, document).await?;
        let transaction = if posted { transaction } else { transaction.write_letter(&letter, now) };
        transaction.commit().await?;
        return Ok(true);
    };
    transaction.write_letter(&letter, now).finish(claimed).commit().await?;
    Ok(true)
}

/// The file, made on a thread where it keeps nobody waiting.
async fn rendered(document: Document) -> Result<Vec<u8>, Unfinished> {
    let rendered = tokio::task::spawn_blocking(move || document::render(&document)).await;
    let rendered = rendered.map_err(|error| Unfinished::Retry(error.to_string()))?;
    rendered.map_err(|error| Unfinished::GiveUp(error.to_string()))
}

impl Facts {
    /// Nothing where there is no such invoice or note, or it is a draft.
    async fn read(worker: &Worker, wanted: Wanted) -> Result<Option<Self>, Unfinished> {
        let Some(Item { value: invoice, .. }) = worker.store.invoice_for_job(wanted.invoice).await? else {
            return Ok(None);
        };
        let Some(issue) = invoice.issue().cloned() else { return Ok(None) };
        let Some(note) = wanted.note else { return Ok(Some(Self { invoice, issue, note: None })) };
        let notes = worker.store.credit_notes(wanted.enrollment, wanted.invoice).await?;
        let note = notes.into_iter().map(|kept| kept.value).find(|kept| kept.id == note);
        Ok(note.map(|note| Self { invoice, issue, note: Some(note) }))
    }

    /// Keeps what the document says beside the invoice, before it is made for the first time.
    async fn write_down(&self, worker: &Worker) -> Result<Item<Paper>, Unfinished> {
        let (id, payer) = (self.invoice.enrollment, self.invoice.payer);
        let enrollment = worker.store.enrollment_for_job(id).await?;
        let Some(Item { value: enrollment, .. }) = enrollment else {
            return Err(Unfinished::GiveUp("the enrollment of this invoice is gone".into()));
        };
        let edition = edition(worker, &enrollment.edition, enrollment.version).await?;
        let person = worker.store.person(payer).await?.map(|person| person.value);
        let now = worker.clock.now(&worker.store).await?;
        let paper = self.paper(&enrollment, &edition, person.as_ref(), now)?;
        worker.store.transaction().create(&paper, InvoiceRefusal::Changed).commit().await?;
        Ok(Item { value: paper, revision: 1 })
    }

    fn paper(
        &self,
        enrollment: &Enrollment,
        edition: &Prospectus,
        payer: Option<&Person>,
        now: Timestamp,
    ) -> Result<Paper, Unfinished> {
        let unwritable = |error: &dyn std::error::Error| Unfinished::GiveUp(error.to_string());
        let Invoice { paid, refunded, credited, .. } = self.invoice;
        let language = language_of(enrollment, self.invoice.payer, payer);
        let tag = language.tag().parse().map_err(|error| unwritable(&error))?;
        let title = edition.degree.title.in_language(&tag);
        let title = title.or_else(|| edition.degree.title.0.values().next().map(String::as_str));
        let nameless = || Party { name: self.invoice.payer.to_string(), lines: Vec::new(), tax_id: None };
        Ok(Paper {
            enrollment: self.invoice.enrollment,
            invoice: self.invoice.id,
            note: self.note.as_ref().map(|note| note.id),
            issuer: Party::entity(&enrollment.market, edition.entity.as_ref()),
            recipient: payer.map_or_else(nameless, Party::person),
            title: title.unwrap_or(enrollment.edition.as_str()).to_owned(),
            standing: Standing {
                paid: paid.minus(refunded).map_err(|error| unwritable(&error))?,
                credited,
                owed: self.invoice.owed().map_err(|error| unwritable(&error))?,
            },
            language: tag,
            written_at: now,
            file: None,
        })
    }

    fn document(&self, paper: &Paper) -> Result<Document, Unfinished> {
        let language = Language::read_by(paper.language.as_str());
        let (taxes, total) = match &self.note {
            None => (&self.invoice.taxes, self.invoice.total),
            Some(note) => (&note.taxes, note.amount),
        };
        let tax = Money::sum(total.currency, taxes.iter().map(|line| line.amount));
        let net = tax.and_then(|tax| total.minus(tax));
        let net = net.map_err(|error| Unfinished::GiveUp(error.to_string()))?;
        let (description, kind, number, issued_on) = match &self.note {
            None => {
                (self.month(paper), self.owed(paper), self.issue.number.to_string(), self.issue.issued_on)
            }
            Some(note) => {
                let description = what_is_credited(note);
                let reason = language.describes(&description);
                let kind = Kind::CreditNote { corrects: self.issue.number.to_string(), reason };
                (description, kind, note.number.to_string(), note.issued_on)
            }
        };
        Ok(Document {
            kind,
            number,
            language,
            issuer: paper.issuer.clone(),
            recipient: paper.recipient.clone(),
            issued_on,
            period: Some((self.issue.period.from, self.issue.period.to)),
            lines: vec![document::Line { description, amount: total }],
            net,
            tax: taxes.iter().map(tax_line).collect(),
            total,
        })
    }

    fn month(&self, paper: &Paper) -> Description {
        let part = self.invoice.lines.first().and_then(|line| line.part);
        Description::Month { edition_title: paper.title.clone(), part }
    }

    const fn owed(&self, paper: &Paper) -> Kind {
        let Standing { paid, credited, owed } = paper.standing;
        Kind::Invoice { due_on: Some(self.issue.due_on), paid, credited, owed }
    }

    /// Its number, as text.
    fn number(&self) -> String {
        self.note.as_ref().map_or(&self.issue.number, |note| &note.number).to_string()
    }

    /// The letter that the document goes with.
    async fn letter(&self, worker: &Worker, paper: &Paper) -> Result<Letter, Unfinished> {
        let Invoice { id: invoice, enrollment, payer, total, .. } = self.invoice;
        let number = self.issue.number.to_string();
        let about = match &self.note {
            None => {
                let (owed, due_on) = (paper.standing.owed, self.issue.due_on);
                About::InvoiceIssued { invoice, number, total, owed, due_on }
            }
            Some(note) => {
                let refund = RefundId::of_credit(note.id);
                let refund = worker.store.refund(enrollment, invoice, refund).await?;
                About::Credited {
                    invoice,
                    note: note.id,
                    number: note.number.to_string(),
                    amount: note.amount,
                    corrects: number,
                    refunded: refund.map(|refund| refund.value.amount),
                }
            }
        };
        Ok(Letter { enrollment, to: payer, at: paper.written_at, about })
    }
}

/// What somebody is written to in: the student what they study in, anybody else what they read best.
pub(super) fn language_of(
    enrollment: &Enrollment,
    reader: domain::id::PersonId,
    person: Option<&Person>,
) -> Language {
    if reader == enrollment.student {
        return Language::read_by(&enrollment.language);
    }
    let best = person.and_then(|person| person.languages.first());
    best.map_or(Language::En, |tag| Language::read_by(tag))
}

fn what_is_credited(note: &CreditNote) -> Description {
    match &note.reason {
        CreditReason::UnusedDays { days, period_days, .. } => {
            Description::UnusedDays { used: period_days.saturating_sub(*days), of: *period_days }
        }
        CreditReason::Decided { text } => Description::Written(text.clone()),
    }
}

fn tax_line(line: &TaxLine) -> document::TaxLine {
    let category = match line.category {
        TaxCategory::Exempt => {
            document::TaxCategory::Exempt { reason: line.reason.clone().unwrap_or_default() }
        }
        TaxCategory::Standard => {
            document::TaxCategory::Standard { rate_basis_points: line.rate_basis_points }
        }
        TaxCategory::ReverseCharge => document::TaxCategory::ReverseCharge,
    };
    document::TaxLine { category, base: line.base, amount: line.amount }
}
