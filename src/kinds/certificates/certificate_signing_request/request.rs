//! What a request says, in PEM and DER.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The organizations that a request names, or what is wrong with it. Its signature is not verified.
pub fn organizations(encoded: &str) -> Result<Vec<String>, String> {
    let text = STANDARD.decode(encoded).unwrap_or_default();
    let der = block(&text, "CERTIFICATE REQUEST").ok_or("PEM block type must be CERTIFICATE REQUEST")?;
    subject(&der).ok_or_else(|| "x509: malformed certificate request".to_owned())
}

/// The content of the first block of PEM, if it has this type.
pub fn block(text: &[u8], kind: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (found, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {found}-----"))?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok().filter(|_| found == kind)
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const IDENTIFIER: u8 = 0x06;
/// 2.5.4.10, encoded.
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];

fn subject(der: &[u8]) -> Option<Vec<String>> {
    let mut whole = der;
    let mut request = take(&mut whole, SEQUENCE)?;
    let mut info = take(&mut request, SEQUENCE)?;
    take(&mut info, INTEGER)?;
    let mut names = take(&mut info, SEQUENCE)?;
    let mut found = Vec::new();
    while !names.is_empty() {
        let mut set = take(&mut names, SET)?;
        while !set.is_empty() {
            let mut attribute = take(&mut set, SEQUENCE)?;
            let kind = take(&mut attribute, IDENTIFIER)?;
            let tag = *attribute.first()?;
            let value = take(&mut attribute, tag)?;
            if kind == ORGANIZATION {
                found.push(String::from_utf8_lossy(value).into_owned());
            }
        }
    }
    Some(found)
}

/// The content of the next element, which has this tag.
fn take<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, after) = rest.split_first()?;
    let (first, mut after) = after.split_first()?;
    let mut length = usize::from(*first);
    if *first >= 0x80 {
        let (digits, tail) = after.split_at_checked(usize::from(first & 0x7f))?;
        length = digits.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?;
        after = tail;
    }
    let (content, tail) = after.split_at_checked(length)?;
    *rest = tail;
    (*found == tag).then_some(content)
}
