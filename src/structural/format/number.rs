//! Numbers with check digits: books and credit cards.

use super::{Pattern, compile};

/// An ISBN of 10 digits, of which the last may be an X.
pub fn is_isbn10(text: &str) -> bool {
    let digits = without_spacing(text);
    let Some((first, last)) = digits.split_last_chunk::<1>().filter(|(first, _)| first.len() == 9) else {
        return false;
    };
    let last = match last[0] {
        b'X' => 10,
        digit if digit.is_ascii_digit() => u32::from(digit - b'0'),
        _ => return false,
    };
    let sum = first.iter().zip(1_u32..).map(|(digit, place)| place * u32::from(digit.wrapping_sub(b'0'))).sum::<u32>();
    first.iter().all(u8::is_ascii_digit) && (sum + 10 * last).is_multiple_of(11)
}

/// An ISBN of 13 digits.
pub fn is_isbn13(text: &str) -> bool {
    let digits = without_spacing(text);
    if digits.len() != 13 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let weights = [1, 3].into_iter().cycle();
    digits.iter().zip(weights).map(|(digit, weight)| weight * u32::from(digit - b'0')).sum::<u32>().is_multiple_of(10)
}

/// A number that an issuer of credit cards may give out; what is no digit does not count.
pub fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let values = digits.bytes().rev().map(|digit| u32::from(digit - b'0')).enumerate();
    let sum: u32 = values.map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit }).sum();
    ISSUERS.is_match(&digits) && sum.is_multiple_of(10)
}

static ISSUERS: Pattern = Pattern::new(|| {
    let issuers = [
        "4[0-9]{12}(?:[0-9]{3})?",
        "5[1-5][0-9]{14}",
        "6(?:011|5[0-9][0-9])[0-9]{12}",
        "3[47][0-9]{13}",
        "3(?:0[0-5]|[68][0-9])[0-9]{11}",
        "(?:2131|1800|35[0-9]{3})[0-9]{11}",
    ];
    compile(&format!("^(?:{})$", issuers.join("|")))
});

fn without_spacing(text: &str) -> Vec<u8> {
    text.bytes().filter(|b| !b"\t\n\x0c\r -".contains(b)).collect()
}
