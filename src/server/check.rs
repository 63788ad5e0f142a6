//! `kubedouble check`: checks or repairs a data file and says what it found.

use super::error::Error;
use crate::{
    config::Check,
    store::{self, Checked, Repaired},
};

/// How many losses are told one by one.
const LOSSES_MAX: usize = 100;

/// Does it; the text says what was found.
pub async fn check(options: &Check) -> Result<String, Error> {
    let file = options.file.display();
    if options.repair {
        return Ok(repaired(options, &store::repair(&options.file).await?));
    }
    let Checked { revision, compacted, entries, claims } = store::check(&options.file).await?;
    Ok(format!(
        "{file} is whole: {entries} rows and {claims} claims up to revision {revision}, with history after {compacted}"
    ))
}

fn repaired(options: &Check, repaired: &Repaired) -> String {
    let Repaired { objects, claims, lost, damaged } = repaired;
    let (file, damaged) = (options.file.display(), damaged.display());
    let mut text = format!("{file} now has {objects} objects and {claims} claims; the file as it was is {damaged}");
    for loss in lost.iter().take(LOSSES_MAX) {
        text += &format!("\nlost: {loss}");
    }
    match lost.len() {
        0 => text += "\nnothing was lost but history",
        all if all > LOSSES_MAX => text += &format!("\nlost: {} more", all - LOSSES_MAX),
        _ => {}
    }
    text
}
