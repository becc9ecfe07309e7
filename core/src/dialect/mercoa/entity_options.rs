//! The options of an entity token (contract 1.3): what the holder's front end may show and do.

use crate::error::{Error, ErrorCode, Result};
use crate::json::{as_names, object};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)+
        }

        as_names! { $name { $($variant = $text,)+ } }

        impl $name {
            /// Every name that is allowed.
            pub const NAMES: &'static [&'static str] = &[$($text,)+];

            /// The value of a name, which must match to the letter.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

names! {
    /// The status of an invoice.
    InvoiceStatus {
        Unassigned "UNASSIGNED", Draft "DRAFT", New "NEW", Approved "APPROVED", Scheduled "SCHEDULED",
        Pending "PENDING", Paid "PAID", Archived "ARCHIVED", Refused "REFUSED", Canceled "CANCELED", Failed "FAILED",
    }
}

names! {
    /// Whether an invoice has line items.
    LineItems { Disabled "DISABLED", Optional "OPTIONAL", Required "REQUIRED" }
}

names! {
    /// Which vendors are shown.
    VendorNetwork { All "all", Platform "platform", Entity "entity" }
}

object! {
    /// The options. Absent members are left out of the token.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    pub struct EntityOptions {
        /// The lifetime as it was asked for.
        #[json(omit, name = "expiresIn")]
        pub expires_in: Option<String>,
        /// Invoices.
        #[json(omit)]
        pub invoice: Option<InvoiceOptions>,
        /// Pages.
        #[json(omit)]
        pub pages: Option<PageOptions>,
        /// Looks.
        #[json(omit)]
        pub style: Option<StyleOptions>,
        /// Vendors.
        #[json(omit)]
        pub vendors: Option<VendorOptions>,
        /// The entity.
        #[json(omit)]
        pub entity: Option<EntityFeatures>,
        /// The session that the token belongs to.
        #[json(omit, name = "sessionId")]
        pub session_id: Option<String>,
    }
}

object! {
    /// What invoices may be shown and made.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct InvoiceOptions {
        /// The statuses that are shown.
        pub status: Vec<InvoiceStatus>,
        /// Line items; `OPTIONAL` where absent.
        #[json(omit, name = "lineItems")]
        pub line_items: Option<LineItems>,
        /// Recurring invoice templates.
        #[json(omit)]
        pub recurring: Option<bool>,
    }
}

object! {
    /// What pages are shown.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    #[allow(missing_docs)] // the names are the pages
    pub struct PageOptions {
        #[json(omit, name = "paymentMethods")]
        pub payment_methods: Option<bool>,
        #[json(omit)]
        pub representatives: Option<bool>,
        #[json(omit)]
        pub notifications: Option<bool>,
        #[json(omit)]
        pub counterparties: Option<bool>,
        #[json(omit)]
        pub approvals: Option<bool>,
        #[json(omit, name = "emailLog")]
        pub email_log: Option<bool>,
    }
}

object! {
    /// Looks.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct StyleOptions {
        /// Any text; no format is stated.
        #[json(name = "primaryColor")]
        pub primary_color: String,
    }
}

object! {
    /// What vendors are shown.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[json(read, write)]
    pub struct VendorOptions {
        /// Which vendors.
        pub network: VendorNetwork,
        /// Whether new ones cannot be made.
        #[json(omit, name = "disableCreation")]
        pub disable_creation: Option<bool>,
    }
}

object! {
    /// What the entity may do.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[json(read, write)]
    pub struct EntityFeatures {
        /// Payments, which ask for KYB.
        #[json(omit, name = "enableMercoaPayments")]
        pub enable_mercoa_payments: Option<bool>,
    }
}

