//! Jobs, and what starts them.

kinds! {
    cron_job,
    job,
}
