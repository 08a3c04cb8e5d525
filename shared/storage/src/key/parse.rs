//! From a partition and a sort key back to what stands there.

use std::str::FromStr;

use domain::billing::run::ListedAt;
use domain::id::{DegreeId, PersonId};
use domain::permission::Role;

use super::{AnswerKey, InvoiceKey, Key, PAGE_STAGES, STATEMENT_STAGES};

/// The text is no key of this table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyError;

impl Key {
    /// The key that stands at a partition and sort key.
    pub fn parse(pk: &str, sk: &str) -> Result<Self, KeyError> {
        let words: Vec<&str> = sk.split('#').collect();
        let key = match words[..] {
            ["clock"] => Self::Clock,
            ["profile"] => Self::Profile(read(pk)?),
            ["grant", id] => Self::Grant(read(pk)?, read(id)?),
            ["live", degree] => Self::Live(read(pk)?, read(degree)?),
            ["conflicts"] if pk.starts_with(PersonId::PREFIX) => Self::DeclaredConflicts(read(pk)?),
            ["conflicts"] => Self::Conflicts(read(pk)?),
            ["availability"] => Self::Availability(read(pk)?),
            ["calendar-feed"] => Self::CalendarFeed(read(pk)?),
            ["notice"] => Self::SessionNotice(read(pk)?),
            ["fact", id] => {
                let (month, shard) =
                    pk.strip_prefix("jury#").and_then(|pk| pk.split_once('#')).ok_or(KeyError)?;
                Self::JuryFact(read(month)?, read(shard)?, read(id)?)
            }
            ["progress"] => Self::RecordingProgress(read(pk)?),
            ["occupancy", week] => Self::Occupancy(read(pk)?, read(week)?),
            ["series"] => Self::PersonSeries(read(pk)?),
            ["seats"] => Self::Seats(read(pk)?),
            ["upload-quota"] => Self::UploadQuota(read(pk)?),
            ["departure", person] if pk == "departures" => Self::Departure(read(person)?),
            ["holder", person] => {
                let (role, degree, shard) = in_holders(pk)?;
                Self::RoleHolder(role, degree, shard, read(person)?)
            }
            ["ticket", number] => {
                let (degree, language) = in_waiting(pk)?;
                Self::WaitingStudent(degree, language, read(number)?)
            }
            ["line"] => {
                let (degree, language) = in_waiting(pk)?;
                Self::WaitingLine(degree, language)
            }
            ["run", at] if pk == "pairings" => Self::PairingRun(read(at)?),
            ["enrollment", id] => Self::PersonEnrollment(read(pk)?, read(id)?),
            ["submission", since, id] => Self::PersonSubmission(read(pk)?, read(since)?, read(id)?),
            ["defense", at, id] => Self::PersonDefense(read(pk)?, read(at)?, read(id)?),
            ["session", at, id] => Self::PersonSession(read(pk)?, read(at)?, read(id)?),
            ["duty", at, id] => Self::JuryDuty(read(pk)?, read(at)?, read(id)?),
            ["statement"] => Self::Statement(read(pk)?),
            ["lines", number] => Self::StatementPage(read(pk)?, read(number)?),
            ["statement", month, id] => Self::PersonStatement(read(pk)?, read(month)?, read(id)?),
            ["missed", at, id] => {
                let shard = pk.strip_prefix("unattended#").ok_or(KeyError)?;
                Self::Unattended(read(shard)?, read(at)?, read(id)?)
            }
            ["restated"] => Self::Restated(read(pk)?),
            [stage, month, id] if STATEMENT_STAGES.contains(&stage) => {
                let (entity, shard) =
                    pk.strip_prefix("statements#").and_then(|rest| rest.split_once('#')).ok_or(KeyError)?;
                let stage = STATEMENT_STAGES.into_iter().find(|word| *word == stage).ok_or(KeyError)?;
                Self::ListedStatement(entity.to_owned(), read(shard)?, stage, read(month)?, read(id)?)
            }
            ["answer", digest] => Self::Answer(read(pk)?, AnswerKey(digest.to_owned())),
            ["agenda"] => Self::Agenda(read(pk)?),
            ["attempt", project] => Self::Attempt(read(pk)?, read(project)?),
            ["commitment", id] => Self::Commitment(read(pk)?, read(id)?),
            ["enrollment"] => Self::Enrollment(read(pk)?),
            ["invoice", segment, period, "nothing"] => {
                Self::NothingOwed(read(pk)?, read(segment)?, read(period)?)
            }
            ["note", invoice, id] => Self::CreditNote(read(pk)?, read(invoice)?, read(id)?),
            ["refund", invoice, id] => Self::Refund(read(pk)?, read(invoice)?, read(id)?),
            ["invoice", segment, period, payer] => Self::Invoice(
                read(pk)?,
                InvoiceKey { segment: read(segment)?, period: read(period)?, payer: read(payer)? },
            ),
            ["payment", id] => Self::Payment(read(pk)?, read(id)?),
            ["paper", invoice] => Self::Paper(read(pk)?, read(invoice)?, None),
            ["paper", invoice, note] => Self::Paper(read(pk)?, read(invoice)?, Some(read(note)?)),
            ["letter", at, rank, id] => Self::Letter(read(pk)?, read(at)?, read(rank)?, read(id)?),
            ["undelivered", at, id] => {
                let shard = pk.strip_prefix("letters#").ok_or(KeyError)?;
                Self::UndeliveredLetter(read(shard)?, read(at)?, read(id)?)
            }
            ["locator"] => Self::InvoiceLocator(read(pk)?),
            ["year", year] => {
                let entity = pk.strip_prefix("numbers#").ok_or(KeyError)?;
                Self::InvoiceNumbers(entity.to_owned(), read(year)?)
            }
            ["submission"] => Self::Submission(read(pk)?),
            ["assessment"] => Self::Assessment(read(pk)?),
            ["claim"] => Self::Claim(read(pk)?),
            ["open", at, id] if pk == "claims" => Self::OpenClaim(read(at)?, read(id)?),
            ["defense"] => Self::Defense(read(pk)?),
            ["open", at, id] => Self::OpenDefense(read(at)?, read(id)?),
            ["session"] => Self::Session(read(pk)?),
            ["upload"] => Self::Upload(read(pk)?),
            ["award"] => Self::Award(read(pk)?),
            ["credential"] => Self::Credential(read(pk)?),
            ["heard"] => Self::StripeEvent(pk.strip_prefix("stripe#").ok_or(KeyError)?.to_owned()),
            ["waiting", payment] => {
                let (entity, shard) =
                    pk.strip_prefix("debits#").and_then(|rest| rest.split_once('#')).ok_or(KeyError)?;
                Self::WaitingDebit(entity.to_owned(), read(shard)?, read(payment)?)
            }
            ["debit-file"] => Self::DebitFile(read(pk)?),
            ["debit", number] => Self::FiledDebit(read(pk)?, read(number)?),
            ["file", day, file] => {
                let entity = pk.strip_prefix("debit-files#").ok_or(KeyError)?;
                Self::ListedDebitFile(entity.to_owned(), read(day)?, read(file)?)
            }
            ["bank-report"] => Self::BankReport(read(pk)?),
            ["report"] => Self::BankReportHeard(pk.strip_prefix("bank-report#").ok_or(KeyError)?.to_owned()),
            ["shard", entity, shard] => Self::RunShard(read(pk)?, entity.to_owned(), read(shard)?),
            ["page", shard, number] => Self::RunPage(read(pk)?, read(shard)?, read(number)?),
            [stage, shard, number] if PAGE_STAGES.contains(&stage) => {
                let stage = PAGE_STAGES.into_iter().find(|word| *word == stage).ok_or(KeyError)?;
                Self::RunMark(read(pk)?, stage, read(shard)?, read(number)?)
            }
            ["date"] => Self::RunDate(read(pk)?),
            ["day", day, enrollment] => {
                let (entity, shard) =
                    pk.strip_prefix("billing#").and_then(|rest| rest.split_once('#')).ok_or(KeyError)?;
                let at = ListedAt { day: read(day)?, enrollment: read(enrollment)? };
                Self::BillingDay(entity.to_owned(), read(shard)?, at)
            }
            ["entry", day, source] => {
                let (entity, shard) = in_ledger(pk)?.split_once('#').ok_or(KeyError)?;
                Self::LedgerEntry(entity.to_owned(), read(shard)?, read(day)?, source.to_owned())
            }
            ["closing"] => Self::LedgerClosing(in_ledger(pk)?.to_owned()),
            ["closed", day] => Self::LedgerClosed(in_ledger(pk)?.to_owned(), read(day)?),
            ["earning", begin] => Self::LedgerEarnings(in_ledger(pk)?.to_owned(), read(begin)?),
            ["edition", edition, version] => Self::Edition(read(edition)?, read(version)?),
            ["job"] => Self::Job(read(pk.strip_prefix("job_").ok_or(KeyError)?)?),
            ["trail", at, id] => Self::Audit(pk.to_owned(), read(at)?, read(id)?),
            _ => return Err(KeyError),
        };
        Ok(key)
    }
}

fn in_holders(pk: &str) -> Result<(Role, Option<DegreeId>, u16), KeyError> {
    let ["holders", role, degree, shard] = Vec::from_iter(pk.split('#'))[..] else { return Err(KeyError) };
    let degree = if degree == "*" { None } else { Some(read(degree)?) };
    let role = Role::ALL.into_iter().find(|known| known.word() == role).ok_or(KeyError)?;
    Ok((role, degree, read(shard)?))
}

fn in_waiting(pk: &str) -> Result<(DegreeId, String), KeyError> {
    let (degree, language) =
        pk.strip_prefix("waiting#").and_then(|rest| rest.split_once('#')).ok_or(KeyError)?;
    Ok((read(degree)?, language.to_owned()))
}

fn in_ledger(pk: &str) -> Result<&str, KeyError> {
    pk.strip_prefix("ledger#").ok_or(KeyError)
}

fn read<T: FromStr>(text: &str) -> Result<T, KeyError> {
    text.parse().map_err(|_| KeyError)
}
