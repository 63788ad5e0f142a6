//! Addresses of networks, hosts and mailboxes.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Pattern, compile};

/// An IPv4 address, also one with leading zeros or within an IPv6 address.
pub fn is_ipv4(text: &str) -> bool {
    text.contains('.') && (v4(text).is_some() || is_v6(text))
}

/// An IPv6 address.
pub fn is_ipv6(text: &str) -> bool {
    text.contains(':') && is_v6(text)
}

/// An address and the length of its prefix; the bits after it may be set.
pub fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let most = match (v4(address), is_v6(address)) {
        (Some(_), _) => 32,
        (None, true) => 128,
        (None, false) => return false,
    };
    let is_number = !length.is_empty() && length.len() < 6 && length.bytes().all(|b| b.is_ascii_digit());
    is_number && length.parse::<u32>().is_ok_and(|length| length <= most)
}

/// A hardware address of 6, 8 or 20 bytes, separated by colons, dashes or, two by two, dots.
pub fn is_mac(text: &str) -> bool {
    let is_hex = |part: &str, digits: usize| part.len() == digits && part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts = |separator: char, digits: usize| {
        let parts: Vec<&str> = text.split(separator).collect();
        let is_well_formed = parts.iter().all(|part| is_hex(part, digits));
        is_well_formed.then_some(parts.len() * digits / 2)
    };
    let bytes = parts(':', 2).or_else(|| parts('-', 2)).or_else(|| parts('.', 4));
    bytes.is_some_and(|bytes| [6, 8, 20].contains(&bytes))
}

/// The name of a host: one word, or labels of which the last has only letters.
pub fn is_hostname(text: &str) -> bool {
    text.len() <= 255 && text.split('.').all(|label| label.len() <= 63) && HOSTNAME.is_match(text)
}

/// A mailbox, with or without the name of its owner.
pub fn is_email(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((owner, address)) => is_phrase(owner.trim_matches([' ', '\t'])) && is_mailbox(address),
        None => is_mailbox(text),
    }
}

static HOSTNAME: Pattern = Pattern::new(|| {
    let letter = r"a-zA-Z0-9\p{S}\p{L}";
    compile(&format!(
        r"^(?:[{letter}](?:-?[{letter}]{{0,62}})?|(?:[{letter}](?:[-{letter}]{{0,61}}[{letter}])?\.)+[a-zA-Z\p{{L}}]{{2,63}})$"
    ))
});

/// An IPv4 address whose numbers may have leading zeros.
fn v4(text: &str) -> Option<Ipv4Addr> {
    let number = |part: &str| -> Option<u8> {
        let is_number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let digits = part.trim_start_matches('0');
        if digits.is_empty() { is_number.then_some(0) } else { digits.parse().ok().filter(|_| is_number) }
    };
    let octets: Option<Vec<u8>> = text.split('.').map(number).collect();
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(octets?).ok()?))
}

/// An IPv6 address; an IPv4 address at its end may have leading zeros.
fn is_v6(text: &str) -> bool {
    let Some((head, tail)) = text.rsplit_once(':').filter(|(_, tail)| tail.contains('.')) else {
        return text.parse::<Ipv6Addr>().is_ok();
    };
    v4(tail).is_some_and(|v4| format!("{head}:{v4}").parse::<Ipv6Addr>().is_ok())
}

/// Words, or quoted text, before the address of a mailbox.
fn is_phrase(text: &str) -> bool {
    if let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return !quoted.replace("\\\"", "").contains('"');
    }
    text.split([' ', '\t']).all(|word| word.is_empty() || word.chars().all(|c| is_atom_char(c) || c == '.'))
}

/// A local part and a domain.
fn is_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => !quoted.replace("\\\\", "").replace("\\\"", "").contains('"'),
        None => is_dot_atom(local),
    };
    let is_domain = match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => v4(literal).is_some() || literal.strip_prefix("IPv6:").is_some_and(is_v6),
        None => is_dot_atom(domain),
    };
    is_local && is_domain
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char))
}

fn is_atom_char(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}
