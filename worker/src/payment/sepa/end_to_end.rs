//! The reference that goes through every bank and comes back: an invoice's id in 32 characters.

use domain::id::InvoiceId;

/// An invoice's id as a direct debit's `EndToEndId`.
///
/// The scheme allows 35 characters and ours has 36 with its prefix: the hex digits alone go out.
pub fn end_to_end_id(invoice: InvoiceId) -> String {
    invoice.uuid().simple().to_string()
}

/// The invoice that an `EndToEndId` names, or nothing where it is not one of ours: banks send the
/// whole account's entries. Some banks return it in capitals.
pub fn invoice_of(end_to_end_id: &str) -> Option<InvoiceId> {
    format!("{}_{}", InvoiceId::PREFIX, end_to_end_id.trim().to_ascii_lowercase()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_comes_back_from_its_reference() {
        for number in 0..100 {
            let invoice = InvoiceId::derived(&[&number.to_string()]);
            let sent = end_to_end_id(invoice);
            assert!(sent.len() <= 35, "{sent}");
            assert_eq!(invoice_of(&sent), Some(invoice));
            assert_eq!(invoice_of(&sent.to_uppercase()), Some(invoice));
        }
    }

    #[test]
    fn anything_else_names_no_invoice() {
        for text in [
            "",
            "NOTPROVIDED",
            "inv_0190b5c2f5a97c1e8e2a6f3d4b5c6d7e",
            "0190b5c2f5a97c1e8e2a6f3d4b5c6d7",
            "é",
        ] {
            assert_eq!(invoice_of(text), None, "{text}");
        }
    }
}
