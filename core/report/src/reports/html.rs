//! Stub.
pub fn html(_: &audit::Audit) -> String {
    String::new()
}
