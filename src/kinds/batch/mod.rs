//! Jobs, and what starts them.

kinds! {
    job,
}
