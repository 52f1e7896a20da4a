//! The only home of randomness: the operating system's.

/// 32 fresh random bytes.
///
/// # Panics
/// When the operating system has no randomness to give: nothing here could be trusted then.
#[expect(
    clippy::expect_used,
    reason = "without randomness no id or secret can be made"
)]
pub fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the operating system gives randomness");
    seed
}
