//! The mail a rendered letter becomes: the same letter always gives the same bytes.

use std::time::SystemTime;

use bando_domain::letter::LetterWanted;
use bando_domain::programme::Programme;
use bando_domain::receipt::hex;
use chrono::{DateTime, Datelike as _, Utc};
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};

use super::render::{RenderError, Rendered, clip, one_line};

/// The longest name beside an address, in characters.
const NAME_LIMIT: usize = 150;
/// The longest Message-ID, in bytes: with its header it fits a line (RFC 5322 §2.1.1).
const MESSAGE_ID_LIMIT: usize = 250;

/// What is fixed when a letter is queued, besides its content.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    /// `<local@domain>`, stable over retries.
    pub message_id: String,
    pub date: DateTime<Utc>,
    pub programme: &'a Programme,
    /// Message-ID of the application's thread; no mail needs to carry it.
    pub thread_root: Option<String>,
}

/// The complete mail (RFC 5322), text first and HTML second, from the programme to one person.
///
/// It has no List-Unsubscribe: consortia cannot leave a procedure they are part of.
///
/// # Errors
/// `Address` when sender, reply-to or recipient is not exactly one plain ASCII address,
/// `MessageId` and `Date` when those cannot stand in a header.
pub fn mime(
    letter: &LetterWanted,
    rendered: &Rendered,
    headers: &Headers<'_>,
) -> Result<Vec<u8>, RenderError> {
    let (programme, language) = (headers.programme, letter.recipient.language);
    let message_id = message_id("Message-ID", &headers.message_id)?;
    let from = format!(
        "{} – {}",
        programme.name.in_language(language),
        programme.authority.in_language(language)
    );

    let mut mail = Message::builder()
        .from(mailbox("sender", &from, programme.sender.as_str())?)
        .reply_to(Mailbox::new(
            None,
            address("reply-to", programme.reply_to.as_str())?,
        ))
        .to(mailbox(
            "recipient",
            &letter.recipient.name,
            letter.recipient.address.reveal(),
        )?)
        .subject(header_text(&rendered.subject))
        .date(system_time(headers.date)?)
        .message_id(Some(message_id.clone()));
    if let Some(root) = &headers.thread_root {
        let root = self::message_id("thread root", root)?;
        mail = mail.in_reply_to(root.clone()).references(root);
    }
    mail = mail
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "OOF, AutoReply"))
        .raw_header(header("Content-Language", language.as_str()));
    if let Some(call) = &letter.call {
        mail = mail.raw_header(header("X-Call-Id", &call.to_string()));
    }
    if let Some(application) = letter.application {
        mail = mail.raw_header(header("X-Application-Id", &application.to_string()));
    }
    Ok(mail.multipart(body(rendered, &message_id))?.formatted())
}

/// Both parts are quoted-printable, where `=_` cannot stand, so no content can end a part early;
/// the boundary comes from the Message-ID, so that the bytes can be made again.
fn body(rendered: &Rendered, message_id: &str) -> MultiPart {
    let digest = Sha256::digest(message_id.as_bytes());
    let boundary = format!("=_{}", hex(&digest[..16]));
    MultiPart::alternative()
        .boundary(boundary)
        .singlepart(part(ContentType::TEXT_PLAIN, &rendered.text))
        .singlepart(part(ContentType::TEXT_HTML, &rendered.html))
}

fn part(kind: ContentType, content: &str) -> SinglePart {
    SinglePart::builder()
        .header(kind)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(content.to_owned())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), header_text(value))
}

/// One line, in which `=?` does not open an encoded word (RFC 2047): readers would decode it into
/// anything, line breaks among it.
fn header_text(text: &str) -> String {
    one_line(text).replace("=?", "= ?")
}

fn mailbox(whose: &'static str, name: &str, text: &str) -> Result<Mailbox, RenderError> {
    let name = clip(&header_text(name), NAME_LIMIT);
    Ok(Mailbox::new(
        (!name.is_empty()).then_some(name),
        address(whose, text)?,
    ))
}

fn address(whose: &'static str, text: &str) -> Result<Address, RenderError> {
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(RenderError::Address(whose));
    }
    text.parse().map_err(|_| RenderError::Address(whose))
}

/// The id in its angle brackets.
fn message_id(header: &'static str, value: &str) -> Result<String, RenderError> {
    let bare = value
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(value);
    let fits = bare.len() <= MESSAGE_ID_LIMIT
        && bare
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'))
        && bare.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
    if fits {
        return Ok(format!("<{bare}>"));
    }
    Err(RenderError::MessageId {
        header,
        value: clip(&one_line(value), NAME_LIMIT),
    })
}

/// Mail is dated with four digits of a year, from 1970.
fn system_time(date: DateTime<Utc>) -> Result<SystemTime, RenderError> {
    if (1970..=9999).contains(&date.year()) {
        Ok(date.into())
    } else {
        Err(RenderError::Date(date))
    }
}

#[cfg(test)]
mod tests {
    use bando_domain::civil::Language;
    use bando_domain::event::Personal;
    use bando_domain::letter::LetterKind;

    use super::*;
    use crate::letters::fixture::{AWKWARD, at, facts, letter, programme, rendered};

