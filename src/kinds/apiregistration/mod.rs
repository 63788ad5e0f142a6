//! Which server serves which group and version. The objects only: requests are never passed on.

kinds! {
    api_service,
}
