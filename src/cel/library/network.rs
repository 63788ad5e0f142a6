//! IP addresses and networks.

use std::net::IpAddr;

use super::{Library, Row};
use crate::cel::error::Error;
use crate::cel::value::Value;
use crate::text::go_quote;

type Outcome<'a> = Result<Value<'a>, Error>;

pub const FUNCTIONS: &[Row] = &[
    (&["isIP(string) bool"], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(parse_ip(text).is_ok())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["isCIDR(string) bool"], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(parse_cidr(text).is_ok())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["ip(string) ip", "(cidr).ip() ip"], |args| match args {
        [Value::String(text)] => parse_ip(text).map(ip).map_err(Error::new),
        [Value::Library(Library::Cidr(cidr))] => Ok(ip(cidr.address)),
        _ => Err(Error::no_such_overload()),
    }),
    (&["ip.isCanonical(string) bool"], |args| match args {
        [Value::String(text)] => {
            let ip = parse_ip(text).map_err(Error::new)?;
            Ok(Value::Bool(ip.to_string() == **text))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["cidr(string) cidr"], |args| match args {
        [Value::String(text)] => {
            let parsed = parse_cidr(text);
            parsed
                .map(|cidr| Value::Library(Library::Cidr(cidr)))
                .map_err(|why| Error::new(format!("network address parse error during conversion from string: {why}")))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(ip).family() int"], |args| of_ip(args, |ip| Value::Int(if ip.is_ipv4() { 4 } else { 6 }))),
    (&["(ip).isUnspecified() bool"], |args| of_ip(args, |ip| Value::Bool(ip.is_unspecified()))),
    (&["(ip).isLoopback() bool"], |args| of_ip(args, |ip| Value::Bool(ip.is_loopback()))),
    (&["(ip).isLinkLocalMulticast() bool"], |args| of_ip(args, |ip| Value::Bool(is_link_local_multicast(ip)))),
    (&["(ip).isLinkLocalUnicast() bool"], |args| of_ip(args, |ip| Value::Bool(is_link_local_unicast(ip)))),
    (&["(ip).isGlobalUnicast() bool"], |args| of_ip(args, |ip| Value::Bool(is_global_unicast(ip)))),
    (&["(cidr).masked() cidr"], |args| match args {
        [Value::Library(Library::Cidr(cidr))] => Ok(Value::Library(Library::Cidr(cidr.masked()))),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(cidr).prefixLength() int"], |args| match args {
        [Value::Library(Library::Cidr(cidr))] => Ok(Value::Int(cidr.length.into())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(cidr).containsIP(string) bool", "(cidr).containsIP(ip) bool"], |args| match args {
        [Value::Library(Library::Cidr(cidr)), Value::Library(Library::Ip(ip))] => Ok(Value::Bool(cidr.contains(*ip))),
        [Value::Library(Library::Cidr(cidr)), Value::String(text)] => {
            Ok(Value::Bool(cidr.contains(parse_ip(text).map_err(Error::new)?)))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(cidr).containsCIDR(string) bool", "(cidr).containsCIDR(cidr) bool"], |args| {
        let (cidr, other) = match args {
            [Value::Library(Library::Cidr(cidr)), Value::Library(Library::Cidr(other))] => (cidr, other.clone()),
            [Value::Library(Library::Cidr(cidr)), Value::String(text)] => (cidr, parse_cidr(text).map_err(Error::new)?),
            _ => return Err(Error::no_such_overload()),
        };
        Ok(Value::Bool(cidr.length <= other.length && cidr.contains(other.masked().address)))
    }),
];

/// An address and how many of its bits name the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Cidr {
    pub address: IpAddr,
    pub length: u8,
}

impl Cidr {
    pub fn masked(&self) -> Cidr {
        let masked = ipnet::IpNet::new(self.address, self.length).map(|net| net.network());
        Cidr { address: masked.unwrap_or(self.address), length: self.length }
    }

    fn contains(&self, ip: IpAddr) -> bool {
        ipnet::IpNet::new(self.address, self.length).is_ok_and(|net| net.contains(&ip))
    }
}

pub fn bytes_of(ip: &IpAddr) -> usize {
    if ip.is_ipv4() { 4 } else { 16 }
}

fn ip<'a>(ip: IpAddr) -> Value<'a> {
    Value::Library(Library::Ip(ip))
}

fn of_ip<'a>(args: &[Value<'a>], of: fn(&IpAddr) -> Value<'static>) -> Outcome<'a> {
    match args {
        [Value::Library(Library::Ip(ip))] => Ok(of(ip)),
        _ => Err(Error::no_such_overload()),
    }
}

fn parse_ip(text: &str) -> Result<IpAddr, String> {
    let quoted = go_quote(text);
    if text.contains(':') && text.contains('%') {
        return Err(format!("IP address {quoted} with zone value is not allowed"));
    }
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {quoted} is not allowed"))
        }
        Ok(ip) => Ok(ip),
        Err(_) => Err(format!(
            "IP Address {quoted} parse error during conversion from string: ParseAddr({quoted}): unable to parse IP"
        )),
    }
}

fn parse_cidr(text: &str) -> Result<Cidr, String> {
    let refuse = |why: &str| {
        let quoted = go_quote(text);
        Err(format!("network address parse error during conversion from string: netip.ParsePrefix({quoted}): {why}"))
    };
    let Some((address, length)) = text.rsplit_once('/') else { return refuse("no '/'") };
    let Ok(address) = address.parse::<IpAddr>() else {
        return refuse(&format!("ParseAddr({}): unable to parse IP", go_quote(address)));
    };
    if matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
        return Err(format!("IPv4-mapped IPv6 address {} is not allowed", go_quote(text)));
    }
    let is_number = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let has_zeros = length.len() > 1 && length.starts_with('0');
    let Some(bits) = length.parse::<u8>().ok().filter(|_| is_number && !has_zeros) else {
        return refuse(&format!("bad bits after slash: {}", go_quote(length)));
    };
    if usize::from(bits) > bytes_of(&address) * 8 {
        return refuse("prefix length out of range");
    }
    Ok(Cidr { address, length: bits })
}

fn is_link_local_multicast(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.octets()[..3] == [224, 0, 0],
        IpAddr::V6(v6) => v6.segments()[0] & 0xff0f == 0xff02,
    }
}

fn is_link_local_unicast(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn is_global_unicast(ip: &IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || is_link_local_unicast(ip) || is_broadcast)
}