impl EntityOptions {
    /// The options of a renewed token: what `asked` leaves out, at whatever level, stays as it was; what it says must
    /// be equal or narrower. A boolean that the token does not say counts as false, line items as `OPTIONAL`. Looks
    /// are free.
    ///
    /// # Errors
    /// `forbidden`, naming the option that would widen.
    pub fn narrowed(&self, asked: EntityOptions) -> Result<EntityOptions> {
        if asked.session_id.is_some() && asked.session_id != self.session_id {
            return Err(wider("sessionId"));
        }
        Ok(EntityOptions {
            expires_in: asked.expires_in,
            invoice: narrow(self.invoice.as_ref(), asked.invoice, InvoiceOptions::narrowed)?,
            pages: narrow(self.pages.as_ref(), asked.pages, PageOptions::narrowed)?,
            style: asked.style.or_else(|| self.style.clone()),
            vendors: narrow(self.vendors.as_ref(), asked.vendors, VendorOptions::narrowed)?,
            entity: narrow(self.entity.as_ref(), asked.entity, EntityFeatures::narrowed)?,
            session_id: self.session_id.clone(),
        })
    }
}

/// What is not asked for stays as it was.
fn narrow<T: Clone>(
    own: Option<&T>,
    asked: Option<T>,
    narrowed: impl FnOnce(Option<&T>, T) -> Result<T>,
) -> Result<Option<T>> {
    match asked {
        Some(asked) => narrowed(own, asked).map(Some),
        None => Ok(own.cloned()),
    }
}

impl InvoiceOptions {
    fn narrowed(own: Option<&Self>, asked: Self) -> Result<Self> {
        let Some(own) = own else { return Err(wider("invoice.status")) };
        if !asked.status.iter().all(|status| own.status.contains(status)) {
            return Err(wider("invoice.status"));
        }
        let granted = own.line_items.unwrap_or(LineItems::Optional);
        if asked.line_items.is_some_and(|asked| asked != granted && asked != LineItems::Disabled) {
            return Err(wider("invoice.lineItems"));
        }
        Ok(InvoiceOptions {
            status: asked.status,
            line_items: asked.line_items.or(own.line_items),
            recurring: keep("invoice.recurring", own.recurring, asked.recurring)?,
        })
    }
}

impl PageOptions {
    fn narrowed(own: Option<&Self>, asked: Self) -> Result<Self> {
        let own = own.copied().unwrap_or_default();
        Ok(PageOptions {
            payment_methods: keep("pages.paymentMethods", own.payment_methods, asked.payment_methods)?,
            representatives: keep("pages.representatives", own.representatives, asked.representatives)?,
            notifications: keep("pages.notifications", own.notifications, asked.notifications)?,
            counterparties: keep("pages.counterparties", own.counterparties, asked.counterparties)?,
            approvals: keep("pages.approvals", own.approvals, asked.approvals)?,
            email_log: keep("pages.emailLog", own.email_log, asked.email_log)?,
        })
    }
}

impl VendorOptions {
    fn narrowed(own: Option<&Self>, asked: Self) -> Result<Self> {
        let Some(own) = own else { return Err(wider("vendors.network")) };
        if asked.network != own.network && own.network != VendorNetwork::All {
            return Err(wider("vendors.network"));
        }
        // A restriction: it may be added, not lifted.
        if own.disable_creation == Some(true) && asked.disable_creation == Some(false) {
            return Err(wider("vendors.disableCreation"));
        }
        let disable_creation = asked.disable_creation.or(own.disable_creation);
        Ok(VendorOptions { network: asked.network, disable_creation })
    }
}

impl EntityFeatures {
    fn narrowed(own: Option<&Self>, asked: Self) -> Result<Self> {
        let own = own.copied().unwrap_or_default().enable_mercoa_payments;
        let name = "entity.enableMercoaPayments";
        Ok(EntityFeatures { enable_mercoa_payments: keep(name, own, asked.enable_mercoa_payments)? })
    }
}

/// A boolean that stays, or is turned off; never one that turns on what was off.
fn keep(name: &'static str, own: Option<bool>, asked: Option<bool>) -> Result<Option<bool>> {
    if asked == Some(true) && own != Some(true) { Err(wider(name)) } else { Ok(asked.or(own)) }
}

