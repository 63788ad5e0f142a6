//! Checks of IP addresses and ranges in API fields. Old ("legacy") fields tolerate spellings that new ones refuse.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::kinds::Family;
use crate::{
    object::{FieldError, FieldErrors, Path},
    text::go_quote,
};

/// An address as old fields read it: leading zeros are skipped and IPv4-mapped IPv6 is IPv4.
pub fn parse(value: &str) -> Option<IpAddr> {
    if value.contains(':') { parse_v6(value).map(unmapped) } else { parse_v4(value).map(IpAddr::V4) }
}

/// A range as old fields read it.
pub fn parse_cidr(value: &str) -> Option<IpNet> {
    Range::parse(value).map(|range| range.net)
}

/// The family of an address, if it is one.
pub fn family(value: &str) -> Option<Family> {
    parse(value).map(|address| Family::of(&address))
}

/// An address in a field that predates canonical form: unusual but unambiguous spellings pass.
pub fn legacy(path: &Path, value: &str) -> FieldErrors {
    fault(value).map(|detail| FieldError::invalid(path, value, detail)).into_iter().collect()
}

/// An address in canonical form.
pub fn strict(path: &Path, value: &str) -> FieldErrors {
    name(value).iter().map(|detail| FieldError::invalid(path, value, detail)).collect()
}

/// What is wrong with an address as the name of an object: it has to be in canonical form.
pub fn name(value: &str) -> Vec<String> {
    if let Some(detail) = fault(value) {
        return vec![detail.to_owned()];
    }
    let canonical = parse(value).map(|address| address.to_string()).filter(|canonical| canonical != value);
    canonical.iter().map(|canonical| format!("must be in canonical form ({})", go_quote(canonical))).collect()
}

/// An address that traffic can be sent to: neither unspecified, loopback nor link-local.
pub fn endpoint(path: &Path, value: &str) -> FieldErrors {
    let refuse = |detail: &str| FieldError::invalid(path, value, detail);
    let Some(address) = parse(value) else {
        return vec![refuse("must be a valid IP address")];
    };
    let mut errors = FieldErrors::new();
    if address.is_unspecified() {
        errors.push(refuse(&format!("may not be unspecified ({value})")));
    }
    if address.is_loopback() {
        errors.push(refuse("may not be in the loopback range (127.0.0.0/8, ::1/128)"));
    }
    let (unicast, multicast) = match address {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    if unicast {
        errors.push(refuse("may not be in the link-local range (169.254.0.0/16, fe80::/10)"));
    }
    if multicast {
        errors.push(refuse("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"));
    }
    errors
}

/// A range in a field that predates canonical form.
pub fn legacy_cidr(path: &Path, value: &str) -> FieldErrors {
    let refuse = |detail| vec![FieldError::invalid(path, value, detail)];
    let Some(range) = Range::parse(value) else {
        return refuse("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    };
    match range.spelling {
        Spelling::Zeros => refuse("must not have leading 0s in IP or prefix length"),
        Spelling::Mapped => refuse("must not have an IPv4-mapped IPv6 address"),
        Spelling::Standard if range.net.addr() != range.net.network() => {
            refuse("must not have bits set beyond the prefix length")
        }
        Spelling::Standard => FieldErrors::new(),
    }
}

/// A range in canonical form.
pub fn strict_cidr(path: &Path, value: &str) -> FieldErrors {
    let errors = legacy_cidr(path, value);
    match Range::parse(value) {
        Some(range) if errors.is_empty() && range.net.to_string() != value => {
            let canonical = go_quote(&range.net.to_string());
            vec![FieldError::invalid(path, value, &format!("must be in canonical form ({canonical})"))]
        }
        _ => errors,
    }
}

/// Warnings about an unusual spelling of an address that [`legacy`] let pass, or an old value has.
pub fn warnings(path: &Path, value: &str) -> Vec<String> {
    let Some(address) = parse(value) else {
        return Vec::new();
    };
    let (shown, canonical) = (go_quote(value), go_quote(&address.to_string()));
    match value.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if !is_mapped(v6) && v6.to_string() != value => {
            vec![format!("{path}: IPv6 address {shown} should be in RFC 5952 canonical format ({canonical})")]
        }
        Ok(found) if found == address => Vec::new(),
        _ => vec![format!("{path}: non-standard IP address {shown} is invalid: use {canonical}")],
    }
}

/// Warnings about an unusual spelling of a range that [`legacy_cidr`] let pass, or an old value has.
pub fn cidr_warnings(path: &Path, value: &str) -> Vec<String> {
    let Some(range) = Range::parse(value) else {
        return Vec::new();
    };
    let (shown, network) = (go_quote(value), go_quote(&range.net.trunc().to_string()));
    let mut warnings = Vec::new();
    if range.net.addr() != range.net.network() {
        let single = go_quote(&format!("{}/{}", range.net.addr(), range.bits));
        warnings.push(format!(
            "{path}: CIDR value {shown} is ambiguous in this context (should be {network} or {single}?)"
        ));
    }
    if range.spelling != Spelling::Standard {
        warnings.push(format!("{path}: non-standard CIDR value {shown} is invalid: use {network}"));
    }
    if warnings.is_empty() && value.contains(':') && range.net.to_string() != value {
        warnings.push(format!("{path}: IPv6 CIDR value {shown} should be in RFC 5952 canonical format ({network})"));
    }
    warnings
}

/// A range and how it was written.
struct Range {
    net: IpNet,
    /// Address length as written: 128 for IPv4-mapped IPv6.
    bits: u8,
    spelling: Spelling,
}

#[derive(PartialEq)]
enum Spelling {
    Standard,
    /// Leading zeros in the address or the prefix length.
    Zeros,
    /// IPv4-mapped IPv6.
    Mapped,
}

impl Range {
    fn parse(value: &str) -> Option<Self> {
        let (address, length) = value.split_once('/')?;
        let bits = if address.contains(':') { 128 } else { 32 };
        let prefix: u8 = digits(length)?.try_into().ok().filter(|prefix| *prefix <= bits)?;
        let parsed = parse(address)?;
        let mapped = bits == 128 && parsed.is_ipv4();
        let net = IpNet::new(parsed, if mapped { prefix.saturating_sub(96) } else { prefix }).ok()?;
        let zeros = address.parse::<IpAddr>().is_err() || prefix.to_string() != length;
        let spelling = match () {
            () if zeros => Spelling::Zeros,
            () if mapped => Spelling::Mapped,
            () => Spelling::Standard,
        };
        Some(Self { net, bits, spelling })
    }
}

/// Why even an old field refuses an address.
fn fault(value: &str) -> Option<&'static str> {
    if parse(value).is_none() {
        return Some("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
    match value.parse::<IpAddr>() {
        Err(_) => Some("must not have leading 0s"),
        Ok(IpAddr::V6(v6)) if is_mapped(v6) => Some("must not be an IPv4-mapped IPv6 address"),
        Ok(_) => None,
    }
}

fn parse_v4(value: &str) -> Option<Ipv4Addr> {
    let mut parts = value.split('.').map(|part| digits(part).and_then(|n| u8::try_from(n).ok()));
    let octets = [parts.next()??, parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then(|| octets.into())
}

fn parse_v6(value: &str) -> Option<Ipv6Addr> {
    match value.rsplit_once(':') {
        Some((start, tail)) if tail.contains('.') => format!("{start}:{}", parse_v4(tail)?).parse().ok(),
        _ => value.parse().ok(),
    }
}

fn unmapped(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

fn is_mapped(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().is_some()
}

/// A decimal number, leading zeros allowed.
fn digits(text: &str) -> Option<u32> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}
