//! Floating-point numbers as Go writes them in JSON.

/// A finite number: without exponent between 1e-6 and 1e21, with the fewest digits that read back as the same number.
pub fn format(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}