    fn headers(programme: &Programme) -> Headers<'_> {
        Headers {
            message_id: "<ob.0190a7c4.5f2e@regione.example.org>".into(),
            date: at("2016-05-31T13:59:59.999999Z"),
            programme,
            thread_root: Some("<app.0190a7c4@regione.example.org>".into()),
        }
    }

    fn receipt(
        change: impl FnOnce(&mut LetterWanted, &mut Headers<'_>),
    ) -> Result<String, RenderError> {
        let programme = programme();
        let mut letter = letter(facts(LetterKind::Receipt), Language::It);
        let mut headers = headers(&programme);
        change(&mut letter, &mut headers);
        let rendered = rendered(letter.facts.clone(), Language::It);
        mime(&letter, &rendered, &headers).map(|mail| String::from_utf8(mail).unwrap())
    }

    fn head(mail: &str) -> &str {
        mail.split_once("\r\n\r\n").unwrap().0
    }

    #[test]
    fn a_receipt_carries_the_headers_of_the_procedure() {
        let mail = receipt(|_, _| {}).unwrap();

        insta::assert_snapshot!("receipt_headers", head(&mail).replace("\r\n", "\n"));
        for absent in ["List-Unsubscribe", "Bcc:", "Cc:", "Precedence"] {
            assert!(!head(&mail).contains(&format!("\r\n{absent}")), "{absent}");
        }
    }

    #[test]
    fn the_text_comes_before_the_html_and_all_bytes_are_plain_ascii_lines() {
        let mail = receipt(|_, _| {}).unwrap();

        let text = mail
            .find("Content-Type: text/plain; charset=utf-8")
            .unwrap();
        let html = mail.find("Content-Type: text/html; charset=utf-8").unwrap();
        assert!(text < html);
        assert!(mail.is_ascii());
        assert!(
            mail.split("\r\n")
                .all(|line| line.len() <= 998 && !line.contains(['\r', '\n']))
        );
    }

    #[test]
    fn the_same_letter_gives_the_same_bytes() {
        assert_eq!(receipt(|_, _| {}).unwrap(), receipt(|_, _| {}).unwrap());
    }

    #[test]
    fn a_letter_of_no_application_belongs_to_no_thread() {
        let mail = receipt(|_, headers| headers.thread_root = None).unwrap();

        assert!(!mail.contains("References:") && !mail.contains("In-Reply-To:"));
    }

    #[test]
    fn a_message_id_gets_its_brackets_once() {
        let bare = receipt(|_, headers| headers.message_id = "ob.1@example.org".into()).unwrap();

        assert!(
            head(&bare).contains("\r\nMessage-ID: <ob.1@example.org>\r\n"),
            "{bare}"
        );
    }

    #[test]
    fn no_name_adds_a_header() {
        let forged = "X\r\nBcc: spy@example.org\r\n\r\n<h1>hello</h1> =?utf-8?q?=0ABcc:_a@b?=";
        let mail = receipt(|letter, _| letter.recipient.name = forged.into()).unwrap();

        assert!(!head(&mail).contains("\r\nBcc"), "{mail}");
        assert!(head(&mail).contains("\r\nMIME-Version: 1.0"), "{mail}");
    }

    #[test]
    fn a_subject_set_by_hand_adds_no_header() {
        let programme = programme();
        let letter = letter(facts(LetterKind::Lapsed), Language::En);
        let mut rendered = rendered(letter.facts.clone(), Language::En);
        rendered.subject = String::from("Hello\r\nBcc: spy@example.org");

        let mail = mime(&letter, &rendered, &headers(&programme)).unwrap();

        let mail = String::from_utf8(mail).unwrap();
        assert!(
            head(&mail).contains("\r\nSubject: Hello Bcc: spy@example.org\r\n"),
            "{mail}"
        );
    }

    #[test]
    fn an_address_is_exactly_one() {
        for address in [
            "",
            "a",
            "a@b.org\r\nBcc: c@d.org",
            "a@b.org, c@d.org",
            "<a@b.org>",
            "A <a@b.org>",
            "à@b.org",
        ] {
            let refusal = receipt(|letter, _| letter.recipient.address = Personal::new(address));

            assert!(
                matches!(refusal, Err(RenderError::Address("recipient"))),
                "{address}"
            );
        }
    }

    #[test]
    fn an_id_that_is_none_is_refused() {
        for id in [
            "",
            "<>",
            "a@",
            "@b",
            "<a@b>\r\nBcc: c@d.org",
            "a b@c",
            "<a@b> <c@d>",
        ] {
            let of_mail = receipt(|_, headers| headers.message_id = id.into());
            let of_thread = receipt(|_, headers| headers.thread_root = Some(id.into()));

            assert!(
                matches!(of_mail, Err(RenderError::MessageId { .. })),
                "{id}"
            );
            assert!(
                matches!(of_thread, Err(RenderError::MessageId { .. })),
                "{id}"
            );
        }
    }

    #[test]
    fn any_name_makes_a_mail() {
        for name in [
            "",
            " ",
            ".",
            "a.",
            "\"",
            "\\",
            "(a",
            "<a>",
            "a, b",
            "@",
            "S.r.l. \"L'Oro\" 9",
            AWKWARD,
        ] {
            let mail = receipt(|letter, _| letter.recipient.name = name.into());

            assert!(
                mail.is_ok_and(|mail| head(&mail).contains("info@consorzio.example.org")),
                "{name}"
            );
        }
    }
}
