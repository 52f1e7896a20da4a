//! Finds the text of a letter in its frozen message (RFC 5322 and MIME), for a person to read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Deepest nesting of parts that is looked into.
const DEPTH: u8 = 5;

/// The first plain text part; `None` when there is none, or no message.
pub(crate) fn text_of(message: &[u8]) -> Option<String> {
    if message.is_empty() {
        return None;
    }
    let message = String::from_utf8_lossy(message).replace("\r\n", "\n");
    plain_text(&message, DEPTH)
}

fn plain_text(part: &str, depth: u8) -> Option<String> {
    // A part without headers begins with the blank line itself.
    let (head, body) = match part.strip_prefix('\n') {
        Some(body) => ("", body),
        None => part.split_once("\n\n").unwrap_or((part, "")),
    };
    let kind = header(head, "content-type").unwrap_or_else(|| "text/plain".into());
    let media = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if media.starts_with("multipart/") {
        let depth = depth.checked_sub(1)?;
        return parts(body, &parameter(&kind, "boundary")?)
            .iter()
            .find_map(|part| plain_text(part, depth));
    }
    if media != "text/plain" {
        return None;
    }
    let encoding = header(head, "content-transfer-encoding").unwrap_or_default();
    Some(decoded(body, &encoding.trim().to_ascii_lowercase()))
}

/// The value of a header, unfolded.
fn header(head: &str, name: &str) -> Option<String> {
    let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

fn parameter(kind: &str, name: &str) -> Option<String> {
    kind.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// What stands between the lines of a boundary.
fn parts(body: &str, boundary: &str) -> Vec<String> {
    let (opening, closing) = (format!("--{boundary}"), format!("--{boundary}--"));
    let mut parts: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in body.split('\n') {
        match line.trim_end() {
            line if line == closing => break,
            line if line == opening => {
                is_inside = true;
                parts.push(String::new());
            }
            _ => {
                if let Some(part) = parts.last_mut().filter(|_| is_inside) {
                    part.push_str(line);
                    part.push('\n');
                }
            }
        }
    }
    parts
}

fn decoded(body: &str, encoding: &str) -> String {
    let bytes = match encoding {
        "quoted-printable" => quoted_printable(body),
        "base64" => {
            let packed: String = body.split_whitespace().collect();
            BASE64
                .decode(packed)
                .unwrap_or_else(|_| body.as_bytes().to_vec())
        }
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

fn quoted_printable(body: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'=', [b'\n', after @ ..]) => after,
            (b'=', [high, low, after @ ..]) if is_hex(*high, *low) => {
                bytes.push(nibble(*high) * 16 + nibble(*low));
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    bytes
}

fn is_hex(high: u8, low: u8) -> bool {
    high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'A'..=b'F' => digit - b'A' + 10,
        b'a'..=b'f' => digit - b'a' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: Option<&str>) {
        let text = text_of(message.replace('\n', "\r\n").as_bytes());
        assert_eq!(text.as_deref(), expected, "{message}");
    }

    #[test]
    fn a_plain_message_is_its_body() {
        check("Subject: x\n\nHello\nyou\n", Some("Hello\nyou\n"));
    }

    #[test]
    fn quoted_printable_is_read_with_its_soft_breaks() {
        check(
            "Content-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: quoted-printable\n\n\
             Perch=C3=A9 =\nno =3D =zz\n",
            Some("Perché no = =zz\n"),
        );
    }

    #[test]
    fn base64_is_read() {
        check(
            "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nUGVyY2jD\nqQ==\n",
            Some("Perché"),
        );
    }

    #[test]
    fn the_text_of_an_alternative_inside_a_mixture_is_found() {
        check(
            "Content-Type: multipart/mixed;\n boundary=\"out\"\n\npreamble\n--out\n\
             Content-Type: multipart/alternative; boundary=in\n\n--in\n\
             Content-Type: text/plain\n\nText\n--in\nContent-Type: text/html\n\n<p>\n--in--\n\
             --out--\n",
            Some("Text\n"),
        );
    }

    #[test]
    fn a_message_without_text_has_none() {
        check("", None);
        check("Content-Type: text/html\n\n<p>\n", None);
        check("Content-Type: multipart/mixed\n\nno boundary\n", None);
    }
}
