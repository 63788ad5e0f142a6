//! Reviews: questions about access and identity that are answered and never stored.

kinds! {
    local_subject_access_review,
    self_subject_access_review,
    self_subject_review,
    self_subject_rules_review,
    subject_access_review,
    token_review,
}
