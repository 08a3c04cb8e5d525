//! Direct debits: the list of those that wait, files and what is in them, and what banks report.

use domain::debit::{BankReport, DebitFile, FiledDebit, WaitingDebit};
use domain::id::{BankReportId, DebitFileId, EnrollmentId, InvoiceId};
use domain::invoice::Payment;
use domain::job::Job;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::invoice::InvoiceRefusal;
use crate::item::{Item, Stored, from_attributes};
use crate::key::{Key, Query};
use crate::store::{Order, Store, StoreError};
use crate::transaction::Transaction;

impl Stored for WaitingDebit {
    const KIND: &'static str = "waiting_debit";

    fn key(&self) -> Key {
        Key::WaitingDebit(self.entity.clone(), self.shard, self.payment)
    }
}

impl Stored for DebitFile {
    const KIND: &'static str = "debit_file";

    fn key(&self) -> Key {
        Key::DebitFile(self.id)
    }
}

impl Stored for FiledDebit {
    const KIND: &'static str = "filed_debit";

    fn key(&self) -> Key {
        Key::FiledDebit(self.file, self.number)
    }
}

impl Stored for BankReport {
    const KIND: &'static str = "bank_report";

    fn key(&self) -> Key {
        Key::BankReport(self.id)
    }
}

/// A file among those of its legal entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDebitFile {
    /// The legal entity.
    pub entity: String,
    /// The file's day.
    pub collect_on: Date,
    /// The file.
    pub file: DebitFileId,
}

impl Stored for ListedDebitFile {
    const KIND: &'static str = "listed_debit_file";

    fn key(&self) -> Key {
        Key::ListedDebitFile(self.entity.clone(), self.collect_on, self.file)
    }
}

/// That a bank's report was read, by the bank's own reference of it: it may be downloaded again with other
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankReportHeard {
    /// The bank's reference.
    pub message: String,
    /// The report that was read.
    pub report: BankReportId,
}

impl Stored for BankReportHeard {
    const KIND: &'static str = "bank_report_heard";

    fn key(&self) -> Key {
        Key::BankReportHeard(self.message.clone())
    }
}

/// The most debits that are read at once: all of a file's.
const DEBITS_READ_MAX: u16 = 10_000;

impl Store {
    /// The first debits of a share that wait for a file of their legal entity.
    pub async fn waiting_debits(
        &self,
        entity: &str,
        shard: u16,
        debits_max: u16,
    ) -> Result<Vec<Item<WaitingDebit>>, StoreError> {
        let query = Query::WaitingDebits { entity: entity.to_owned(), shard };
        let page = self.page(&query, Order::Ascending, None, debits_max).await?;
        page.items.into_iter().map(from_attributes).collect()
    }

    /// A file of debits.
    pub async fn debit_file(&self, id: DebitFileId) -> Result<Option<Item<DebitFile>>, StoreError> {
        self.get(&Key::DebitFile(id)).await
    }

    /// What is in a file, in its order.
    pub async fn filed_debits(&self, id: DebitFileId) -> Result<Vec<Item<FiledDebit>>, StoreError> {
        self.list(&Query::FiledDebits(id), DEBITS_READ_MAX).await
    }

    /// A page of a legal entity's files, the last day first, and where the next one begins.
    pub async fn debit_files(
        &self,
        entity: &str,
        after: Option<&str>,
        items_max: u16,
    ) -> Result<(Vec<Item<DebitFile>>, Option<String>), StoreError> {
        let query = Query::DebitFiles(entity.to_owned());
        let page = self.page(&query, Order::Descending, after, items_max).await?;
        let listed = page.items.into_iter().map(from_attributes::<ListedDebitFile>);
        let listed = listed.collect::<Result<Vec<_>, _>>()?;
        let keys = Vec::from_iter(listed.into_iter().map(|item| Key::DebitFile(item.value.file)));
        Ok((self.get_many(&keys).await?, page.next))
    }

    /// A bank's report.
    pub async fn bank_report(&self, id: BankReportId) -> Result<Option<Item<BankReport>>, StoreError> {
        self.get(&Key::BankReport(id)).await
    }

    /// The report that was read under a bank's reference.
    pub async fn bank_report_heard(
        &self,
        message: &str,
    ) -> Result<Option<Item<BankReportHeard>>, StoreError> {
        self.get(&Key::BankReportHeard(message.to_owned())).await
    }

    /// Where a payment waits for a file.
    fn waiting(&self, entity: &str, enrollment: EnrollmentId, payment: &Payment) -> WaitingDebit {
        WaitingDebit {
            entity: entity.to_owned(),
            shard: self.queue.shard(enrollment.uuid()),
            enrollment,
            invoice: payment.invoice,
            payment: payment.id,
        }
    }
}

impl<R: Copy> Transaction<'_, R> {
    /// Keeps a new file, and asks for it to be filled.
    pub fn ask_debit_file(self, file: &DebitFile, refusal: R, now: Timestamp) -> Self {
        let DebitFile { entity, collect_on, id, .. } = file.clone();
        self.create(file, refusal)
            .set(&ListedDebitFile { entity, collect_on, file: id })
            .enqueue(&Job::FillDebitFile { file: id }, now)
    }

    /// Puts a payment on the list of the next file.
    pub fn list_debit(self, entity: &str, enrollment: EnrollmentId, payment: &Payment) -> Self {
        let waiting = self.store.waiting(entity, enrollment, payment);
        self.set(&waiting)
    }

    /// Takes a payment off the list, if it is there.
    pub fn unlist_debit(self, entity: &str, enrollment: EnrollmentId, payment: &Payment) -> Self {
        let key = self.store.waiting(entity, enrollment, payment).key();
        self.unset(&key)
    }
}

impl Transaction<'_, InvoiceRefusal> {
    /// Takes a payment off the list of those that wait, as it was read there.
    pub fn take_debit(self, waiting: &Item<WaitingDebit>) -> Self {
        self.remove(waiting, InvoiceRefusal::Changed)
    }

    /// Asks about an invoice's money again: at once, or once a debit's day has come.
    pub fn ask_again(self, enrollment: EnrollmentId, invoice: InvoiceId, at: Timestamp) -> Self {
        self.enqueue(&Job::Charge { enrollment, invoice }, at)
    }

    /// Remembers a report that is read, by its bank's reference.
    pub fn hear_report(self, message: &str, report: BankReportId) -> Self {
        let heard = BankReportHeard { message: message.to_owned(), report };
        self.create(&heard, InvoiceRefusal::Changed)
    }
}
