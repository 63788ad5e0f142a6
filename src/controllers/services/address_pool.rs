//! Addresses that are handed out in turn, so that one that was given back does not soon come again.

use std::{collections::HashMap, net::IpAddr};

use ipnet::IpNet;

use crate::kinds::{Family, model::allocator};

/// Who holds which address. A holder may have several.
#[derive(Default)]
pub struct AddressPool {
    holders: HashMap<IpAddr, String>,
    held: HashMap<String, Vec<IpAddr>>,
    /// Where the search goes on in each range.
    next: HashMap<IpNet, u128>,
}

impl AddressPool {
    /// Takes an address of the range that nobody holds; `None` if there is none.
    pub fn take(&mut self, range: IpNet, holder: &str) -> Option<IpAddr> {
        let (first, last) = usable(range);
        let family = Family::of(&range.addr());
        let mut candidate = self.next.get(&range).copied().unwrap_or(first);
        // Of this many candidates, one is free, or the range is exhausted.
        let tries = (self.holders.len() as u128 + 1).min(last - first + 1);
        for _ in 0..tries {
            let address = allocator::address(family, candidate);
            candidate = if candidate >= last { first } else { candidate + 1 };
            if !self.holders.contains_key(&address) {
                self.next.insert(range, candidate);
                self.note(address, holder);
                return Some(address);
            }
        }
        None
    }

    /// Takes this address; whether the holder has it now.
    pub fn take_this(&mut self, address: IpAddr, holder: &str) -> bool {
        if let Some(other) = self.holders.get(&address) {
            return other == holder;
        }
        self.note(address, holder);
        true
    }

    /// What the holder has.
    pub fn held_by(&self, holder: &str) -> &[IpAddr] {
        self.held.get(holder).map(Vec::as_slice).unwrap_or_default()
    }

    /// Gives back all that the holder has.
    pub fn release(&mut self, holder: &str) {
        for address in self.held.remove(holder).unwrap_or_default() {
            self.holders.remove(&address);
        }
    }

    fn note(&mut self, address: IpAddr, holder: &str) {
        self.holders.insert(address, holder.to_owned());
        self.held.entry(holder.to_owned()).or_default().push(address);
    }
}

/// The first and last number that can be an address: a range's own address and its broadcast address cannot.
fn usable(range: IpNet) -> (u128, u128) {
    let (network, broadcast) = (allocator::number(&range.network()), allocator::number(&range.broadcast()));
    if broadcast - network < 3 { (network, broadcast) } else { (network + 1, broadcast - 1) }
}
