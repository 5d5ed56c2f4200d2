//! E-mail addresses as accounts know them.

use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};
use thiserror::Error;

/// RFC 5321 §4.5.3.1.3: a path is at most 256 octets with its two brackets.
const LONGEST: usize = 254;

/// RFC 5321 §4.5.3.1.1.
const LONGEST_LOCAL_PART: usize = 64;

/// A valid, normalised e-mail address: trimmed, lower case, its domain in ASCII.
///
/// RFC 5321 §2.4 lets a mail host tell `Alice@` from `alice@`; none that people use does, and people type both. So
/// the whole address is lower case, and two spellings are one account. Nothing else is folded: what comes after a
/// `+` and the dots of one provider belong to the address.
///
/// The part before the `@` is a dot-atom (RFC 5322 §3.2.3) in ASCII; quoted local parts, comments, address literals
/// and hosts without a dot are refused. They are valid on paper, and a typing error in a sign-up form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address as a person typed it.
    ///
    /// # Errors
    /// See [`EmailError`]; the messages are for that person.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        // Before anything else is done with it: the longest Unicode domain is far shorter than this.
        if text.len() > 4 * LONGEST {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::NoAt)?;
        if local.is_empty() || domain.is_empty() {
            return Err(EmailError::NoAt);
        }
        if local.len() > LONGEST_LOCAL_PART {
            return Err(EmailError::TooLong);
        }
        if !local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_text)) {
            return Err(EmailError::LocalPart);
        }
        let domain = Uts46::new()
            .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
            .map_err(|_| EmailError::Domain)?;
        let top = domain.rsplit_once('.').map(|(_, top)| top).ok_or(EmailError::Domain)?;
        if top.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(EmailError::Domain);
        }
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        if address.len() > LONGEST {
            return Err(EmailError::TooLong);
        }
        Ok(Self(address))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 5322 §3.2.3 `atext`.
fn is_atom_text(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// Why a text is not an e-mail address that an account can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EmailError {
    /// Something before the `@`, the `@`, or something after it is missing.
    #[error("an e-mail address has a name, an @ and a domain, like alice@example.com")]
    NoAt,
    /// A part or the whole is longer than mail hosts accept.
    #[error("an e-mail address has at most 254 characters, and at most 64 before the @")]
    TooLong,
    /// The part before the `@` has characters, or dots in places, that mail hosts do not accept.
    #[error("the part before the @ has a character or a dot that is not allowed there")]
    LocalPart,
    /// The part after the `@` is not a domain name.
    #[error("the part after the @ is not a domain name like example.com")]
    Domain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_and_lower_case_and_its_domain_ascii() {
        for (typed, normal) in [
            ("alice@example.com", "alice@example.com"),
            ("  Alice.B+News@Example.COM\n", "alice.b+news@example.com"),
            ("o'neil@sub.example.co.uk", "o'neil@sub.example.co.uk"),
            ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
            ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
            ("a@ｅｘａｍｐｌｅ.com", "a@example.com"),
            ("1@1.example", "1@1.example"),
        ] {
            assert_eq!(EmailAddress::parse(typed).map(|email| email.0), Ok(normal.to_owned()), "{typed}");
        }
    }

    #[test]
    fn what_mail_hosts_do_not_accept_is_refused() {
        use EmailError::{Domain, LocalPart, NoAt, TooLong};
        let of_lengths = |local: usize, domain: usize| {
            let labels: String = "bbbbbbbbb.".chars().cycle().take(domain - 4).collect();
            format!("{}@{labels}.com", "a".repeat(local))
        };
        assert!(EmailAddress::parse(&of_lengths(64, 189)).is_ok());
        for (text, error) in [
            ("", NoAt),
            ("alice", NoAt),
            ("@example.com", NoAt),
            ("alice@", NoAt),
            ("alice@@example.com", LocalPart),
            ("a b@example.com", LocalPart),
            (".alice@example.com", LocalPart),
            ("alice.@example.com", LocalPart),
            ("al..ice@example.com", LocalPart),
            ("\"alice\"@example.com", LocalPart),
            ("alice\0@example.com", LocalPart),
            ("álice@example.com", LocalPart),
            ("alice@example", Domain),
            ("alice@example.com.", Domain),
            ("alice@.example.com", Domain),
            ("alice@exa mple.com", Domain),
            ("alice@exa_mple.com", Domain),
            ("alice@-example.com", Domain),
            ("alice@127.0.0.1", Domain),
            ("alice@[127.0.0.1]", Domain),
            ("alice@example.com\r\nbcc:bob@example.com", LocalPart),
            (of_lengths(65, 20).as_str(), TooLong),
            (of_lengths(64, 190).as_str(), TooLong),
            (of_lengths(1, 253).as_str(), TooLong),
            (of_lengths(1, 255).as_str(), Domain),
            ("a".repeat(100_000).as_str(), TooLong),
        ] {
            let shown: String = text.chars().take(80).collect();
            assert_eq!(EmailAddress::parse(text), Err(error), "{shown:?}");
        }
    }
}