fn wider(name: &'static str) -> Error {
    Error::new(ErrorCode::Forbidden)
        .at(name)
        .because("a token cannot be renewed with more than it allows; ask with the API key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> EntityOptions {
        crate::json::from_written(json).unwrap()
    }

    fn renew(token: &str, asked: &str) -> Result<EntityOptions, String> {
        options(token).narrowed(options(asked)).map_err(|error| error.field().unwrap().to_owned())
    }

    const FULL: &str = r#"{"invoice":{"status":["DRAFT","NEW"],"recurring":true},
        "pages":{"approvals":true,"emailLog":false},"vendors":{"network":"all","disableCreation":true},
        "entity":{"enableMercoaPayments":true},"style":{"primaryColor":"red"},"sessionId":"s1"}"#;

    #[test]
    fn what_is_kept_or_left_out_stays() {
        assert_eq!(renew(FULL, FULL), Ok(options(FULL)));
        assert_eq!(renew(FULL, "{}"), Ok(options(FULL)));
        assert_eq!(renew("{}", "{}"), Ok(options("{}")));
    }

    #[test]
    fn a_member_that_is_left_out_stays_too() {
        // Whoever reads the token may take an absent member for another default: nothing explicit gets lost.
        let asked = r#"{"invoice":{"status":["NEW"]},"pages":{"approvals":false},
            "vendors":{"network":"platform"},"entity":{}}"#;
        let expected = r#"{"invoice":{"status":["NEW"],"recurring":true},
            "pages":{"approvals":false,"emailLog":false},"vendors":{"network":"platform","disableCreation":true},
            "entity":{"enableMercoaPayments":true},"style":{"primaryColor":"red"},"sessionId":"s1"}"#;
        assert_eq!(renew(FULL, asked), Ok(options(expected)));
    }

    #[test]
    fn narrower_is_granted() {
        let asked = r#"{"invoice":{"status":["NEW"],"lineItems":"DISABLED","recurring":false},
            "pages":{"approvals":false},"vendors":{"network":"entity","disableCreation":true},
            "entity":{},"style":{"primaryColor":"blue"}}"#;
        let renewed = renew(FULL, asked).unwrap();
        assert_eq!(renewed.invoice.unwrap().status, [InvoiceStatus::New]);
        assert_eq!(renewed.session_id.as_deref(), Some("s1"));
        assert_eq!(renewed.style.unwrap().primary_color, "blue");
    }

    #[test]
    fn wider_is_refused_by_name() {
        for (asked, name) in [
            (r#"{"invoice":{"status":["DRAFT","PAID"]}}"#, "invoice.status"),
            (r#"{"invoice":{"status":[],"lineItems":"REQUIRED"}}"#, "invoice.lineItems"),
            (r#"{"pages":{"emailLog":true}}"#, "pages.emailLog"),
            (r#"{"pages":{"paymentMethods":true}}"#, "pages.paymentMethods"),
            (r#"{"vendors":{"network":"all","disableCreation":false}}"#, "vendors.disableCreation"),
            (r#"{"sessionId":"s2"}"#, "sessionId"),
        ] {
            assert_eq!(renew(FULL, asked), Err(name.to_owned()), "{asked}");
        }
        for (token, asked, name) in [
            ("{}", r#"{"invoice":{"status":["DRAFT"]}}"#, "invoice.status"),
            ("{}", r#"{"vendors":{"network":"entity"}}"#, "vendors.network"),
            ("{}", r#"{"entity":{"enableMercoaPayments":true}}"#, "entity.enableMercoaPayments"),
            ("{}", r#"{"sessionId":"s"}"#, "sessionId"),
            (r#"{"vendors":{"network":"entity"}}"#, r#"{"vendors":{"network":"all"}}"#, "vendors.network"),
            (
                r#"{"vendors":{"network":"entity"}}"#,
                r#"{"vendors":{"network":"platform"}}"#,
                "vendors.network",
            ),
            (
                r#"{"invoice":{"status":[]}}"#,
                r#"{"invoice":{"status":[],"recurring":true}}"#,
                "invoice.recurring",
            ),
        ] {
            assert_eq!(renew(token, asked), Err(name.to_owned()), "{token} {asked}");
        }
    }
}
